// The leaf that wants its gradient.
#pragma once

#include <algorithm>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/core/untyped_tensor.hpp>

namespace tenon::inline TENON_TARGET {

/// A tensor with the gradient that `backward` accumulates for it, as torch.tensor(…, requires_grad=True). Where an assignment
/// gives the value other run-time extents, the gradient is zero anew in that shape.
/// @tparam T the element type, @tparam E the extents
template <class T, std::size_t... E>
class variable final : public expression_base<variable<T, E...>, T, tenon::shape<E...>> {
public:
    using value_type = T;
    using shape_type = tenon::shape<E...>;
    using variable_class = void;

    /// Starts with zeros.
    constexpr variable() = default;
    /// From the value of a variable without axes.
    constexpr variable(std::type_identity_t<T> v)
        requires(sizeof...(E) == 0)
        : value_(v) {}
    /// From a tensor or computation; the gradient starts at zero.
    template <class D, class S>
    explicit constexpr variable(expression_base<D, T, S> const& e) : value_(e.self()), gradient_(value_.shape()) {}

    constexpr shape_type shape() const { return value_.shape(); }
    /// The value; assign to it to set the variable.
    constexpr tensor<T, E...>& value() & { return value_; }
    constexpr tensor<T, E...> const& value() const& { return value_; }
    constexpr tensor<T, E...> value() && { return std::move(value_); }
    /// The sum of what every `backward` since the last `zero_grad` has found.
    constexpr tensor<T, E...>& grad() & { return written(); }
    constexpr tensor<T, E...> const& grad() const& { return written(); }
    constexpr tensor<T, E...> grad() && { return std::move(written()); }
    /// Sets the gradient to zero. A large one is written when it is next read or added to, and by then `backward` may have
    /// overwritten it: the zeros of a layer's weights never reach memory.
    constexpr void zero_grad() {
        if (stored_inline<T, static_size<shape_type>> || __builtin_is_constant_evaluated()) gradient_.fill(T{});
        else zeros_to_write_ = true;
    }
    /// Where backward accumulates: a gradient is no part of the variable's value, so gradients reach a model through const
    /// references too; the object itself must not be declared const. (Not `mutable`, which g++ 12 refuses in constant
    /// expressions.)
    constexpr T* gradient_data() const { return written().data(); }
    /// Asked before the whole gradient is written: whether it is zero and need not be added to.
    constexpr bool overwrite_gradient() const {
        if constexpr (stored_inline<T, static_size<shape_type>>) return false;
        else {
            auto& self = const_cast<variable&>(*this);
            self.follow_shape();
            return std::exchange(self.zeros_to_write_, false);
        }
    }
    /// Value and gradient for code that is compiled once for all types.
    untyped_tensor untyped() const {
        auto& self = const_cast<variable&>(*this);
        self.follow_shape();
        return {this,
                &tensor_type_of<variable>,
                this->size(),
                self.value_.data(),
                self.gradient_.data(),
                stored_inline<T, static_size<shape_type>> ? nullptr : &self.zeros_to_write_};
    }

private:
    /// The gradient becomes zeros in the value's shape where it has another.
    constexpr void follow_shape() {
        if constexpr (!shape_type::is_static)
            if (!(gradient_.shape() == value_.shape())) [[unlikely]] {
                gradient_ = tensor<T, E...>(uninitialized, value_.shape());
                zeros_to_write_ = true;
            }
    }
    constexpr tensor<T, E...>& written() const {
        auto& self = const_cast<variable&>(*this);
        if (overwrite_gradient()) self.gradient_.fill(T{});
        return self.gradient_;
    }

    tensor<T, E...> value_;
    tensor<T, E...> gradient_;
    bool zeros_to_write_ = false;
};

template <number T>
variable(T) -> variable<T>;
template <class D, class T, std::size_t... E>
variable(expression_base<D, T, shape<E...>> const&) -> variable<T, E...>;

}  // namespace tenon::inline TENON_TARGET
