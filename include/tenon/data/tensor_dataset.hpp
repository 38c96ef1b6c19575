// Tensors whose rows are samples.
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
#include <tenon/data/collate.hpp>
#include <tenon/data/dataset.hpp>

namespace tenon::inline TENON_TARGET::data {
namespace detail {

/// One row of a tensor: a tensor without the first axis, or a number.
template <class X>
struct row_of;
template <class T, std::size_t A, std::size_t... E>
struct row_of<tensor<T, A, E...>> {
    using type = std::conditional_t<sizeof...(E) == 0, T, tensor<T, E...>>;

    static shape<E...> row_shape(tensor<T, A, E...> const& x) {
        std::array<std::size_t, sizeof...(E)> all{};
        for (std::size_t a = 0; a != sizeof...(E); ++a) all[a] = x.shape()[a + 1];
        return shape<E...>(all);
    }
    static type get(tensor<T, A, E...> const& x, std::size_t i) {
        if constexpr (sizeof...(E) == 0) return x.data()[i];
        else {
            type row(uninitialized, row_shape(x));
            std::copy_n(x.data() + i * row.size(), row.size(), row.data());
            return row;
        }
    }
    template <std::size_t N>
    static void load(tensor<T, A, E...> const& x, tensor<T, N, E...>& batch, std::span<std::size_t const> indices) {
        auto const row = row_shape(x);
        std::size_t const size = row.size();
        reshape_buffer(batch, batch_shape<N>(indices.size(), row));
        T* to = batch.data();
        for (std::size_t i : indices) to = std::copy_n(x.data() + i * size, size, to);
    }
};

/// One part stands alone, two are a pair, more are a tuple.
template <class... S>
struct sample_of {
    using type = std::tuple<S...>;
};
template <class A, class B>
struct sample_of<A, B> {
    using type = std::pair<A, B>;
};
template <class A>
struct sample_of<A> {
    using type = A;
};

}  // namespace detail

/// The rows of tensors along their first axis, as torch.utils.data.TensorDataset: `tensor_dataset(x, y)` has the
/// samples (x[i], y[i]). Tensors that have a name are referred to, temporaries are owned. A loader copies rows straight
/// into its batches.
template <class... X>
class tensor_dataset {
public:
    using sample = typename detail::sample_of<typename detail::row_of<std::remove_cvref_t<X>>::type...>::type;

    /// @throws shape_error where the first extents differ
    explicit tensor_dataset(X&&... x) : tensors_(detail::held<X>(static_cast<X&&>(x))...) {
        std::size_t const n = size();
        auto const check = [n](auto const& t) {
            if (t.shape()[0] != n)
                throw shape_error("tensor_dataset: a tensor of shape " + to_string(t.shape()) + " does not have " +
                                  std::to_string(n) + " rows");
        };
        std::apply([&](auto const&... t) { (check(t.get()), ...); }, tensors_);
    }

    std::size_t size() const { return std::get<0>(tensors_).get().shape()[0]; }
    sample operator[](std::size_t i) const {
        return std::apply([i](auto const&... t) { return sample{row<decltype(t.get())>::get(t.get(), i)...}; },
                          tensors_);
    }
    /// Copies rows into a batch.
    template <std::size_t N>
    void load_rows(batch_t<sample, N>& batch, std::span<std::size_t const> indices) const {
        if constexpr (sizeof...(X) == 1) {
            (row<X>::template load<N>(std::get<0>(tensors_).get(), batch, indices), ...);
        } else {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (row<X>::template load<N>(std::get<I>(tensors_).get(), std::get<I>(batch), indices), ...);
            }(std::index_sequence_for<X...>{});
        }
    }

private:
    template <class T>
    using row = detail::row_of<std::remove_cvref_t<T>>;

    std::tuple<detail::held<X>...> tensors_;
};

template <expression... X>
tensor_dataset(X&&...) -> tensor_dataset<X...>;

}  // namespace tenon::inline TENON_TARGET::data
