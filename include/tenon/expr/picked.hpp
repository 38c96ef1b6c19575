// Elements that several index tensors name at once: read by index_select, written by the rule of index_put.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/core/to.hpp>
#include <tenon/expr/scatter.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
/// An index of an axis, one from the end as the position that it stands for. A kernel of a device can't throw: there what is outside
/// becomes so far a position that it is outside of all axes together too, where index_select reads NaN.
struct position : arithmetic {
    using no_slope = void;
    static constexpr char const* name = "index";
    std::int64_t extent;
    std::size_t axis;
    template <class V>
    TENON_LANE V value(V i) const {
        auto const outside = i < V(-extent) || i >= V(extent);
        if constexpr (host_code) {
            if (math::any_of(outside))
                for (std::size_t l = 0; l != V::lanes; ++l)
                    if (outside[l])
                        tenon::detail::throw_index(name, static_cast<std::int64_t>(i[l]), axis,
                                                   static_cast<std::size_t>(extent));
        }
        return math::select(outside, V(-(std::int64_t{1} << 40)), math::select(i < V(0), i + V(extent), i));
    }
};
/// The second operand in the shape of both.
struct stretched {
    using any_mask = void;
    static constexpr char const* name = "broadcast_to";
    template <class, class B>
    struct types {
        using result = value_t<B>;
        template <std::size_t>
        using operand = value_t<B>;
    };
    template <class V>
    TENON_LANE static V value(V, V v) {
        return v;
    }
    template <std::size_t I, class Y, class V>
    TENON_LANE static auto slope(Y, V, V) {
        if constexpr (I == 0) return slope_zero{};
        else return slope_one{};
    }
};
}  // namespace op

namespace detail {

/// x in a shape, some of whose extents only run time knows. A run-time extent of x isn't stretched.
template <class Shape, class X>
constexpr auto stretched_to(Shape const& s, X&& x) {
    if constexpr (std::is_same_v<shape_t<X>, Shape>) return as_node(std::forward<X>(x));
    else if constexpr (Shape::is_static && shape_t<X>::is_static && broadcast_pair<shape_t<X>, Shape>::fits &&
                       shape_t<X>::rank() <= Shape::rank())
        return [&]<std::size_t... E>(tenon::shape<E...>) { return broadcast_to<E...>(std::forward<X>(x)); }(s);
    else return make_map(op::stretched{}, filled_node<value_t<X>, Shape>(s, value_t<X>(0)), std::forward<X>(x));
}

/// The row-major positions of the elements of a mask that are true.
template <class M>
tensor<std::int64_t, dyn> true_positions(M const& mask) {
    auto const all = to<cpu>(mask);
    bool const* const is_true = all.data();
    std::size_t count = 0;
    for (std::size_t i = 0, n = all.size(); i != n; ++i) count += is_true[i];
    tensor<std::int64_t, dyn> at(uninitialized, shape<dyn>(count));
    // Written at each position, and kept where the mask is true: no branch that depends on it.
    std::int64_t *next = at.data(), *const end = next + count;
    for (std::size_t i = 0; next != end; ++i) {
        *next = static_cast<std::int64_t>(i);
        next += is_true[i];
    }
    return at;
}

/// Indices that select along Span axes from Axis on: integers along one, or positions in all of them that are known to be inside.
/// @tparam Named the axis as errors name it
template <std::size_t Axis, std::size_t Span, std::size_t Named, class I>
struct picked {
    static constexpr std::size_t axis = Axis, span = Span;
    static constexpr bool has_axes = shape_t<I>::rank() != 0;
    I index;
};

/// What picks have in common: the first axis of the place where the axes of the indices land, as PyTorch has it, and the order of axes in
/// which all that are picked from stand there together. An index without axes only takes its axis away: the place is where the first
/// index with axes is, or in front where axes that nothing is picked from are between those.
template <std::size_t Rank, class... P>
struct picked_axes {
    static constexpr std::size_t span = (P::span + ...);
    static constexpr bool is_picked(std::size_t a) { return ((a >= P::axis && a < P::axis + P::span) || ...); }
    static constexpr std::size_t first = [] {
        std::size_t const axes[] = {P::axis...}, spans[] = {P::span...};
        bool const has_axes[] = {P::has_axes...};
        bool const any_has = (P::has_axes || ...);
        std::size_t begin = Rank, end = 0;
        for (std::size_t i = 0; i != sizeof...(P); ++i)
            if (has_axes[i] || !any_has) {
                if (begin == Rank) begin = axes[i];
                end = axes[i] + spans[i];
            }
        std::size_t before = 0;
        for (std::size_t a = 0; a != end; ++a)
            if (!is_picked(a)) {
                if (a > begin) return std::size_t{0};
                ++before;
            }
        return before;
    }();
    static constexpr auto order = [] {
        std::array<std::size_t, Rank + 1> all{};
        std::size_t o = 0, left = first;
        for (std::size_t a = 0; left != 0; ++a)
            if (!is_picked(a)) {
                all[o++] = a;
                --left;
            }
        std::size_t const behind = o == 0 ? 0 : all[o - 1] + 1;
        for (std::size_t a = 0; a != Rank; ++a)
            if (is_picked(a)) all[o++] = a;
        for (std::size_t a = behind; a != Rank; ++a)
            if (!is_picked(a)) all[o++] = a;
        return all;
    }();
    static constexpr auto inverse = [] {
        std::array<std::size_t, Rank + 1> all{};
        for (std::size_t o = 0; o != Rank; ++o) all[order[o]] = o;
        return all;
    }();
};
/// The axes of x in an order.
template <auto const& Order, class X>
constexpr auto in_order(X&& x) {
    return [&]<std::size_t... A>(std::index_sequence<A...>) {
        if constexpr (((Order[A] == A) && ...)) return as_node(std::forward<X>(x));
        else return permute<static_cast<std::ptrdiff_t>(Order[A])...>(as_node(std::forward<X>(x)));
    }(std::make_index_sequence<shape_t<X>::rank()>{});
}

/// A pick's positions in its axes.
template <class S, std::size_t Axis, std::size_t Span, std::size_t Named, class I>
constexpr auto positions_of(S const& s, picked<Axis, Span, Named, I> const& p) {
    if constexpr (std::is_same_v<value_t<I>, std::int64_t> && Span != 1) return p.index;
    else return make_map(op::position{{}, static_cast<std::int64_t>(s[Axis]), Named}, indices_of(p.index));
}
/// The positions that picks name in all axes that they pick from, taken as one; with an axis where the indices have none.
template <class S, class First, class... P>
constexpr auto joined_positions(S const& s, First const& first, P const&... rest) {
    auto const number = [&]<class Q>(Q const&) {
        std::int64_t n = 1;
        for (std::size_t a = 0; a != Q::span; ++a) n *= static_cast<std::int64_t>(s[Q::axis + a]);
        return n;
    };
    auto const join = [&](auto const& self, auto&& at, auto const& next, auto const&... more) {
        auto sum = std::forward<decltype(at)>(at) * number(next) + positions_of(s, next);
        if constexpr (sizeof...(more) == 0) return sum;
        else return self(self, std::move(sum), more...);
    };
    auto const all = [&] {
        if constexpr (sizeof...(P) == 0) return positions_of(s, first);
        else return join(join, positions_of(s, first), rest...);
    }();
    if constexpr (shape_t<decltype(all)>::rank() == 0) return unsqueeze<0>(all);
    else return all;
}

/// Whether all indices are without axes.
template <class... P>
inline constexpr bool single_place = ((shape_t<decltype(P::index)>::rank() == 0) && ...);

/// The elements of a node that picks name.
template <class X, class... P>
constexpr auto read_picked(X&& x, P const&... p) {
    using axes = picked_axes<shape_t<X>::rank(), P...>;
    constexpr auto first = static_cast<std::ptrdiff_t>(axes::first);
    auto at = joined_positions(x.shape(), p...);
    auto y = index_select<first>(
        flatten<first, first + static_cast<std::ptrdiff_t>(axes::span) - 1>(in_order<axes::order>(std::forward<X>(x))),
        std::move(at));
    if constexpr (single_place<P...>) return select<first>(std::move(y), 0);
    else return y;
}
/// What is written to the elements that picks name of `flat`, which has the axes that they pick from as one: a number, or something that
/// has the elements' shape.
template <class Axes, class Flat, class At, class V, class... P>
constexpr auto fitted_to_picked(Flat const& flat, At const& at, V&& value, P const&...) {
    using parts = index_select_extents<Axes::first, Flat, At>;
    if constexpr (number<std::remove_cvref_t<V>>) return value;
    else if constexpr (shape_t<V>::rank() == 0) return as_node(std::forward<V>(value));
    else {
        using type = typename parts::type;
        type const s(parts::joined(flat, at));
        // The place of indices without axes has an axis here: a value that reaches it from behind gets one too.
        constexpr std::size_t rank = shape_t<V>::rank(), behind = type::rank() - 1 - Axes::first;
        if constexpr (single_place<P...> && rank >= behind && rank < type::rank())
            return stretched_to(s, unsqueeze<static_cast<std::ptrdiff_t>(rank - behind)>(std::forward<V>(value)));
        else return stretched_to(s, std::forward<V>(value));
    }
}
/// A node with a value at the elements that picks name, or with it added there.
template <class X, class V, class... P>
constexpr auto write_picked(X const& x, V&& value, bool accumulate, P const&... p) {
    using axes = picked_axes<shape_t<X>::rank(), P...>;
    constexpr auto first = static_cast<std::ptrdiff_t>(axes::first);
    auto ordered = in_order<axes::order>(x);
    auto at = joined_positions(x.shape(), p...);
    auto flat = flatten<first, first + static_cast<std::ptrdiff_t>(axes::span) - 1>(ordered);
    auto fitted = fitted_to_picked<axes>(flat.shape(), at.shape(), std::forward<V>(value), p...);
    auto const s = ordered.shape();
    auto y = reshape_to(write_with_indices<"index_put">(added_or_put{accumulate}, part_places<axes::first>{},
                                                        std::move(flat), std::move(at), std::move(fitted)),
                        s);
    return in_order<axes::inverse>(std::move(y));
}

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
