// Where values belong among sorted ones, and whether they are there: searchsorted, bucketize, isin.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/reshape.hpp>
#include <tenon/expr/sort.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/logic.hpp>

namespace tenon::inline TENON_TARGET {

/// The sorted vectors are one for all values, or one for each vector of values: axes before the last have to agree.
template <operation_name Operation, class Sorted, class Values>
struct cannot_search;

/// On which side of equal elements a value belongs.
enum class search_side { left, right };
/// Options of searchsorted.
struct searchsorted_options {
    bool right = false;                    ///< behind equal elements
    search_side side = search_side::left;  ///< the same in NumPy's words
};
/// Options of bucketize.
struct bucketize_options {
    bool right = false;  ///< a value that is a boundary belongs to the bucket behind it
};
/// Options of isin.
struct isin_options {
    bool assume_unique = false;  ///< changes nothing here
    bool invert = false;         ///< whether elements are not there
};

namespace detail {
/// Whether a comes before b where NaN is the greatest.
template <class T>
TENON_INLINE bool sorts_before(T const& a, T const& b) {
    if constexpr (std::is_floating_point_v<T>) return a < b || (b != b && a == a);
    else if constexpr (has_nan<T>) return detail::sorts_before(float(a), float(b));
    else return a < b;
}
/// For each of `count` values how many of n sorted elements come before it, equal ones among them if `right`. Values are looked for
/// eight at a time, whose waits for memory overlap.
template <class T>
void search_sorted(T const* sorted, std::size_t n, T const* values, std::size_t count, bool right, std::int64_t* y) {
    constexpr std::size_t at_once = 8;
    for (std::size_t first = 0; first < count; first += at_once) {
        std::size_t const lanes = std::min(at_once, count - first);
        T const* const v = values + first;
        std::size_t base[at_once] = {};
        for (std::size_t left = n; left != 0;) {
            // 1 is looked at in the end too: where nothing is left there is nothing to compare with.
            std::size_t const half = left == 1 ? 1 : left / 2;
            for (std::size_t l = 0; l != lanes; ++l) {
                T const s = sorted[base[l] + half - 1];
                bool const before = right ? !sorts_before(v[l], s) : sorts_before(s, v[l]);
                base[l] += before ? half : 0;
            }
            left -= half;
        }
        for (std::size_t l = 0; l != lanes; ++l) y[first + l] = static_cast<std::int64_t>(base[l]);
    }
}
template <class T>
void search_rows(T const* sorted, std::size_t n, std::size_t rows, T const* values, std::size_t count, bool right,
                 std::int64_t* y) {
    for_each_part(count, 1, count / 4096, [&](std::size_t first, std::size_t last) {
        // Each of the rows has the same number of values.
        for (std::size_t const each = rows == 1 ? count : count / rows; first != last;) {
            std::size_t const row = first / each, end = std::min(last, (row + 1) * each);
            search_sorted(sorted + row * n, n, values + first, end - first, right, y + first);
            first = end;
        }
    });
}
template <class T>
void find_among(T const* sorted, std::size_t n, T const* values, std::size_t count, bool invert, bool* y) {
    for_each_part(count, 64, count / 4096, [&](std::size_t first, std::size_t last) {
        std::int64_t at[64];
        for (; first < last; first += 64) {
            std::size_t const some = std::min<std::size_t>(64, last - first);
            search_sorted(sorted, n, values + first, some, false, at);
            for (std::size_t i = 0; i != some; ++i) {
                auto const k = static_cast<std::size_t>(at[i]);
                y[first + i] = (k < n && sorted[k] == values[first + i]) != invert;
            }
        }
    });
}

template <class T, class Sorted, class Values>
struct search_rule {
    using value_type = std::int64_t;
    using shape_type = Values;
    static constexpr char const *name = "searchsorted", *kind = "search";
    bool right;

    static constexpr Values shape(Sorted const& s, Values const& v) {
        if constexpr (Sorted::rank() > 1)
            for (std::size_t a = 0; a + 1 != Sorted::rank(); ++a)
                if (s[a] != v[a]) throw_shapes(name, to_string(s), to_string(v));
        return v;
    }
    static constexpr std::size_t operations(Sorted const& s, Values const& v) {
        return comparisons(v.size(), s[Sorted::rank() - 1]);
    }
    void forward(array_of<std::int64_t, Values> const& y, array_of<T const, Sorted> const& s,
                 array_of<T const, Values> const& v) const {
        std::size_t const n = s.shape[Sorted::rank() - 1];
        std::size_t rows = 1;
        for (std::size_t a = 0; a + 1 < Sorted::rank(); ++a) rows *= s.shape[a];
        search_rows(s.data, n, rows, v.data, v.shape.size(), right, y.data);
    }
};
template <class T, class Sorted, class Values>
struct isin_rule {
    using value_type = bool;
    using shape_type = Values;
    static constexpr char const *name = "isin", *kind = "search";
    bool invert;

    static constexpr Values shape(Sorted const&, Values const& v) { return v; }
    static constexpr std::size_t operations(Sorted const& s, Values const& v) {
        return comparisons(v.size(), s.size());
    }
    void forward(array_of<bool, Values> const& y, array_of<T const, Sorted> const& s,
                 array_of<T const, Values> const& v) const {
        find_among(s.data, s.shape.size(), v.data, v.shape.size(), invert, y.data);
    }
};
template <class Sorted, class Values>
constexpr bool may_search() {
    if constexpr (Sorted::rank() == 0) return false;
    else if constexpr (Sorted::rank() == 1) return true;
    else if constexpr (Sorted::rank() != Values::rank()) return false;
    else {
        for (std::size_t a = 0; a + 1 != Sorted::rank(); ++a)
            if (std::size_t const s = Sorted::static_extents[a], v = Values::static_extents[a];
                !is_dynamic(s) && !is_dynamic(v) && s != v)
                return false;
        return true;
    }
}
template <operation_name Name, class S, class V>
constexpr auto make_search(S&& sorted, V&& values, bool right) {
    using T = promoted_value_t<node_t<S>, node_t<V>>;
    using s = shape_t<node_t<S>>;
    using v = shape_t<node_t<V>>;
    if constexpr (!may_search<s, v>()) return cannot_search<Name, s, v>{};
    else
        return make_array(search_rule<T, s, v>{right}, as_elements<T>(as_node(std::forward<S>(sorted))),
                          as_elements<T>(as_node(std::forward<V>(values))));
}
}  // namespace detail

/// For each value the int64 position before which it belongs in a sorted vector, so that the order stays: before equal elements, behind
/// them with `{.right = true}`. One sorted vector for all values, which may be a number, or one along the last axis for each vector of
/// values. NaN counts as the greatest. Compile error `cannot_search`; torch.searchsorted.
template <expression S, operand V>
constexpr auto searchsorted(S&& sorted, V&& values, searchsorted_options options = {}) {
    return detail::make_search<"searchsorted">(std::forward<S>(sorted), std::forward<V>(values),
                                               options.right || options.side == search_side::right);
}
/// The same in a vector that isn't sorted: `sorter` is its argsort.
template <expression S, operand V, expression I>
constexpr auto searchsorted(S&& sequence, V&& values, I&& sorter, searchsorted_options options = {}) {
    return tenon::searchsorted(gather<-1>(std::forward<S>(sequence), std::forward<I>(sorter)), std::forward<V>(values),
                               options);
}
/// For each value the int64 number of the bucket between sorted boundaries: bucket i holds boundaries[i−1] < v ≤ boundaries[i], or
/// boundaries[i−1] ≤ v < boundaries[i] with `{.right = true}`; torch.bucketize.
template <operand V, expression S>
constexpr auto bucketize(V&& values, S&& boundaries, bucketize_options options = {}) {
    if constexpr (shape_t<S>::rank() != 1) return cannot_search<"bucketize", shape_t<S>, shape_t<node_t<V>>>{};
    else return detail::make_search<"bucketize">(std::forward<S>(boundaries), std::forward<V>(values), options.right);
}
/// Whether each element is one of others, as bool; `{.invert = true}` for whether it is none. Either may be a number; NaN is equal to
/// nothing; torch.isin.
template <operand A, operand B>
    requires(expression<A> || expression<B>)
constexpr auto isin(A&& elements, B&& test_elements, isin_options options = {}) {
    using T = promoted_value_t<node_t<A>, node_t<B>>;
    auto all = flatten(detail::as_elements<T>(as_node(std::forward<B>(test_elements))));
    auto sorted = detail::make_order<detail::sort_rule, 0>(std::move(all), false);
    using s = shape_t<decltype(sorted)>;
    return detail::make_array(detail::isin_rule<T, s, shape_t<node_t<A>>>{options.invert}, std::move(sorted),
                              detail::as_elements<T>(as_node(std::forward<A>(elements))));
}

}  // namespace tenon::inline TENON_TARGET
