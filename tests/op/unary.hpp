// How an operator of one operand is compared with PyTorch: one line for each.
#pragma once

#include "torch_data.hpp"

namespace tn = tenon;

namespace torch_data {

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
inline void check(std::string const& name, auto const& f) {
    constexpr std::size_t wide = tn::element::native_lanes<float>;
    check<float>(name, [y = values_of<float, wide>(f)](std::size_t i) { return y[i]; });
    check<float>(name + "'", [y = slopes_of<float, wide>(f)](std::size_t i) { return y[i]; });
    auto const& x = all<double>().at("x");
    check<double>(name, [&](std::size_t i) { return static_cast<double>(f(x[i])); });
    check<double>(name + "'", [y = slopes_of<double, 1>(f)](std::size_t i) { return y[i]; });
}
/// The slope's slope, at ordinary numbers: those after the edges.
inline void check_second(std::string const& name, auto const& f) {
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

}  // namespace torch_data

#define UNARY(name, ...)                                                                                               \
    TEST_CASE("PyTorch: " #name) {                                                                                     \
        auto const f = [](auto const& x) { return __VA_ARGS__; };                                                      \
        torch_data::check(#name, f);                                                                                   \
        torch_data::check_second(#name, f);                                                                            \
    }
