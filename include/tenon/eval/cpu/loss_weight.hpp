// Weights of a loss on the processor: memory under strides that run time knows.
#pragma once

#include <tenon/eval/cpu/leaf.hpp>
#include <tenon/expr/loss_weight.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Weight, class Shape, bool Grad>
struct tape<weight_node<Weight, Shape>, Grad> {
    using node = weight_node<Weight, Shape>;
    using value_type = value_t<node>;
    using shape_type = Shape;
    static constexpr bool is_addressable = true;
    static constexpr bool is_contiguous = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = lane_bytes<value_type>;
    static constexpr auto static_strides = [] {
        std::array<std::ptrdiff_t, Shape::rank() + 1> s{};
        s.fill(run_time_stride);
        return s;
    }();
    template <class>
    static constexpr bool is_flat = false;

    explicit constexpr tape(node const& n) : node_(&n) {}
    constexpr Shape shape() const { return node_->shape(); }
    constexpr auto const& strides() const { return node_->strides(); }
    TENON_INLINE constexpr value_type const* data() const { return node_->data(); }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        return row_in_memory(*this, outer);
    }
    /// Weights are no tensor's memory while they are used: a loss is not assigned to its own weights.
    constexpr bool overlaps(void const* begin, void const* end, bool) const {
        return !std::is_constant_evaluated() && begin <= static_cast<void const*>(data()) &&
               static_cast<void const*>(data()) < end;
    }
    constexpr void forward() {}
    constexpr void finish() {}
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template leaf<tape>(n, "weights", n.data());
    }

private:
    node const* node_;
};

}  // namespace tenon::inline TENON_TARGET::eval
