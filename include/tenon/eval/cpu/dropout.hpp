// Dropout's mask on the processor: random bits made in registers from positions.
#pragma once

#include <tenon/base/philox.hpp>
#include <tenon/eval/cpu/map.hpp>
#include <tenon/expr/dropout.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// `forward` takes four elements' numbers from the generator for each block of a row; element j of a row uses word j mod 4 of
/// the row's block j / 4, whatever order and number of lanes it is asked for in.
template <class Shape, bool Grad>
struct tape<dropout_mask<Shape>, Grad> {
    using node = dropout_mask<Shape>;
    using value_type = bool;
    using shape_type = Shape;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = 1;
    template <class>
    static constexpr bool is_flat = false;

    explicit tape(node const& n) : node_(&n) {}
    constexpr auto shape() const { return node_->shape(); }

    struct row_type {
        std::uint64_t below, key, first;

        template <std::size_t N>
        TENON_INLINE registers<lane_t<bool, N>> load(std::size_t j) const {
            if (below == 0) return {lane_t<bool, N>(true)};
            bool keep[N];
            if (N >= 4 && j % 4 == 0) {
                for (std::size_t b = 0; b < N / 4; ++b) {
                    auto const block = block_of(j + 4 * b);
                    for (std::size_t w = 0; w < 4; ++w) keep[4 * b + w] = block.word[w] >= below;
                }
            } else
                for (std::size_t l = 0; l < N; ++l) keep[l] = block_of(j + l).word[(j + l) % 4] >= below;
            return {element::load_lanes<N>(keep)};
        }
        template <std::size_t N, class R, class V>
        TENON_INLINE void adjoint(std::size_t, R const&, V const&) const {}
        TENON_INLINE void close() const {}

    private:
        TENON_INLINE tenon::detail::random_block block_of(std::size_t j) const { return {key, first + j / 4}; }
    };

    template <std::size_t R>
    TENON_INLINE row_type row(position<R> const& outer) const {
        auto const s = shape();
        std::size_t index = 0;
        for (std::size_t a = 0; a < R; ++a) index = index * s[a] + outer.at[a];
        return {node_->below(), node_->gen->seed(), start_ + index * blocks_in_row()};
    }
    bool overlaps(void const*, void const*, bool) const { return false; }
    void forward() {
        if (node_->below() == 0) return;
        std::size_t const length = row_length(shape());
        start_ = node_->gen->advance(length == 0 ? 0 : shape().size() / length * blocks_in_row());
    }
    void finish() {}

private:
    std::uint64_t blocks_in_row() const { return (row_length(shape()) + 3) / 4; }
    node const* node_;
    std::uint64_t start_ = 0;
};

}  // namespace tenon::inline TENON_TARGET::eval
