// Gradients compared with finite differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include <tenon/autograd/backward.hpp>
#include <tenon/core/node.hpp>

namespace tenon::inline TENON_TARGET {

struct gradcheck_options {
    double eps = 1e-6;   ///< half the distance of the two values
    double atol = 1e-5;  ///< absolute and
    double rtol = 1e-3;  ///< relative error that is allowed
};

namespace detail {
/// Calls f(variable) for every variable that a node refers to.
template <class Node, class F>
void visit_variables(Node const& n, F& f) {
    if constexpr (requires { typename Node::variable_tag; }) f(n.variable());
    else for_each_operand(n, [&](auto const& a) { visit_variables(a, f); });
}
/// The real part of a number, or the imaginary one.
template <int Which, class T>
auto part_of(T const& v) {
    if constexpr (element::is_complex<T>) return Which == 0 ? v.real() : v.imag();
    else return v;
}
}  // namespace detail

/// Whether backward's gradients of every variable in a computation with one element agree with central differences,
/// |g − (f(x + ε) − f(x − ε)) / 2ε| ≤ atol + rtol · |difference|, for complex numbers in both directions. Meant for double. Values and gradients are left as they
/// were; torch.autograd.gradcheck.
template <expression E>
bool gradcheck(E const& e, gradcheck_options options = {}) {
    auto const node = as_node(e);
    std::vector<std::vector<double>> before, found;
    auto read = [](auto& to) {
        return [&to](auto const& v) {
            to.emplace_back();
            for (auto const& g : v.grad().flat()) {
                to.back().push_back(static_cast<double>(detail::part_of<0>(g)));
                if constexpr (element::is_complex<value_t<decltype(v)>>)
                    to.back().push_back(static_cast<double>(detail::part_of<1>(g)));
            }
        };
    };
    auto save = read(before);
    auto collect = read(found);
    auto zero = [](auto const& v) { std::fill_n(v.gradient_data(), v.size(), value_t<decltype(v)>(0)); };
    detail::visit_variables(node, save);
    detail::visit_variables(node, zero);
    backward(node);
    detail::visit_variables(node, collect);

    bool agree = true;
    std::size_t next = 0;
    auto compare = [&](auto const& variable) {
        using V = std::remove_cvref_t<decltype(variable)>;
        using T = typename V::value_type;
        auto& v = const_cast<V&>(variable);
        auto const& g = found[next];
        auto const check = [&](std::size_t i, T step, double found_slope) {
            T const x = v.value().data()[i];
            v.value().data()[i] = x + step;
            double const above = static_cast<double>(evaluate(node));
            v.value().data()[i] = x - step;
            double const below = static_cast<double>(evaluate(node));
            v.value().data()[i] = x;
            double const slope = (above - below) / (2 * options.eps);
            if (!(std::abs(found_slope - slope) <= options.atol + options.rtol * std::abs(slope))) agree = false;
        };
        for (std::size_t i = 0; i != v.size(); ++i) {
            if constexpr (element::is_complex<T>) {
                using part = element::real_t<T>;
                check(i, T(static_cast<part>(options.eps), 0), g[2 * i]);
                check(i, T(0, static_cast<part>(options.eps)), g[2 * i + 1]);
                v.gradient_data()[i] =
                    T(static_cast<part>(before[next][2 * i]), static_cast<part>(before[next][2 * i + 1]));
            } else {
                check(i, static_cast<T>(options.eps), g[i]);
                v.gradient_data()[i] = static_cast<T>(before[next][i]);
            }
        }
        ++next;
    };
    detail::visit_variables(node, compare);
    return agree;
}

}  // namespace tenon::inline TENON_TARGET
