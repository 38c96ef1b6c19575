// Functions of a convolution that its launch applies to what it writes.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include <tenon/eval/cuda/map.hpp>
#include <tenon/eval/cuda/slope.hpp>
#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/conv.hpp>
#include <tenon/expr/reshape.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Gives the lane that it is asked for: a function's operand that is in registers.
template <class T>
struct handed_reader : reader_base<T> {
    template <std::size_t N, class V>
    TENON_INLINE __device__ auto load(V v) const {
        return lane_registers<V, N>{{{v}}};
    }
};

/// A convolution, or a function of one and of numbers; of anything else `is_one` is false. Between the two the same
/// elements may stand in the same order under another shape, as `conv1d` and `flatten` have them.
template <class Node>
struct conv_parts {
    static constexpr bool is_one = false;
};
template <bool Transposed, conv_options Options, class X, class W, class... B>
struct conv_parts<conv_node<Transposed, Options, X, W, B...>> {
    using convolution = conv_node<Transposed, Options, X, W, B...>;
    static constexpr bool is_one = true, has_function = false;
    /// Whether the function lets gradients pass, and whether there is something that they reach.
    static constexpr bool propagates = true;
    template <bool Grad>
    static constexpr bool differentiable =
        device_tape<X, Grad>::differentiable || device_tape<W, Grad>::differentiable ||
        (device_tape<B, Grad>::differentiable || ...);
    static auto const& convolution_of(convolution const& n) { return n; }
    /// Reads the function, handed an element of the convolution.
    static auto function(convolution const&) { return handed_reader<value_t<convolution>>{}; }
    /// Adds the names of the function's operators.
    static void add_names(std::vector<char const*>&) {}
};

namespace detail {
template <class A>
inline constexpr bool is_plain_number = requires { typename A::scalar_tag; };
/// Which of an operator's operands is a convolution or its function, where all others are numbers; else how many there
/// are.
template <class... A>
inline constexpr std::size_t convolved_operand = [] {
    constexpr std::size_t n = sizeof...(A);
    constexpr bool is_one[] = {conv_parts<A>::is_one...}, is_number[] = {is_plain_number<A>...};
    std::size_t found = n;
    for (std::size_t i = 0; i != n; ++i)
        if (!is_number[i]) {
            if (!is_one[i] || found != n) return n;
            found = i;
        }
    return found;
}();
}  // namespace detail

template <class View, class A>
    requires(conv_parts<A>::is_one && view_node<View, A>::keeps_order)
struct conv_parts<view_node<View, A>> : conv_parts<A> {
    static auto const& convolution_of(view_node<View, A> const& n) { return conv_parts<A>::convolution_of(n.operand); }
    static auto function(view_node<View, A> const& n) { return conv_parts<A>::function(n.operand); }
};
template <class To, class A>
    requires(conv_parts<A>::is_one)
struct conv_parts<reshape_node<To, A>> : conv_parts<A> {
    static auto const& convolution_of(reshape_node<To, A> const& n) { return conv_parts<A>::convolution_of(n.operand); }
    static auto function(reshape_node<To, A> const& n) { return conv_parts<A>::function(n.operand); }
};

template <class Op, class... A>
    requires(detail::convolved_operand<A...> != sizeof...(A))
struct conv_parts<map_node<Op, A...>> : conv_parts<nth<detail::convolved_operand<A...>, A...>> {
    using node = map_node<Op, A...>;
    static constexpr std::size_t at = detail::convolved_operand<A...>;
    using operand = conv_parts<nth<at, A...>>;
    using operation = Op;
    static constexpr bool has_function = true;
    static constexpr bool propagates = operand::propagates && propagates_gradient<node>;
    /// Whether the function's value is all that its slope needs.
    static constexpr bool has_value_slope = !operand::has_function && slope_of_value<Op>;

    static auto const& convolution_of(node const& n) { return operand::convolution_of(tenon::get<at>(n.operands())); }
    static auto function(node const& n) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return map_reader<value_t<node>, Op, operand_types<typename node::types::template operand<I>...>,
                              tuple<decltype(operand_reader<I>(n))...>>(n.operation, operand_reader<I>(n)...);
        }(std::index_sequence_for<A...>{});
    }
    static void add_names(std::vector<char const*>& names) {
        operand::add_names(names);
        names.push_back(Op::name);
    }

private:
    template <std::size_t I>
    static auto operand_reader(node const& n) {
        auto const& a = tenon::get<I>(n.operands());
        if constexpr (I == at) return operand::function(a);
        else return number_reader<value_t<nth<I, A...>>>(a.value());
    }
};

/// Whether a node is a function of a convolution that the convolution's launch applies. Where gradients are wanted, its
/// slope has to be had from its value; another one stays a part of the regions that read the convolution.
template <class Node, bool Grad>
inline constexpr bool is_applied_to_conv = [] {
    using parts = conv_parts<Node>;
    if constexpr (!parts::is_one) return false;
    else if constexpr (!parts::has_function) return false;
    else if constexpr (!std::is_same_v<value_t<Node>, value_t<typename parts::convolution>>) return false;
    else return !parts::template differentiable<(Grad && parts::propagates)> || parts::has_value_slope;
}();

/// The function, as what becomes of a convolution's sums.
template <class T, class Reader>
struct applied_function {
    Reader reader;
    template <class Index>
    TENON_INLINE __device__ T operator()(T sum, Index) const {
        return element::element_of<T>(math::convert<T>(reader.template load<1>(lane_t<T, 1>(sum)).value.at[0]));
    }
};
/// A slope, as what becomes of the sums that are a gradient.
template <class T, class Slope>
struct applied_slope {
    T const* values;  ///< of the function
    Slope slope;
    template <class Index>
    TENON_INLINE __device__ T operator()(T sum, Index i) const {
        return element::element_of<T>(
            math::convert<T>(slope(lane_t<T, 1>(sum), element::load_lanes<1>(values + i), i)));
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
