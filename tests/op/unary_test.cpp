#include "torch_data.hpp"

namespace tn = tenon;
using torch_data::all;

namespace {

template <class T, std::size_t N>
std::vector<T> values_of(auto const& f) {
    auto x = all<T>().at("x");
    std::size_t const size = x.size();
    x.resize(size + N);
    std::vector<T> y(size + N);
    using lane = tn::element::pack<T, N>;
    for (std::size_t i = 0; i < size; i += N) tn::math::convert<T>(f(lane::load(&x[i]))).store(&y[i]);
    return y;
}
template <class T, std::size_t N>
std::vector<T> slopes_of(auto const& f) {
    auto x = all<T>().at("x");
    std::size_t const size = x.size();
    x.resize(size + N);
    std::vector<T> y(size + N);
    using lane = tn::element::pack<T, N>;
    for (std::size_t i = 0; i < size; i += N)
        f(tn::element::dual<lane>(lane::load(&x[i]), lane(1))).tangent[0].store(&y[i]);
    return y;
}

/// Values and slopes of an operator, for whole registers of float and for single doubles.
void check(std::string const& name, auto const& f) {
    constexpr std::size_t wide = tn::element::native_lanes<float>;
    torch_data::check<float>(name, [y = values_of<float, wide>(f)](std::size_t i) { return y[i]; });
    torch_data::check<float>(name + "'", [y = slopes_of<float, wide>(f)](std::size_t i) { return y[i]; });
    auto const& x = all<double>().at("x");
    torch_data::check<double>(name, [&](std::size_t i) { return static_cast<double>(f(x[i])); });
    torch_data::check<double>(name + "'", [y = slopes_of<double, 1>(f)](std::size_t i) { return y[i]; });
}
/// The slope's slope, at ordinary numbers: those after the edges.
void check_second(std::string const& name, auto const& f) {
    using lane = tn::element::pack<double, 1>;
    using dual = tn::element::dual<lane>;
    auto const& x = all<double>().at("x");
    auto const& expected = all<double>().at(name + "''");
    for (std::size_t i = x.size() - 20; i != x.size(); ++i) {
        double const found =
            f(tn::element::dual<dual>(dual(lane(x[i]), lane(1)), dual(lane(1), lane(0)))).tangent[0].tangent[0][0];
        bool const same = std::isnan(found) ? std::isnan(expected[i])
                                            : std::abs(found - expected[i]) <= 1e-13 * (1 + std::abs(expected[i]));
        if (!same) FAIL_CHECK(name << "'' of " << x[i] << ": " << found << ", PyTorch " << expected[i]);
    }
}

}  // namespace

#define UNARY(name, ...)                                                                                               \
    TEST_CASE("PyTorch: " #name) {                                                                                     \
        auto const f = [](auto const& x) { return __VA_ARGS__; };                                                      \
        check(#name, f);                                                                                               \
        check_second(#name, f);                                                                                        \
    }

UNARY(exp, tn::exp(x))
UNARY(exp2, tn::exp2(x))
UNARY(expm1, tn::expm1(x))
UNARY(log, tn::log(x))
UNARY(log2, tn::log2(x))
UNARY(log10, tn::log10(x))
UNARY(log1p, tn::log1p(x))
UNARY(sqrt, tn::sqrt(x))
UNARY(rsqrt, tn::rsqrt(x))
UNARY(square, tn::square(x))
UNARY(reciprocal, tn::reciprocal(x))
UNARY(abs, tn::abs(x))
UNARY(sign, tn::sign(x))
UNARY(floor, tn::floor(x))
UNARY(ceil, tn::ceil(x))
UNARY(round, tn::round(x))
UNARY(trunc, tn::trunc(x))
UNARY(sin, tn::sin(x))
UNARY(cos, tn::cos(x))
UNARY(tan, tn::tan(x))
UNARY(asin, tn::asin(x))
UNARY(acos, tn::acos(x))
UNARY(atan, tn::atan(x))
UNARY(sinh, tn::sinh(x))
UNARY(cosh, tn::cosh(x))
UNARY(tanh, tn::tanh(x))
UNARY(asinh, tn::asinh(x))
UNARY(acosh, tn::acosh(x))
UNARY(atanh, tn::atanh(x))
UNARY(erf, tn::erf(x))
UNARY(erfc, tn::erfc(x))
UNARY(erfinv, tn::erfinv(x))
UNARY(sigmoid, tn::sigmoid(x))
UNARY(logsigmoid, tn::logsigmoid(x))
UNARY(silu, tn::silu(x))
UNARY(mish, tn::mish(x))
UNARY(gelu, tn::gelu(x))
UNARY(gelu_tanh, tn::gelu_tanh(x))
UNARY(relu, tn::relu(x))
UNARY(relu6, tn::relu6(x))
UNARY(leaky_relu, tn::leaky_relu(x))
UNARY(leaky_relu_02, tn::leaky_relu(x, 0.2))
UNARY(elu, tn::elu(x))
UNARY(elu_2, tn::elu(x, 2))
UNARY(selu, tn::selu(x))
UNARY(celu, tn::celu(x))
UNARY(celu_2, tn::celu(x, 2))
UNARY(softplus, tn::softplus(x))
UNARY(softplus_2_10, tn::softplus(x, {.beta = 2, .threshold = 10}))
UNARY(softsign, tn::softsign(x))
UNARY(hardtanh, tn::hardtanh(x))
UNARY(hardtanh_2, tn::hardtanh(x, -2, 0.5))
UNARY(hardsigmoid, tn::hardsigmoid(x))
UNARY(hardswish, tn::hardswish(x))
UNARY(clamp_1, tn::clamp(x, -1, 1))
UNARY(pow_0, tn::pow<0>(x))
UNARY(pow_3, tn::pow<3>(x))
UNARY(pow_m2, tn::pow<-2>(x))
UNARY(pow_25, tn::pow(x, 2.5))
UNARY(pow_of_2, tn::pow(2, x))
