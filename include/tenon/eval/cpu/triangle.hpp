// The masks of triangles on the processor: made in registers, row by row.
#pragma once

#include <tenon/eval/cpu/map.hpp>
#include <tenon/expr/triangle.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <bool Upper, std::size_t Rows, std::size_t Columns, bool Grad>
struct tape<triangle_mask<Upper, Rows, Columns>, Grad> {
    using node = triangle_mask<Upper, Rows, Columns>;
    using value_type = bool;
    using shape_type = tenon::shape<Rows, Columns>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = 1;
    template <class>
    static constexpr bool is_flat = false;

    explicit constexpr tape(node const& n) : node_(&n) {}
    constexpr auto shape() const { return node_->shape(); }
    struct row_type {
        std::ptrdiff_t diagonal;  ///< the column at which this row meets the diagonal
        template <std::size_t N>
        TENON_INLINE constexpr registers<lane_t<bool, N>> load(std::size_t j) const {
            bool keep[N] = {};
            for (std::size_t l = 0; l < N; ++l) {
                auto const column = static_cast<std::ptrdiff_t>(j + l);
                keep[l] = Upper ? column >= diagonal : column <= diagonal;
            }
            return {element::load_lanes<N>(keep)};
        }
        template <std::size_t N, class R, class V>
        TENON_INLINE constexpr void adjoint(std::size_t, R const&, V const&) const {}
        TENON_INLINE constexpr void close() const {}
    };
    template <std::size_t R>
    TENON_INLINE constexpr row_type row(position<R> const& outer) const {
        return {node_->diagonal + static_cast<std::ptrdiff_t>(outer.at[0])};
    }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {}
    constexpr void finish() {}

private:
    node const* node_;
};

}  // namespace tenon::inline TENON_TARGET::eval
