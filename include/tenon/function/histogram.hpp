// How often values occur: bincount, histc, histogram, histogramdd. All are evaluated at once and have no gradient.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/function/histogram_bins.hpp>
#include <tenon/function/nonzero.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of bincount.
struct bincount_options {
    std::size_t minlength = 0;  ///< the least extent of the result
};
/// Options of histogram.
struct histogram_options {
    /// The outer edges of bins that are given by their number; where both are 0, the least and the greatest element.
    std::array<double, 2> range = {0, 0};
    bool density = false;  ///< divided by the sum and the bins' sizes
};
/// What histogram gives: `auto [hist, bin_edges] = tn::histogram<10>(x)`.
template <class Hist, class Edges>
struct histogram_result {
    Hist hist;        ///< in x's element type
    Edges bin_edges;  ///< one more than there are bins
};

namespace detail {
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_negative_count(std::int64_t v) {
    throw index_error(text_of({"bincount: counts numbers from 0 on, and there is ", v}));
}
/// One more than the greatest of n numbers. @throws index_error where one is negative
template <class I>
std::size_t bins_needed(I const* x, std::size_t n) {
    std::size_t needed = 0;
    for (std::size_t i = 0; i != n; ++i) {
        if constexpr (std::is_signed_v<I>)
            if (x[i] < 0) throw_negative_count(static_cast<std::int64_t>(x[i]));
        // One more than the greatest of 64 bits would be 0; one less is more than any tensor has.
        needed = std::max(needed, std::min(static_cast<std::size_t>(x[i]), dyn - 1) + 1);
    }
    return needed;
}
/// Adds weights, or ones where there are none, to the bins of n numbers.
template <class I, class W, class T>
void count_numbers(I const* x, std::size_t n, W const* weights, T* bins) {
    for (std::size_t i = 0; i != n; ++i)
        bins[static_cast<std::size_t>(x[i])] += weights ? static_cast<T>(weights[i]) : T(1);
}
template <class T, class A, class W>
auto make_bincount(A const& x, W const& weights, std::size_t n, std::size_t minlength) {
    auto const held = in_host(x);
    auto const* const numbers = held.get().data();
    tensor<T, dyn> bins(std::max(minlength, bins_needed(numbers, n)));
    count_numbers(numbers, n, weights, bins.data());
    return on_device_of<A>(std::move(bins));
}

/// A computation's elements as T in the processor's memory.
template <class T, class A>
auto numbers_in_host(A const& x) {
    if constexpr (std::is_same_v<value_t<A>, T>) return in_host(x);
    else return in_host(cast<T>(x));
}
/// The weights' elements, or nothing where there are none.
struct no_weights {};
template <class T, class W>
auto weights_in_host(W const& w, [[maybe_unused]] std::size_t n) {
    if constexpr (std::is_same_v<W, no_weights>) return no_weights{};
    else {
        if (w.size() != n) throw_histogram("histogram", "there has to be a weight for each point");
        return numbers_in_host<T>(w);
    }
}
template <class T, class W>
T const* weights_at(W const& w) {
    if constexpr (std::is_same_v<W, no_weights>) return nullptr;
    else return w.get().data();
}
/// Whether a histogram's range is what it is when none is given.
constexpr bool no_range(std::array<double, 2> const& range) { return range[0] == 0 && range[1] == 0; }
template <std::size_t Bins, class A, class W>
auto count_in_bins(A const& x, std::size_t count, histogram_options const& o, W const& weights) {
    using T = floating_t<value_t<A>>;
    if (count == 0) throw_histogram("histogram", "needs a bin");
    auto const held = numbers_in_host<T>(x);
    auto const& all = held.get();
    std::size_t const n = all.size();
    auto const w = weights_in_host<T>(weights, n);
    constexpr std::size_t edge_count = is_dynamic(Bins) ? dyn : Bins + 1;
    tensor<T, edge_count> edges(uninitialized, shape<edge_count>(std::array{count + 1}));
    tensor<T, Bins> hist(uninitialized, shape<Bins>(std::array{count}));
    write_edges(outer_edges("histogram", o.range, no_range(o.range), all.data(), 1, n, T(.5)), count, edges.data());
    bin_axis<T> const axis{edges.data(), count, bin_axis<T>::checked};
    make_histogram(all.data(), n, &axis, 1, weights_at<T>(w), o.density, hist.data());
    auto on_device = on_device_of<A>(std::move(hist));
    auto edges_there = on_device_of<A>(std::move(edges));
    return histogram_result<decltype(on_device), decltype(edges_there)>{std::move(on_device), std::move(edges_there)};
}
template <class A, class E, class W>
auto count_between(A const& x, E const& bin_edges, bool density, W const& weights) {
    static_assert(shape_t<E>::rank() == 1, "histogram: the edges of bins are a vector");
    using T = floating_t<value_t<A>>;
    auto const held = numbers_in_host<T>(x);
    auto const& all = held.get();
    auto const w = weights_in_host<T>(weights, all.size());
    tensor edges = numbers_in_host<T>(bin_edges).get();
    std::size_t const count = edges.size();
    if (count < 2) throw_histogram("histogram", "needs two edges");
    constexpr std::size_t e = shape_t<E>::static_extents[0], bins = is_dynamic(e) ? dyn : e - 1;
    tensor<T, bins> hist(uninitialized, shape<bins>(std::array{count - 1}));
    bin_axis<T> const axis{edges.data(), count - 1, bin_axis<T>::binary};
    make_histogram(all.data(), all.size(), &axis, 1, weights_at<T>(w), density, hist.data());
    auto on_device = on_device_of<A>(std::move(hist));
    auto edges_there = on_device_of<A>(std::move(edges));
    return histogram_result<decltype(on_device), decltype(edges_there)>{std::move(on_device), std::move(edges_there)};
}
template <std::size_t Bins, class A>
auto make_histc(A const& x, std::size_t count, double min, double max) {
    using T = floating_t<value_t<A>>;
    if (count == 0) throw_histogram("histc", "needs a bin");
    auto const held = numbers_in_host<T>(x);
    auto const& all = held.get();
    auto const outer = outer_edges("histc", {min, max}, min == max, all.data(), 1, all.size(), T(1));
    tensor<T, Bins> hist(uninitialized, shape<Bins>(std::array{count}));
    // Only the outer edges are looked at.
    buffer<T, dyn> edges;
    edges.reserve(count + 1);
    edges.data()[0] = outer[0];
    edges.data()[count] = outer[1];
    bin_axis<T> const axis{edges.data(), count, bin_axis<T>::scaled};
    make_histogram<T>(all.data(), all.size(), &axis, 1, nullptr, false, hist.data());
    return on_device_of<A>(std::move(hist));
}
template <std::size_t... Bins, class A, class W>
auto count_in_boxes(A const& x, std::array<std::size_t, sizeof...(Bins)> const& counts,
                    std::array<std::array<double, 2>, sizeof...(Bins)> const& ranges, bool density, W const& weights) {
    constexpr std::size_t rank = sizeof...(Bins);
    using T = floating_t<value_t<A>>;
    static_assert(shape_t<A>::rank() == 2, "histogramdd: points are the rows of a matrix");
    if (x.shape()[1] != rank) throw_histogram("histogramdd", "there has to be a number of bins for each column");
    auto const held = numbers_in_host<T>(x);
    auto const& all = held.get();
    std::size_t const n = all.shape()[0];
    auto const w = weights_in_host<T>(weights, n);
    std::array<tensor<T, dyn>, rank> edges;
    bin_axis<T> axes[rank];
    for (std::size_t a = 0; a != rank; ++a) {
        if (counts[a] == 0) throw_histogram("histogramdd", "needs a bin along each axis");
        edges[a] = tensor<T, dyn>(counts[a] + 1);
        write_edges(outer_edges("histogramdd", ranges[a], no_range(ranges[a]), all.data() + a, rank, n, T(.5)),
                    counts[a], edges[a].data());
        axes[a] = {edges[a].data(), counts[a], bin_axis<T>::checked};
    }
    tensor<T, Bins...> hist(uninitialized, shape<Bins...>(counts));
    make_histogram(all.data(), n, axes, rank, weights_at<T>(w), density, hist.data());
    return histogram_result<tensor<T, Bins...>, decltype(edges)>{std::move(hist), std::move(edges)};
}
}  // namespace detail

/// How often each number 0, 1, … is among integers, as int64; evaluated at once: `tn::bincount(x)`, `tn::bincount(x, {.minlength = 10})`.
/// @throws index_error for a negative number; torch.bincount
template <expression A>
auto bincount(A const& x, bincount_options options = {}) {
    if constexpr (!detail::counts_positions<value_t<A>>) return indices_are_integers<"bincount", value_t<A>>{};
    else
        return detail::make_bincount<std::int64_t>(x, static_cast<std::int64_t const*>(nullptr), x.size(),
                                                   options.minlength);
}
/// The sums of the weights of equal numbers: float for floats, else double.
template <expression A, expression W>
auto bincount(A const& x, W const& weights, bincount_options options = {}) {
    using T = std::conditional_t<std::is_same_v<value_t<W>, float>, float, double>;
    if constexpr (!detail::counts_positions<value_t<A>>) return indices_are_integers<"bincount", value_t<A>>{};
    else {
        if (!(x.shape() == weights.shape())) throw_shapes("bincount", to_string(x.shape()), to_string(weights.shape()));
        auto const held = detail::in_host(weights);
        return detail::make_bincount<T>(x, held.get().data(), x.size(), options.minlength);
    }
}
template <expression A, expression W>
auto bincount(A const& x, W const& weights, std::size_t minlength) {
    return tenon::bincount(x, weights, {.minlength = minlength});
}

/// How many elements are in each of Bins bins of one size from min to max, in x's element type; what is outside isn't counted, max is in
/// the last bin. Where min and max are equal they are the least and the greatest element: `tn::histc<10>(x)`, `tn::histc<10>(x, 0, 1)`,
/// or with a number of bins that run time knows `tn::histc(x, bins, 0, 1)`. Evaluated at once; torch.histc.
template <std::size_t Bins, expression A>
auto histc(A const& x, double min = 0, double max = 0) {
    return detail::make_histc<Bins>(x, Bins, min, max);
}
template <expression A>
auto histc(A const& x, std::size_t bins = 100, double min = 0, double max = 0) {
    return detail::make_histc<dyn>(x, bins, min, max);
}

/// How many elements are in each of Bins bins, and the bins' edges: `auto [hist, bin_edges] = tn::histogram<10>(x)`, with options
/// `{.range = {0, 1}, .density = true}`; with weights behind x, their sums. A number of bins that run time knows, or a vector of ascending
/// edges, stands behind x instead: `tn::histogram(x, edges)`. Evaluated at once. @throws std::invalid_argument for a range that isn't
/// finite; torch.histogram
template <std::size_t Bins, expression A>
auto histogram(A const& x, histogram_options options = {}) {
    return detail::count_in_bins<Bins>(x, Bins, options, detail::no_weights{});
}
template <std::size_t Bins, expression A, expression W>
auto histogram(A const& x, W const& weight, histogram_options options = {}) {
    return detail::count_in_bins<Bins>(x, Bins, options, weight);
}
template <expression A, std::integral Count>
auto histogram(A const& x, Count bins, histogram_options options = {}) {
    return detail::count_in_bins<dyn>(x, static_cast<std::size_t>(bins), options, detail::no_weights{});
}
template <expression A, std::integral Count, expression W>
auto histogram(A const& x, Count bins, W const& weight, histogram_options options = {}) {
    return detail::count_in_bins<dyn>(x, static_cast<std::size_t>(bins), options, weight);
}
template <expression A, expression E>
auto histogram(A const& x, E const& bin_edges, histogram_options options = {}) {
    return detail::count_between(x, bin_edges, options.density, detail::no_weights{});
}
template <expression A, expression E, expression W>
auto histogram(A const& x, E const& bin_edges, W const& weight, histogram_options options = {}) {
    return detail::count_between(x, bin_edges, options.density, weight);
}

/// Options of histogramdd.
template <std::size_t Rank>
struct histogramdd_options {
    std::array<std::array<double, 2>, Rank> range = {};  ///< for each axis as in histogram_options
    bool density = false;                                ///< divided by the sum and the bins' sizes
};
/// How many points, the rows of a matrix, are in each of Bins … boxes, as a tensor with an axis for each column, and an array of the
/// edges along each: `auto [hist, bin_edges] = tn::histogramdd<4, 5>(x)`; with weights behind x, their sums. Evaluated at once on the
/// processor; torch.histogramdd.
template <std::size_t... Bins, expression A>
    requires(sizeof...(Bins) != 0)
auto histogramdd(A const& x, histogramdd_options<sizeof...(Bins)> options = {}) {
    return detail::count_in_boxes<Bins...>(x, {Bins...}, options.range, options.density, detail::no_weights{});
}
template <std::size_t... Bins, expression A, expression W>
    requires(sizeof...(Bins) != 0)
auto histogramdd(A const& x, W const& weight, histogramdd_options<sizeof...(Bins)> options = {}) {
    return detail::count_in_boxes<Bins...>(x, {Bins...}, options.range, options.density, weight);
}

}  // namespace tenon::inline TENON_TARGET
