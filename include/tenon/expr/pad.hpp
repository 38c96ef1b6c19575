// Margins along axes: of one value, of the elements mirrored, of those at the ends, or of those at the other end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/expr/let.hpp>
#include <tenon/expr/positions.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// What a margin is made of: a value; the elements mirrored at the ends, which aren't repeated; those at the ends, repeated; or those
/// from the other end on.
enum class padding { constant, reflect, replicate, circular };

/// Options of pad.
struct pad_options {
    padding mode = padding::constant;
    double value = 0;  ///< what a constant margin is made of
};
/// More elements are taken away from an axis than it has.
template <std::ptrdiff_t Axis, std::ptrdiff_t Before, std::ptrdiff_t After, class Shape>
struct cannot_pad;

namespace detail {
template <std::size_t Axis, std::size_t Extent, class S>
struct margin_extents {
    template <class Extents>
    static constexpr auto of(Extents const& s, std::size_t extent) {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a < S::rank(); ++a) e[a] = a == Axis ? extent : s[a];
        return e;
    }
    static constexpr auto value = of(S::static_extents, Extent);
    using type = shape_from<S::rank(), margin_extents>;
};
template <std::size_t Axis, std::size_t Extent, class T, class S>
constexpr auto margin(S const& s, T value) {
    using extents = margin_extents<Axis, Extent, S>;
    return filled_node<T, typename extents::type>(typename extents::type(extents::of(s, Extent)), value);
}

/// Where each element of a margin comes from.
struct margin_position {
    padding mode;
    std::int64_t first;        ///< where the margin begins, counted from x's first element
    std::int64_t extent;       ///< of x
    std::int64_t begin, left;  ///< of what isn't taken away, from whose other end a circular margin goes on
    TENON_HOST_DEVICE constexpr std::int64_t at(std::int64_t, std::int64_t column) const {
        std::int64_t const p = first + column, last = extent - 1;
        if (mode == padding::circular) return p < begin ? p + left : p - left;
        if (mode == padding::reflect) return p < 0 ? -p : 2 * last - p;
        return p < 0 ? 0 : last;
    }
};
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_padding(std::string const& s, std::size_t axis, std::ptrdiff_t before,
                                                          std::ptrdiff_t after, char const* mode) {
    throw shape_error(text_of({"pad: axis ", axis, " of ", s, " has too few elements for ", before, " in front and ",
                               after, " at the end", mode}));
}
/// Checks that an axis of extent n has the elements that its margins are made of, or that are taken away.
template <class S>
constexpr void check_padding(S const& s, std::size_t axis, std::ptrdiff_t before, std::ptrdiff_t after, padding mode) {
    auto const n = static_cast<std::ptrdiff_t>(s[axis]), most = before > after ? before : after,
               left = n + (before < 0 ? before : 0) + (after < 0 ? after : 0);
    bool const fits = left >= 0 && (mode == padding::constant || most <= 0 ||
                                    (mode == padding::reflect    ? most < n
                                     : mode == padding::circular ? most <= left
                                                                 : n > 0));
    if (!fits)
        throw_padding(to_string(s), axis, before, after,
                      mode == padding::reflect     ? ", mirrored"
                      : mode == padding::circular  ? ", from the other end"
                      : mode == padding::replicate ? ", repeated"
                                                   : "");
}

template <std::ptrdiff_t Axis, std::ptrdiff_t Before, std::ptrdiff_t After, class A>
constexpr auto pad_with_value(A&& x, value_t<A> value) {
    using s = shape_t<A>;
    constexpr std::size_t a = axis_of(Axis, s::rank());
    constexpr auto front = static_cast<std::size_t>(Before > 0 ? Before : 0),
                   back = static_cast<std::size_t>(After > 0 ? After : 0);
    auto const e = x.shape();
    if constexpr (Before == 0 && After == 0) return as_node(std::forward<A>(x));
    else if constexpr (Before < 0 || After < 0) {
        constexpr std::ptrdiff_t from = Before < 0 ? -Before : 0, drop = After < 0 ? -After : 0;
        constexpr std::size_t n = s::static_extents[a];
        if constexpr (!is_dynamic(n) && static_cast<std::ptrdiff_t>(n) < from + drop)
            return cannot_pad<Axis, Before, After, s>{};
        else {
            check_padding(e, a, Before, After, padding::constant);
            return pad_with_value<Axis, static_cast<std::ptrdiff_t>(front), static_cast<std::ptrdiff_t>(back)>(
                slice < Axis, from, drop == 0 ? PTRDIFF_MAX : -drop > (as_node(std::forward<A>(x))), value);
        }
    } else if constexpr (After == 0) return concat<Axis>(margin<a, front>(e, value), std::forward<A>(x));
    else if constexpr (Before == 0) return concat<Axis>(std::forward<A>(x), margin<a, back>(e, value));
    else return concat<Axis>(margin<a, front>(e, value), std::forward<A>(x), margin<a, back>(e, value));
}
/// N elements of x along an axis as a margin, or a value in their place.
template <std::size_t Axis, std::size_t N, class A>
constexpr auto margin_of(A const& x, margin_position const& from, value_t<A> value) {
    auto y = index_select<static_cast<std::ptrdiff_t>(Axis)>(x, positions_node(from, shape<N>()));
    bool const constant = from.mode == padding::constant;
    return where(filled_node<bool, shape<>>({}, constant), filled_node<value_t<A>, shape<>>({}, value), std::move(y));
}
template <std::ptrdiff_t Axis, std::ptrdiff_t Before, std::ptrdiff_t After, class A>
constexpr auto pad_by_mode(A&& x, pad_options const& o) {
    using s = shape_t<A>;
    constexpr std::size_t a = axis_of(Axis, s::rank()), n = s::static_extents[a];
    constexpr std::ptrdiff_t from = Before < 0 ? -Before : 0, drop = After < 0 ? -After : 0;
    constexpr auto front = static_cast<std::size_t>(Before > 0 ? Before : 0),
                   back = static_cast<std::size_t>(After > 0 ? After : 0);
    if constexpr (!is_dynamic(n) && static_cast<std::ptrdiff_t>(n) < from + drop)
        return cannot_pad<Axis, Before, After, s>{};
    else {
        auto const e = x.shape();
        check_padding(e, a, Before, After, o.mode);
        auto const extent = static_cast<std::int64_t>(e[a]);
        auto const value = static_cast<value_t<A>>(o.value);
        auto const all = reused(std::forward<A>(x));
        auto const side = [&](auto count, std::int64_t first) {
            return margin_of<a, count()>(all, {o.mode, first, extent, from, extent - from - drop}, value);
        };
        auto const before = [&] { return side(std::integral_constant<std::size_t, front>{}, -Before); };
        auto const after = [&] { return side(std::integral_constant<std::size_t, back>{}, extent); };
        auto kept = [&] {
            if constexpr (from == 0 && drop == 0) return all;
            else return slice < Axis, from, drop == 0 ? PTRDIFF_MAX : -drop > (all);
        };
        if constexpr (front == 0 && back == 0) return kept();
        else if constexpr (back == 0) return concat<Axis>(before(), kept());
        else if constexpr (front == 0) return concat<Axis>(kept(), after());
        else return concat<Axis>(before(), kept(), after());
    }
}
template <std::ptrdiff_t... Widths>
struct padded_axes;
template <std::ptrdiff_t Axis, std::ptrdiff_t Before, std::ptrdiff_t After, std::ptrdiff_t... Rest>
struct padded_axes<Axis, Before, After, Rest...> {
    template <class A, class How>
    static constexpr auto pad(A&& x, How const& how) {
        auto y = [&] {
            if constexpr (!axes_fit<shape_t<A>::rank(), Axis>) return wrong_axes<"pad", shape_t<A>, Axis>{};
            else if constexpr (std::is_same_v<How, pad_options>)
                return pad_by_mode<Axis, Before, After>(std::forward<A>(x), how);
            else return pad_with_value<Axis, Before, After>(std::forward<A>(x), how);
        }();
        if constexpr (sizeof...(Rest) == 0) return y;
        else return padded_axes<Rest...>::pad(std::move(y), how);
    }
};
}  // namespace detail

/// x with Before elements of a value in front along an axis, and After at the end: `pad<1, 2, 2>(x)`; further axes follow,
/// `pad<1, 2, 2, 0, 1, 1>(x)`. Fewer than 0 take elements away. torch.nn.functional.pad, whose list begins with the last axis.
/// Compile errors `no_such_axis`, `cannot_pad`
template <std::ptrdiff_t... AxesAndWidths, expression A>
    requires(sizeof...(AxesAndWidths) > 2)
constexpr auto pad(A&& x, std::type_identity_t<value_t<A>> value = value_t<A>(0)) {
    static_assert(sizeof...(AxesAndWidths) % 3 == 0, "pad: for each axis two widths: pad<1, 2, 2>(x)");
    return detail::padded_axes<AxesAndWidths...>::pad(std::forward<A>(x), value);
}
/// The same with a margin of another kind: `pad<1, 2, 2>(x, {.mode = tn::padding::reflect})`. Gradients of the margins' elements go to
/// those that they are made of.
/// @throws shape_error where an axis has too few elements: at least one to repeat, as many as the margin has to go on from the other
/// end, and one more to mirror
template <std::ptrdiff_t... AxesAndWidths, expression A>
    requires(sizeof...(AxesAndWidths) > 2)
constexpr auto pad(A&& x, pad_options const& options) {
    static_assert(sizeof...(AxesAndWidths) % 3 == 0, "pad: for each axis two widths: pad<1, 2, 2>(x)");
    return detail::padded_axes<AxesAndWidths...>::pad(std::forward<A>(x), options);
}

}  // namespace tenon::inline TENON_TARGET
