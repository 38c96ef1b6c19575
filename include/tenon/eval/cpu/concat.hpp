// Tensors one after another on the processor: every operand's region is computed straight into its place.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/map.hpp>
#include <tenon/expr/concat.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class... A, bool Grad>
struct tape<concat_node<Axis, A...>, Grad>
    : in_memory<tape<concat_node<Axis, A...>, Grad>, typename concat_node<Axis, A...>::value_type,
                typename concat_node<Axis, A...>::shape_type,
                (tape<A, Grad && differentiates<concat_node<Axis, A...>, A>>::differentiable || ...)> {
    using node = concat_node<Axis, A...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    static constexpr bool differentiable = tape::in_memory::differentiable;
    static constexpr std::size_t rank = Shape::rank();

    explicit constexpr tape(node const& n) : shape_(n.shape()), operands_(n.operands()) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        std::size_t const n = shape_.size();
        values_.reserve(n);
        std::size_t first = 0;
        unroll<sizeof...(A)>([&](auto i) {
            auto& t = get<i>(operands_);
            t.forward();
            if constexpr (Axis == 0) evaluate_region(t, values_.data() + first, t.shape());
            else {
                auto rows = rows_of(t.shape(), first);
                for_each_row(t.shape(), [&](auto const& outer) TENON_LAMBDA_INLINE {
                    T* const to = values_.data() + rows.next();
                    auto r = t.row(outer);
                    for_each_pack_of<std::remove_reference_t<decltype(t)>>(
                        rows.length, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                            element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                        });
                });
            }
            first += block(t.shape());
        });
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }
    constexpr void finish() {
        std::size_t first = 0;
        unroll<sizeof...(A)>([&](auto i) {
            auto& t = get<i>(operands_);
            using child = std::remove_reference_t<decltype(t)>;
            if constexpr (child::differentiable) {
                auto rows = rows_of(t.shape(), first);
                backward_region(t, [&](auto const&) TENON_LAMBDA_INLINE {
                    return seed_row<typename child::value_type>{std::as_const(gradients_).data() + rows.next()};
                });
                t.finish();
            }
            first += block(t.shape());
        });
    }

private:
    /// The gradient that a row of an operand receives.
    template <class U>
    struct seed_row {
        T const* p;
        template <std::size_t N, class R>
        TENON_INLINE constexpr auto load(std::size_t j, R const&) const {
            return math::convert<U>(element::load_lanes<N>(p + j));
        }
    };
    /// Where an operand's rows lie, one after another and with a gap after each block.
    struct place {
        std::size_t length, rows, gap, at, left;
        TENON_INLINE constexpr std::size_t next() {
            std::size_t const here = at;
            at += length;
            if (--left == 0) {
                left = rows;
                at += gap;
            }
            return here;
        }
    };
    /// The elements that lie together: those of the axis and the axes after it.
    template <class S>
    static constexpr std::size_t block(S const& s) {
        std::size_t n = 1;
        for (std::size_t a = Axis; a < rank; ++a) n *= s[a];
        return n;
    }
    template <class S>
    constexpr place rows_of(S const& s, std::size_t first) const {
        std::size_t rows = 1;
        for (std::size_t a = Axis; a + 1 < rank; ++a) rows *= s[a];
        return {s[rank - 1], rows, block(shape_) - block(s), first, rows};
    }

    [[no_unique_address]] Shape shape_;
    tapes<tape<A, Grad && differentiates<node, A>>...> operands_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
