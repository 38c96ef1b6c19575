// Row operations: nodes whose elements depend on a whole vector of their operand. What is done with a vector, forward and
// backward, is a rule that stands beside the function (expr/softmax.hpp, expr/normalize.hpp, expr/scan.hpp); each executor has one
// tape that runs all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/core/node.hpp>
#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET {

/// What a rule is where it doesn't say otherwise. A rule derives from this and has
/// - `name` and `kind`, for plans, and `operations` and `gradient_operations`, for one element;
/// - `forward(x)`, which makes a vector of results from x, a vector that an executor's team of lanes or threads holds;
/// - `backward(g)`, which turns the results' gradient into the operand's.
///
/// The team calls the rule's functions of elements with packs of any number of lanes, single lanes and dual numbers. What it
/// has found for the whole vector is an `X::value`, of which `element::spread(value, v)` has as many lanes as v. Sums and the like
/// are named, `x.read<op::sum>(f)`, and not added up in a variable of the rule, so that a team may have several in flight.
///
/// Forward, x has
/// - `read<Op>(f)`: joins f(element) by Op (see reduce_node) while it reads the operand, once and before all else;
/// - `visit<Op>(f)`: the same for elements that were read; `change<Op>(f)` puts f(element) in their place besides;
/// - `write(f)`: makes f(element) the results;
/// - `first()`, the first element as it is read; `count()`, their number; `number(c)`, any number; `keep(value)` for backward;
/// - `scan<State, Widens>()`, which does all by itself: see scan_rule.
///
/// Backward, g has
/// - `read<Op>(f…)`: joins f(y, g) over results y and their gradients g, for each f;
/// - `send(f)`: sends f(y, g) to the operand;
/// - `kept()`, `count()` and `number(c)`;
/// - `send_back<Widens>(start, f)`: a gradient that is carried from the last element to the first, see scan_rule.
struct row_rule {
    /// The results' element type.
    template <class T>
    using result = T;
    static constexpr bool has_slope = true;
    /// Whether forward keeps a number of each vector.
    static constexpr bool keeps_number = false;
    /// Whether each result depends on the elements up to its own: forward is `scan`, backward `send_back`.
    static constexpr bool scans = false;
    /// Whether backward asks for the operand's elements.
    static constexpr bool needs_operand = false;
};

/// How a shape is divided into vectors; `dyn` is what run time alone knows.
struct vector_division {
    std::size_t length, count;
    std::size_t step;  ///< distance of neighbours
};

namespace detail {
template <class Extents>
constexpr std::size_t product_of(Extents const& e, std::size_t first, std::size_t last) {
    std::size_t n = 1;
    for (std::size_t a = first; a < last; ++a) n = is_dynamic(n) || is_dynamic(e[a]) ? dyn : n * e[a];
    return n;
}
constexpr std::size_t product_of(std::size_t a, std::size_t b) { return is_dynamic(a) || is_dynamic(b) ? dyn : a * b; }
}  // namespace detail

/// The vectors along an axis.
template <std::size_t Axis>
struct along {
    template <std::size_t Rank>
    static constexpr bool neighbours = Axis + 1 == Rank;
    template <std::size_t Rank>
    static constexpr bool are_rows = Axis + 1 == Rank;
    /// @param e the extents of a shape, static or as run time knows them
    template <std::size_t Rank, class Extents>
    static constexpr vector_division divide(Extents const& e) {
        std::size_t const after = detail::product_of(e, Axis + 1, Rank);
        return {e[Axis], detail::product_of(detail::product_of(e, 0, Axis), after), after};
    }
};
/// Equally long stretches of the elements in row-major order.
/// @tparam Outer how many leading axes count stretches
/// @tparam Groups into how many stretches the elements at one position along those axes are divided
template <std::size_t Outer, std::size_t Groups>
struct stretches {
    template <std::size_t>
    static constexpr bool neighbours = true;
    template <std::size_t Rank>
    static constexpr bool are_rows = Outer + 1 == Rank && Groups == 1;
    template <std::size_t Rank, class Extents>
    static constexpr vector_division divide(Extents const& e) {
        std::size_t const all = detail::product_of(e, Outer, Rank);
        return {is_dynamic(all) ? dyn : all / Groups, detail::product_of(detail::product_of(e, 0, Outer), Groups), 1};
    }
};

/// The results of a rule on vectors of A.
/// @tparam Rule a row_rule
/// @tparam Vectors `along` or `stretches`
template <class Rule, class Vectors, class A>
class row_node
    : public expression_base<row_node<Rule, Vectors, A>, typename Rule::template result<value_t<A>>, shape_t<A>> {
public:
    using device = device_of_nodes<A>;
    static constexpr char const *name = Rule::name, *kind = Rule::kind;
    static constexpr bool has_slope = Rule::has_slope;
    static constexpr bool neighbours = Vectors::template neighbours<shape_t<A>::rank()>,
                          are_rows = Vectors::template are_rows<shape_t<A>::rank()>;
    /// What is known of the vectors when the program is compiled.
    static constexpr vector_division known = Vectors::template divide<shape_t<A>::rank()>(shape_t<A>::static_extents);

    explicit constexpr row_node(A a, Rule r = {}) : operand(std::move(a)), rule(r) {}
    constexpr auto shape() const { return operand.shape(); }
    static constexpr vector_division divided(shape_t<A> const& s) {
        return Vectors::template divide<shape_t<A>::rank()>(s.extents());
    }
    constexpr auto operands() const { return references(operand); }
    constexpr std::size_t operations() const { return Rule::operations * shape().size(); }
    constexpr std::size_t gradient_operations() const { return Rule::gradient_operations * shape().size(); }

    A operand;
    [[no_unique_address]] Rule rule;
};

namespace detail {
/// A rule's node for vectors along an axis.
template <class Rule, std::ptrdiff_t Axis, class A>
constexpr auto make_row(A&& x) {
    if constexpr (element::is_complex<value_t<A>> && !requires { typename Rule::for_complex; })
        return not_for_complex<Rule>{};
    else return row_node<Rule, along<axis_of(Axis, shape_t<A>::rank())>, node_t<A>>(as_node(std::forward<A>(x)));
}
}  // namespace detail

namespace element {
/// A vector's value in every lane of such lanes as v.
template <class One, class V>
TENON_LANE V spread(One const& value, V const&) {
    if constexpr (std::is_same_v<One, V>) return value;
    else return math::splat<V::lanes>(value);
}
/// An element as it is.
struct unchanged {
    template <class V>
    TENON_LANE V operator()(V v) const {
        return v;
    }
};
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
