// argmax on the processor: one pass over the operand's elements.
#pragma once

#include <tenon/eval/cpu/leaf.hpp>
#include <tenon/expr/argmax.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <bool Least, std::size_t Axis, bool Keep, class A, bool Grad>
struct tape<argmax_node<Least, Axis, Keep, A>, Grad>
    : in_memory<tape<argmax_node<Least, Axis, Keep, A>, Grad>, std::int64_t, typename argmax_node<Least, Axis, Keep, A>::shape_type, false> {
    using node = argmax_node<Least, Axis, Keep, A>;
    using Shape = typename node::shape_type;
    using T = value_t<A>;
    static constexpr std::size_t rank = shape_t<A>::rank();

    explicit constexpr tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr std::int64_t const* data() const { return indices_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {
        operand_.forward();
        std::size_t const n = shape_.size();
        indices_.reserve(n);
        buffer<T, static_size<Shape>> best;
        best.reserve(n);
        for (std::size_t i = 0; i != n; ++i) {
            indices_.data()[i] = -1;
            best.data()[i] = T();
        }
        auto const s = operand_.shape();
        std::size_t after = 1;
        for (std::size_t a = Axis + 1; a < rank; ++a) after *= s[a];
        std::size_t const along = Axis == rank ? s.size() : s[Axis == rank ? 0 : Axis];
        std::size_t k = 0;
        for_each_row(s, [&](auto const& outer) {
            auto r = operand_.row(outer);
            for (std::size_t j = 0; j != row_length(s); ++j, ++k) {
                // The k-th element in row-major order belongs to result o and has position i along the axis.
                std::size_t const o = Axis == rank ? 0 : k / (after * along) * after + k % after;
                std::size_t const i = Axis == rank ? k : k / after % along;
                T const x = element::element_of<T>(convert_lane<T>(r.template load<1>(j).value));
                T& y = best.data()[o];
                if (indices_.data()[o] < 0 || (y == y && (beats(x, y) || x != x))) {
                    y = x;
                    indices_.data()[o] = static_cast<std::int64_t>(i);
                }
            }
        });
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.operand.shape().size();
        p.template kernel<tape>(n, {.kind = "reduction", .name = Least ? "argmin" : "argmax", .operations = elements}, [&] {
            p.template streams<tape<A, false>>(n.operand);
            p.template scratch<buffer<T, static_size<Shape>>>(n.shape().size());
        });
    }

private:
    static constexpr bool beats(T const& x, T const& y) {
        if constexpr (Least) return static_cast<bool>(x < y);
        else return static_cast<bool>(x > y);
    }
    [[no_unique_address]] Shape shape_;
    tape<A, false> operand_;
    buffer<std::int64_t, static_size<Shape>> indices_;
};

}  // namespace tenon::inline TENON_TARGET::eval
