// Elementwise regions on the processor: values and slopes in registers, operand by operand.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/leaf.hpp>
#include <tenon/eval/cpu/operand_row.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class V, class... R>
struct map_registers {
    V value;
    tuple<R...> operands;
};

/// A row of an operand of an elementwise operator.
/// @tparam T the operand's element type, which its gradient has
/// @tparam Computed what the operator wants its elements converted to
template <std::size_t I, class Row, bool Differentiable, class T, class Computed>
struct map_operand_row {
    static constexpr std::size_t number = I;
    static constexpr bool differentiable = Differentiable;
    using value_type = T;
    using row_type = Row;
    template <std::size_t N>
    using registers = decltype(std::declval<Row const&>().template load<N>(0));
    template <class Op, class R>
    TENON_INLINE static constexpr auto lanes(R const& r) {
        return tenon::detail::operand_lanes<Op, Computed>(r.value);
    }
    Row row;
};

/// A row of an elementwise operator's values. Its type has no shape in it: regions of all shapes share their loops.
/// @tparam Operand a `map_operand_row` for each operand
template <class Op, class... Operand>
struct map_row : Operand... {
    [[no_unique_address]] Op op;

    template <std::size_t N>
    TENON_INLINE constexpr auto load(std::size_t j) const {
        return evaluate(Operand::row.template load<N>(j)...);
    }
    /// The same with a value that is known: functions such as exp are not computed again for slopes that are made from their
    /// values: backward through 64-128-128-10 with tanh, batch 64, takes 132 µs on Zen 3, and 147 µs when it is.
    template <std::size_t N, class V>
        requires std::is_base_of_v<op::floating, Op>
    TENON_INLINE constexpr auto load_known(std::size_t j, V const& y) const {
        return map_registers<V, typename Operand::template registers<N>...>{y, {{Operand::row.template load<N>(j)}...}};
    }
    template <std::size_t N, class V, class... Regs, class G>
    TENON_INLINE constexpr void adjoint(std::size_t j, map_registers<V, Regs...> const& r, G const& g) {
        // Slopes are computed one by one where the operator has them so, and all at once where it has only that.
        if constexpr (requires { op.slopes(Operand::template lanes<Op>(operand<Operand, Regs>(r))...); }) {
            auto const all = op.slopes(Operand::template lanes<Op>(operand<Operand, Regs>(r))...);
            (send<Operand, N>(j, operand<Operand, Regs>(r), all.tangent[Operand::number], g), ...);
        } else
            (pass<Operand, N>(j, operand<Operand, Regs>(r), g, r.value,
                              Operand::template lanes<Op>(operand<Operand, Regs>(r))...),
             ...);
    }
    TENON_INLINE constexpr void close() { (Operand::row.close(), ...); }
    TENON_INLINE constexpr void advance(map_row const& first, map_row const& second, std::size_t n)
        requires(is_strided_row<typename Operand::row_type> && ...)
    {
        (Operand::row.advance(first.Operand::row, second.Operand::row, n), ...);
    }

private:
    template <class O, class Regs, class V, class... All>
    TENON_INLINE static constexpr Regs const& operand(map_registers<V, All...> const& r) {
        return static_cast<tuple_element_of<O::number, Regs> const&>(r.operands).value;
    }
    template <class... Regs>
    TENON_INLINE constexpr auto evaluate(Regs const&... r) const {
        auto const v = apply_op(op, Operand::template lanes<Op>(r)...);
        return map_registers<std::remove_cvref_t<decltype(v)>, Regs...>{v, {{r}...}};
    }
    /// Sends the gradient of an operand down. A function of a slope that is 0 is not called.
    template <class O, std::size_t N, class Regs, class G, class Y, class... V>
    TENON_INLINE constexpr void pass(std::size_t j, Regs const& r, G const& g, Y const& y, V const&... v) {
        if constexpr (!O::differentiable) return;
        else if constexpr (requires { op.template backward<O::number>(g, y, v...); })
            O::row.template adjoint<N>(
                j, r, math::convert<typename O::value_type>(op.template backward<O::number>(g, y, v...)));
        else send<O, N>(j, r, op.template slope<O::number>(y, v...), g);
    }
    template <class O, std::size_t N, class Regs, class S, class G>
    TENON_INLINE constexpr void send(std::size_t j, Regs const& r, S const& s, G const& g) {
        if constexpr (O::differentiable && !std::is_same_v<S, slope_zero>)
            O::row.template adjoint<N>(j, r, math::convert<typename O::value_type>(tenon::detail::times_slope(g, s)));
    }
};

/// @tparam Passes whether gradients come through: what is below an operator without slope is evaluated as if none were wanted
template <class Node, bool Passes, class Indices>
struct elementwise_tape;
template <class Op, class... A, bool Passes, std::size_t... I>
struct elementwise_tape<map_node<Op, A...>, Passes, std::index_sequence<I...>>
    : region_operand<I, tape<A, Passes>, typename map_node<Op, A...>::shape_type>... {
    using node = map_node<Op, A...>;
    using value_type = typename node::value_type;
    using shape_type = typename node::shape_type;
    using types = typename node::types;
    static constexpr bool is_addressable = false;
    static constexpr bool has_strided_rows = (eval::has_strided_rows<tape<A, Passes>> && ...);
    static constexpr bool reads_columns = (eval::reads_columns<tape<A, Passes>> || ...);
    static constexpr bool differentiable = (tape<A, Passes>::differentiable || ...);
    static constexpr std::size_t widest = std::max({lane_bytes<value_type>, tape<A, Passes>::widest...});
    static constexpr std::size_t wide = TENON_VECTOR_BYTES / widest;
    /// Whether the rows of an operand may be computed when they are read: each serves one row of the region.
    template <class Operand>
    static constexpr bool by_rows =
        forwards_by_rows<tape<Operand, Passes>> && has_same_rows<shape_t<Operand>, shape_type>;
    template <class Region>
    static constexpr bool is_flat = ((static_size<shape_t<A>> == 1 || (std::is_same_v<shape_t<A>, Region> &&
                                                                       tape<A, Passes>::template is_flat<Region>)) &&
                                     ...);

    /// How many of the last axes go as one row.
    static constexpr std::size_t joined_axes =
        std::min({shape_type::rank(), joined_axes_of<tape<A, Passes>, shape_type>...});

    explicit constexpr elementwise_tape(node const& n) : operand<I, A>(tenon::get<I>(n.operands()))..., node_(&n) {}
    constexpr auto shape() const { return node_->shape(); }

    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        return map_row<Op, row_of_operand<I, A, R>...>{
            {operand_row<shape_type, wide>(operand<I, A>::tape, outer, operand<I, A>::sums)}..., node_->operation};
    }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return (operand<I, A>::tape.overlaps(begin, end,
                                             aligned && (by_rows<A> || std::is_same_v<shape_t<A>, shape_type>)) ||
                ...);
    }
    constexpr void forward() { (operand<I, A>::forward(shape()), ...); }
    constexpr void forward_by_rows()
        requires(by_rows<A> || ...)
    {
        (forward_operand<I, A>(), ...);
    }
    constexpr bool computes_rows() const { return (eval::computes_rows(operand<I, A>::tape) || ...); }
    constexpr void finish() { (operand<I, A>::finish(), ...); }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        (describe_operand<A>(n, tenon::get<I>(n.operands()), p), ...);
        p.fuses(Op::name, (std::size_t{tape<A, Passes>::differentiable} + ... + 0));
    }

private:
    template <std::size_t K, class Operand>
    using operand = region_operand<K, tape<Operand, Passes>, shape_type>;

    template <std::size_t K, class Operand, std::size_t R>
    using row_of_operand =
        map_operand_row<K,
                        decltype(operand_row<shape_type, wide>(
                            std::declval<tape<Operand, Passes>&>(), std::declval<position<R> const&>(),
                            std::declval<gradient_of_served<tape<Operand, Passes>, shape_type>&>())),
                        tape<Operand, Passes>::differentiable, value_t<Operand>, typename types::template operand<K>>;
    template <std::size_t K, class Operand>
    constexpr void forward_operand() {
        if constexpr (by_rows<Operand>) operand<K, Operand>::tape.forward_by_rows();
        else operand<K, Operand>::tape.forward();
    }
    template <class Operand, class Plan>
    static void describe_operand(node const& n, Operand const& o, Plan& p) {
        using child = tape<Operand, Passes>;
        p.template streams<child>(o, serves_row<shape_t<Operand>, shape_type> ? row_length(n.shape()) : 1, Plan::all,
                                  p.by_rows() && by_rows<Operand>);
        using sums = served_gradient<child, shape_type>;
        if constexpr (sums::is_needed) sums::describe(o.shape().size(), p);
    }

    node const* node_;
};

template <class Op, class... A, bool Grad>
struct tape<map_node<Op, A...>, Grad>
    : elementwise_tape<map_node<Op, A...>, Grad && propagates_gradient<map_node<Op, A...>>,
                       std::index_sequence_for<A...>> {
    using tape::elementwise_tape::elementwise_tape;
};

}  // namespace tenon::inline TENON_TARGET::eval
