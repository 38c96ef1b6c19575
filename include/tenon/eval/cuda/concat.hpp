// Tensors one after another on the device: a region of which each element is computed by one of the operands.
#pragma once

#include <algorithm>

#include <tenon/eval/cuda/map.hpp>
#include <tenon/expr/concat.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Reads each element from the operand that has it.
template <class T, class Index, class... Reader>
struct concat_reader : reader_base<T> {
    static constexpr bool differentiable = (Reader::differentiable || ...);
    static constexpr std::size_t count = sizeof...(Reader);
    tuple<Reader...> readers;
    Index extents[count];  ///< of the operands along the axis
    Index after;           ///< elements of one position along the axis

    template <std::size_t N, class I>
    TENON_INLINE __device__ auto load(I i) const {
        lane_registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k)
            at_operand<0>(place_of(static_cast<Index>(i + k)), [&](auto j, Index at) TENON_LAMBDA_INLINE {
                r.value.at[k] = math::convert<T>(tenon::get<j>(readers).template load<1>(at).value.at[0]);
            });
        return r;
    }
    template <std::size_t N, class I, class R, class V>
    TENON_INLINE __device__ void adjoint(I i, R const&, lanes<V, N> const& g) {
        if constexpr (differentiable)
            for (std::size_t k = 0; k < N; ++k)
                at_operand<0>(place_of(static_cast<Index>(i + k)), [&](auto j, Index at) TENON_LAMBDA_INLINE {
                    using child = nth<j, Reader...>;
                    if constexpr (child::differentiable) {
                        using type = typename child::value_type;
                        auto& reader = tenon::get<j>(readers);
                        lanes<lane_t<type, 1>, 1> const sent{{math::convert<type>(g.at[k])}};
                        reader.template adjoint<1>(at, reader.template load<1>(at), sent);
                    }
                });
    }
    TENON_INLINE __device__ void close() {
        [&]<std::size_t... J>(std::index_sequence<J...>)
            TENON_LAMBDA_INLINE { (tenon::get<J>(readers).close(), ...); }(std::index_sequence_for<Reader...>{});
    }

private:
    struct place {
        Index outer, position, inner;
    };
    TENON_INLINE __device__ place place_of(Index i) const {
        Index whole = 0;
        for (std::size_t j = 0; j < count; ++j) whole += extents[j];
        return {i / (whole * after), i / after % whole, i % after};
    }
    /// Calls f(number of the operand, index in it).
    template <std::size_t J, class F>
    TENON_INLINE __device__ void at_operand(place p, F const& f) const {
        if constexpr (J + 1 != count)
            if (p.position >= extents[J]) {
                p.position -= extents[J];
                return at_operand<J + 1>(p, f);
            }
        f(std::integral_constant<std::size_t, J>{}, (p.outer * extents[J] + p.position) * after + p.inner);
    }
};

template <std::size_t Axis, class... A, bool Grad>
struct device_tape<concat_node<Axis, A...>, Grad> {
    using node = concat_node<Axis, A...>;
    using value_type = value_t<node>;
    using shape_type = shape_t<node>;
    static constexpr bool is_addressable = false;
    template <class Operand>
    using operand = device_tape<Operand, Grad && differentiates<node, Operand>>;
    static constexpr bool differentiable = (operand<A>::differentiable || ...);
    static constexpr std::size_t widest = std::max({sizeof(value_type), operand<A>::widest...});

    explicit device_tape(node const& n) : node_(&n), operands_(n.operands()) {}
    auto shape() const { return node_->shape(); }

    template <std::size_t, pass Pass>
    auto reader(gradient_list const* list) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            using index = index_of<shape_type>;
            auto const make = [&](auto... r) {
                return concat_reader<value_type, index, decltype(r)...>{
                    {},
                    {{r}...},
                    {static_cast<index>(get<I>(operands_).shape()[Axis])...},
                    static_cast<index>(around_axis<Axis>(shape()).after)};
            };
            return make(get<I>(operands_).template reader<1, Pass>(list)...);
        }(std::index_sequence_for<A...>{});
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        unroll<sizeof...(A)>([&](auto i) {
            if constexpr (operand<nth<i, A...>>::differentiable) get<i>(operands_).template prepare<Pass>(list);
        });
    }
    bool overlaps(void const* begin, void const* end, bool) { return operands_.overlaps(begin, end, false); }
    void forward() { operands_.forward(); }
    void finish() { operands_.finish(); }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        for_each_operand(n, [&]<class B>(B const& a) { p.template streams<operand<B>>(a); });
        p.fuses("concat", differentiable);
    }

private:
    node const* node_;
    tapes<operand<A>...> operands_;
};

}  // namespace tenon::inline TENON_TARGET::eval
