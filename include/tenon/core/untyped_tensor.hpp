// Tensors and variables without their types, for code that is compiled once for all of them.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <vector>

#include <tenon/core/tensor.hpp>
#include <tenon/scalar/element_type.hpp>

namespace tenon::inline TENON_TARGET {

struct untyped_tensor;

/// How the host reaches what a device's tensors hold.
struct device_access {
    void (*to_host)(void* host, void const* device, std::size_t bytes);
    void (*from_host)(void* device, void const* host, std::size_t bytes);
    void (*write_zeros)(untyped_tensor const& variable);  ///< writes a gradient's zeros that were asked for
};
/// Null on the processor; other devices specialise it.
template <class Device>
inline constexpr device_access const* device_access_of = nullptr;

/// What the type of a tensor or variable says of it.
struct tensor_type {
    element_type element;
    std::size_t rank;
    std::size_t const* static_extents;                           ///< `dyn` where they are open
    void (*write_extents)(void const* object, std::size_t* to);  ///< null where all extents are static
    device_access const* device;
    /// Looks again where a variable's elements lie; null where they are inside the object.
    void (*look_again)(untyped_tensor& variable);
};

namespace detail {
template <class X>
void look_again(untyped_tensor& variable);

template <class X>
void write_extents(void const* object, std::size_t* to) {
    auto const s = static_cast<X const*>(object)->shape();
    for (std::size_t a = 0; a != s.rank(); ++a) to[a] = s[a];
}
}  // namespace detail

/// @tparam X a tensor or variable of any device
template <class X>
inline constexpr tensor_type tensor_type_of = {
    [] {
        using T = typename X::value_type;
        if constexpr (plain_element<T>) return element_type_of<T>();
        else return element_type{};
    }(),
    X::shape_type::rank(),
    X::shape_type::static_extents,
    X::shape_type::is_static ? nullptr : &detail::write_extents<X>,
    device_access_of<typename X::device>,
    [] {
        void (*f)(untyped_tensor&) = nullptr;
        if constexpr (requires { typename X::variable_class; } &&
                      (device_access_of<typename X::device> != nullptr ||
                       !stored_inline<typename X::value_type, static_size<typename X::shape_type>>))
            f = &detail::look_again<X>;
        return f;
    }(),
};

/// A tensor or variable without its type: where its elements lie, and what its type says. It refers to the object and is good for as long as that
/// keeps its memory.
struct untyped_tensor {
    void const* object;
    tensor_type const* type;
    std::size_t size;  ///< elements
    void* value;       ///< where the elements lie
    void* gradient;    ///< where a variable's gradient lies; null for a tensor
    /// What a variable knows of zeros that are not in its gradient's memory yet: on the processor a bool, which is true where
    /// they are not; null where the gradient is always in memory.
    void* zeros;

    std::size_t bytes() const { return size * type->element.bytes; }
    TENON_ON_USE
    std::vector<std::size_t> extents() const {
        std::vector<std::size_t> e(type->static_extents, type->static_extents + type->rank);
        if (type->write_extents) type->write_extents(object, e.data());
        return e;
    }
    /// A variable's gradient as it is to be read or added to.
    TENON_ON_USE
    void* written_gradient() const {
        if (type->device) type->device->write_zeros(*this);
        else if (zeros && *static_cast<bool*>(zeros)) {
            std::memset(gradient, 0, bytes());
            *static_cast<bool*>(zeros) = false;
        }
        return gradient;
    }
};

namespace detail {
template <class X>
void look_again(untyped_tensor& variable) {
    variable = static_cast<X const*>(variable.object)->untyped();
}
}  // namespace detail

/// @param x a tensor; variables have a member function of that name
template <class X>
    requires requires { typename X::tensor_tag; }
untyped_tensor untyped(X& x) {
    return {&x,       &tensor_type_of<std::remove_const_t<X>>,
            x.size(), const_cast<typename X::value_type*>(elements_of(x)),
            nullptr,  nullptr};
}
template <class X>
    requires requires { typename X::variable_class; }
untyped_tensor untyped(X& x) {
    return x.untyped();
}

}  // namespace tenon::inline TENON_TARGET
