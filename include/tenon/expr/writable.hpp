// Views that can be assigned to, and why others cannot.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET {

/// An assignment to a view that has no memory of its own to write to: only views of a tensor that has a name and is not
/// const can be assigned to, not those of computations, variables (assign to `w.value()`) and temporaries, nor
/// `broadcast_to`, whose elements share memory, nor a reshaped view whose elements do not lie in a row.
/// @tparam View the view's node
template <class View>
struct view_is_read_only;

/// Runs a computation, or puts a number, into the elements that a view shows: broadcast to the view's shape, and as if it
/// were evaluated before the first element is written. Compile error `cannot_assign`, `cannot_assign_elements`, or
/// `view_is_read_only`; @throws shape_error where only run time can know, and then every element is as it was.
template <class Node, class X>
constexpr void assign_through(Node const& view, X&& x);

/// The elements of a view that are about to be overwritten, each read at its own place.
template <class Node>
class overwritten_node : public expression_base<overwritten_node<Node>, value_t<Node>, shape_t<Node>> {
public:
    using device = typename Node::device;
    explicit constexpr overwritten_node(Node v) : view(std::move(v)) {}
    constexpr auto shape() const { return view.shape(); }
    static constexpr char const *name = Node::name, *kind = Node::kind;
    constexpr auto operands() const { return view.operands(); }
    Node view;
};

/// Base of views' nodes: refuses what would assign to a node instead of elements.
template <class Node>
class read_only_view {
public:
    constexpr read_only_view() = default;
    constexpr read_only_view(read_only_view const&) = default;
    constexpr void operator=(read_only_view const&) { (void)view_is_read_only<Node>{}; }
    template <operand X>
    constexpr auto operator=(X const&) const {
        return view_is_read_only<Node>{};
    }
    template <operand X>
    constexpr auto operator+=(X const&) const {
        return view_is_read_only<Node>{};
    }
    template <operand X>
    constexpr auto operator-=(X const&) const {
        return view_is_read_only<Node>{};
    }
    template <operand X>
    constexpr auto operator*=(X const&) const {
        return view_is_read_only<Node>{};
    }
    template <operand X>
    constexpr auto operator/=(X const&) const {
        return view_is_read_only<Node>{};
    }
};

/// A view of a tensor that has a name and is not const: reads like its node, and writes to the tensor's elements when it
/// is assigned to, as NumPy's views: `m[0] = m[1]`, `tn::slice<0, 0, 2>(m) = 0.f`, `tn::transpose(m) += x`.
template <class Node>
class writable : public Node {
public:
    using node_type = Node;
    explicit constexpr writable(Node n) : Node(std::move(n)) {}
    constexpr writable(writable const&) = default;

    /// Assigns to the elements; what is assigned is broadcast to the view's shape. See assign_through.
    template <operand X>
    constexpr writable& operator=(X&& x) {
        assign_through(node(), std::forward<X>(x));
        return *this;
    }
    constexpr writable& operator=(writable const& x) {
        assign_through(node(), x.node());
        return *this;
    }
    /// Every element becomes the value.
    constexpr writable& fill(value_t<Node> value) { return *this = value; }
    template <operand X>
    constexpr writable& operator+=(X&& x) {
        return *this = overwritten_node<Node>(node()) + std::forward<X>(x);
    }
    template <operand X>
    constexpr writable& operator-=(X&& x) {
        return *this = overwritten_node<Node>(node()) - std::forward<X>(x);
    }
    template <operand X>
    constexpr writable& operator*=(X&& x) {
        return *this = overwritten_node<Node>(node()) * std::forward<X>(x);
    }
    template <operand X>
    constexpr writable& operator/=(X&& x) {
        return *this = overwritten_node<Node>(node()) / std::forward<X>(x);
    }

    /// The elements in row-major order, which can be assigned to.
    constexpr auto begin() const
        requires(detail::elements_of_device<device_of_t<Node>>::exists)
    {
        return detail::elements_of_device<device_of_t<Node>>::at(*this, 0);
    }
    constexpr auto end() const
        requires(detail::elements_of_device<device_of_t<Node>>::exists)
    {
        return detail::elements_of_device<device_of_t<Node>>::at(*this, this->size());
    }

    /// The part at a position along the first axis.
    constexpr auto operator[](std::size_t i) const { return tenon::select<0>(again(), static_cast<std::ptrdiff_t>(i)); }
    template <subscript I>
    constexpr auto operator[](I&& i) const {
        return at_subscripts(again(), std::forward<I>(i));
    }
    template <class... I>
        requires subscript_list<I...>
    constexpr auto operator()(I&&... i) const {
        return at_subscripts(again(), std::forward<I>(i)...);
    }
    // Views of this view, which write to the same tensor.
    template <auto... To>
    constexpr auto reshape(auto const&... given) const {
        return tenon::reshape<To...>(again(), given...);
    }
    template <std::ptrdiff_t From = 0, std::ptrdiff_t To = -1>
    constexpr auto flatten(auto const&... given) const {
        return tenon::flatten<From, To>(again(), given...);
    }
    template <std::ptrdiff_t... Axes>
    constexpr auto permute(auto const&... given) const {
        return tenon::permute<Axes...>(again(), given...);
    }
    template <std::ptrdiff_t... Axes>
    constexpr auto transpose(auto const&... given) const {
        return tenon::transpose<Axes...>(again(), given...);
    }
    template <std::ptrdiff_t... Axis>
    constexpr auto squeeze(auto const&... given) const {
        return tenon::squeeze<Axis...>(again(), given...);
    }
    template <std::ptrdiff_t... Axis>
    constexpr auto unsqueeze(auto const&... given) const {
        return tenon::unsqueeze<Axis...>(again(), given...);
    }
    template <std::ptrdiff_t... Axis>
    constexpr auto select(auto const&... given) const {
        return tenon::select<Axis...>(again(), given...);
    }
    template <std::ptrdiff_t... AxisAndBounds>
    constexpr auto slice(auto const&... given) const {
        return tenon::slice<AxisAndBounds...>(again(), given...);
    }
    template <std::ptrdiff_t... Axes>
    constexpr auto flip(auto const&... given) const {
        return tenon::flip<Axes...>(again(), given...);
    }

    constexpr Node const& node() const { return *this; }

private:
    constexpr writable again() const { return *this; }
};

namespace detail {
template <class X>
inline constexpr bool is_writable = false;
template <class Node>
inline constexpr bool is_writable<writable<Node>> = true;
/// Whether a view of an operand can be assigned to.
/// @tparam A as a forwarding reference deduces it
template <class A>
inline constexpr bool writes_through = is_writable<std::remove_reference_t<A>> ||
                                       (std::is_lvalue_reference_v<A> && !std::is_const_v<std::remove_reference_t<A>> &&
                                        requires { typename std::remove_cvref_t<A>::tensor_tag; });
/// The node of a view of A, which can be assigned to if A allows that.
template <class A, class Node>
constexpr auto view_of(Node n) {
    if constexpr (writes_through<A>) return writable<Node>(std::move(n));
    else return n;
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
