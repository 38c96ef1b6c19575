// Channels as pixels, pixels as channels, and channels of groups in turn: views under other shapes.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/expr/reshape.hpp>
#include <tenon/expr/window_grid.hpp>

namespace tenon::inline TENON_TARGET {

/// pixel_shuffle takes […, c · r², h, w], pixel_unshuffle […, c, h · r, w · r], channel_shuffle [n, c, …] with c a multiple of the groups.
template <operation_name Operation, class Input, std::size_t Factor>
struct cannot_shuffle;

namespace detail {
constexpr std::size_t divided(std::size_t extent, std::size_t by) { return is_dynamic(extent) ? dyn : extent / by; }
constexpr std::size_t multiplied(std::size_t extent, std::size_t by) { return is_dynamic(extent) ? dyn : extent * by; }

/// […, c · r², h, w] to [batch, c, r, r, h, w] and, when done, […, c, h · r, w · r].
template <std::size_t R, bool Done>
struct shuffled_extents {
    template <std::size_t N>
    static constexpr auto of(std::array<std::size_t, N> e) {
        std::size_t const c = divided(e[N - 3], R * R);
        if constexpr (Done) {
            e[N - 3] = c;
            e[N - 2] = multiplied(e[N - 2], R);
            e[N - 1] = multiplied(e[N - 1], R);
            return e;
        } else {
            std::size_t batch = 1;
            for (std::size_t a = 0; a + 3 < N; ++a) batch = extent_product(batch, e[a]);
            return std::array<std::size_t, 6>{batch, c, R, R, e[N - 2], e[N - 1]};
        }
    }
};
/// […, c, h · r, w · r] to [batch, c, h, r, w, r] and, when done, […, c · r², h, w].
template <std::size_t R, bool Done>
struct unshuffled_extents {
    template <std::size_t N>
    static constexpr auto of(std::array<std::size_t, N> e) {
        std::size_t const h = divided(e[N - 2], R), w = divided(e[N - 1], R);
        if constexpr (Done) {
            e[N - 3] = multiplied(e[N - 3], R * R);
            e[N - 2] = h;
            e[N - 1] = w;
            return e;
        } else {
            std::size_t batch = 1;
            for (std::size_t a = 0; a + 3 < N; ++a) batch = extent_product(batch, e[a]);
            return std::array<std::size_t, 6>{batch, e[N - 3], h, R, w, R};
        }
    }
};
/// [n, c, …] to [n, groups, c / groups, rest].
template <std::size_t Groups>
struct grouped_channels {
    template <std::size_t N>
    static constexpr auto of(std::array<std::size_t, N> const& e) {
        std::size_t rest = 1;
        for (std::size_t a = 2; a < N; ++a) rest = extent_product(rest, e[a]);
        return std::array<std::size_t, 4>{e[0], Groups, divided(e[1], Groups), rest};
    }
};
template <class S, std::size_t FromLast, std::size_t By>
constexpr bool extent_divisible() {
    if constexpr (S::rank() < FromLast || By == 0) return false;
    else
        return is_dynamic(S::static_extents[S::rank() - FromLast]) || S::static_extents[S::rank() - FromLast] % By == 0;
}
template <operation_name Name, class S>
constexpr void check_divisible(S const& s, std::size_t axis, std::size_t by) {
    if (s[axis] % by != 0)
        throw shape_error(text_of({Name.text, ": extent ", axis, " of ", to_string(s), " is no multiple of ", by}));
}
}  // namespace detail

/// Moves r² channels to r × r pixels: y(…, c, i r + k, j r + l) = x(…, (c, k, l), i, j), for x of shape […, c · r², h, w]. Compile error
/// `cannot_shuffle`, or shape_error where only run time can know; torch.nn.functional.pixel_shuffle.
template <std::size_t Factor, expression X>
constexpr auto pixel_shuffle(X&& x) {
    using s = shape_t<X>;
    if constexpr (!detail::extent_divisible<s, 3, Factor * Factor>())
        return cannot_shuffle<"pixel_shuffle", s, Factor>{};
    else {
        auto const e = x.shape();
        detail::check_divisible<"pixel_shuffle">(e, s::rank() - 3, Factor * Factor);
        auto const apart = detail::shape_by<detail::shuffled_extents<Factor, false>>(e);
        auto const to = detail::shape_by<detail::shuffled_extents<Factor, true>>(e);
        return detail::reshape_to(permute<0, 1, 4, 2, 5, 3>(detail::reshape_to(as_node(std::forward<X>(x)), apart)),
                                  to);
    }
}
/// The inverse: moves r × r pixels to r² channels, for x of shape […, c, h · r, w · r]; torch.nn.functional.pixel_unshuffle.
template <std::size_t Factor, expression X>
constexpr auto pixel_unshuffle(X&& x) {
    using s = shape_t<X>;
    if constexpr (s::rank() < 3 || !detail::extent_divisible<s, 2, Factor>() ||
                  !detail::extent_divisible<s, 1, Factor>())
        return cannot_shuffle<"pixel_unshuffle", s, Factor>{};
    else {
        auto const e = x.shape();
        detail::check_divisible<"pixel_unshuffle">(e, s::rank() - 2, Factor);
        detail::check_divisible<"pixel_unshuffle">(e, s::rank() - 1, Factor);
        auto const apart = detail::shape_by<detail::unshuffled_extents<Factor, false>>(e);
        auto const to = detail::shape_by<detail::unshuffled_extents<Factor, true>>(e);
        return detail::reshape_to(permute<0, 1, 3, 5, 2, 4>(detail::reshape_to(as_node(std::forward<X>(x)), apart)),
                                  to);
    }
}
/// The channels of Groups groups in turn: the first of each group, then the second of each, for x of shape [n, c, …]. Compile error
/// `cannot_shuffle`, or shape_error where only run time can know; torch.nn.functional.channel_shuffle.
template <std::size_t Groups, expression X>
constexpr auto channel_shuffle(X&& x) {
    using s = shape_t<X>;
    if constexpr (s::rank() < 2 || !detail::extent_divisible<s, s::rank() - 1, Groups>())
        return cannot_shuffle<"channel_shuffle", s, Groups>{};
    else {
        auto const e = x.shape();
        detail::check_divisible<"channel_shuffle">(e, 1, Groups);
        auto const apart = detail::shape_by<detail::grouped_channels<Groups>>(e);
        return detail::reshape_to(transpose<1, 2>(detail::reshape_to(as_node(std::forward<X>(x)), apart)), e);
    }
}

}  // namespace tenon::inline TENON_TARGET
