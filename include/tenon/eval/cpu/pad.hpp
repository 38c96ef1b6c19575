// One value everywhere, on the processor.
#pragma once

#include <tenon/eval/cpu/concat.hpp>
#include <tenon/expr/pad.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class T, class Shape, bool Grad>
struct tape<filled_node<T, Shape>, Grad> {
    using value_type = T;
    using shape_type = Shape;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = lane_bytes<T>;
    template <class Region>
    static constexpr bool is_flat = std::is_same_v<Region, Shape>;
    using row_type = typename tape<scalar<T>, false>::row_type;

    explicit constexpr tape(filled_node<T, Shape> const& n) : node_(&n) {}
    constexpr auto shape() const { return node_->shape(); }
    template <std::size_t R>
    TENON_INLINE constexpr row_type row(position<R> const&) const {
        return {node_->value};
    }
    TENON_INLINE constexpr row_type flat_row() const { return {node_->value}; }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {}
    constexpr void finish() {}
    template <class Plan>
    static void describe(filled_node<T, Shape> const&, Plan&) {}

private:
    filled_node<T, Shape> const* node_;
};

}  // namespace tenon::inline TENON_TARGET::eval
