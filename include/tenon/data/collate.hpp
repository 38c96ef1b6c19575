// Samples become batches: tensors and numbers are stacked along a new first axis, pairs and tuples part by part.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/core/tensor.hpp>
#include <tenon/data/dataset.hpp>

namespace tenon::inline TENON_TARGET::data {
namespace detail {

template <std::size_t N, std::size_t... E>
shape<N, E...> batch_shape(std::size_t n, shape<E...> const& s) {
    std::array<std::size_t, sizeof...(E) + 1> all{n};
    for (std::size_t a = 0; a != sizeof...(E); ++a) all[a + 1] = s[a];
    return shape<N, E...>(all);
}

/// Gives a buffer its shape; one that has it already keeps its memory.
template <class T, std::size_t... E>
void reshape_buffer(tensor<T, E...>& b, shape<E...> const& s) {
    if (!(b.shape() == s)) b = tensor<T, E...>(uninitialized, s);
}

/// How samples of type S become a batch of N (or `dyn`): the batch's `type`; `prepare(batch, first, n)`, which gives it
/// room for n samples like the first; `put(batch, i, sample)`.
template <class S, std::size_t N>
struct collator;

template <class T, std::size_t N>
    requires number<T>
struct collator<T, N> {
    using type = tensor<T, N>;
    static void prepare(type& b, T const&, std::size_t n) { reshape_buffer(b, batch_shape<N>(n, shape<>{})); }
    static void put(type& b, std::size_t i, T const& v) { b.data()[i] = v; }
};

template <class T, std::size_t... E, std::size_t N>
struct collator<tensor<T, E...>, N> {
    using type = tensor<T, N, E...>;
    static void prepare(type& b, tensor<T, E...> const& first, std::size_t n) {
        reshape_buffer(b, batch_shape<N>(n, first.shape()));
    }
    static void put(type& b, std::size_t i, tensor<T, E...> const& x) {
        if constexpr (!shape<E...>::is_static)
            if (!(batch_shape<N>(b.extent(0), x.shape()) == b.shape()))
                throw shape_error("batch: a sample of shape " + to_string(x.shape()) +
                                  " does not fit into a batch of shape " + to_string(b.shape()));
        std::copy_n(x.data(), x.size(), b.data() + i * x.size());
    }
};

/// A computation is run for each sample.
template <expression X, std::size_t N>
    requires(!requires { typename X::tensor_tag; })
struct collator<X, N> : collator<tensor_of_t<value_t<X>, shape_t<X>>, N> {};

template <class Type, std::size_t N, class... S>
struct part_collator {
    using type = Type;
    template <class Sample>
    static void prepare(type& b, Sample const& first, std::size_t n) {
        each(b, first, [n]<class C>(C, auto& part, auto const& s) { C::prepare(part, s, n); });
    }
    template <class Sample>
    static void put(type& b, std::size_t i, Sample const& sample) {
        each(b, sample, [i]<class C>(C, auto& part, auto const& s) { C::put(part, i, s); });
    }

private:
    template <class Sample, class F>
    static void each(type& b, Sample const& sample, F f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (f(collator<std::tuple_element_t<I, Sample>, N>{}, std::get<I>(b), std::get<I>(sample)), ...);
        }(std::index_sequence_for<S...>{});
    }
};

template <class A, class B, std::size_t N>
struct collator<std::pair<A, B>, N>
    : part_collator<std::pair<typename collator<A, N>::type, typename collator<B, N>::type>, N, A, B> {};
template <class... S, std::size_t N>
struct collator<std::tuple<S...>, N> : part_collator<std::tuple<typename collator<S, N>::type...>, N, S...> {};
template <class S, std::size_t K, std::size_t N>
struct collator<std::array<S, K>, N> {
    using type = std::array<typename collator<S, N>::type, K>;
    static void prepare(type& b, std::array<S, K> const& first, std::size_t n) {
        for (std::size_t k = 0; k != K; ++k) collator<S, N>::prepare(b[k], first[k], n);
    }
    static void put(type& b, std::size_t i, std::array<S, K> const& s) {
        for (std::size_t k = 0; k != K; ++k) collator<S, N>::put(b[k], i, s[k]);
    }
};

/// Fills a batch with the samples of some indices. A dataset that can do that without making samples first says so by
/// `load_rows<N>(batch, indices)`.
template <std::size_t N, class D, class Batch>
void load_batch(D const& d, Batch& batch, std::span<std::size_t const> indices) {
    using c = collator<sample_t<D>, N>;
    if constexpr (requires { d.template load_rows<N>(batch, indices); }) {
        d.template load_rows<N>(batch, indices);
    } else {
        for (std::size_t i = 0; i != indices.size(); ++i) {
            auto&& sample = d[indices[i]];
            if (i == 0) c::prepare(batch, sample, indices.size());
            c::put(batch, i, sample);
        }
    }
}

}  // namespace detail

/// The batch that N samples of a type make; N may be `dyn`.
template <class Sample, std::size_t N>
using batch_t = typename detail::collator<Sample, N>::type;

}  // namespace tenon::inline TENON_TARGET::data
