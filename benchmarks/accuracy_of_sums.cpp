// The table of docs/numerics.md on sums: their errors against double, in roundings of a float of what is added up: |error| divided by
// 2^-24 Σ|x|.
#include <tenon/tenon.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tn = tenon;

namespace {

using column = tn::tensor<float, tn::dyn, 2>;

double error(float sum, double right, double size) {
    return std::abs(static_cast<double>(sum) - right) / (0x1p-24 * size);
}

/// One line: the errors of several ways to add up the numbers of a matrix.
void row(char const* what, column const& x) {
    std::size_t const n = x.shape()[0];
    double right[2] = {}, size[2] = {};
    for (std::size_t i = 0; i != x.size(); ++i) {
        right[i % 2] += static_cast<double>(x.data()[i]);
        size[i % 2] += std::abs(static_cast<double>(x.data()[i]));
    }
    auto const both = [&](auto const& v) {
        return std::max(error(v(0), right[0], size[0]), error(v(1), right[1], size[1]));
    };
    tn::tensor<float, tn::dyn> const ones = tn::ones<float, tn::dyn>(n);
    tn::variable<float, 2> bias;
    tn::backward(tn::sum(x * (1.f + bias)));
    tn::tensor<float, 2> const columns = tn::sum<0>(x), rows = tn::sum<1>(tn::transpose(x)),
                               by_vector = tn::matmul(ones, x);
    tn::tensor<float, 2, 3> const product =
        tn::matmul(tn::transpose(x), tn::broadcast_to<tn::dyn, 3>(tn::unsqueeze<1>(ones)));
    tn::tensor<float, 2> const by_matrix = product.select<1>(0);
    std::printf("| %s | %zu | %.1f | %.1f | %.1f | %.1f | %.1f | %.1f |\n", what, n,
                error(tn::sum(x).item(), right[0] + right[1], size[0] + size[1]), both(columns), both(rows),
                both(bias.grad()), both(by_vector), both(by_matrix));
}

}  // namespace

int main() {
    std::printf(
        "| numbers | n | all | columns | rows | gradient of what is broadcast | vector times matrix | product |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (std::size_t const n : {1000u, 1'000'000u, 20'000'000u}) {
        column x(n);
        x.fill(.1f);
        row("all 0.1f", x);
        tn::generator gen{1};
        x = tn::rand<float, tn::dyn, 2>(n, gen);
        row("uniform in [0, 1)", x);
        x = x * 2.f - 1.f;
        row("uniform in [−1, 1)", x);
    }
}
