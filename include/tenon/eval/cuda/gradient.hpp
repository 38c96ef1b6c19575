// The gradient of a device variable: a tensor whose zeros are written when something is added to them or they are read.
#pragma once

#include <utility>

#include <tenon/eval/cuda/zeros.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

/// @tparam Tensor a device tensor
template <class Tensor>
class gradient {
public:
    using value_type = typename Tensor::value_type;

    /// Zeros.
    gradient() = default;
    explicit gradient(typename Tensor::shape_type const& s) : tensor_(s) {}
    gradient(gradient const& other) : tensor_(other.written()) {}
    gradient(gradient&& other) noexcept : tensor_(std::move(other.written())) {}
    gradient& operator=(gradient const& other) {
        if (this == &other) return *this;
        zeros_.forget();
        tensor_ = other.written();
        return *this;
    }
    gradient& operator=(gradient&& other) {
        if (this == &other) return *this;
        zeros_.forget();
        tensor_ = std::move(other.written());
        return *this;
    }
    ~gradient() = default;

    /// Becomes zeros of a shape where it has another, because the value has.
    void follow(typename Tensor::shape_type const& s) const {
        // In braces, without which nvcc 13 does not find the end of a branch that is discarded.
        if constexpr (!Tensor::shape_type::is_static) {
            if (!(tensor_.shape() == s)) [[unlikely]] {
                zeros_.forget();
                tensor_ = Tensor(s);
            }
        }
    }
    void zero() const { zeros_.ask(address(), tensor_.size() * sizeof(value_type)); }
    /// Asked before the whole gradient is written: whether it is zero and need not be added to.
    bool overwrite() const { return zeros_.take(); }
    /// Where it lies, whether or not its zeros have been written.
    value_type* address() const { return tensor_.device_data(); }
    /// What is known of zeros that have not been written.
    pending_zeros& zeros() const { return zeros_; }
    /// The gradient as it is to be read or added to.
    Tensor& written() const {
        zeros_.write();
        return tensor_;
    }

private:
    // A gradient is no part of the variable's value: it is reached through const references too.
    mutable Tensor tensor_;
    mutable pending_zeros zeros_;
};

}  // namespace tenon::inline TENON_TARGET::cuda::detail
