// Sums, means and greatest values of bags of rows of a table.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/expr/array.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/window_grid.hpp>

namespace tenon::inline TENON_TARGET {

/// How embedding_bag joins the rows of a bag.
enum class bag_mode { sum, mean, max };

/// Options of embedding_bag.
struct embedding_bag_options {
    static constexpr std::int64_t no_padding = INT64_MIN;
    bag_mode mode = bag_mode::mean;
    std::int64_t padding_idx = no_padding;  ///< indices that count nothing; from the end where negative
    bool scale_grad_by_freq = false;        ///< whether a row's gradient is divided by how often the row is named
};

/// embedding_bag takes integers, bags [bags, length] or a list [n] with offsets [bags], a table [rows, dim], and weights of the indices'
/// shape.
template <class Indices, class Table>
struct bags_do_not_fit;

namespace detail {
/// What an algorithm reads: indices, where each bag begins (null: bags of `length`), and what each row is multiplied by (null: 1).
template <class T, class I, class O>
struct bags {
    I const* indices;
    std::size_t count, bags, length, rows, dim;
    O const* offsets;
    T const* weights;
    embedding_bag_options options;

    std::int64_t padding() const {
        auto const p = options.padding_idx;
        return p < 0 && p != embedding_bag_options::no_padding ? p + static_cast<std::int64_t>(rows) : p;
    }
    std::pair<std::size_t, std::size_t> bag(std::size_t b) const {
        if (offsets == nullptr) return {b * length, (b + 1) * length};
        std::size_t const begin = static_cast<std::size_t>(offsets[b]);
        std::size_t const end = b + 1 < length ? static_cast<std::size_t>(offsets[b + 1]) : count;
        return {begin, std::max(begin, end)};
    }
    /// @throws index_error for a row that does not exist, or offsets that don't ascend from 0
    void check() const {
        for (std::size_t i = 0; i < count; ++i)
            if (static_cast<std::size_t>(indices[i]) >= rows)
                throw_index("embedding_bag", static_cast<std::int64_t>(indices[i]), 0, rows);
        if (offsets == nullptr) return;
        for (std::size_t b = 0; b < length; ++b) {
            bool const first = b == 0 && offsets[0] != 0, descends = b != 0 && offsets[b] < offsets[b - 1];
            if (first || descends || static_cast<std::size_t>(offsets[b]) > count)
                throw index_error(text_of({"embedding_bag: offset ", static_cast<std::int64_t>(offsets[b]), " of bag ",
                                           b, " does not ascend from 0 to ", count}));
        }
    }
    /// Calls f(index's place, row, weight) for what counts in a bag; the weights of means sum up to 1.
    template <class F>
    void each(std::size_t b, F const& f) const {
        auto const [begin, end] = bag(b);
        std::int64_t const skipped = padding();
        std::size_t n = 0;
        for (std::size_t i = begin; i < end; ++i) n += static_cast<std::int64_t>(indices[i]) != skipped;
        T const scale = options.mode == bag_mode::mean && n != 0 ? 1 / static_cast<T>(n) : T(1);
        for (std::size_t i = begin; i < end; ++i)
            if (static_cast<std::int64_t>(indices[i]) != skipped)
                f(i, static_cast<std::size_t>(indices[i]), weights ? weights[i] * scale : scale);
    }
};
template <class T, class B>
void join_bags(T* to, T const* table, B const& all) {
    all.check();
    for_each_part(all.bags, 1, all.count * all.dim / 50'000, [&](std::size_t first, std::size_t last) {
        for (std::size_t b = first; b < last; ++b) {
            T* const out = to + b * all.dim;
            std::fill_n(out, all.dim, T(0));
            bool empty = true;
            all.each(b, [&](std::size_t, std::size_t row, T weight) {
                T const* const from = table + row * all.dim;
                if (all.options.mode == bag_mode::max) {
                    for (std::size_t j = 0; j < all.dim; ++j)
                        if (empty || from[j] > out[j]) out[j] = from[j];
                } else
                    for (std::size_t j = 0; j < all.dim; ++j) out[j] += weight * from[j];
                empty = false;
            });
        }
    });
}
/// Bag by bag, so that sums are the same for any number of threads.
template <class T, class B>
void add_bag_gradients(T* to_table, T* to_weights, T const* g, T const* y, T const* table, B const& all) {
    std::vector<T> scale(all.rows, T(1));
    if (all.options.scale_grad_by_freq) {
        std::vector<std::size_t> times(all.rows);
        for (std::size_t i = 0; i < all.count; ++i) ++times[static_cast<std::size_t>(all.indices[i])];
        for (std::size_t r = 0; r < all.rows; ++r) scale[r] = times[r] == 0 ? T(1) : 1 / static_cast<T>(times[r]);
    }
    std::vector<bool> taken(all.dim);
    for (std::size_t b = 0; b < all.bags; ++b) {
        T const *const out = y + b * all.dim, *const from = g + b * all.dim;
        taken.assign(all.dim, false);
        all.each(b, [&](std::size_t i, std::size_t row, T weight) {
            T const* const own = table + row * all.dim;
            T along = 0;
            for (std::size_t j = 0; j < all.dim; ++j) {
                along += own[j] * from[j];
                bool const passes = all.options.mode != bag_mode::max || (!taken[j] && own[j] == out[j]);
                if (all.options.mode == bag_mode::max && passes) taken[j] = true;
                if (to_table && passes) to_table[row * all.dim + j] += weight * scale[row] * from[j];
            }
            if (to_weights) to_weights[i] += along;
        });
    }
}

/// @tparam Offsets, Weights whether there are such operands
template <class T, class S, bool Offsets, bool Weights>
struct embedding_bag_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "embedding_bag", *kind = "gather";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    embedding_bag_options options;
    constexpr S shape(auto const&...) const { return to; }
    constexpr std::size_t operations(auto const& indices, auto const&...) const { return indices.size() * to[1]; }

    template <class I, class W, class... Rest>
    auto all(I const& indices, W const& table, Rest const&... rest) const {
        auto const& last = std::get<sizeof...(Rest)>(std::tie(indices, rest...));
        std::size_t const n = indices.shape.size();
        if constexpr (Offsets) {
            auto const& offsets = std::get<0>(std::tie(rest...));
            return bags<T, std::remove_const_t<std::remove_pointer_t<decltype(indices.data)>>,
                        std::remove_const_t<std::remove_pointer_t<decltype(offsets.data)>>>{
                indices.data,          n,      to[0], offsets.shape.size(), table.shape[0], to[1], offsets.data,
                weights_of_bags(last), options};
        } else {
            using index = std::remove_const_t<std::remove_pointer_t<decltype(indices.data)>>;
            return bags<T, index, index>{indices.data,   n,     to[0],   to[0] == 0 ? 0 : n / to[0],
                                         table.shape[0], to[1], nullptr, weights_of_bags(last),
                                         options};
        }
    }
    template <class I, class W, class... Rest>
        requires(sizeof...(Rest) == std::size_t{Offsets} + Weights)
    void forward(array_of<T, S> const& y, I const& indices, W const& table, Rest const&... rest) const {
        join_bags(y.data, table.data, all(indices, table, rest...));
    }
    void backward(array_of<T const, S> const& y, array_of<T const, S> const& g, auto const&... arrays) const {
        constexpr std::size_t n = std::size_t{2} + Offsets + Weights;
        auto const at = std::tie(arrays...);
        T* to_weights = nullptr;
        if constexpr (Weights) to_weights = std::get<2 * n - 1>(at).data;
        auto const whole = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return all(std::get<I>(at)...);
        }(std::make_index_sequence<n>{});
        add_bag_gradients(std::get<n + 1>(at).data, to_weights, g.data, y.data, std::get<1>(at).data, whole);
    }

private:
    template <class A>
    static T const* weights_of_bags(A const& last) {
        if constexpr (Weights) return last.data;
        else return nullptr;
    }
};
template <class I, class W>
inline constexpr bool bags_fit =
    counts_positions<value_t<I>> && shape_t<W>::rank() == 2 && std::is_floating_point_v<value_t<W>>;

template <std::size_t Bags, bool Offsets, class I, class W, class... Rest>
constexpr auto make_bags(std::size_t count, embedding_bag_options const& o, I&& indices, W&& table, Rest&&... rest) {
    using to = shape<Bags, shape_t<W>::static_extents[1]>;
    constexpr bool weighted = sizeof...(Rest) != (Offsets ? 1 : 0);
    if (weighted && o.mode != bag_mode::sum)
        throw std::invalid_argument("embedding_bag: weights are for sums: {.mode = tn::bag_mode::sum}");
    return make_array(embedding_bag_rule<value_t<W>, to, Offsets, weighted>{to(std::array{count, table.shape()[1]}), o},
                      std::forward<I>(indices), std::forward<W>(table), std::forward<Rest>(rest)...);
}
}  // namespace detail

/// The mean (or sum, or the greatest values) of the table's rows that each row of indices names: indices [bags, length] and a table
/// [rows, dim] give [bags, dim]. A bag without indices gives zeros. Compile error `bags_do_not_fit`; @throws index_error for a row that
/// does not exist; torch.nn.functional.embedding_bag (without max_norm).
template <expression I, expression W>
constexpr auto embedding_bag(I&& indices, W&& table, embedding_bag_options const& options = {}) {
    if constexpr (!detail::bags_fit<I, W> || shape_t<I>::rank() != 2) return bags_do_not_fit<shape_t<I>, shape_t<W>>{};
    else
        return detail::make_bags<shape_t<I>::static_extents[0], false>(
            indices.shape()[0], options, std::forward<I>(indices), std::forward<W>(table));
}
/// The same with a weight for each index, for sums alone; or with a list of indices [n] and where in it each bag begins, offsets [bags].
/// @tparam IncludeLastOffset whether offsets have one more that says where the last bag ends
template <bool IncludeLastOffset = false, expression I, expression W, expression O>
constexpr auto embedding_bag(I&& indices, W&& table, O&& offsets, embedding_bag_options const& options = {}) {
    if constexpr (!detail::bags_fit<I, W>) return bags_do_not_fit<shape_t<I>, shape_t<W>>{};
    else if constexpr (shape_t<I>::rank() == 2) {
        if constexpr (!std::is_same_v<value_t<O>, value_t<W>> || !detail::shapes_may_match<shape_t<I>, shape_t<O>>())
            return bags_do_not_fit<shape_t<I>, shape_t<W>>{};
        else {
            if (!(indices.shape() == offsets.shape()))
                throw_shapes("embedding_bag", to_string(indices.shape()), to_string(offsets.shape()));
            return detail::make_bags<shape_t<I>::static_extents[0], false>(
                indices.shape()[0], options, std::forward<I>(indices), std::forward<W>(table),
                std::forward<O>(offsets));
        }
    } else if constexpr (shape_t<I>::rank() != 1 || shape_t<O>::rank() != 1 || !detail::counts_positions<value_t<O>>)
        return bags_do_not_fit<shape_t<I>, shape_t<W>>{};
    else {
        constexpr std::size_t all = shape_t<O>::static_extents[0],
                              bags = is_dynamic(all) ? dyn : all - IncludeLastOffset;
        return detail::make_bags<bags, true>(offsets.shape()[0] - IncludeLastOffset, options, std::forward<I>(indices),
                                             std::forward<W>(table), std::forward<O>(offsets));
    }
}
/// A list of indices with offsets and a weight for each index, for sums alone.
template <bool IncludeLastOffset = false, expression I, expression W, expression O, expression P>
constexpr auto embedding_bag(I&& indices, W&& table, O&& offsets, P&& weights,
                             embedding_bag_options const& options = {}) {
    if constexpr (!detail::bags_fit<I, W> || shape_t<I>::rank() != 1 || shape_t<O>::rank() != 1 ||
                  !detail::counts_positions<value_t<O>> || !std::is_same_v<value_t<P>, value_t<W>> ||
                  !detail::shapes_may_match<shape_t<I>, shape_t<P>>())
        return bags_do_not_fit<shape_t<I>, shape_t<W>>{};
    else {
        if (!(indices.shape() == weights.shape()))
            throw_shapes("embedding_bag", to_string(indices.shape()), to_string(weights.shape()));
        constexpr std::size_t all = shape_t<O>::static_extents[0],
                              bags = is_dynamic(all) ? dyn : all - IncludeLastOffset;
        return detail::make_bags<bags, true>(offsets.shape()[0] - IncludeLastOffset, options, std::forward<I>(indices),
                                             std::forward<W>(table), std::forward<O>(offsets),
                                             std::forward<P>(weights));
    }
}

}  // namespace tenon::inline TENON_TARGET
