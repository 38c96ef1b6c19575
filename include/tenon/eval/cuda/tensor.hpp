// A tensor in the device's memory, and the leaf there that wants its gradient.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/executor.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/core/untyped_tensor.hpp>
#include <tenon/eval/cuda/context.hpp>
#include <tenon/eval/cuda/device.hpp>
#include <tenon/eval/cuda/gradient.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET {

namespace cuda::detail {
inline constexpr device_access access = {
    [](void* host, void const* device, std::size_t bytes) {
        download(static_cast<unsigned char const*>(device), static_cast<unsigned char*>(host), bytes);
    },
    [](void* device, void const* host, std::size_t bytes) {
        upload(static_cast<unsigned char const*>(host), static_cast<unsigned char*>(device), bytes);
    },
    [](untyped_tensor const& v) { static_cast<pending_zeros*>(v.zeros)->write(); },
};
}  // namespace cuda::detail
template <>
inline constexpr device_access const* device_access_of<cuda::device> = &cuda::detail::access;

}  // namespace tenon::inline TENON_TARGET

namespace tenon::inline TENON_TARGET::cuda {

/// Owns elements of type T in row-major order on the device. Functions and operators are those of `tenon::tensor`; elements are
/// not reached one by one, `tn::to<tn::cpu>(t)` brings all of them. A tensor that was moved from can be used like any other: its
/// values are unspecified, mostly zeros, its run-time extents mostly 0.
/// @tparam T float, double, an integer type or bool
/// @tparam E the extents, as for `tenon::tensor`
template <class T, std::size_t... E>
class tensor : public expression_base<tensor<T, E...>, T, tenon::shape<E...>> {
public:
    using value_type = T;
    using shape_type = tenon::shape<E...>;
    using device = cuda::device;
    using tensor_tag = void;

    /// Zeros; without elements where an extent is not static.
    tensor() {
        if constexpr (shape_type::is_static) elements_.fill_with_zeros(this->size());
    }
    /// Zeros of a shape.
    explicit tensor(shape_type const& s) : tensor(uninitialized, s) { elements_.clear(); }
    tensor(uninitialized_t, shape_type const& s = {}) : shape_(s) { elements_.reserve(s.size()); }
    /// The elements of a tensor in the host's memory.
    explicit tensor(tenon::tensor<T, E...> const& host) : tensor(uninitialized, host.shape()) {
        upload(host.data(), device_data(), host.size());
    }
    tensor(tensor const& other) : expression_base<tensor, T, shape_type>(other), shape_(other.shape_) {
        elements_.reserve(other.size());
        copy_elements(other.device_data(), device_data(), other.size());
    }
    tensor(tensor&& other) noexcept
        : shape_(std::exchange(other.shape_, {})), elements_(std::exchange(other.elements_, {})) {}
    /// Runs a computation into new elements. @throws shape_error when a run-time extent disagrees with a static one
    template <class D, class U, class S>
    tensor(expression_base<D, U, S> const& e) : tensor(uninitialized, assignable_shape<tensor>(e.self())) {
        executor<device_of_t<tensor>>::evaluate_into(*this, e.self());
    }
    tensor& operator=(tensor const& other) {
        if (this == &other) return *this;
        if (!(shape_ == other.shape_)) return *this = tensor(other);
        copy_elements(other.device_data(), device_data(), other.size());
        return *this;
    }
    /// A tensor keeps its memory for as long as it keeps its shape, since a captured step finds it there: the elements are
    /// copied, and the other's memory is taken over only where the shapes differ.
    tensor& operator=(tensor&& other) {
        if (shape_ == other.shape_ && elements_.data() != nullptr) {
            if (this != &other) copy_elements(other.device_data(), device_data(), other.size());
        } else {
            std::swap(shape_, other.shape_);
            std::swap(elements_, other.elements_);
        }
        return *this;
    }
    ~tensor() = default;
    /// Runs a computation into this tensor; reads this tensor first where the computation needs that.
    template <class D, class U, class S>
    tensor& operator=(expression_base<D, U, S> const& e) {
        executor<device_of_t<tensor>>::assign_to(*this, e.self());
        return *this;
    }

    /// The one element of a tensor without axes becomes a number. Compile error `assign_numbers_by_fill` where there are axes.
    template <number U>
    tensor& operator=(U value) {
        if constexpr (sizeof...(E) != 0) return assign_numbers_by_fill<shape_type, U>{};
        else if constexpr (std::is_integral_v<T> && !std::is_integral_v<U>) return cannot_assign_elements<T, U>{};
        else return *this = scalar<T>(static_cast<T>(value));
    }

    shape_type shape() const { return shape_; }
    /// The elements' address, for kernels alone.
    T* device_data() { return memory().data(); }
    T const* device_data() const { return memory().data(); }
    /// Thrust's iterators over the elements (cuda/elements.hpp). The host waits for what the device has been asked to do.
    auto begin()
        requires(tenon::detail::elements_of_device<device_of_t<tensor>>::exists)
    {
        return tenon::detail::elements_of_device<device_of_t<tensor>>::at(*this, 0);
    }
    auto end()
        requires(tenon::detail::elements_of_device<device_of_t<tensor>>::exists)
    {
        return tenon::detail::elements_of_device<device_of_t<tensor>>::at(*this, this->size());
    }
    using expression_base<tensor, T, tenon::shape<E...>>::begin;
    using expression_base<tensor, T, tenon::shape<E...>>::end;
    /// Sets every element to 0.
    void clear() { memory().clear(); }
    /// Every element becomes the value.
    tensor& fill(T value) {
        executor<device_of_t<tensor>>::evaluate_into(*this, filled_node<T, shape_type>(shape_, value));
        return *this;
    }

private:
    /// What was moved from has no memory; where its shape is static it gets some, and zeros in it, when it is next asked for.
    buffer<T>& memory() const {
        if constexpr (shape_type::is_static)
            if (elements_.data() == nullptr) [[unlikely]]
                elements_.fill_with_zeros(this->size());
        return elements_;
    }

    [[no_unique_address]] shape_type shape_{};
    mutable buffer<T> elements_;
};

template <class D, class T, std::size_t... E>
tensor(expression_base<D, T, tenon::shape<E...>> const&) -> tensor<T, E...>;

/// A device tensor with the gradient that `backward` accumulates for it; as `tenon::variable`. A captured step keeps the memory of
/// value and gradient: they may not take another shape while it is replayed.
template <class T, std::size_t... E>
class variable final : public expression_base<variable<T, E...>, T, tenon::shape<E...>> {
public:
    using value_type = T;
    using shape_type = tenon::shape<E...>;
    using device = cuda::device;
    using variable_class = void;

    /// Starts with zeros.
    variable() = default;
    /// From a tensor or computation of either memory; the gradient starts at zero.
    template <class D, class S>
    explicit variable(expression_base<D, T, S> const& e) : value_(on_device(e.self())), gradient_(value_.shape()) {}

    shape_type shape() const { return value_.shape(); }
    /// The value; assign to it to set the variable.
    tensor<T, E...>& value() & { return value_; }
    tensor<T, E...> const& value() const& { return value_; }
    tensor<T, E...> value() && { return std::move(value_); }
    /// The sum of what every `backward` since the last `zero_grad` has found.
    tensor<T, E...>& grad() & { return gradient().written(); }
    tensor<T, E...> const& grad() const& { return gradient().written(); }
    tensor<T, E...> grad() && { return std::move(gradient().written()); }
    /// Sets the gradient to zero. The zeros are written when it is next read or added to, and by then `backward` may have
    /// overwritten it.
    void zero_grad() { gradient().zero(); }
    /// Where backward accumulates; see tenon::variable::gradient_data.
    T* device_gradient() const { return gradient().written().device_data(); }
    /// Where that is, for comparisons: there may be zeros still to be written.
    T const* gradient_address() const { return gradient().address(); }
    /// Asked before the whole gradient is written: whether it is zero and need not be added to.
    bool overwrite_gradient() const { return gradient().overwrite(); }
    /// Value and gradient for code that is compiled once for all types; `zeros` is a pending_zeros.
    untyped_tensor untyped() const {
        auto const& g = gradient();
        return {this,      &tensor_type_of<variable>, this->size(), const_cast<T*>(value_.device_data()), g.address(),
                &g.zeros()};
    }

private:
    template <class X>
    static tensor<T, E...> on_device(X const& x) {
        if constexpr (in_host_memory<typename X::device>) return tensor<T, E...>(tenon::tensor<T, E...>(x));
        else return tensor<T, E...>(x);
    }
    /// The gradient in the value's shape.
    detail::gradient<tensor<T, E...>> const& gradient() const {
        gradient_.follow(value_.shape());
        return gradient_;
    }

    tensor<T, E...> value_;
    detail::gradient<tensor<T, E...>> gradient_;
};

template <class D, class T, std::size_t... E>
variable(expression_base<D, T, tenon::shape<E...>> const&) -> variable<T, E...>;

namespace detail {
template <class T, class Shape>
struct tensor_of;
template <class T, std::size_t... E>
struct tensor_of<T, tenon::shape<E...>> {
    using type = tensor<T, E...>;
};
}  // namespace detail

/// The device tensor of an element type and a shape type.
template <class T, class Shape>
using tensor_of_t = typename detail::tensor_of<T, Shape>::type;

/// a = a + x, and so on.
template <class T, std::size_t... E, operand X>
tensor<T, E...>& operator+=(tensor<T, E...>& a, X&& x) {
    return a = a + std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
tensor<T, E...>& operator-=(tensor<T, E...>& a, X&& x) {
    return a = a - std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
tensor<T, E...>& operator*=(tensor<T, E...>& a, X&& x) {
    return a = a * std::forward<X>(x);
}
template <class T, std::size_t... E, operand X>
tensor<T, E...>& operator/=(tensor<T, E...>& a, X&& x) {
    return a = a / std::forward<X>(x);
}

}  // namespace tenon::inline TENON_TARGET::cuda
