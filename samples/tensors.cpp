// Tensors: what torch.tensor, random tensors, shapes and arithmetic look like when the compiler knows the shapes.
#include <tenon/tenon.hpp>

#include <iostream>

namespace tn = tenon;

int main() {
    // From literals, filled, and at random; the type says everything about the shape.
    tn::tensor x({{1.f, 2.f}, {3.f, 4.f}});
    auto ones = tn::ones<float, 2, 2>();
    tn::manual_seed(0);
    auto random = tn::rand<float, 2, 2>();
    std::cout << "x =\n" << x << "\nones =\n" << ones << "\nrandom =\n" << random << '\n';
    std::cout << "shape of x: " << x.shape() << ", elements: " << x.size() << '\n';

    // Views share the elements.
    std::cout << "first row: " << x[0] << "\nfirst column: " << tn::select<1>(x, 0) << "\ntransposed:\n"
              << tn::transpose(x) << '\n';

    // Arithmetic is a type until it meets a tensor; then it runs as one loop.
    auto lazy = x * ones + tn::exp(-x);
    tn::tensor y = lazy;
    std::cout << "x * ones + exp(-x) =\n" << y << '\n';

    // Products, reductions along axes, broadcasting.
    std::cout << "x @ x =\n"
              << tn::matmul(x, x) << "\nsums of columns: " << tn::sum<0>(x) << "\nmean: " << tn::mean(x).item() << '\n';
    std::cout << "x - mean of each row =\n" << x - tn::mean<1>(x, tn::keepdim) << '\n';
}
