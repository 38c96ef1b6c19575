// What tensors, variables and computations have in common: an element type, a shape, and the functions of both.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/core/shape.hpp>
#include <tenon/core/target.hpp>

namespace tenon::inline TENON_TARGET {

/// Where elements live and expressions run: the processor's memory.
struct cpu;

template <class T, std::size_t... E>
class tensor;

/// Elements of one computation live on two devices, or a device cannot run a node: `tn::to<Device>(x)` moves a tensor.
template <class A, class B>
struct devices_differ;

/// The device of what has no elements in memory: a number goes anywhere.
struct anywhere;

namespace detail {
template <class... Device>
struct joined_device {
    using type = anywhere;
};
template <class A>
struct joined_device<A> {
    using type = A;
};
template <class A, class B>
struct joined_device<A, B> : devices_differ<A, B> {
    using type = A;  // spares the reader a second error
};
template <class A>
struct joined_device<A, A> : joined_device<A> {};
template <class A>
    requires(!std::is_same_v<A, anywhere>)
struct joined_device<A, anywhere> : joined_device<A> {};
template <class A>
    requires(!std::is_same_v<A, anywhere>)
struct joined_device<anywhere, A> : joined_device<A> {};
template <class A, class B, class C, class... Rest>
struct joined_device<A, B, C, Rest...> : joined_device<typename joined_device<A, B>::type, C, Rest...> {};
}  // namespace detail

/// The device that nodes have in common. Compile error `devices_differ<A, B>`.
template <class... Node>
using device_of_nodes = typename detail::joined_device<typename Node::device...>::type;

/// Tag that keeps reduced axes as axes of extent 1: `sum<1>(x, keepdim)`.
inline constexpr struct keepdim_t {
} keepdim{};

template <auto... E, class A>
constexpr auto reshape(A&& a);
template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1, class A>
constexpr auto flatten(A&& a);
template <std::ptrdiff_t... Axes, class A>
constexpr auto permute(A&& a);
template <std::ptrdiff_t... Axes, class A>
constexpr auto transpose(A&& a);
template <std::ptrdiff_t Axis, class A>
constexpr auto squeeze(A&& a);
template <std::ptrdiff_t Axis, class A>
constexpr auto unsqueeze(A&& a);
template <auto... E, class A>
constexpr auto broadcast_to(A&& a);
template <std::ptrdiff_t Axis, class A>
constexpr auto select(A&& a, std::ptrdiff_t k);
template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop = PTRDIFF_MAX, std::ptrdiff_t Step = 1,
          class A>
constexpr auto slice(A&& a);
template <std::ptrdiff_t... Axes, class A>
constexpr auto flip(A&& a);
template <class To, class A>
constexpr auto cast(A&& a);
template <std::ptrdiff_t... Axes, class A, class... Keep>
constexpr auto sum(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, class A, class... Keep>
constexpr auto mean(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, class A, class... Keep>
constexpr auto max(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, class A, class... Keep>
constexpr auto min(A&& a, Keep... keep);
template <std::ptrdiff_t... Axis, class A, class... Keep>
constexpr auto argmax(A&& a, Keep... keep);
template <class A>
constexpr auto evaluate(A const& a);

/// The device that runs a computation.
template <class X>
using device_of_t = std::conditional_t<std::is_same_v<typename std::remove_cvref_t<X>::device, anywhere>, cpu,
                                       typename std::remove_cvref_t<X>::device>;

/// Base of everything that has elements. Nothing here computes; a computation runs when it meets a tensor.
template <class Derived, class T, class Shape>
class expression_base;

template <class Derived, class T, std::size_t... E>
class expression_base<Derived, T, tenon::shape<E...>> {
public:
    using value_type = T;
    using shape_type = tenon::shape<E...>;
    /// Where the elements come from; a node that other devices can run says so itself.
    using device = cpu;

    /// Number of axes.
    static constexpr std::size_t rank() { return sizeof...(E); }
    /// Number of elements; a static function where all extents are static.
    static constexpr std::size_t size()
        requires(shape_type::is_static)
    {
        return shape_type{}.size();
    }
    constexpr std::size_t size() const
        requires(!shape_type::is_static)
    {
        return self().shape().size();
    }
    /// Extent of an axis, which may count from the end.
    constexpr std::size_t extent(std::ptrdiff_t axis) const { return self().shape()[axis_of(axis, rank())]; }

    /// Runs the computation; the result owns its elements.
    constexpr auto eval() const { return typename device_of_t<Derived>::template tensor<T, E...>(self()); }
    /// The value of something that has one element. @throws shape_error where run-time extents give another number
    constexpr T item() const {
        static_assert(!shape_type::is_static || shape_type{}.size() == 1, "item() needs exactly one element");
        if constexpr (!shape_type::is_static)
            if (size() != 1) throw shape_error("item: " + to_string(self().shape()) + " has not exactly one element");
        return evaluate(self());
    }
    /// Something without axes converts to its value.
    constexpr operator T() const
        requires(sizeof...(E) == 0)
    {
        return evaluate(self());
    }

    // The common functions as members; each does what the free function of its name does.
    template <auto... To> constexpr auto reshape() const& { return tenon::reshape<To...>(self()); }
    template <auto... To> constexpr auto reshape() && { return tenon::reshape<To...>(moved()); }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1> constexpr auto flatten() const& {
        return tenon::flatten<From, To>(self());
    }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1> constexpr auto flatten() && {
        return tenon::flatten<From, To>(moved());
    }
    template <std::ptrdiff_t... Axes> constexpr auto permute() const& { return tenon::permute<Axes...>(self()); }
    template <std::ptrdiff_t... Axes> constexpr auto permute() && { return tenon::permute<Axes...>(moved()); }
    template <std::ptrdiff_t... Axes> constexpr auto transpose() const& { return tenon::transpose<Axes...>(self()); }
    template <std::ptrdiff_t... Axes> constexpr auto transpose() && { return tenon::transpose<Axes...>(moved()); }
    template <std::ptrdiff_t Axis> constexpr auto squeeze() const& { return tenon::squeeze<Axis>(self()); }
    template <std::ptrdiff_t Axis> constexpr auto squeeze() && { return tenon::squeeze<Axis>(moved()); }
    template <std::ptrdiff_t Axis> constexpr auto unsqueeze() const& { return tenon::unsqueeze<Axis>(self()); }
    template <std::ptrdiff_t Axis> constexpr auto unsqueeze() && { return tenon::unsqueeze<Axis>(moved()); }
    template <auto... To> constexpr auto broadcast_to() const& { return tenon::broadcast_to<To...>(self()); }
    template <auto... To> constexpr auto broadcast_to() && { return tenon::broadcast_to<To...>(moved()); }
    template <std::ptrdiff_t Axis> constexpr auto select(std::ptrdiff_t k) const& {
        return tenon::select<Axis>(self(), k);
    }
    template <std::ptrdiff_t Axis> constexpr auto select(std::ptrdiff_t k) && {
        return tenon::select<Axis>(moved(), k);
    }
    template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop = PTRDIFF_MAX, std::ptrdiff_t Step = 1>
    constexpr auto slice() const& {
        return tenon::slice<Axis, Start, Stop, Step>(self());
    }
    template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop = PTRDIFF_MAX, std::ptrdiff_t Step = 1>
    constexpr auto slice() && {
        return tenon::slice<Axis, Start, Stop, Step>(moved());
    }
    template <std::ptrdiff_t... Axes> constexpr auto flip() const& { return tenon::flip<Axes...>(self()); }
    template <std::ptrdiff_t... Axes> constexpr auto flip() && { return tenon::flip<Axes...>(moved()); }
    template <class To> constexpr auto cast() const& { return tenon::cast<To>(self()); }
    template <class To> constexpr auto cast() && { return tenon::cast<To>(moved()); }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto sum(Keep... keep) const& {
        return tenon::sum<Axes...>(self(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto sum(Keep... keep) && {
        return tenon::sum<Axes...>(moved(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto mean(Keep... keep) const& {
        return tenon::mean<Axes...>(self(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto mean(Keep... keep) && {
        return tenon::mean<Axes...>(moved(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto max(Keep... keep) const& {
        return tenon::max<Axes...>(self(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto max(Keep... keep) && {
        return tenon::max<Axes...>(moved(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto min(Keep... keep) const& {
        return tenon::min<Axes...>(self(), keep...);
    }
    template <std::ptrdiff_t... Axes, class... Keep> constexpr auto min(Keep... keep) && {
        return tenon::min<Axes...>(moved(), keep...);
    }
    template <std::ptrdiff_t... Axis, class... Keep> constexpr auto argmax(Keep... keep) const& {
        return tenon::argmax<Axis...>(self(), keep...);
    }
    template <std::ptrdiff_t... Axis, class... Keep> constexpr auto argmax(Keep... keep) && {
        return tenon::argmax<Axis...>(moved(), keep...);
    }

    constexpr Derived const& self() const { return static_cast<Derived const&>(*this); }

private:
    constexpr Derived&& moved() { return static_cast<Derived&&>(*this); }
};

namespace detail {
template <class D, class T, class S>
std::true_type is_expression(expression_base<D, T, S> const*);
std::false_type is_expression(void const*);
}  // namespace detail

/// A tensor, a variable, or a computation on them: it has a `value_type` and a `shape_type`.
template <class X>
concept expression = decltype(detail::is_expression(static_cast<std::remove_cvref_t<X>*>(nullptr)))::value;

template <class X>
using value_t = typename std::remove_cvref_t<X>::value_type;
template <class X>
using shape_t = typename std::remove_cvref_t<X>::shape_type;

}  // namespace tenon::inline TENON_TARGET
