// expect: needs_a_square_matrix
// expect: matrix_exp
// expect: 3, 4
#include <tenon/linalg/matrix_function.hpp>
int main() { auto y = tenon::linalg::matrix_exp(tenon::zeros<float, 2, 3, 4>()); (void)y; }
