// Device tensors from nothing but a shape: constants, and random numbers equal to the processor's.
#pragma once

#include <tenon/core/creation.hpp>
#include <tenon/core/random.hpp>
#include <tenon/eval/cuda/launch.hpp>
#include <tenon/eval/cuda/random.hpp>
#include <tenon/eval/cuda/tensor.hpp>

namespace tenon::inline TENON_TARGET::cuda {

namespace detail {
template <class T>
void fill_on_device(T* out, std::size_t n, T value) {
    if (n != 0) launch("fill", &kernels::fill<T>, eval::blocks_for(n), kernels::block_size, out, n, value);
}
/// Element i becomes numbers[i].
template <class T, class Numbers>
void fill_by_position(T* out, std::size_t n, Numbers const& numbers) {
    if (n != 0)
        launch("fill_by_position", &kernels::fill_by_position<T, Numbers>, eval::blocks_for(n), kernels::block_size,
               out, n, numbers);
}
template <class T, std::size_t Columns>
struct identity {
    TENON_HOST_DEVICE constexpr T operator[](std::size_t i) const { return T(i / Columns == i % Columns ? 1 : 0); }
};
/// Takes from the generator what the processor would take, and draws it on the device.
template <class T, class Numbers>
void draw(T* out, std::size_t n, Numbers const& numbers, generator& gen) {
    std::uint64_t const blocks = n / Numbers::per_block + (n % Numbers::per_block != 0);
    auto const from = take_random(gen, blocks);
    if (n != 0)
        launch("fill_random", &kernels::fill_random<T, Numbers>, eval::blocks_for(blocks), kernels::block_size, out, n,
               numbers, from);
}
}  // namespace detail

/// A tensor whose elements have to be written before they are read; run-time extents are the arguments. As in tenon::empty, and
/// in all that follows, what cannot be a tensor is refused with shape_error before memory is asked for.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
tensor<T, E...> empty(I... extents) {
    static_assert(sizeof...(I) == tenon::shape<E...>::dynamic_count, "empty: give the run-time extents");
    static_assert(!(std::floating_point<I> || ...), "empty: extents are whole numbers");
    return tensor<T, E...>(uninitialized,
                           tenon::detail::shape_of_arguments<T, tenon::shape<E...>>("empty", extents...));
}
/// Zeros: `cuda::zeros<float, 2, 3>()`, `cuda::zeros<float, dyn, 3>(5)`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
tensor<T, E...> zeros(I... extents) {
    auto x = cuda::empty<T, E...>(extents...);
    x.clear();
    return x;
}
/// Ones; arguments as for `zeros`.
template <class T, std::size_t... E, std::convertible_to<std::size_t>... I>
tensor<T, E...> ones(I... extents) {
    auto x = cuda::empty<T, E...>(extents...);
    detail::fill_on_device(x.device_data(), x.size(), T(1));
    return x;
}
/// The same value everywhere: `cuda::full<float, 2, 3>(7.f)`, `cuda::full<float, dyn, 3>(5, 7.f)`.
/// @throws std::invalid_argument where the value is outside the element type's range
template <class T, std::size_t... E, class... A>
    requires(sizeof...(A) == tenon::shape<E...>::dynamic_count + 1)
tensor<T, E...> full(A... extents_then_value) {
    tensor<T, E...> x(uninitialized,
                      tenon::detail::shape_of_arguments<T, tenon::shape<E...>>("full", extents_then_value...));
    detail::fill_on_device(
        x.device_data(), x.size(),
        tenon::detail::value_to_fill<T>("full", get<sizeof...(A) - 1>(tuple<A const&...>{{extents_then_value}...})));
    return x;
}
/// The numbers start, start + step, … before stop; the numbers and the refusals of tenon::arange.
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> start, std::type_identity_t<T> stop, std::type_identity_t<T> step = 1) {
    tenon::detail::number_range<T> const range("arange", start, stop, step);
    tensor<T, dyn> x(uninitialized, tenon::detail::shape_to_make<T, tenon::shape<dyn>>("arange", &range.count));
    detail::fill_by_position(x.device_data(), x.size(), range);
    return x;
}
/// The numbers 0, 1, … before stop.
template <class T>
tensor<T, dyn> arange(std::type_identity_t<T> stop) {
    return cuda::arange<T>(T(0), stop, T(1));
}
/// N numbers from a to b, both included; the numbers of tenon::linspace.
template <class T, std::size_t N>
tensor<T, N> linspace(std::type_identity_t<T> a, std::type_identity_t<T> b) {
    tensor<T, N> x(uninitialized);
    detail::fill_by_position(x.device_data(), N, tenon::detail::even_numbers<T, N>(a, b));
    return x;
}
/// The identity matrix; see tenon::eye.
template <class T, std::size_t Rows, std::size_t Columns = Rows>
tensor<T, Rows, Columns> eye() {
    tensor<T, Rows, Columns> x(uninitialized);
    detail::fill_by_position(x.device_data(), x.size(), detail::identity<T, Columns>{});
    return x;
}

/// Uniform numbers in [0, 1); the numbers and the arguments of tenon::rand.
template <class T, std::size_t... E, class... A>
tensor<T, E...> rand(A&&... arguments) {
    tenon::detail::random_arguments<std::size_t, 0, T, tenon::shape<E...>, std::remove_reference_t<A>...> const a(
        arguments...);
    tensor<T, E...> x(uninitialized, a.shape("rand"));
    detail::draw(x.device_data(), x.size(), tenon::detail::uniform_numbers<T>{T(0), T(1)}, *a.gen);
    return x;
}
/// Normal numbers of mean 0 and standard deviation 1; the numbers and the arguments of tenon::randn.
template <class T, std::size_t... E, class... A>
tensor<T, E...> randn(A&&... arguments) {
    tenon::detail::random_arguments<std::size_t, 0, T, tenon::shape<E...>, std::remove_reference_t<A>...> const a(
        arguments...);
    tensor<T, E...> x(uninitialized, a.shape("randn"));
    detail::draw(x.device_data(), x.size(), tenon::detail::normal_numbers<T>{T(0), T(1)}, *a.gen);
    return x;
}
/// Whole numbers in [low, high); the numbers and the arguments of tenon::randint.
template <class T, std::size_t... E, class... A>
tensor<T, E...> randint(A&&... arguments) {
    tenon::detail::random_arguments<std::int64_t, 2, T, tenon::shape<E...>, std::remove_reference_t<A>...> const a(
        arguments...);
    auto const numbers = tenon::detail::whole_numbers_between<T>(a.value(0), a.value(1));
    tensor<T, E...> x(uninitialized, a.shape("randint"));
    detail::draw(x.device_data(), x.size(), numbers, *a.gen);
    return x;
}
/// Ones with probability p, else zeros; the numbers and the arguments of tenon::bernoulli.
template <class T, std::size_t... E, class... A>
tensor<T, E...> bernoulli(A&&... arguments) {
    tenon::detail::random_arguments<double, 1, T, tenon::shape<E...>, std::remove_reference_t<A>...> const a(
        arguments...);
    auto const numbers = tenon::detail::bernoulli_of<T>(a.value(0));
    tensor<T, E...> x(uninitialized, a.shape("bernoulli"));
    detail::draw(x.device_data(), x.size(), numbers, *a.gen);
    return x;
}

}  // namespace tenon::inline TENON_TARGET::cuda
