// Elementwise regions on the device: the whole region is one reader, whose operands are readers.
#pragma once

#include <algorithm>

#include <tenon/eval/common/tape.hpp>
#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How the elements of an operand that is broadcast lie beside N neighbours of the region: as N neighbours, as one element
/// that serves all, or anywhere.
enum class broadcast_run { neighbours, one, scattered };

template <class Region, class Operand, std::size_t N>
inline constexpr broadcast_run run_of = [] {
    std::size_t const inner = inner_extent<Region>;
    bool const whole = !is_dynamic(inner) && inner % N == 0;
    if (N == 1 || static_size<Operand> == 1 || (whole && inner_extent<Operand> == 1)) return broadcast_run::one;
    return whole ? broadcast_run::neighbours : broadcast_run::scattered;
}();

/// Whether an operand has the region's elements in the region's order.
template <class Region, class Operand>
inline constexpr bool same_elements = [] {
    bool same = Region::rank() == Operand::rank();
    for (std::size_t a = 0; same && a != Region::rank(); ++a) {
        std::size_t const wanted = Region::static_extents[a], own = Operand::static_extents[a];
        same = own != 1 || wanted == 1;
    }
    return same;
}();

/// The index in an operand of the element that serves a region's element: aligned at the last axis, 0 along axes of extent 1.
template <class Region, class Operand, class Index>
TENON_INLINE TENON_HOST_DEVICE constexpr Index operand_index(Region const& s, Index i) {
    if constexpr (static_size<Operand> == 1) return 0;
    else {
        constexpr std::size_t missing = Region::rank() - Operand::rank();
        Index at = 0, stride = 1;
        split_index<Region::rank()>(s, i, [&](auto axis, Index position, Index extent) TENON_LAMBDA_INLINE {
            if constexpr (axis >= missing) {
                if constexpr (Operand::static_extents[axis - missing] != 1) {
                    at += position * stride;
                    stride *= extent;
                }
            }
        });
        return at;
    }
}

/// An operand with fewer elements than the region. In backward a thread sums what belongs to one element for as long as it
/// meets that element, and sends the sum on; a single element's sums are joined by the warp first.
template <class Child, class Region, class Operand, std::size_t W>
struct broadcast_reader : reader_base<typename Child::value_type> {
    static constexpr bool differentiable = Child::differentiable;
    using T = typename Child::value_type;
    using lane = lane_t<T, 1>;
    using index = index_of<Region>;
    static constexpr std::size_t summed = run_of<Region, Operand, W> == broadcast_run::neighbours ? W : 1;
    struct nothing {};
    struct running_sum {
        lanes<lane, summed> sum;
        index at;
        bool any;
    };

    Child child;
    Region shape;
    std::conditional_t<differentiable, running_sum, nothing> running;

    TENON_HOST_DEVICE broadcast_reader(Child c, Region s) : child(c), shape(s), running{} {}

    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        if constexpr (run_of<Region, Operand, N> == broadcast_run::neighbours)
            return child.template load<N>(operand_index<Region, Operand>(shape, i));
        else {
            lane_registers<typename Child::lane, N> r;
            if constexpr (run_of<Region, Operand, N> == broadcast_run::one) {
                auto const one =
                    convert_lane<T>(child.template load<1>(operand_index<Region, Operand>(shape, i)).value.at[0]);
                for (std::size_t k = 0; k < N; ++k) r.value.at[k] = one;
            } else
                for (std::size_t k = 0; k < N; ++k)
                    r.value.at[k] = convert_lane<T>(
                        child.template load<1>(operand_index<Region, Operand>(shape, static_cast<Index>(i + k)))
                            .value.at[0]);
            return r;
        }
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const&, lanes<V, N> const& g) {
        if constexpr (differentiable) {
            constexpr broadcast_run run = run_of<Region, Operand, N>;
            if constexpr (run == broadcast_run::neighbours) take(operand_index<Region, Operand>(shape, i), g);
            else if constexpr (run == broadcast_run::one) {
                lanes<V, 1> all{{g.at[0]}};
                for (std::size_t k = 1; k < N; ++k) all.at[0] = all.at[0] + g.at[k];
                take(operand_index<Region, Operand>(shape, i), all);
            } else
                for (std::size_t k = 0; k < N; ++k)
                    take(operand_index<Region, Operand>(shape, static_cast<Index>(i + k)), lanes<V, 1>{{g.at[k]}});
        }
    }
    TENON_INLINE __device__ void close() {
        if constexpr (differentiable) {
            if constexpr (static_size<Operand> == 1) {
                lanes<lane, 1> all{{running.any ? running.sum.at[0] : lane(0)}};
                all.at[0] = kernels::join_warp([](lane a, lane b) { return a + b; }, all.at[0]);
                if (threadIdx.x % kernels::warp_size == 0) send(index{0}, all);
            } else flush();
            child.close();
        }
    }

private:
    template <class Index, class V, std::size_t N>
    TENON_INLINE __device__ void take(Index at, lanes<V, N> const& g) {
        if constexpr (N != summed) send(at, g);  // the few elements after the last whole pack
        else if (running.any && running.at == static_cast<index>(at)) {
            for (std::size_t k = 0; k < N; ++k) running.sum.at[k] = running.sum.at[k] + g.at[k];
        } else {
            flush();
            running = {g, static_cast<index>(at), true};
        }
    }
    TENON_INLINE __device__ void flush() {
        if (running.any) send(running.at, running.sum);
        running.any = false;
    }
    template <class Index, std::size_t N>
    TENON_INLINE __device__ void send(Index at, lanes<lane, N> const& g) {
        child.template adjoint<N>(at, child.template load<N>(at), g);
    }
};

template <class Reader>
inline constexpr bool is_number = false;
template <class T>
inline constexpr bool is_number<number_reader<T>> = true;

/// What an operator's operands are converted to.
template <class... T>
struct operand_types {};

/// The value of an operator with those of its operands.
template <class V, std::size_t N, class... R>
struct map_lanes {
    lanes<V, N> value;
    tuple<R...> operands;
};

/// @tparam Readers a tuple of the operands' readers
template <class Result, class Op, class Types, class Readers>
struct map_reader;

template <class Result, class Op, class... T, std::size_t... I, class... Reader>
struct map_reader<Result, Op, operand_types<T...>, tuple_of<std::index_sequence<I...>, Reader...>>
    : reader_base<Result> {
    static constexpr bool differentiable = (Reader::differentiable || ...);
    Op op;
    tuple<Reader...> readers;

    TENON_HOST_DEVICE map_reader(Op o, Reader... r) : op(o), readers{{r}...} {}

    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        return evaluated<N>(tenon::get<I>(readers).template load<N>(i)...);
    }
    template <std::size_t N, class Index, class R, class G>
    TENON_INLINE __device__ void adjoint(Index i, R const& r, lanes<G, N> const& g) {
        if constexpr (differentiable) (send<I>(tenon::get<I>(readers), i, r, g), ...);
    }
    TENON_INLINE __device__ void close() { (tenon::get<I>(readers).close(), ...); }

private:
    template <std::size_t N, class... R>
    TENON_INLINE __device__ auto evaluated(R const&... r) const {
        auto const first = apply_op(op, tenon::detail::operand_lanes<Op, T>(r.value.at[0])...);
        map_lanes<std::remove_const_t<decltype(first)>, N, R...> all{{}, {{r}...}};
        all.value.at[0] = first;
        for (std::size_t k = 1; k < N; ++k)
            all.value.at[k] = apply_op(op, tenon::detail::operand_lanes<Op, T>(r.value.at[k])...);
        return all;
    }
    /// g ∂value/∂operand J for one lane.
    template <std::size_t J, class G, class Y, class... V>
    TENON_INLINE __device__ auto gradient(G const& g, Y const& y, V const&... v) const {
        if constexpr (requires { op.slopes(v...); }) return tenon::detail::times_slope(g, op.slopes(v...).tangent[J]);
        else return tenon::detail::operand_gradient<J>(op, g, y, v...);
    }
    template <std::size_t J, class Child, std::size_t N, class Index, class R, class G>
    TENON_INLINE __device__ void send(Child& child, Index i, R const& r, lanes<G, N> const& g) {
        if constexpr (Child::differentiable) {
            using type = typename Child::value_type;
            // Zeros are sent too: whoever stores a gradient may rely on getting all of it.
            lanes<lane_t<type, 1>, N> sent;
            for (std::size_t k = 0; k < N; ++k)
                sent.at[k] = math::convert<type>(
                    gradient<J>(g.at[k], r.value.at[k],
                                tenon::detail::operand_lanes<Op, T>(tenon::get<I>(r.operands).value.at[k])...));
            child.template adjoint<N>(i, tenon::get<J>(r.operands), sent);
        }
    }
};

/// The tape of an elementwise node that no library call and no convolution makes (elementwise.hpp).
template <class Node, bool Grad, class Indices = std::make_index_sequence<operand_count<Node>>>
struct map_tape;
template <class Op, class... A, bool Grad, std::size_t... I>
struct map_tape<map_node<Op, A...>, Grad, std::index_sequence<I...>> {
    using node = map_node<Op, A...>;
    using value_type = typename node::value_type;
    using shape_type = typename node::shape_type;
    static constexpr bool is_addressable = false;
    static constexpr bool propagates = Grad && propagates_gradient<node>;
    static constexpr bool differentiable = (device_tape<A, propagates>::differentiable || ...);
    static constexpr std::size_t widest = std::max({sizeof(value_type), device_tape<A, propagates>::widest...});

    explicit map_tape(node const& n) : node_(&n), operands_(n.operands()) {}
    auto shape() const { return node_->shape(); }

    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        return make_reader(operand_types<typename node::types::template operand<I>...>{},
                           operand_reader<W, operand_pass<A, Pass>>(get<I>(operands_), list)...);
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        (prepare_operand<operand_pass<A, Pass>>(get<I>(operands_), list), ...);
    }
    bool overlaps(void const* begin, void const* end, bool aligned) {
        return (get<I>(operands_).overlaps(begin, end, aligned && same_elements<shape_type, shape_t<A>>) || ...);
    }
    void forward() { operands_.forward(); }
    void finish() { operands_.finish(); }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        (p.template streams<device_tape<A, propagates>>(tenon::get<I>(n.operands())), ...);
        p.fuses(Op::name, (std::size_t{device_tape<A, propagates>::differentiable} + ... + 0));
    }

private:
    template <class Operand, pass Pass>
    static constexpr pass operand_pass = Pass == pass::forward                         ? pass::forward
                                         : same_elements<shape_type, shape_t<Operand>> ? Pass
                                                                                       : pass::scatter;
    template <pass Pass, class Tape>
    static void prepare_operand(Tape& t, gradient_list& list) {
        if constexpr (Tape::differentiable) t.template prepare<Pass>(list);
    }
    template <std::size_t W, pass Pass, class Tape>
    auto operand_reader(Tape& t, gradient_list const* list) const {
        using operand = typename Tape::shape_type;
        auto const r = t.template reader<W, Pass>(list);
        if constexpr (same_elements<shape_type, operand> || is_number<std::remove_const_t<decltype(r)>>) return r;
        else return broadcast_reader<std::remove_const_t<decltype(r)>, shape_type, operand, W>(r, shape());
    }
    template <class... T, class... Reader>
    auto make_reader(operand_types<T...>, Reader... r) const {
        return map_reader<value_type, Op, operand_types<T...>, tuple<Reader...>>(node_->operation, r...);
    }

    node const* node_;
    tapes<device_tape<A, propagates>...> operands_;
};

}  // namespace tenon::inline TENON_TARGET::eval
