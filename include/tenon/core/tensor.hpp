// The tensor: elements in row-major order, their number and arrangement in the type.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <tenon/core/executor.hpp>
#include <tenon/core/expression.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/core/storage.hpp>

namespace tenon::inline TENON_TARGET {

/// A value that is not an element of a tensor yet: a number, or a number with tangents.
template <class T>
concept number = std::is_arithmetic_v<T> || element::is_complex<T> || requires { typename T::dual_tag; } ||
                 requires { typename T::narrow_tag; };

/// A number is assigned to a tensor with axes: t.fill(number) sets every element.
template <class Shape, class Number>
struct assign_numbers_by_fill;
/// t(i, j, …) was given Given indices where the tensor has Rank axes.
template <class Shape, std::size_t Rank, std::size_t Given>
struct wrong_number_of_indices;
/// t(i, j, …) takes whole numbers.
template <class Shape, class... Index>
struct indices_are_whole_numbers;

struct uninitialized_t {};
/// Makes a tensor whose elements are written before they are read.
inline constexpr uninitialized_t uninitialized{};

/// Owns elements of type T in row-major order. Small static tensors keep them inside the object and work in constant
/// expressions; others keep them on the heap, 64-byte aligned. A tensor that was moved from can be used like any other: its
/// values are unspecified, mostly zeros, its run-time extents mostly 0.
/// @tparam T float, double, bfloat16, float16, std::complex<float> or <double>, an integer type, bool, or a dual number
/// @tparam E the extents: numbers, `dyn`, or `dyn_as<"name">`
template <class T, std::size_t... E>
class tensor : public expression_base<tensor<T, E...>, T, tenon::shape<E...>> {
    using base = expression_base<tensor, T, tenon::shape<E...>>;

public:
    using value_type = T;
    using shape_type = tenon::shape<E...>;
    using device = cpu;
    using tensor_tag = void;
    static constexpr bool is_constant_size = shape_type::is_static;

    /// Zeros; without elements where an extent is not static.
    constexpr tensor() {
        if constexpr (is_constant_size) std::fill_n(data(), this->size(), T{});
    }
    /// Zeros, from the run-time extents in their order.
    template <std::integral... I>
        requires(sizeof...(I) > 0 && sizeof...(I) == shape_type::dynamic_count)
    explicit constexpr tensor(I... extents) : tensor(uninitialized, shape_type(extents...)) {
        std::fill_n(data(), this->size(), T{});
    }
    /// Zeros of a shape.
    explicit constexpr tensor(shape_type const& s) : tensor(uninitialized, s) {
        std::fill_n(data(), this->size(), T{});
    }
    constexpr tensor(uninitialized_t, shape_type const& s = {}) : elements_(s) {}

    /// The one value of a tensor without axes.
    constexpr tensor(std::type_identity_t<T> value)
        requires(sizeof...(E) == 0)
    {
        *data() = value;
    }
    /// Literals: `tensor<float, 2, 2> t({{1, 2}, {3, 4}})`, up to four axes.
    template <std::size_t A>
        requires std::is_same_v<shape_type, tenon::shape<A>>
    explicit constexpr tensor(T const (&x)[A]) {
        std::copy_n(x, A, data());
    }
    template <std::size_t A, std::size_t B>
        requires std::is_same_v<shape_type, tenon::shape<A, B>>
    explicit constexpr tensor(T const (&x)[A][B]) {
        for (std::size_t i = 0; i != A; ++i) std::copy_n(x[i], B, data() + i * B);
    }
    template <std::size_t A, std::size_t B, std::size_t C>
        requires std::is_same_v<shape_type, tenon::shape<A, B, C>>
    explicit constexpr tensor(T const (&x)[A][B][C]) {
        for (std::size_t i = 0; i != A * B; ++i) std::copy_n(x[i / B][i % B], C, data() + i * C);
    }
    template <std::size_t A, std::size_t B, std::size_t C, std::size_t D>
        requires std::is_same_v<shape_type, tenon::shape<A, B, C, D>>
    explicit constexpr tensor(T const (&x)[A][B][C][D]) {
        for (std::size_t i = 0; i != A * B * C; ++i) std::copy_n(x[i / (B * C)][i / C % B][i % C], D, data() + i * D);
    }

    /// Runs a computation into new elements. @throws shape_error when a run-time extent disagrees with a static one
    template <class D, class U, class S>
    constexpr tensor(expression_base<D, U, S> const& e) : tensor(uninitialized, assignable_shape<tensor>(e.self())) {
        executor<device_of_t<tensor>>::evaluate_into(*this, e.self());
    }
    /// Runs a computation into this tensor; reads this tensor first where the computation needs that. Run-time extents
    /// follow the computation's. @throws shape_error when a run-time extent disagrees with a static one
    template <class D, class U, class S>
    constexpr tensor& operator=(expression_base<D, U, S> const& e) {
        executor<device_of_t<tensor>>::assign_to(*this, e.self());
        return *this;
    }
    /// The one element of a tensor without axes becomes a number. Compile error `assign_numbers_by_fill` where there are axes.
    template <number U>
    constexpr tensor& operator=(U value) {
        if constexpr (sizeof...(E) != 0) return assign_numbers_by_fill<shape_type, U>{};
        else if constexpr ((std::is_integral_v<T> && !std::is_integral_v<U>) ||
                           (element::is_complex<U> && !element::is_complex<T>))
            return cannot_assign_elements<T, U>{};
        else {
            *data() = static_cast<T>(value);
            return *this;
        }
    }
    /// Every element becomes the value.
    constexpr tensor& fill(T value) {
        std::fill_n(data(), this->size(), value);
        return *this;
    }

    constexpr shape_type shape() const { return elements_.shape(); }
    constexpr T* data() { return elements_.data(); }
    constexpr T const* data() const { return elements_.data(); }
    constexpr T* begin() { return data(); }
    constexpr T* end() { return data() + this->size(); }
    constexpr T const* begin() const { return data(); }
    constexpr T const* end() const { return data() + this->size(); }
    /// All elements in row-major order.
    constexpr std::span<T> flat() { return {data(), this->size()}; }
    constexpr std::span<T const> flat() const { return {data(), this->size()}; }

    using base::operator();
    using base::operator[];
    /// An element; bounds are checked in debug builds.
    template <std::integral... I>
        requires(sizeof...(I) == sizeof...(E))
    constexpr T& operator()(I... i) & {
        return data()[offset(static_cast<std::size_t>(i)...)];
    }
    template <std::integral... I>
        requires(sizeof...(I) == sizeof...(E))
    constexpr T const& operator()(I... i) const& {
        return data()[offset(static_cast<std::size_t>(i)...)];
    }
    template <std::integral... I>
        requires(sizeof...(I) == sizeof...(E))
    constexpr T operator()(I... i) && {
        return data()[offset(static_cast<std::size_t>(i)...)];
    }
    /// Compile errors `wrong_number_of_indices` and `indices_are_whole_numbers`.
    template <class... I>
        requires((sizeof...(I) != sizeof...(E) || !(std::integral<I> && ...)) && !subscript_list<I...>)
    constexpr auto operator()(I const&...) const& {
        if constexpr (sizeof...(I) != sizeof...(E))
            return wrong_number_of_indices<shape_type, sizeof...(E), sizeof...(I)>{};
        else return indices_are_whole_numbers<shape_type, I...>{};
    }
    /// The i-th element of a vector; otherwise a view of the i-th part along the first axis, which can be assigned to
    /// where the tensor has a name and is not const.
    constexpr T& operator[](std::size_t i) &
        requires(sizeof...(E) == 1)
    {
        return (*this)(i);
    }
    constexpr T const& operator[](std::size_t i) const&
        requires(sizeof...(E) == 1)
    {
        return (*this)(i);
    }
    constexpr T operator[](std::size_t i) &&
        requires(sizeof...(E) == 1)
    {
        return (*this)(i);
    }
    constexpr auto operator[](std::size_t i) &
        requires(sizeof...(E) > 1)
    {
        return tenon::select<0>(*this, static_cast<std::ptrdiff_t>(i));
    }
    constexpr auto operator[](std::size_t i) const&
        requires(sizeof...(E) > 1)
    {
        return tenon::select<0>(*this, static_cast<std::ptrdiff_t>(i));
    }
    constexpr auto operator[](std::size_t i) &&
        requires(sizeof...(E) > 1)
    {
        return tenon::select<0>(std::move(*this), static_cast<std::ptrdiff_t>(i));
    }

private:
    template <class... I>
    constexpr std::size_t offset(I... i) const {
        [[maybe_unused]] std::size_t const at[] = {i..., 0};
        auto const s = shape();
        std::size_t o = 0;
        for (std::size_t a = 0; a != sizeof...(E); ++a) {
            assert(at[a] < s[a] && "tensor: element outside the shape");
            o = o * s[a] + at[a];
        }
        return o;
    }

    storage<T, shape_type> elements_;
};

template <number T>
tensor(T) -> tensor<T>;
template <number T, std::size_t A>
tensor(T const (&)[A]) -> tensor<T, A>;
template <number T, std::size_t A, std::size_t B>
tensor(T const (&)[A][B]) -> tensor<T, A, B>;
template <number T, std::size_t A, std::size_t B, std::size_t C>
tensor(T const (&)[A][B][C]) -> tensor<T, A, B, C>;
template <number T, std::size_t A, std::size_t B, std::size_t C, std::size_t D>
tensor(T const (&)[A][B][C][D]) -> tensor<T, A, B, C, D>;
template <class D, class T, std::size_t... E>
tensor(expression_base<D, T, shape<E...>> const&) -> tensor<T, E...>;

template <class T, std::size_t... E>
class variable;

/// Where elements live and expressions run: the processor's memory.
struct cpu {
    template <class T, std::size_t... E>
    using tensor = tenon::tensor<T, E...>;
    template <class T, std::size_t... E>
    using variable = tenon::variable<T, E...>;
};

/// Whether the elements of a device's tensors lie in the processor's memory, where any code reads and writes them. Those of other
/// devices are read by their kernels alone, and travel by `to`.
template <class Device>
inline constexpr bool in_host_memory = std::is_same_v<Device, cpu>;

/// The address of a tensor's elements, in the memory that they lie in.
template <class Tensor>
constexpr auto* elements_of(Tensor& t) {
    if constexpr (in_host_memory<typename Tensor::device>) return t.data();
    else return t.device_data();
}

/// A device: a class that names its `tensor` and its `variable`. An object of it may stand before the other arguments of a function
/// that makes a tensor: `zeros<float, 2, 3>(Device{})`.
template <class D>
concept some_device = requires {
    typename D::template tensor<float>;
    typename D::template variable<float>;
};

namespace detail {
template <class T, class Shape, class Device>
struct tensor_of;
template <class T, std::size_t... E, class Device>
struct tensor_of<T, shape<E...>, Device> {
    using type = typename Device::template tensor<T, E...>;
};
}  // namespace detail

/// The tensor type of an element type and a shape type on a device.
template <class T, class Shape, class Device = cpu>
using tensor_of_t = typename detail::tensor_of<T, Shape, Device>::type;

}  // namespace tenon::inline TENON_TARGET
