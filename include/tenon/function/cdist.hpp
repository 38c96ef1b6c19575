// Distances between vectors in any norm: cdist, pdist, and renorm, which bounds norms.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/base/parallel.hpp>
#include <tenon/expr/array.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/function/norm.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/compare.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// cdist takes matrices, or batches of them, of as many columns.
template <class A, class B>
struct cannot_measure_distances;

namespace detail {
/// The difference of two vectors.
template <class T>
struct difference_of {
    T const *x, *y;
    T operator[](std::size_t i) const { return x[i] - y[i]; }
};
/// (Σ |d|ᵖ)^(1/p); the greatest |d| for p = ∞, the number of those that aren't 0 for p = 0.
template <class T>
T p_norm(difference_of<T> d, std::size_t n, double p) {
    T total = 0;
    if (p == 2) {
        for (std::size_t i = 0; i != n; ++i) total += d[i] * d[i];
        return std::sqrt(total);
    }
    if (p == 1) {
        for (std::size_t i = 0; i != n; ++i) total += std::abs(d[i]);
        return total;
    }
    if (std::isinf(p)) {
        for (std::size_t i = 0; i != n; ++i)
            if (T const a = std::abs(d[i]); a > total || a != a) total = a;
        return total;
    }
    if (p == 0) {
        for (std::size_t i = 0; i != n; ++i) total += d[i] != 0 ? T(1) : T(0);
        return total;
    }
    for (std::size_t i = 0; i != n; ++i) total += std::pow(std::abs(d[i]), static_cast<T>(p));
    return std::pow(total, static_cast<T>(1 / p));
}
/// Calls send(i, g ∂norm/∂dᵢ). Where the norm or, for p < 1, the element is 0, the slope counts as 0.
template <class T, class F>
void send_norm_slopes(difference_of<T> d, std::size_t n, double p, T norm, T g, F const& send) {
    if (p == 0 || (norm == 0 && p != 1)) return;
    T const power = static_cast<T>(p);
    T const scale = p == 1 || p == 2 || std::isinf(p) ? g : g / std::pow(norm, power - 1);
    for (std::size_t i = 0; i != n; ++i) {
        T const v = d[i], sign = v > 0 ? T(1) : v < 0 ? T(-1) : T(0);
        if (p == 1) send(i, g * sign);
        else if (p == 2) send(i, g * (v / norm));
        else if (std::isinf(p)) send(i, std::abs(v) == norm ? g * sign : T(0));
        else if (v == 0) send(i, T(0));
        else send(i, scale * sign * std::pow(std::abs(v), power - 1));
    }
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_norm_order(char const* what, double p) {
    throw std::invalid_argument(text_of({what, ": a norm's order isn't negative, and this is ", p}));
}
constexpr double checked_order(char const* what, double p) {
    if (!(p >= 0)) throw_norm_order(what, p);
    return p;
}

/// Extents of distances between the rows of matrices, of which there are `batch`.
struct distance_extents {
    std::size_t batch, rows, others, columns;
};
template <class T>
void measure_distances(T const* a, T const* b, T* y, distance_extents const& e, double p) {
    for_each_part(e.batch * e.rows, 1, e.batch * e.rows * e.others * e.columns / 65'536,
                  [&](std::size_t first, std::size_t last) {
                      for (std::size_t r = first; r != last; ++r)
                          for (std::size_t o = 0; o != e.others; ++o)
                              y[r * e.others + o] = p_norm<T>(
                                  {a + r * e.columns, b + (r / e.rows * e.others + o) * e.columns}, e.columns, p);
                  });
}
/// @param ga, gb null where a gradient isn't wanted
template <class T>
void add_distance_gradients(T const* a, T const* b, T const* y, T const* g, T* ga, T* gb, distance_extents const& e,
                            double p) {
    for (std::size_t r = 0; r != e.batch * e.rows; ++r)
        for (std::size_t o = 0; o != e.others; ++o) {
            std::size_t const at = r * e.columns, other = (r / e.rows * e.others + o) * e.columns,
                              to = r * e.others + o;
            send_norm_slopes<T>({a + at, b + other}, e.columns, p, y[to], g[to], [&](std::size_t i, T s) {
                if (ga) ga[at + i] += s;
                if (gb) gb[other + i] -= s;
            });
        }
}
template <class S, std::size_t Others>
struct distances_shape {
    static constexpr std::size_t rank = S::rank();
    static constexpr auto value = [] {
        std::array<std::size_t, rank + 1> all{};
        for (std::size_t a = 0; a + 1 != rank; ++a) all[a] = S::static_extents[a];
        all[rank - 1] = Others;
        return all;
    }();
    using type = shape_from<rank, distances_shape>;
};
template <class T, class A, class B>
struct cdist_rule {
    using value_type = T;
    using shape_type = typename distances_shape<A, B::static_extents[B::rank() - 2]>::type;
    static constexpr char const *name = "cdist", *kind = "distance";
    static constexpr bool has_gradient = true;
    double p;

    static constexpr std::size_t rank = A::rank();
    static constexpr distance_extents extents(A const& a, B const& b) {
        std::size_t batch = 1;
        for (std::size_t k = 0; k + 2 < rank; ++k) batch *= a[k];
        return {batch, a[rank - 2], b[rank - 2], a[rank - 1]};
    }
    static constexpr shape_type shape(A const& a, B const& b) {
        for (std::size_t k = 0; k != rank; ++k)
            if (k != rank - 2 && a[k] != b[k]) throw_shapes(name, to_string(a), to_string(b));
        auto all = a.extents();
        all[rank - 1] = b[rank - 2];
        return shape_type(all);
    }
    static constexpr std::size_t operations(A const& a, B const& b) { return 2 * a.size() * b[rank - 2]; }
    void forward(array_of<T, shape_type> const& y, array_of<T const, A> const& a, array_of<T const, B> const& b) const {
        measure_distances(a.data, b.data, y.data, extents(a.shape, b.shape), p);
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, A> const& a, array_of<T const, B> const& b, array_of<T, A> const& ga,
                  array_of<T, B> const& gb) const {
        add_distance_gradients(a.data, b.data, y.data, g.data, ga.data, gb.data, extents(a.shape, b.shape), p);
    }
};

/// Distances of each row from those behind it.
template <class T, class S>
struct pdist_rule {
    using value_type = T;
    static constexpr std::size_t pairs(std::size_t n) { return n == 0 ? 0 : n * (n - 1) / 2; }
    using shape_type = tenon::shape<is_dynamic(S::static_extents[0]) ? dyn : pairs(S::static_extents[0])>;
    static constexpr char const *name = "pdist", *kind = "distance";
    static constexpr bool has_gradient = true;
    double p;

    static constexpr shape_type shape(S const& s) { return shape_type(std::array{pairs(s[0])}); }
    static constexpr std::size_t operations(S const& s) { return s.size() * s[0]; }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& x) const {
        T* to = y.data;
        std::size_t const n = x.shape[0], m = x.shape[1];
        for (std::size_t i = 0; i != n; ++i)
            for (std::size_t j = i + 1; j < n; ++j) *to++ = p_norm<T>({x.data + i * m, x.data + j * m}, m, p);
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& x, array_of<T, S> const& gx) const {
        std::size_t const n = x.shape[0], m = x.shape[1];
        std::size_t at = 0;
        for (std::size_t i = 0; i != n; ++i)
            for (std::size_t j = i + 1; j < n; ++j, ++at)
                send_norm_slopes<T>({x.data + i * m, x.data + j * m}, m, p, y.data[at], g.data[at],
                                    [&](std::size_t k, T s) {
                                        gx.data[i * m + k] += s;
                                        gx.data[j * m + k] -= s;
                                    });
    }
};
/// The shape's axes before the last two.
template <class S>
struct batch_axes {
    static constexpr auto value = [] {
        std::array<std::size_t, S::rank() + 1> all{};
        for (std::size_t a = 0; a != S::rank(); ++a) all[a] = a + 2 < S::rank() ? S::static_extents[a] : 1;
        return all;
    }();
    using type = shape_from<S::rank(), batch_axes>;
    static constexpr type of(S const& s) {
        auto all = s.extents();
        all[S::rank() - 1] = all[S::rank() - 2] = 1;
        return type(all);
    }
};
/// x with the axes before the last two as they are when broadcast with another's.
template <class X, class Other>
constexpr auto in_batch_with(X&& x, Other const& other) {
    using own = typename batch_axes<shape_t<X>>::type;
    using beside = batch_axes<Other>;
    if constexpr (std::is_same_v<own, typename beside::type>) return as_node(std::forward<X>(x));
    else
        return where(filled_node<bool, typename beside::type>(beside::of(other), true), std::forward<X>(x),
                     value_t<X>(0));
}
template <class A, class B>
constexpr bool may_measure() {
    if constexpr (A::rank() < 2 || B::rank() < 2) return false;
    else {
        std::size_t const a = A::static_extents[A::rank() - 1], b = B::static_extents[B::rank() - 1];
        return (is_dynamic(a) || is_dynamic(b) || a == b) &&
               broadcast_pair<typename batch_axes<A>::type, typename batch_axes<B>::type>::fits;
    }
}
}  // namespace detail

/// The distance of each row of a from each row of b in the norm of order p, (Σ |aᵢ − bᵢ|ᵖ)^(1/p), as [rows of a, rows of b]; p may be 0
/// (how many elements differ) and ∞ (the greatest difference). Axes before the last two count matrices and are broadcast. The slope of a
/// distance of 0 counts as 0. Compile error `cannot_measure_distances`; torch.cdist. @throws std::invalid_argument for a negative p
template <expression A, expression B>
constexpr auto cdist(A&& a, B&& b, double p = 2) {
    using sa = shape_t<A>;
    using sb = shape_t<B>;
    if constexpr (!detail::may_measure<sa, sb>()) return cannot_measure_distances<sa, sb>{};
    else {
        using T = floating_t<promote_t<value_t<A>, value_t<B>>>;
        static_assert(std::is_floating_point_v<T>, "cdist: needs elements of float or double");
        auto const shape_a = a.shape();
        auto const shape_b = b.shape();
        auto x = detail::in_batch_with(detail::as_elements<T>(std::forward<A>(a)), shape_b);
        auto y = detail::in_batch_with(detail::as_elements<T>(std::forward<B>(b)), shape_a);
        using rule = detail::cdist_rule<T, shape_t<decltype(x)>, shape_t<decltype(y)>>;
        return detail::make_array(rule{detail::checked_order("cdist", p)}, std::move(x), std::move(y));
    }
}
/// The distances between the rows of a matrix in the norm of order p: of the first from each other one, then of the second from those
/// behind it, and so on; torch.nn.functional.pdist. @throws std::invalid_argument for a negative p
template <expression X>
constexpr auto pdist(X&& x, double p = 2) {
    static_assert(shape_t<X>::rank() == 2, "pdist: takes a matrix");
    static_assert(std::is_floating_point_v<value_t<X>>, "pdist: needs elements of float or double");
    return detail::make_array(detail::pdist_rule<value_t<X>, shape_t<X>>{detail::checked_order("pdist", p)},
                              std::forward<X>(x));
}
/// x with the parts along an axis whose norm of order p is greater than maxnorm scaled down to it: `tn::renorm<0>(x, 2, 5)`; torch.renorm.
/// @throws std::invalid_argument for a negative p
template <std::ptrdiff_t Axis, expression X>
constexpr auto renorm(X&& x, double p, double maxnorm) {
    using s = shape_t<X>;
    using T = value_t<X>;
    static_assert(std::is_floating_point_v<T>, "renorm: needs elements of float or double");
    if constexpr (!detail::axes_fit<s::rank(), Axis> || s::rank() < 2) return detail::wrong_axes<"renorm", s, Axis>{};
    else {
        constexpr std::size_t axis = axis_of(Axis, s::rank());
        auto const h = detail::reused(std::forward<X>(x));
        auto const norms =
            let(norm<1>(flatten<1>(detail::moved_to_front<axis>(h)), detail::checked_order("renorm", p)));
        auto const most = static_cast<T>(maxnorm);
        auto const scale = where(norms > most, most / (norms + static_cast<T>(1e-7)), T(1));
        return h * detail::with_axes_behind<s::rank() - 1 - axis>(scale);
    }
}

}  // namespace tenon::inline TENON_TARGET
