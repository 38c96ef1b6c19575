// Writing at places: the rule of array_node behind scatter, index_add, index_put, select_scatter and the like.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/scatter_write.hpp>
#include <tenon/expr/view_map.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// Shapes that don't fit where something is written at places: the target's, the indices' and the source's.
template <operation_name Operation, class Target, class... Others>
struct cannot_write_at;

namespace detail {

/// A walk's axes, and how indices are read.
template <std::size_t Rank>
struct walk_plan {
    std::array<walk_axis, Rank + 1> axes{};
    std::ptrdiff_t start = 0;
    std::size_t axis = 0, extent = 0;  ///< what indices count
    std::ptrdiff_t step = 0;           ///< how far one of them moves
};

/// Whether each extent of A is at most B's, or may be; but along Except.
template <class A, class B, std::size_t Except>
constexpr bool may_lie_in() {
    for (std::size_t a = 0; a < A::rank(); ++a)
        if (a != Except && !is_dynamic(A::static_extents[a]) && !is_dynamic(B::static_extents[a]) &&
            A::static_extents[a] > B::static_extents[a])
            return false;
    return true;
}

/// An element for each index: y(…, index(…, p, …), …) = src(…, p, …).
template <std::size_t Axis>
struct scatter_places {
    template <class X, class I, class S>
    static constexpr bool fits = [] {
        if constexpr (X::rank() != I::rank()) return false;
        else if constexpr (S::rank() == 0) return may_lie_in<I, X, Axis>();
        else if constexpr (S::rank() != I::rank()) return false;
        else return may_lie_in<I, X, Axis>() && may_lie_in<I, S, X::rank()>();
    }();
    template <class X, class I, class S>
    constexpr bool fits_now(X const& x, I const& i, S const& s) const {
        for (std::size_t a = 0; a < X::rank(); ++a)
            if ((a != Axis && i[a] > x[a]) || (S::rank() != 0 && i[a] > s[a])) return i.size() == 0;
        return true;
    }
    template <class X, class I, class S>
    constexpr auto plan(X const& x, I const& i, S const& s) const {
        auto const t = packed_steps(x);
        auto const k = packed_steps(i);
        auto const from = packed_steps(s);
        walk_plan<X::rank()> p;
        for (std::size_t a = 0; a < X::rank(); ++a)
            p.axes[a] = {i[a], a == Axis ? 0 : t[a], k[a], S::rank() == 0 ? 0 : from[a < S::rank() ? a : 0]};
        p.axis = Axis;
        p.extent = x[Axis];
        p.step = t[Axis];
        return p;
    }
};

/// A part of x for each index along an axis: src has the shape of index_select's result.
template <std::size_t Axis>
struct part_places {
    template <class X, class I>
    using parts = index_select_extents<Axis, X, I>;
    template <class X, class I, class S>
    static constexpr bool fits = [] {
        if constexpr (S::rank() == 0) return true;
        else return shapes_may_match<typename parts<X, I>::type, S>();
    }();
    template <class X, class I, class S>
    constexpr bool fits_now(X const& x, I const& i, S const& s) const {
        auto const e = parts<X, I>::joined(x, i);
        for (std::size_t a = 0; a < S::rank(); ++a)
            if (s[a] != e[a]) return false;
        return true;
    }
    template <class X, class I, class S>
    constexpr auto plan(X const& x, I const& i, S const& s) const {
        constexpr std::size_t last = Axis + I::rank();
        auto const t = packed_steps(x);
        auto const k = packed_steps(i);
        auto const from = packed_steps(s);
        auto const e = parts<X, I>::joined(x, i);
        walk_plan<parts<X, I>::rank> p;
        for (std::size_t a = 0; a < parts<X, I>::rank; ++a) {
            bool const chosen = a >= Axis && a < last;
            p.axes[a] = {e[a], chosen ? 0 : t[a < Axis ? a : a + 1 - I::rank()], chosen ? k[a - Axis] : 0,
                         S::rank() == 0 ? 0 : from[a < S::rank() ? a : 0]};
        }
        p.axis = Axis;
        p.extent = x[Axis];
        p.step = t[Axis];
        return p;
    }
};

/// The elements that a view of x shows.
template <class View>
struct view_places {
    [[no_unique_address]] View view;
    template <class X, class S>
    static constexpr bool fits = shapes_may_match<view_shape<View, X>, S>();
    template <class X, class S>
    constexpr bool fits_now(X const& x, S const& s) const {
        return view.shape(x) == s;
    }
    template <class X, class S>
    constexpr auto plan(X const& x, S const& s) const {
        auto const t = packed_steps(x);
        auto const from = packed_steps(s);
        constexpr auto source = View::template source<X>();
        auto const step = steps_of(view, x);
        walk_plan<S::rank()> p;
        for (std::size_t a = 0; a < S::rank(); ++a) p.axes[a] = {s[a], 0, 0, from[a]};
        for (std::size_t a = 0; a < X::rank(); ++a)
            if (source[a] != fixed_axis) p.axes[source[a]].target += step[a] * t[a];
        if constexpr (requires { view.start(x); }) {
            auto const start = view.start(x);
            for (std::size_t a = 0; a < X::rank(); ++a) p.start += start[a] * t[a];
        }
        return p;
    }
};

/// x with src written at places, alone or joined with what is there.
/// @tparam Places where: `fits<…>`, `fits_now(…)` and `plan(…)` for the shapes of target, indices (if any) and source
/// @tparam How a constant_reduction or chosen_reduction
template <operation_name Name, class Places, class How, class T, class S>
struct write_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = Name.text, *kind = "scatter";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] Places places{};
    [[no_unique_address]] How how{};
    bool include_self = true;
    bool wraps = false;  ///< whether indices may count from the end

    template <class... Other>
    constexpr S shape(S const& x, Other const&... s) const {
        if (!places.fits_now(x, s...)) {
            std::string text = text_of({name, ": shapes ", to_string(x)});
            (append_text(text, {" and ", to_string(s)}), ...);
            append_text(text, {" do not fit"});
            throw shape_error(text);
        }
        return x;
    }
    template <class... Other>
    static constexpr std::size_t operations(S const& x, Other const&...) {
        return x.size();
    }

    template <class X, class... Rest>
    void forward(array_of<T, S> const& y, X const& x, Rest const&... rest) const {
        with_walk(
            [&](walk const& w, auto const& src) {
                how.visit([&](auto h) { write_at<h(), T>(y.data, y.shape.size(), x.data, src.data, w, include_self); });
            },
            x.shape, rest...);
    }
    template <class Y, class X, class I, class Src, class GX, class GI, class GS>
    void backward(Y const& y, Y const& g, X const& x, I const& index, Src const& src, GX const& gx, GI const&,
                  GS const& gs) const {
        with_walk([&](walk const& w, auto const&) { send(w, y, g, x, src, gx, gs); }, x.shape, index, src);
    }
    template <class Y, class X, class Src, class GX, class GS>
    void backward(Y const& y, Y const& g, X const& x, Src const& src, GX const& gx, GS const& gs) const {
        with_walk([&](walk const& w, auto const&) { send(w, y, g, x, src, gx, gs); }, x.shape, src);
    }

private:
    template <class Y, class X, class Src, class GX, class GS>
    void send(walk const& w, Y const& y, Y const& g, X const& x, Src const& src, GX const& gx, GS const& gs) const {
        how.visit([&](auto h) {
            write_gradient<h(), T>(y.data, g.data, y.shape.size(), x.data, src.data, w, include_self, gx.data, gs.data);
        });
    }
    template <class F, class I, class Src>
    void with_walk(F const& f, S const& x, I const& index, Src const& src) const {
        auto const p = places.plan(x, index.shape, src.shape);
        auto const distances = index_distances(name, index.data, index.shape.size(), p.axis, p.extent, p.step, wraps);
        f(walk{p.axes.data(), p.axes.size() - 1, p.start, distances.data(), 0}, src);
    }
    template <class F, class Src>
    void with_walk(F const& f, S const& x, Src const& src) const {
        auto const p = places.plan(x, src.shape);
        f(walk{p.axes.data(), p.axes.size() - 1, p.start, nullptr, 0}, src);
    }
};

/// What is written into elements of type T: a number of that type, or an expression that becomes one.
template <class T, class Src>
constexpr auto source_of(Src&& src) {
    using plain = std::remove_cvref_t<Src>;
    if constexpr (element::is_complex<T> && std::is_arithmetic_v<plain>)
        return filled_node<T, tenon::shape<>>({}, T(static_cast<typename T::value_type>(src)));
    else if constexpr (number<plain>) return filled_node<T, tenon::shape<>>({}, static_cast<T>(src));
    else if constexpr (std::is_same_v<value_t<plain>, T>) return as_node(std::forward<Src>(src));
    else return cast<T>(std::forward<Src>(src));
}
/// Indices as int64.
template <class I>
constexpr auto indices_of(I&& index) {
    if constexpr (std::is_same_v<value_t<I>, std::int64_t>) return as_node(std::forward<I>(index));
    else return cast<std::int64_t>(std::forward<I>(index));
}
template <class X>
struct source_value {
    using type = std::remove_cvref_t<X>;
};
template <expression X>
struct source_value<X> {
    using type = value_t<X>;
};
/// Whether elements of type U may be written into those of type T.
template <class T, class U>
inline constexpr bool may_be_written = std::is_same_v<promote_t<T, U>, T> ||
                                       (std::is_arithmetic_v<U> && (!std::is_integral_v<T> || std::is_integral_v<U>));

/// The node that writes, or what is wrong.
template <operation_name Name, class How, class Places, class X, class I, class Src>
constexpr auto write_with_indices(How how, Places places, X&& x, I&& index, Src&& src, bool include_self = true,
                                  bool wraps = false) {
    using T = value_t<X>;
    using U = typename source_value<Src>::type;
    if constexpr (!counts_positions<value_t<I>>) return indices_are_integers<Name, value_t<I>>{};
    else if constexpr (!may_be_written<T, U>) return cannot_assign_elements<T, U>{};
    else {
        using source = shape_t<decltype(source_of<T>(std::forward<Src>(src)))>;
        if constexpr (!Places::template fits<shape_t<X>, shape_t<I>, source>)
            return cannot_write_at<Name, shape_t<X>, shape_t<I>, source>{};
        else
            return make_array(write_rule<Name, Places, How, T, shape_t<X>>{places, how, include_self, wraps},
                              std::forward<X>(x), indices_of(std::forward<I>(index)),
                              source_of<T>(std::forward<Src>(src)));
    }
}
/// The same at the places of a view.
template <operation_name Name, class View, class X, class Src>
constexpr auto write_to_view(View view, X&& x, Src&& src) {
    using T = value_t<X>;
    using U = typename source_value<Src>::type;
    if constexpr (!may_be_written<T, U>) return cannot_assign_elements<T, U>{};
    else {
        using source = shape_t<decltype(source_of<T>(std::forward<Src>(src)))>;
        if constexpr (!view_places<View>::template fits<shape_t<X>, source>)
            return cannot_write_at<Name, shape_t<X>, source>{};
        else
            return make_array(
                write_rule<Name, view_places<View>, constant_reduction<reduction::none>, T, shape_t<X>>{{view}},
                std::forward<X>(x), source_of<T>(std::forward<Src>(src)));
    }
}

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
