// Elements of some rank along an axis: topk, kthvalue, median, nanmedian, mode.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/sort.hpp>

namespace tenon::inline TENON_TARGET {

/// More elements are asked for than an axis has.
template <std::ptrdiff_t Axis, std::size_t K, class Shape>
struct topk_asks_for_too_many;

/// Options of topk.
struct topk_options {
    bool largest = true;  ///< else the least
    bool sorted = true;   ///< else in the order of their positions
};

namespace detail {
/// A shape with another extent along an axis.
template <class S, std::size_t Axis, std::size_t E>
struct with_extent {
    static constexpr auto value = [] {
        std::array<std::size_t, S::rank() + 1> all{};
        for (std::size_t a = 0; a != S::rank(); ++a) all[a] = a == Axis ? E : S::static_extents[a];
        return all;
    }();
    using type = shape_from<S::rank(), with_extent>;
    static constexpr type of(S const& s, std::size_t extent = E) {
        auto all = s.extents();
        all[Axis] = extent;
        return type(all);
    }
};

/// The positions of the k least elements of a vector, or the k greatest, at y, which are `step` apart as the elements are.
template <class T>
void topk_of(T const* x, std::int64_t* y, std::size_t step, std::size_t n, std::size_t k, topk_options o) {
    if (k == 0) return;
    using key = sort_key_t<T>;
    buffer<key, dyn> keys, more;
    keys.reserve(n);
    more.reserve(n);
    key* const all = keys.data();
    read_keys(x, step, n, o.largest, [&](key v, std::size_t i) { all[i] = v; });
    auto const last = select_key(static_cast<key const*>(all), more.data(), n, k - 1, key_bits<T>);
    sort_room<std::uint64_t> chosen(k), room(k);
    std::uint64_t* const c = chosen.data();
    // All that are less, and of those that are equal as many as are left to take.
    std::size_t equals = k - last.less, m = 0;
    for (std::size_t first = 0; first < n && m != k; first += 64) {
        std::size_t const end = std::min(first + 64, n);
        bool any = false;
        for (std::size_t i = first; i != end; ++i) any |= all[i] <= last.key;
        if (any)
            for (std::size_t i = first; i != end; ++i)
                if (all[i] < last.key || (all[i] == last.key && equals != 0)) {
                    if (all[i] == last.key) --equals;
                    c[m++] = keyed<T>(all[i], i);
                }
    }
    auto const* const order =
        o.sorted ? sort_positions<T>(c, room.data(), k, [=](std::size_t i) { return all[i]; }) : c;
    for (std::size_t i = 0; i != k; ++i) y[i * step] = static_cast<std::int64_t>(position_of(order[i]));
}
template <class T>
void topk_along(T const* x, std::int64_t* y, axis_extents const& e, std::size_t k, topk_options o) {
    for_each_vector("topk", e, [&](std::size_t first, std::size_t step) {
        std::size_t const vector = first / step / e.along;
        topk_of(x + first, y + vector * k * step + first % step, step, e.along, k, o);
    });
}

/// Which element of a vector is looked for.
enum class rank_kind {
    kth,       ///< that of a rank
    median,    ///< the lower of the two in the middle, or the first NaN
    nanmedian  ///< the lower of the two in the middle of those that aren't NaN
};
/// The position of the element of a rank, as in a sorted vector where equals stay in their order.
template <class T>
std::size_t position_of_rank(T const* x, std::size_t step, std::size_t n, rank_kind kind, std::size_t k) {
    using key = sort_key_t<T>;
    buffer<key, dyn> keys, more;
    keys.reserve(n);
    more.reserve(n);
    key* const all = keys.data();
    read_keys(x, step, n, false, [&](key v, std::size_t i) { all[i] = v; });
    std::size_t numbers = n;
    if constexpr (has_nan<T>)
        for (std::size_t i = 0; i != n; ++i) numbers -= all[i] == nan_key<T>;
    if (kind == rank_kind::median) k = numbers == n ? (n - 1) / 2 : numbers;
    else if (kind == rank_kind::nanmedian) k = numbers == 0 ? 0 : (numbers - 1) / 2;
    auto const found = select_key(static_cast<key const*>(all), more.data(), n, k, key_bits<T>);
    std::size_t i = 0;
    for (std::size_t equals = k - found.less; all[i] != found.key || equals != 0; ++i) equals -= all[i] == found.key;
    return i;
}
template <class T>
void rank_along(T const* x, std::int64_t* y, axis_extents const& e, rank_kind kind, std::size_t k) {
    for_each_vector("kthvalue and median", e, [&](std::size_t first, std::size_t step) {
        y[first / step / e.along * step + first % step] =
            static_cast<std::int64_t>(position_of_rank(x + first, step, e.along, kind, k));
    });
}
/// The last position of the most frequent element of a vector, the least of such. NaN equals nothing.
template <class T>
void mode_along(T const* x, std::int64_t* y, axis_extents const& e) {
    for_each_vector("mode", e, [&](std::size_t first, std::size_t step) {
        sort_room<std::uint64_t> room(e.along), more(e.along);
        auto const* const order = order_of(x + first, step, e.along, false, room.data(), more.data());
        auto const key = [&](std::size_t i) { return order_key(x[first + position_of(order[i]) * step]); };
        std::size_t most = 0, run = 0, found = 0;
        for (std::size_t i = 0; i != e.along; ++i) {
            auto const here = key(i);
            ++run;
            if (i + 1 != e.along && key(i + 1) == here && !(has_nan<T> && here == nan_key<T>)) continue;
            if (run > most) {
                most = run;
                found = i;
            }
            run = 0;
        }
        y[first / step / e.along * step + first % step] = static_cast<std::int64_t>(position_of(order[found]));
    });
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_nothing_to_rank(char const* what, std::string const& s) {
    throw shape_error(text_of({what, ": no elements in ", s, " to choose from"}));
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_rank(char const* what, std::size_t k, std::size_t axis,
                                                       std::size_t extent) {
    throw index_error(
        text_of({what, ": k = ", static_cast<std::ptrdiff_t>(k), " where axis ", axis, " has the extent ", extent}));
}

template <std::size_t Axis, std::size_t K, class T, class S>
struct topk_rule {
    using value_type = std::int64_t;
    using shape_type = typename with_extent<S, Axis, K>::type;
    static constexpr char const *name = "topk", *kind = "sort";
    topk_options options;

    static constexpr shape_type shape(S const& s) {
        if (s[Axis] < K) throw_rank(name, K, Axis, s[Axis]);
        return with_extent<S, Axis, K>::of(s);
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size(); }
    void forward(array_of<std::int64_t, shape_type> const& y, array_of<T const, S> const& x) const {
        topk_along(x.data, y.data, around_axis<Axis>(x.shape), K, options);
    }
};
/// The position of an element of a rank in each vector along an axis, which stays with an extent of 1.
template <std::size_t Axis, class T, class S>
struct rank_rule {
    using value_type = std::int64_t;
    using shape_type = typename with_extent<S, Axis, 1>::type;
    static constexpr char const *name = "kthvalue", *kind = "sort";
    rank_kind looked_for;
    std::size_t rank = 0;

    constexpr shape_type shape(S const& s) const {
        auto const to = with_extent<S, Axis, 1>::of(s);
        if (looked_for == rank_kind::kth && rank >= s[Axis]) throw_rank(name, rank + 1, Axis, s[Axis]);
        if (s.size() == 0 && to.size() != 0) throw_nothing_to_rank("median", to_string(s));
        return to;
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size(); }
    void forward(array_of<std::int64_t, shape_type> const& y, array_of<T const, S> const& x) const {
        rank_along(x.data, y.data, around_axis<Axis>(x.shape), looked_for, rank);
    }
};
template <std::size_t Axis, class T, class S>
struct mode_rule {
    using value_type = std::int64_t;
    using shape_type = typename with_extent<S, Axis, 1>::type;
    static constexpr char const *name = "mode", *kind = "sort";

    static constexpr shape_type shape(S const& s) {
        auto const to = with_extent<S, Axis, 1>::of(s);
        if (s.size() == 0 && to.size() != 0) throw_nothing_to_rank(name, to_string(s));
        return to;
    }
    static constexpr std::size_t operations(S const& s) { return comparisons(s.size(), around_axis<Axis>(s).along); }
    void forward(array_of<std::int64_t, shape_type> const& y, array_of<T const, S> const& x) const {
        mode_along(x.data, y.data, around_axis<Axis>(x.shape));
    }
};

/// Adds a gradient in equal shares to those of n elements that are equal to y; all NaNs are equal.
template <class T>
void add_shared_gradient(T const* x, std::size_t n, T const& y, T const& g, T* gx) {
    auto const key = detail::order_key(y);
    std::size_t equals = 0;
    for (std::size_t i = 0; i != n; ++i) equals += detail::order_key(x[i]) == key;
    T const share = static_cast<T>(g / static_cast<std::conditional_t<element::narrow<T>, float, T>>(equals));
    for (std::size_t i = 0; i != n; ++i)
        if (detail::order_key(x[i]) == key) gx[i] += share;
}
/// The median of all elements.
template <class T, class S>
struct median_rule {
    using value_type = T;
    using shape_type = tenon::shape<>;
    static constexpr char const *name = "median", *kind = "sort";
    static constexpr bool has_gradient = true;
    rank_kind looked_for;

    static constexpr shape_type shape(S const& s) {
        if (s.size() == 0) throw_nothing_to_rank(name, to_string(s));
        return shape_type();
    }
    static constexpr std::size_t operations(S const& s) { return 2 * s.size(); }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& x) const {
        std::int64_t at = 0;
        rank_along(x.data, &at, {1, x.shape.size(), 1}, looked_for, 0);
        y.data[0] = x.data[at];
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const& x, array_of<T, S> const& gx) const {
        add_shared_gradient(x.data, x.shape.size(), y.data[0], g.data[0], gx.data);
    }
};

/// The elements at one position along an axis, and the position; the axis is dropped unless it is kept.
template <std::ptrdiff_t Axis, class A, class I, class... Keep>
constexpr auto found_along(A const& x, I const& at, Keep...) {
    if constexpr (sizeof...(Keep) != 0)
        return values_and_indices<decltype(gather<Axis>(x, at)), I>{gather<Axis>(x, at), at};
    else {
        auto values = squeeze<Axis>(gather<Axis>(x, at));
        auto indices = squeeze<Axis>(at);
        return values_and_indices<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
    }
}
template <template <std::size_t, class, class> class Rule, std::ptrdiff_t Axis, class A, class Arguments, class... Keep>
constexpr auto find_along(A&& x, Arguments const& arguments, Keep... keep) {
    auto const whole = reused(std::forward<A>(x));
    auto const at = std::apply([&](auto... a) { return let(make_order<Rule, Axis>(whole, a...)); }, arguments);
    return found_along<Axis>(whole, at, keep...);
}
template <std::ptrdiff_t... Axis, class A, class... Keep>
constexpr auto make_median(rank_kind kind, A&& x, Keep... keep) {
    check_order<value_t<A>>();
    if constexpr (sizeof...(Axis) == 0 && element::is_dual<value_t<A>>)
        return make_median<0>(kind, flatten(std::forward<A>(x))).values;
    else if constexpr (sizeof...(Axis) == 0)
        return make_array(median_rule<value_t<A>, shape_t<A>>{kind}, std::forward<A>(x));
    else return find_along<rank_rule, Axis...>(std::forward<A>(x), std::tuple(kind), keep...);
}
}  // namespace detail

/// The K greatest elements along an axis, the greatest first, and their int64 positions: `auto [values, indices] = tn::topk<1, 5>(x)`;
/// the least, the least first, with `{.largest = false}`; in the order of their positions with `{.sorted = false}`. Of equal elements
/// the first are taken; NaN counts as the greatest. Compile error `topk_asks_for_too_many`, or index_error where only run time can
/// know; torch.topk.
template <std::ptrdiff_t Axis, std::size_t K, expression A>
constexpr auto topk(A&& x, topk_options options = {}) {
    using s = shape_t<A>;
    if constexpr (detail::axis_of_one<s::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return topk<0, K>(std::move(v), options); });
    else if constexpr (!detail::axes_fit<s::rank(), Axis>) return detail::wrong_axes<"topk", s, Axis>{};
    else if constexpr (constexpr std::size_t n = s::static_extents[axis_of(Axis, s::rank())]; !is_dynamic(n) && n < K)
        return topk_asks_for_too_many<Axis, K, s>{};
    else {
        detail::check_order<value_t<A>>();
        auto const whole = detail::reused(std::forward<A>(x));
        auto indices =
            let(detail::make_array(detail::topk_rule<axis_of(Axis, s::rank()), K, value_t<A>, s>{options}, whole));
        auto values = gather<Axis>(whole, indices);
        return values_and_indices<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
    }
}
/// The k-th least element along an axis, counted from 1, and its int64 position, that in the sorted order where equals stay as they
/// are: `auto [values, indices] = tn::kthvalue<1>(x, 3)`; `keepdim` as a last argument keeps the axis. NaN counts as the greatest.
/// @throws index_error where k isn't one of 1 … the axis's extent; torch.kthvalue
template <std::ptrdiff_t Axis = -1, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto kthvalue(A&& x, std::size_t k, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return kthvalue<0>(std::move(v), k, keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"kthvalue", shape_t<A>, Axis>{};
    else
        return detail::find_along<detail::rank_rule, Axis>(std::forward<A>(x),
                                                           std::tuple(detail::rank_kind::kth, k - 1), keep...);
}
/// The middle element along an axis, the lower one of two, and its int64 position: `auto [values, indices] = tn::median<1>(x)`; NaN
/// where there is one. Without an axis the middle one of all elements, alone: `tn::median(x)`; its gradient is shared by those that
/// equal it. `keepdim` as a last argument keeps the axis. @throws shape_error where there are no elements; torch.median
template <std::ptrdiff_t... Axis, expression A, keepdim_tag... Keep>
    requires(sizeof...(Axis) <= 1 && sizeof...(Keep) <= sizeof...(Axis))
constexpr auto median(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return median<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis...>)
        return detail::wrong_axes<"median", shape_t<A>, Axis...>{};
    else return detail::make_median<Axis...>(detail::rank_kind::median, std::forward<A>(x), keep...);
}
/// The same for the elements that aren't NaN; NaN where there is no other; torch.nanmedian.
template <std::ptrdiff_t... Axis, expression A, keepdim_tag... Keep>
    requires(sizeof...(Axis) <= 1 && sizeof...(Keep) <= sizeof...(Axis))
constexpr auto nanmedian(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis...>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return nanmedian<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis...>)
        return detail::wrong_axes<"nanmedian", shape_t<A>, Axis...>{};
    else return detail::make_median<Axis...>(detail::rank_kind::nanmedian, std::forward<A>(x), keep...);
}
/// The most frequent element along an axis, the least of such, and its last int64 position: `auto [values, indices] = tn::mode<1>(x)`;
/// `keepdim` as a last argument keeps the axis. @throws shape_error where there are no elements; torch.mode
template <std::ptrdiff_t Axis = -1, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto mode(A&& x, Keep... keep) {
    if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return detail::as_vector(std::forward<A>(x), [=](auto&& v) { return mode<0>(std::move(v), keep...); });
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"mode", shape_t<A>, Axis>{};
    else return detail::find_along<detail::mode_rule, Axis>(std::forward<A>(x), std::tuple(), keep...);
}

}  // namespace tenon::inline TENON_TARGET
