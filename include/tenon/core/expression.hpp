// What tensors, variables and computations have in common: an element type, a shape, and the functions of both.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>
#include <tenon/core/expression_concept.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/core/spelling.hpp>
#include <tenon/core/subscript.hpp>

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

template <auto... E, expression A>
constexpr auto reshape(A&& a);
template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1, expression A>
constexpr auto flatten(A&& a);
template <std::ptrdiff_t... Axes, expression A>
constexpr auto permute(A&& a);
template <std::ptrdiff_t... Axes, expression A>
constexpr auto transpose(A&& a);
template <std::ptrdiff_t Axis, expression A>
constexpr auto squeeze(A&& a);
template <std::ptrdiff_t... Axes, expression A>
    requires(sizeof...(Axes) != 1)
constexpr auto squeeze(A&& a);
template <std::ptrdiff_t Axis, expression A>
constexpr auto unsqueeze(A&& a);
template <auto... E, expression A>
constexpr auto broadcast_to(A&& a);
template <std::ptrdiff_t Axis, expression A>
constexpr auto select(A&& a, std::ptrdiff_t k);
template <std::ptrdiff_t Axis, std::ptrdiff_t Start, std::ptrdiff_t Stop = PTRDIFF_MAX, std::ptrdiff_t Step = 1,
          expression A>
constexpr auto slice(A&& a);
template <std::ptrdiff_t... Axes, expression A>
    requires(sizeof...(Axes) != 0)
constexpr auto flip(A&& a);
template <class To, expression A>
constexpr auto cast(A&& a);
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto sum(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto mean(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto max(A&& a, Keep... keep);
template <std::ptrdiff_t... Axes, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto min(A&& a, Keep... keep);
template <std::ptrdiff_t... Axis, expression A, keepdim_tag... Keep>
    requires(sizeof...(Keep) <= 1)
constexpr auto argmax(A&& a, Keep... keep);
template <expression A>
constexpr auto evaluate(A const& a);

namespace detail {
/// How a device's elements are reached one by one: where it `exists`, `at(a, i)` is the iterator at element i.
template <class Device>
struct elements_of_device {
    static constexpr bool exists = false;
};
}  // namespace detail

/// item() gives the value of what has one element.
template <class Shape>
struct item_needs_one_element;

/// The device that runs a computation.
template <class X>
using device_of_t = std::conditional_t<std::is_same_v<typename std::remove_cvref_t<X>::device, anywhere>, cpu,
                                       typename std::remove_cvref_t<X>::device>;

/// Base of everything that has elements. Nothing here computes; a computation runs when it meets a tensor.
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

    /// The elements in row-major order: an expression is a random-access range. Those of a computation are computed each time
    /// they are read, without a tensor for the result; what lies in memory is read there.
    constexpr auto begin() const
        requires(detail::elements_of_device<device_of_t<Derived>>::exists)
    {
        return detail::elements_of_device<device_of_t<Derived>>::at(self(), 0);
    }
    constexpr auto end() const
        requires(detail::elements_of_device<device_of_t<Derived>>::exists)
    {
        return detail::elements_of_device<device_of_t<Derived>>::at(self(), size());
    }

    /// Runs the computation; the result owns its elements.
    constexpr auto eval() const { return typename device_of_t<Derived>::template tensor<T, E...>(self()); }
    /// The value of something that has one element. @throws shape_error where run-time extents give another number
    constexpr T item() const {
        if constexpr (shape_type::is_static && static_size<shape_type> != 1) return item_needs_one_element<shape_type>{};
        else {
            if (size() != 1)
                throw shape_error(text_of({"item: ", to_string(self().shape()), " has not exactly one element"}));
            return evaluate(self());
        }
    }
    /// Something without axes converts to its value.
    constexpr operator T() const
        requires(sizeof...(E) == 0)
    {
        return evaluate(self());
    }

    /// The part that a subscript names, as `at_subscripts(x, i)`: x[tn::range(2, 5)], x[index], x[mask], x[tn::newaxis].
    template <subscript I>
    constexpr auto operator[](I&& i) & { return at_subscripts(itself(), std::forward<I>(i)); }
    template <subscript I>
    constexpr auto operator[](I&& i) const& { return at_subscripts(self(), std::forward<I>(i)); }
    template <subscript I>
    constexpr auto operator[](I&& i) && { return at_subscripts(moved(), std::forward<I>(i)); }
    template <std::integral I>
        requires(positions<I> && !requires { typename Derived::tensor_tag; })
    constexpr auto operator[](I i) const& { return at_subscripts(self(), i); }
    template <std::integral I>
        requires(positions<I> && !requires { typename Derived::tensor_tag; })
    constexpr auto operator[](I i) && { return at_subscripts(moved(), i); }
    /// The same with a subscript for each axis: x(tn::range(0, 10, 2), 3).
    template <class... I>
        requires(subscript_list<I...> || (positions<I...> && !requires { typename Derived::tensor_tag; }))
    constexpr auto operator()(I&&... i) & { return at_subscripts(itself(), std::forward<I>(i)...); }
    template <class... I>
        requires(subscript_list<I...> || (positions<I...> && !requires { typename Derived::tensor_tag; }))
    constexpr auto operator()(I&&... i) const& { return at_subscripts(self(), std::forward<I>(i)...); }
    template <class... I>
        requires(subscript_list<I...> || (positions<I...> && !requires { typename Derived::tensor_tag; }))
    constexpr auto operator()(I&&... i) && { return at_subscripts(moved(), std::forward<I>(i)...); }

    // The common functions as members; each does what the free function of its name does, and refuses the same
    // calls. Views of a tensor that is not const can be assigned to.
    template <auto... To>
    constexpr auto reshape(auto const&... given) & { return tenon::reshape<To...>(itself(), given...); }
    template <auto... To>
    constexpr auto reshape(auto const&... given) const& { return tenon::reshape<To...>(self(), given...); }
    template <auto... To>
    constexpr auto reshape(auto const&... given) && { return tenon::reshape<To...>(moved(), given...); }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1>
    constexpr auto flatten(auto const&... given) & { return tenon::flatten<From, To>(itself(), given...); }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1>
    constexpr auto flatten(auto const&... given) const& { return tenon::flatten<From, To>(self(), given...); }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1>
    constexpr auto flatten(auto const&... given) && { return tenon::flatten<From, To>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto permute(auto const&... given) & { return tenon::permute<Axes...>(itself(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto permute(auto const&... given) const& { return tenon::permute<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto permute(auto const&... given) && { return tenon::permute<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto transpose(auto const&... given) & { return tenon::transpose<Axes...>(itself(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto transpose(auto const&... given) const& { return tenon::transpose<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto transpose(auto const&... given) && { return tenon::transpose<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto squeeze(auto const&... given) & { return tenon::squeeze<Axis...>(itself(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto squeeze(auto const&... given) const& { return tenon::squeeze<Axis...>(self(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto squeeze(auto const&... given) && { return tenon::squeeze<Axis...>(moved(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto unsqueeze(auto const&... given) & { return tenon::unsqueeze<Axis...>(itself(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto unsqueeze(auto const&... given) const& { return tenon::unsqueeze<Axis...>(self(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto unsqueeze(auto const&... given) && { return tenon::unsqueeze<Axis...>(moved(), given...); }
    template <auto... To>
    constexpr auto broadcast_to(auto const&... given) const& { return tenon::broadcast_to<To...>(self(), given...); }
    template <auto... To>
    constexpr auto broadcast_to(auto const&... given) && { return tenon::broadcast_to<To...>(moved(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto select(auto const&... given) & { return tenon::select<Axis...>(itself(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto select(auto const&... given) const& { return tenon::select<Axis...>(self(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto select(auto const&... given) && { return tenon::select<Axis...>(moved(), given...); }
    template <std::ptrdiff_t... AxisAndBounds>
    constexpr auto slice(auto const&... given) & { return tenon::slice<AxisAndBounds...>(itself(), given...); }
    template <std::ptrdiff_t... AxisAndBounds>
    constexpr auto slice(auto const&... given) const& { return tenon::slice<AxisAndBounds...>(self(), given...); }
    template <std::ptrdiff_t... AxisAndBounds>
    constexpr auto slice(auto const&... given) && { return tenon::slice<AxisAndBounds...>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto flip(auto const&... given) & { return tenon::flip<Axes...>(itself(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto flip(auto const&... given) const& { return tenon::flip<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto flip(auto const&... given) && { return tenon::flip<Axes...>(moved(), given...); }
    template <class To> constexpr auto cast() const& { return tenon::cast<To>(self()); }
    template <class To> constexpr auto cast() && { return tenon::cast<To>(moved()); }
    template <std::ptrdiff_t... Axes>
    constexpr auto sum(auto const&... given) const& { return tenon::sum<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto sum(auto const&... given) && { return tenon::sum<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto mean(auto const&... given) const& { return tenon::mean<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto mean(auto const&... given) && { return tenon::mean<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto max(auto const&... given) const& { return tenon::max<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto max(auto const&... given) && { return tenon::max<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto min(auto const&... given) const& { return tenon::min<Axes...>(self(), given...); }
    template <std::ptrdiff_t... Axes>
    constexpr auto min(auto const&... given) && { return tenon::min<Axes...>(moved(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto argmax(auto const&... given) const& { return tenon::argmax<Axis...>(self(), given...); }
    template <std::ptrdiff_t... Axis>
    constexpr auto argmax(auto const&... given) && { return tenon::argmax<Axis...>(moved(), given...); }

    constexpr Derived const& self() const { return static_cast<Derived const&>(*this); }

private:
    constexpr Derived& itself() { return static_cast<Derived&>(*this); }
    constexpr Derived&& moved() { return static_cast<Derived&&>(*this); }
};

}  // namespace tenon::inline TENON_TARGET
