// Device tensors from nothing but a shape: the functions of core/creation.hpp, core/sequence.hpp and core/random.hpp, which
// give the same numbers everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <tenon/core/creation.hpp>
#include <tenon/core/random.hpp>
#include <tenon/core/sequence.hpp>
#include <tenon/eval/cuda/launch.hpp>
#include <tenon/eval/cuda/random.hpp>
#include <tenon/eval/cuda/tensor.hpp>

namespace tenon::inline TENON_TARGET {

template <>
struct creation<cuda::device> {
    template <class X, class Numbers>
    static void by_position(X& x, Numbers const& numbers) {
        if (x.size() != 0)
            cuda::launch("fill_by_position", &kernels::fill_by_position<value_t<X>, Numbers>,
                         eval::blocks_for(x.size()), kernels::block_size, x.device_data(), x.size(), numbers);
    }
    /// Takes from the generator what the processor would take, and draws it on the device.
    template <class X, class Numbers>
    static void draw(X& x, Numbers const& numbers, generator& gen) {
        std::size_t const n = x.size();
        std::uint64_t const blocks = n / Numbers::per_block + (n % Numbers::per_block != 0);
        auto const from = cuda::take_random(gen, blocks);
        if (n != 0)
            cuda::launch("fill_random", &kernels::fill_random<value_t<X>, Numbers>, eval::blocks_for(blocks),
                         kernels::block_size, x.device_data(), n, numbers, from);
    }
};

}  // namespace tenon::inline TENON_TARGET

/// `cuda::zeros<float, 2, 3>()` is `tenon::zeros<float, 2, 3>(cuda::device{})`, and so are the others.
namespace tenon::inline TENON_TARGET::cuda {

template <class T, std::size_t... E, class... A>
tensor<T, E...> empty(A... arguments) {
    return tenon::empty<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> zeros(A... arguments) {
    return tenon::zeros<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> ones(A... arguments) {
    return tenon::ones<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> full(A... arguments) {
    return tenon::full<T, E...>(device{}, arguments...);
}
template <class T, std::size_t N>
tensor<T, N> arange() {
    return tenon::arange<T, N>(device{});
}
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    return tenon::arange<T>(device{}, start, stop, step);
}
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> stop) {
    return tenon::arange<T>(device{}, stop);
}
template <class T, std::size_t N>
tensor<T, N> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b) {
    return tenon::linspace<T, N>(device{}, a, b);
}
template <class T, std::size_t Rows, std::size_t Columns = Rows>
tensor<T, Rows, Columns> eye() {
    return tenon::eye<T, Rows, Columns>(device{});
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> rand(A&&... arguments) {
    return tenon::rand<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> randn(A&&... arguments) {
    return tenon::randn<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> randint(A&&... arguments) {
    return tenon::randint<T, E...>(device{}, arguments...);
}
template <class T, std::size_t... E, class... A>
tensor<T, E...> bernoulli(A&&... arguments) {
    return tenon::bernoulli<T, E...>(device{}, arguments...);
}

}  // namespace tenon::inline TENON_TARGET::cuda
