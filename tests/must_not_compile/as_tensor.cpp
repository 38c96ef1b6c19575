// Views of temporaries that own their elements, and of what has none in memory.
#include <tenon/eigen.hpp>
#include <vector>
namespace tn = tenon;

std::vector<float> make();

int main() {
    tn::tensor<float, 2, 2> t;
    tn::tensor<float, 2, 2, 2> cube;
    Eigen::Matrix2f const m = Eigen::Matrix2f::Zero();

    auto of_vector = tn::as_tensor(make());                 // expect: as_tensor_of_a_temporary_would_dangle; vector<float>
    auto of_tensor = tn::as_eigen(tn::ones<float, 2, 2>());  // expect: as_eigen_of_a_temporary_would_dangle; tensor<float, 2, 2>
    auto of_sum = tn::as_eigen(t + t);                      // expect: as_eigen_takes_vectors_and_matrices; op::add
    auto of_cube = tn::as_eigen(cube);                      // expect: as_eigen_takes_vectors_and_matrices; 2, 2, 2
    tn::as_tensor(m) = t;                                   // expect: view_is_read_only
}
