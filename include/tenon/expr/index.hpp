// Elements chosen by run-time positions: index_select, gather, roll.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/generated.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/scalar_axis.hpp>

namespace tenon::inline TENON_TARGET {

/// Indices that gather cannot use: another number of axes than the operand's, or a greater extent along another axis.
template <std::size_t Axis, class Operand, class Indices>
struct cannot_gather;
/// An operation takes indices of an integer type, and bool is none.
template <operation_name Operation, class Element>
struct indices_are_integers;

namespace detail {
/// The operand's shape with an axis replaced by the axes of the indices.
template <std::size_t Axis, class S, class I>
struct index_select_extents {
    static constexpr std::size_t rank = S::rank() + I::rank() - 1;
    template <class From, class Indices>
    static constexpr auto joined(From const& s, Indices const& i) {
        std::array<std::size_t, rank> e{};
        for (std::size_t a = 0; a < rank; ++a)
            e[a] = a < Axis ? s[a] : a < Axis + I::rank() ? i[a - Axis] : s[a + 1 - I::rank()];
        return e;
    }
    static constexpr auto value = joined(S::static_extents, I::static_extents);
    using type = shape_from<rank, index_select_extents>;
};

template <std::size_t Axis, class S, class I>
constexpr bool may_gather() {
    if (S::rank() != I::rank()) return false;
    for (std::size_t a = 0; a < S::rank(); ++a) {
        std::size_t const s = S::static_extents[a], i = I::static_extents[a];
        if (a != Axis && !is_dynamic(s) && !is_dynamic(i) && i > s) return false;
    }
    return true;
}

template <class I>
inline constexpr bool counts_positions = std::is_integral_v<I> && !std::is_same_v<I, bool>;
template <class V>
[[noreturn]] void throw_index(char const* what, V index, std::size_t axis, std::size_t extent) {
    throw index_error(text_of({what, ": index ", index, " is outside axis ", axis, ", whose extent is ", extent}));
}
}  // namespace detail

/// The operand's parts at positions along an axis.
template <std::size_t Axis, class A, class I>
class index_select_node
    : public expression_base<index_select_node<Axis, A, I>, value_t<A>,
                             typename detail::index_select_extents<Axis, shape_t<A>, shape_t<I>>::type> {
public:
    using extents = detail::index_select_extents<Axis, shape_t<A>, shape_t<I>>;
    using shape_type = typename extents::type;
    using device = device_of_nodes<A, I>;
    constexpr index_select_node(A a, I i)
        : operand(std::move(a)), indices(std::move(i)), shape_(extents::joined(operand.shape(), indices.shape())) {}
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = "gather", *kind = "gather";
    static constexpr read_as read[2] = {read_as::memory, read_as::indices};
    constexpr auto operands() const { return references(operand, indices); }
    A operand;
    I indices;

private:
    [[no_unique_address]] shape_type shape_;
};

/// One element of the operand for each index.
template <std::size_t Axis, class A, class I>
class gather_node : public expression_base<gather_node<Axis, A, I>, value_t<A>, shape_t<I>> {
public:
    using device = device_of_nodes<A, I>;
    constexpr gather_node(A a, I i) : operand(std::move(a)), indices(std::move(i)) {
        auto const s = operand.shape();
        auto const n = indices.shape();
        for (std::size_t k = 0; k < shape_t<A>::rank(); ++k)
            if (k != Axis && n[k] > s[k]) throw_shapes("gather", to_string(s), to_string(n));
    }
    constexpr auto shape() const { return indices.shape(); }
    static constexpr char const *name = "gather", *kind = "gather";
    static constexpr read_as read[2] = {read_as::memory, read_as::indices};
    constexpr auto operands() const { return references(operand, indices); }
    A operand;
    I indices;
};

/// The positions (p − by) mod n for p = 0, 1, …, n − 1.
template <std::size_t E>
class roll_positions : public expression_base<roll_positions<E>, std::int64_t, tenon::shape<E>> {
public:
    using device = anywhere;
    constexpr roll_positions(std::size_t extent, std::ptrdiff_t by) {
        shape_ = tenon::shape<E>(std::array{extent});
        auto const n = static_cast<std::ptrdiff_t>(extent);
        if (n != 0) first_ = static_cast<std::size_t>(((-(by % n)) % n + n) % n);
    }
    constexpr tenon::shape<E> shape() const { return shape_; }
    static constexpr char const *name = "roll_positions", *kind = "elementwise";
    static constexpr tuple<> operands() { return {}; }

    static constexpr bool is_generated = true;
    static constexpr std::uint64_t random_blocks() { return 0; }
    struct rule_type {
        std::size_t first, extent;
        template <class Index, std::size_t N>
        TENON_LANE void fill(Index, Index column, std::int64_t (&to)[N]) const {
            for (std::size_t l = 0; l < N; ++l) to[l] = static_cast<std::int64_t>((first + column + l) % extent);
        }
    };
    template <class Blocks>
    constexpr rule_type rule(Blocks const&) const {
        return {first_, shape_[0]};
    }

private:
    [[no_unique_address]] tenon::shape<E> shape_{};
    std::size_t first_ = 0;
};

/// The parts of x at the positions idx along an axis, in their order and as often as they are named; gradients of a part
/// that is named several times add up. Indices of several axes take the place of the axis, as x[:, idx]. A row for each
/// index, `index_select<0>(table, idx)`, is an embedding.
/// @param idx elements of any integer type, from 0 on; @throws index_error when evaluated with another index;
/// torch.index_select
template <std::ptrdiff_t Axis, expression A, expression I>
constexpr auto index_select(A&& x, I&& idx) {
    static_assert(shape_t<I>::rank() > 0, "index_select: indices need an axis; for a single position there is select");
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"index_select", value_t<I>>{};
    else if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>)
        return squeeze<0>(index_select<0>(unsqueeze<0>(as_node(std::forward<A>(x))), std::forward<I>(idx)));
    else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"index_select", shape_t<A>, Axis>{};
    else
        return index_select_node<axis_of(Axis, shape_t<A>::rank()), node_t<A>, node_t<I>>(
            as_node(std::forward<A>(x)), as_node(std::forward<I>(idx)));
}

/// y(…, p, …) = x(…, idx(…, p, …), …), where the index counts along an axis; y has the shape of idx, whose other extents are
/// at most those of x. Gradients of an element that is named several times add up. Compile error `cannot_gather`.
/// @param idx elements of any integer type, from 0 on; @throws index_error when evaluated with another index; torch.gather
template <std::ptrdiff_t Axis, expression A, expression I>
constexpr auto gather(A&& x, I&& idx) {
    constexpr std::size_t axis = axis_of(Axis, shape_t<A>::rank());
    if constexpr (!detail::counts_positions<value_t<I>>) return indices_are_integers<"gather", value_t<I>>{};
    else if constexpr (detail::axis_of_one<shape_t<A>::rank(), Axis>) {
        auto one = unsqueeze<0>(as_node(std::forward<A>(x)));
        if constexpr (shape_t<I>::rank() == 0)
            return select<0>(gather<0>(std::move(one), unsqueeze<0>(as_node(std::forward<I>(idx)))), 0);
        else return gather<0>(std::move(one), std::forward<I>(idx));
    } else if constexpr (!detail::axes_fit<shape_t<A>::rank(), Axis>)
        return detail::wrong_axes<"gather", shape_t<A>, Axis>{};
    else if constexpr (!detail::may_gather<axis, shape_t<A>, shape_t<I>>())
        return cannot_gather<axis, shape_t<A>, shape_t<I>>{};
    else return gather_node<axis, node_t<A>, node_t<I>>(as_node(std::forward<A>(x)), as_node(std::forward<I>(idx)));
}

/// The elements moved n places on along an axis; what leaves at the end comes in at the start. Without an axis, the
/// elements in row-major order. n may be negative; torch.roll.
template <std::ptrdiff_t... Axis, expression A>
constexpr auto roll(A&& x, std::ptrdiff_t n) {
    static_assert(sizeof...(Axis) <= 1, "roll: takes one axis, or none");
    using s = shape_t<A>;
    auto const extents = x.shape();
    if constexpr (!detail::axes_fit<s::rank(), Axis...>) return detail::wrong_axes<"roll", s, Axis...>{};
    else if constexpr (sizeof...(Axis) == 1) {
        constexpr std::size_t axis = (axis_of(Axis, s::rank()) + ...);
        return index_select<static_cast<std::ptrdiff_t>(axis)>(
            std::forward<A>(x), roll_positions<s::static_extents[axis]>(extents[axis], n));
    } else return detail::reshape_to(roll<0>(flatten(std::forward<A>(x)), n), extents);
}

}  // namespace tenon::inline TENON_TARGET
