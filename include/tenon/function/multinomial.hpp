// Random choices: multinomial, choice, shuffle, permutations.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <utility>

#include <tenon/core/fill.hpp>
#include <tenon/core/random.hpp>
#include <tenon/core/to.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of multinomial and choice.
struct sampling_options {
    bool replacement = false;  ///< whether the same one may be drawn several times
};

namespace detail {
[[noreturn, gnu::noinline, gnu::cold]] inline void throw_weights(char const* what) {
    throw std::invalid_argument(text_of({"multinomial: ", what}));
}
/// Draws n of k by their weights. With replacement by where a uniform number falls in the running sums; without by the order of
/// exponential numbers over the weights (P. S. Efraimidis, P. G. Spirakis, "Weighted random sampling with a reservoir", 2006), in
/// which the first come first.
/// @param room k doubles @param order k indices, where there is no replacement
inline void draw_weighted(double const* weights, std::size_t k, std::int64_t* out, std::size_t n, bool replacement,
                          generator& gen, double* room, std::int64_t* order) {
    double total = 0;
    std::size_t positive = 0;
    for (std::size_t i = 0; i != k; ++i) {
        if (!(weights[i] >= 0) || !strict::isfinite(weights[i])) throw_weights("weights are finite and not negative");
        room[i] = total = strict::add(total, weights[i]);
        positive += weights[i] > 0;
    }
    if (n == 0) return;
    if (positive == 0) throw_weights("no weight is positive");
    if (replacement) {
        for_each_block<2>(gen, n, [=](random_block const& block, std::size_t first, std::size_t count) {
            for (std::size_t i = 0; i != count; ++i) {
                double const u = strict::mul(static_cast<double>(block.half(i) >> 11) * 0x1p-53, total);
                auto const at = static_cast<std::size_t>(std::upper_bound(room, room + k, u) - room);
                // Rounded up to the total: the last that has a weight.
                out[first + i] = static_cast<std::int64_t>(
                    at != k ? at : static_cast<std::size_t>(std::lower_bound(room, room + k, total) - room));
            }
        });
        return;
    }
    if (n > positive) throw_weights("without replacement there are as many draws as positive weights at most");
    for_each_block<2>(gen, k, [=](random_block const& block, std::size_t first, std::size_t count) {
        for (std::size_t i = first; i != first + count; ++i) {
            double const u = static_cast<double>((block.half(i - first) >> 11) + 1) * 0x1p-53;
            room[i] =
                weights[i] > 0 ? strict::div(-strict_log(u), weights[i]) : std::numeric_limits<double>::infinity();
            order[i] = static_cast<std::int64_t>(i);
        }
    });
    std::partial_sort(order, order + n, order + k, [room](std::int64_t a, std::int64_t b) {
        return room[a] < room[b] || (room[a] == room[b] && a < b);
    });
    std::copy(order, order + n, out);
}
template <class S>
struct multinomial_extents;
template <std::size_t K>
struct multinomial_extents<shape<K>> {
    template <std::size_t N>
    using with = shape<N>;
};
template <std::size_t M, std::size_t K>
struct multinomial_extents<shape<M, K>> {
    template <std::size_t N>
    using with = shape<M, N>;
};
}  // namespace detail

/// N positions drawn by their weights, int64: of a vector of weights a vector, of a matrix one row for each. Computed on the
/// processor, whatever device the weights are on.
/// @throws std::invalid_argument where a weight is negative or not finite, none is positive, or without replacement fewer than N are;
/// torch.multinomial
template <std::size_t N, expression W>
auto multinomial(W const& weights, sampling_options options = {}, generator& gen = default_generator()) {
    using s = shape_t<W>;
    static_assert(s::rank() == 1 || s::rank() == 2,
                  "multinomial: weights are a vector, or a matrix of one row for each draw");
    static_assert(N != dyn, "multinomial: the number of draws is a template argument");
    auto const w = to<cpu>(cast<double>(weights));
    std::size_t const k = w.shape()[s::rank() - 1], rows = s::rank() == 1 ? 1 : w.shape()[0];
    if (N > k && !options.replacement)
        detail::throw_weights("without replacement there are as many draws as weights at most");
    using result = typename detail::multinomial_extents<s>::template with<N>;
    std::array<std::size_t, s::rank()> extents{};
    extents[0] = rows;
    extents[s::rank() - 1] = N;
    tensor_of_t<std::int64_t, result, cpu> out(uninitialized, result(extents));
    tensor<double, dyn> room(uninitialized, shape<dyn>(k));
    tensor<std::int64_t, dyn> order(uninitialized, shape<dyn>(k));
    for (std::size_t r = 0; r != rows; ++r)
        detail::draw_weighted(w.data() + r * k, k, out.data() + r * N, N, options.replacement, gen, room.data(),
                              order.data());
    return to<device_of_t<W>>(out);
}

/// The same with the option in PyTorch's place: `multinomial<5>(weights, true)`.
template <std::size_t N, expression W, std::same_as<bool> Replacement>
auto multinomial(W const& weights, Replacement replacement, generator& gen = default_generator()) {
    return multinomial<N>(weights, sampling_options{replacement}, gen);
}

/// N of the rows of x, drawn at random: `choice<3>(x)`, `choice<3>(x, {.replacement = false})`; numpy.random.choice.
template <std::size_t N, expression X>
auto choice(X const& x, sampling_options options = {.replacement = true}, generator& gen = default_generator()) {
    static_assert(shape_t<X>::rank() > 0, "choice: needs an axis to choose along");
    auto const weights = full<double, dyn>(x.shape()[0], 1.);
    auto const rows = to<device_of_t<X>>(multinomial<N>(weights, options, gen));
    return index_select<0>(x, rows).eval();
}
/// N of the rows of x, drawn by their weights. @throws std::invalid_argument as multinomial does
template <std::size_t N, expression X, expression W>
auto choice(X const& x, W const& weights, sampling_options options = {.replacement = true},
            generator& gen = default_generator()) {
    static_assert(shape_t<X>::rank() > 0 && shape_t<W>::rank() == 1, "choice: a weight for each row");
    if (weights.size() != x.shape()[0]) detail::throw_weights("choice takes a weight for each row");
    auto const rows = to<device_of_t<X>>(multinomial<N>(weights, options, gen));
    return index_select<0>(x, rows).eval();
}

/// The rows of x, or the elements of a vector, in random order; numpy.random.Generator.permutation.
template <expression X>
auto permutation(X const& x, generator& gen = default_generator()) {
    static_assert(shape_t<X>::rank() > 0, "permutation: needs an axis");
    constexpr std::size_t rows = shape_t<X>::static_extents[0];
    if constexpr (is_dynamic(rows))
        return index_select<0>(x, to<device_of_t<X>>(permutation(x.shape()[0], gen))).eval();
    else return index_select<0>(x, to<device_of_t<X>>(permutation<rows>(gen))).eval();
}
/// Brings the rows of a tensor into random order; numpy.random.Generator.shuffle.
template <filled_tensor X>
void shuffle(X& x, generator& gen = default_generator()) {
    x = permutation(std::as_const(x), gen);
}
/// permutation(n) and permutation<N>(); torch.randperm.
TENON_ON_USE
tensor<std::int64_t, dyn> randperm(std::size_t n, generator& gen = default_generator()) { return permutation(n, gen); }
template <std::size_t N>
tensor<std::int64_t, N> randperm(generator& gen = default_generator()) {
    return permutation<N>(gen);
}

}  // namespace tenon::inline TENON_TARGET
