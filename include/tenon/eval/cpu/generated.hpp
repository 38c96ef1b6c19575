// What is computed from positions, on the processor: in registers, row by row.
#pragma once

#include <tenon/eval/cpu/tape.hpp>
#include <tenon/expr/generated.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Blocks of a generator's numbers: where it stood when the evaluation began.
struct drawn_blocks {
    std::uint64_t key = 0, next = 0;
    constexpr drawn_blocks const& begin() const { return *this; }
    /// Those that one evaluation takes.
    static constexpr drawn_blocks draw(generator& gen, std::uint64_t count) {
        return {gen.seed(), count == 0 ? 0 : gen.advance(count)};
    }
};

template <generated Node, bool Grad>
struct tape<Node, Grad> {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = lane_bytes<value_type>;
    template <class>
    static constexpr bool is_flat = false;

    explicit constexpr tape(Node const& n) : node_(&n) {}
    constexpr auto shape() const { return node_->shape(); }

    struct row_type {
        decltype(std::declval<Node const&>().rule(drawn_blocks{})) rule;
        std::size_t number;

        template <std::size_t N>
        TENON_INLINE constexpr registers<lane_t<value_type, N>> load(std::size_t j) const {
            value_type values[N] = {};
            rule.fill(number, j, values);
            return {element::load_lanes<N>(values)};
        }
        template <std::size_t N, class R, class V>
        TENON_INLINE constexpr void adjoint(std::size_t, R const&, V const&) const {}
        TENON_INLINE constexpr void close() const {}
    };
    template <std::size_t R>
    TENON_INLINE constexpr row_type row(position<R> const& outer) const {
        return {node_->rule(blocks_), row_number(shape(), outer)};
    }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {
        if constexpr (requires { node_->gen; }) blocks_ = drawn_blocks::draw(*node_->gen, node_->random_blocks());
    }
    constexpr void finish() {}

private:
    Node const* node_;
    drawn_blocks blocks_{};
};

}  // namespace tenon::inline TENON_TARGET::eval
