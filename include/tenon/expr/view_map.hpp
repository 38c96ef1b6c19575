// The affine maps of positions that views are: which axis of the view each axis of the operand moves along, from where and how fast.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tenon/core/broadcast.hpp>
#include <tenon/core/subscript.hpp>

namespace tenon::inline TENON_TARGET {

/// Marks an axis of a view's operand that no axis of the view moves along.
inline constexpr std::size_t fixed_axis = static_cast<std::size_t>(-1);
/// Stands for a step of a view that is known at run time alone.
inline constexpr std::ptrdiff_t run_time_step = PTRDIFF_MIN;

namespace detail {
template <class View, class S>
struct view_extents {
    static constexpr auto value = View::template extents<S>();
};
template <class View, class S>
using view_shape = shape_from<view_extents<View, S>::value.size(), view_extents<View, S>>;

/// The steps of a view of an operand of shape s.
template <class View, class S>
constexpr auto steps_of(View const& view, S const& s) {
    if constexpr (requires { view.steps(s); }) return view.steps(s);
    else return View::template step<S>();
}

/// What most views share: every axis keeps its place and pace, and begins where the operand's does. A view that begins elsewhere
/// has `start(s)`.
struct identity_view {
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a != S::rank(); ++a) e[a] = S::static_extents[a];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a;
        return s;
    }
    template <class S>
    static constexpr auto step() {
        std::array<std::ptrdiff_t, S::rank()> s{};
        s.fill(1);
        return s;
    }
};

/// The shape of a view from its source axes: each axis has the extent of the operand's axis that it moves along.
template <class View, class S>
constexpr view_shape<View, S> shape_by_source([[maybe_unused]] S const& s) {
    using to = view_shape<View, S>;
    if constexpr (to::is_static) return {};
    else {
        auto all = view_extents<View, S>::value;
        constexpr auto source = View::template source<S>();
        for (std::size_t a = 0; a != S::rank(); ++a)
            if (source[a] != fixed_axis && is_dynamic(all[source[a]])) all[source[a]] = s[a];
        return to(all);
    }
}

template <std::size_t... Axes>
struct permute_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        return std::array<std::size_t, sizeof...(Axes)>{S::static_extents[Axes]...};
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        std::size_t o = 0;
        ((s[Axes] = o++), ...);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return shape_by_source<permute_view>(s);
    }
};

template <std::size_t Axis>
struct unsqueeze_view : identity_view {
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank() + 1> e{};
        for (std::size_t a = 0; a != S::rank() + 1; ++a) e[a] = a == Axis ? 1 : S::static_extents[a - (a > Axis)];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a + (a >= Axis);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return shape_by_source<unsqueeze_view>(s);
    }
};

/// Drops an axis at one position along it, which may count from the end.
template <std::size_t Axis>
struct select_view : identity_view {
    std::ptrdiff_t k = 0;
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, S::rank() - 1> e{};
        for (std::size_t a = 0; a + 1 != S::rank(); ++a) e[a] = S::static_extents[a + (a >= Axis)];
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a == Axis ? fixed_axis : a - (a > Axis);
        return s;
    }
    template <class S>
    constexpr auto shape(S const& s) const {
        auto const n = static_cast<std::ptrdiff_t>(s[Axis]);
        if (k < -n || k >= n)
            throw index_error(text_of({"select: position ", k, " is outside axis ", Axis, " of ", to_string(s)}));
        return shape_by_source<select_view>(s);
    }
    template <class S>
    constexpr auto start(S const& s) const {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = k < 0 ? k + static_cast<std::ptrdiff_t>(s[Axis]) : k;
        return r;
    }
};

/// Python's slice along one axis: positions may count from the end and are clamped to the extent.
template <std::size_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop, std::ptrdiff_t Step>
struct slice_view : identity_view {
    static_assert(Step > 0, "slice: the step has to be positive; use flip to go backwards");
    static constexpr std::ptrdiff_t clamped(std::ptrdiff_t i, std::ptrdiff_t n) {
        if (i < 0) i += n;
        return i < 0 ? 0 : i > n ? n : i;
    }
    static constexpr std::size_t count(std::size_t extent) {
        auto const n = static_cast<std::ptrdiff_t>(extent);
        auto const length = clamped(Stop, n) - clamped(Start, n);
        return length <= 0 ? 0 : static_cast<std::size_t>((length + Step - 1) / Step);
    }
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        e[Axis] = is_dynamic(e[Axis]) ? dyn : count(e[Axis]);
        return e;
    }
    template <class S>
    static constexpr auto step() {
        auto s = identity_view::step<S>();
        s[Axis] = Step;
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        auto all = s.extents();
        all[Axis] = count(all[Axis]);
        return view_shape<slice_view, S>(all);
    }
    template <class S>
    static constexpr auto start(S const& s) {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = count(s[Axis]) == 0 ? 0 : clamped(Start, static_cast<std::ptrdiff_t>(s[Axis]));
        return r;
    }
};

/// Python's slice along one axis with bounds that are known at run time.
/// @tparam Unit whether the step is 1
template <std::size_t Axis, bool Unit>
struct range_view : identity_view {
    axis_range<Unit> range;
    template <class S>
    static constexpr auto extents() {
        auto e = identity_view::extents<S>();
        e[Axis] = dyn;
        return e;
    }
    template <class S>
    static constexpr auto step() {
        auto s = identity_view::step<S>();
        if constexpr (!Unit) s[Axis] = run_time_step;
        return s;
    }
    template <class S>
    constexpr auto steps(S const&) const
        requires(!Unit)
    {
        auto s = identity_view::step<S>();
        s[Axis] = range.step;
        return s;
    }
    template <class S>
    constexpr auto shape(S const& s) const {
        auto all = s.extents();
        all[Axis] = range.cut(all[Axis]).count;
        return view_shape<range_view, S>(all);
    }
    template <class S>
    constexpr auto start(S const& s) const {
        std::array<std::ptrdiff_t, S::rank()> r{};
        r[Axis] = range.cut(s[Axis]).first;
        return r;
    }
};

template <std::size_t... Axes>
struct flip_view : identity_view {
    template <class S>
    static constexpr auto step() {
        auto s = identity_view::step<S>();
        ((s[Axes] = -1), ...);
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return s;
    }
    template <class S>
    static constexpr auto start(S const& s) {
        std::array<std::ptrdiff_t, S::rank()> r{};
        ((r[Axes] = s[Axes] == 0 ? 0 : static_cast<std::ptrdiff_t>(s[Axes]) - 1), ...);
        return r;
    }
};

template <std::size_t... E>
struct broadcast_view : identity_view {
    using to = tenon::shape<E...>;
    template <class S>
    static constexpr auto extents() {
        std::array<std::size_t, sizeof...(E)> e{E...};
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t& x = e[sizeof...(E) - S::rank() + a];
            if (is_dynamic(x)) x = S::static_extents[a];
        }
        return e;
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t const o = sizeof...(E) - S::rank() + a;
            s[a] = S::static_extents[a] == 1 && extents<S>()[o] != 1 ? fixed_axis : o;
        }
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        auto all = extents<S>();
        for (std::size_t a = 0; a != S::rank(); ++a) {
            std::size_t& x = all[sizeof...(E) - S::rank() + a];
            if (is_dynamic(x)) x = s[a];
            else if (S::static_extents[a] != 1 && x != s[a])
                throw_shapes("broadcast_to", to_string(s), to_string(to()));
        }
        return view_shape<broadcast_view, S>(all);
    }
};

/// A diagonal of the axes I and J, which it takes the place of as the last axis; the positive diagonals start along J.
template <std::ptrdiff_t Offset, std::size_t I, std::size_t J>
struct diagonal_view : identity_view {
    static constexpr std::size_t count(std::size_t rows, std::size_t columns) {
        auto const r = static_cast<std::ptrdiff_t>(rows) + (Offset < 0 ? Offset : 0),
                   c = static_cast<std::ptrdiff_t>(columns) - (Offset > 0 ? Offset : 0), n = r < c ? r : c;
        return n < 0 ? 0 : static_cast<std::size_t>(n);
    }
    /// The extents of the other axes, and n.
    template <class S, class Extents>
    static constexpr auto reduced(Extents const& s, std::size_t n) {
        std::array<std::size_t, S::rank() - 1> e{};
        std::size_t o = 0;
        for (std::size_t a = 0; a != S::rank(); ++a)
            if (a != I && a != J) e[o++] = s[a];
        e[o] = n;
        return e;
    }
    template <class S>
    static constexpr auto extents() {
        std::size_t const r = S::static_extents[I], c = S::static_extents[J];
        return reduced<S>(S::static_extents, is_dynamic(r) || is_dynamic(c) ? dyn : count(r, c));
    }
    template <class S>
    static constexpr auto source() {
        std::array<std::size_t, S::rank()> s{};
        std::size_t o = 0;
        for (std::size_t a = 0; a != S::rank(); ++a) s[a] = a == I || a == J ? S::rank() - 2 : o++;
        return s;
    }
    template <class S>
    static constexpr auto shape(S const& s) {
        return view_shape<diagonal_view, S>(reduced<S>(s, count(s[I], s[J])));
    }
    template <class S>
    static constexpr auto start(S const& s) {
        std::array<std::ptrdiff_t, S::rank()> r{};
        if (count(s[I], s[J]) != 0) {
            r[I] = Offset < 0 ? -Offset : 0;
            r[J] = Offset > 0 ? Offset : 0;
        }
        return r;
    }
};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
