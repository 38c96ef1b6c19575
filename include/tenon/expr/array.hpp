// Computations on whole arrays: factorisations, solvers, transforms, and whatever else an algorithm of its own computes.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/core/node.hpp>

namespace tenon::inline TENON_TARGET {

/// An operand, a result or a gradient as the rule of an `array_node` sees it: elements in row-major order.
template <class T, class Shape>
struct array_of {
    using shape_type = Shape;
    T* data;
    [[no_unique_address]] Shape shape;
};

/// An algorithm's result, an array computed from arrays in row-major memory. The algorithm is a rule; for operands a₁, a₂, … it has
/// - `value_type` and `shape_type` of the result, and `shape(s₁, s₂, …)` for the operands' shapes, which throws where they don't fit;
/// - `name` and `kind`, as every node; `operations(s₁, …)`, and where they differ `gradient_operations(s₁, …)`;
/// - `forward(y, a₁, a₂, …)`, which writes the whole result; all are `array_of`, the operands' of const elements;
/// - `backward(y, g, a₁, …, ga₁, …)`, which adds to the gradients ga₁ … of the operands what the result's gradient g makes of them;
///   `data` is null where an operand's gradient isn't wanted. A rule without it passes no gradient.
///
/// Several results lie one after another in one array, `let` shares it, and `part` shows each.
template <class Rule, class... A>
class array_node
    : public expression_base<array_node<Rule, A...>, typename Rule::value_type, typename Rule::shape_type> {
public:
    using value_type = typename Rule::value_type;
    using shape_type = typename Rule::shape_type;
    using device = device_of_nodes<A...>;

    constexpr array_node(Rule r, A... a)
        : rule(std::move(r)), shape_(rule.shape(a.shape()...)), operands_{{std::move(a)}...} {}
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = Rule::name, *kind = Rule::kind;
    static constexpr read_as read[sizeof...(A)] = {(static_cast<void>(std::type_identity<A>{}), read_as::packed)...};
    static constexpr bool has_slope = requires { Rule::has_gradient; } && !std::is_integral_v<value_type>;
    constexpr tuple<A...> const& operands() const { return operands_; }
    constexpr std::size_t operations() const {
        return with_shapes([&](auto const&... s) { return rule.operations(s...); });
    }
    constexpr std::size_t gradient_operations() const {
        return with_shapes([&](auto const&... s) {
            if constexpr (requires { rule.gradient_operations(s...); }) return rule.gradient_operations(s...);
            else return 2 * rule.operations(s...);
        });
    }

    [[no_unique_address]] Rule rule;

private:
    template <class F>
    constexpr auto with_shapes(F const& f) const {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return f(get<I>(operands_).shape()...);
        }(std::index_sequence_for<A...>{});
    }
    [[no_unique_address]] shape_type shape_;
    tuple<A...> operands_;
};

namespace detail {
template <class Rule, class... A>
constexpr auto make_array(Rule rule, A&&... a) {
    return array_node<Rule, node_t<A>...>(std::move(rule), as_node(std::forward<A>(a))...);
}
}  // namespace detail

/// Elements of a vector from some place on, under a shape of their own: one of the results that an algorithm has left there.
template <class Shape, class A>
class part_node : public expression_base<part_node<Shape, A>, value_t<A>, Shape> {
public:
    using device = device_of_nodes<A>;
    constexpr part_node(A a, std::size_t first, Shape const& s) : operand(std::move(a)), offset(first), shape_(s) {}
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "part", *kind = "copy";
    static constexpr read_as read[1] = {read_as::packed};
    constexpr auto operands() const { return references(operand); }
    A operand;
    std::size_t offset;

private:
    [[no_unique_address]] Shape shape_;
};

namespace detail {
/// @param first the part's first element in x, a vector
template <class Shape, class A>
constexpr auto part(A const& x, std::size_t first, Shape const& s) {
    return part_node<Shape, node_t<A const&>>(as_node(x), first, s);
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
