// Automatic differentiation: gradients worked out by the compiler, for leaves, for named nodes, and as functions.
#include <tenon/tenon.hpp>

#include <iostream>

namespace tn = tenon;

int main() {
    // y = x², dy/dx = 2x.
    tn::variable x{3.f};
    tn::backward(x * x);
    std::cout << "d(x*x)/dx at 3: " << x.grad().item() << '\n';

    // A layer by hand: loss = mean (tanh(x w + b))².
    tn::manual_seed(1);
    auto input = tn::randn<float, 4, 3>();
    tn::variable w(tn::randn<float, 3, 2>());
    tn::variable b(tn::zeros<float, 2>());
    auto hidden = tn::let(tn::tanh(tn::matmul(input, w) + b));  // named: evaluated once, has its own gradient
    float loss = tn::backward(tn::mean(tn::square(hidden)));
    std::cout << "loss: " << loss << "\ngradient of w:\n"
              << w.grad() << "\ngradient of b: " << b.grad() << "\ngradient of the hidden layer:\n"
              << hidden.grad() << '\n';

    // Gradients add up until they are cleared.
    w.zero_grad();
    std::cout << "after zero_grad: " << tn::sum(w.grad()).item() << '\n';

    // As functions: gradient, directional derivative, second derivatives.
    auto f = [](auto const& v) { return tn::sum(v * v * v); };
    tn::tensor p({1.0, 2.0});
    auto [value, slope] = tn::jvp(f, p, tn::tensor({1.0, 0.0}));
    std::cout << "gradient: " << tn::grad(f)(p) << ", along the first axis: " << slope.item()
              << ", second derivative times (1, 0): " << tn::hvp(f, p, tn::tensor({1.0, 0.0})) << '\n';

    // All of it also happens while compiling.
    constexpr tn::tensor constant = tn::grad([](auto const& v) { return tn::sum(v * v * v); })(tn::tensor({1.0, 2.0}));
    static_assert(constant(1) == 12.0);
}
