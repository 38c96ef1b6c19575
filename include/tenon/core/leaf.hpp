// The leaves of a computation, and how an operand becomes a node: lvalues are referred to, temporaries are owned.
#pragma once

#include <type_traits>
#include <utility>

#include <tenon/core/expression.hpp>
#include <tenon/core/node.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/scalar/promote.hpp>

namespace tenon::inline TENON_TARGET {

/// Refers to a tensor that outlives the computation.
template <class Tensor>
class tensor_ref : public expression_base<tensor_ref<Tensor>, value_t<Tensor>, shape_t<Tensor>> {
public:
    using leaf_tag = void;
    using device = typename Tensor::device;
    explicit constexpr tensor_ref(Tensor const& t) : tensor_(&t), shape_(t.shape()) {}
    constexpr auto shape() const { return shape_; }
    constexpr Tensor const& get() const { return *tensor_; }
    static constexpr char const *name = "tensor", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }

private:
    Tensor const* tensor_;
    [[no_unique_address]] shape_t<Tensor> shape_;
};

/// Owns a tensor that was a temporary.
template <class Tensor>
class owned : public expression_base<owned<Tensor>, value_t<Tensor>, shape_t<Tensor>> {
public:
    using leaf_tag = void;
    using device = typename Tensor::device;
    explicit constexpr owned(Tensor&& t) : shape_(t.shape()), tensor_(std::move(t)) {}
    constexpr auto shape() const { return shape_; }
    constexpr Tensor const& get() const { return tensor_; }
    static constexpr char const *name = "tensor", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }

private:
    [[no_unique_address]] shape_t<Tensor> shape_;
    Tensor tensor_;
};

/// Refers to a variable, and so to a value and the gradient that belongs to it.
template <class Variable>
class variable_ref : public expression_base<variable_ref<Variable>, value_t<Variable>, shape_t<Variable>> {
public:
    using leaf_tag = void;
    using variable_tag = void;
    using device = typename Variable::device;
    explicit constexpr variable_ref(Variable const& v) : variable_(&v), shape_(v.shape()) {}
    constexpr auto shape() const { return shape_; }
    constexpr auto const& get() const { return variable_->value(); }
    constexpr Variable const& variable() const { return *variable_; }
    static constexpr char const *name = "variable", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }

private:
    Variable const* variable_;
    [[no_unique_address]] shape_t<Variable> shape_;
};

/// A leaf keeps the shape that it had when the computation was made from it. @throws shape_error where its tensor has another
/// by now: it was assigned to or moved from, or the computation was
template <class Leaf>
constexpr void refuse_resized(Leaf const& n) {
    if constexpr (!shape_t<Leaf>::is_static)
        if (!(n.get().shape() == n.shape())) [[unlikely]]
            throw_shapes("a tensor was resized or moved after a computation was made with it", to_string(n.shape()),
                         to_string(n.get().shape()));
}

/// A plain number among tensors. It has no axes and does not widen the others' element type.
template <class T>
class scalar : public expression_base<scalar<T>, T, shape<>> {
public:
    using scalar_tag = void;
    using device = anywhere;
    explicit constexpr scalar(T v) : value_(v) {}
    static constexpr tenon::shape<> shape() { return {}; }
    constexpr T value() const { return value_; }
    static constexpr char const *name = "number", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }

private:
    T value_;
};

/// A number at every position of a shape, without memory.
template <class T, class Shape>
class filled_node : public expression_base<filled_node<T, Shape>, T, Shape> {
public:
    using device = anywhere;
    constexpr filled_node(Shape const& s, T v) : value_(v), shape_(s) {}
    constexpr Shape shape() const { return shape_; }
    constexpr T value() const { return value_; }
    static constexpr char const *name = "filled", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }

private:
    T value_;
    [[no_unique_address]] Shape shape_;
};

/// What may stand as an operand beside tensors: a tensor, variable, computation, or plain number.
template <class X>
concept operand = expression<X> || number<std::remove_cvref_t<X>>;

/// The node that an operand becomes. Nobody can ask for the gradient of a variable that is a temporary: its value is
/// owned, as a constant.
template <class X>
constexpr auto as_node(X&& x) {
    using plain = std::remove_cvref_t<X>;
    if constexpr (number<plain>) return scalar<plain>(x);
    else if constexpr (requires { typename plain::variable_class; }) {
        if constexpr (std::is_lvalue_reference_v<X>) return variable_ref<plain>(x);
        else return as_node(std::forward<X>(x).value());
    } else if constexpr (requires { typename plain::tensor_tag; }) {
        if constexpr (std::is_lvalue_reference_v<X>) return tensor_ref<plain>(x);
        else return owned<plain>(plain(std::forward<X>(x)));
    } else if constexpr (requires { typename plain::node_type; })
        return typename plain::node_type(std::forward<X>(x));  // a view that could be assigned to is read
    else return plain(std::forward<X>(x));
}
template <class X>
using node_t = decltype(as_node(std::declval<X>()));

namespace detail {
/// The node of something that outlives what is done with the node: what is a node already is not copied.
template <class X>
constexpr decltype(auto) node_of(X const& x) {
    if constexpr (std::is_same_v<node_t<X const&>, X>) return (x);
    else return as_node(x);
}

template <class Node>
inline constexpr int promotion_weight = requires { typename Node::scalar_tag; } ? 0
                                        : Node::rank() == 0                     ? 1
                                                                                : 2;
template <class Node>
using promoted_node = promoted<typename Node::value_type, promotion_weight<Node>>;
}  // namespace detail

/// The element type that these nodes are computed in.
template <class... Node>
using promoted_value_t = typename detail::promote_all<detail::promoted_node<Node>...>::type;

}  // namespace tenon::inline TENON_TARGET
