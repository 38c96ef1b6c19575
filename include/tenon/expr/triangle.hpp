// Triangles of matrices: tril, triu.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/expr/generated.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Whether column − row ≤ k (or ≥ k) at each position of a matrix.
template <bool Upper, std::size_t Rows, std::size_t Columns>
class triangle_mask : public expression_base<triangle_mask<Upper, Rows, Columns>, bool, tenon::shape<Rows, Columns>> {
public:
    using device = anywhere;
    constexpr triangle_mask(tenon::shape<Rows, Columns> const& s, std::ptrdiff_t k) : diagonal(k), shape_(s) {}
    constexpr auto shape() const { return shape_; }
    static constexpr char const *name = Upper ? "triu" : "tril", *kind = "elementwise";
    static constexpr tuple<> operands() { return {}; }
    std::ptrdiff_t diagonal;

    static constexpr bool is_generated = true;
    static constexpr std::uint64_t random_blocks() { return 0; }
    struct rule_type {
        std::ptrdiff_t diagonal;
        template <class Index, std::size_t N>
        TENON_LANE void fill(Index row, Index column, bool (&inside)[N]) const {
            auto const first = static_cast<std::ptrdiff_t>(column) - static_cast<std::ptrdiff_t>(row);
            for (std::size_t l = 0; l < N; ++l) {
                auto const distance = first + static_cast<std::ptrdiff_t>(l);
                inside[l] = Upper ? distance >= diagonal : distance <= diagonal;
            }
        }
    };
    template <class Blocks>
    constexpr rule_type rule(Blocks const&) const {
        return {diagonal};
    }

private:
    [[no_unique_address]] tenon::shape<Rows, Columns> shape_;
};

namespace detail {
template <bool Upper, class A>
constexpr auto triangle(A&& x, std::ptrdiff_t k) {
    using s = shape_t<A>;
    if constexpr (s::rank() < 2) {
        if constexpr (Upper) return too_few_axes<"triu", s>{};
        else return too_few_axes<"tril", s>{};
    } else {
        constexpr std::size_t rows = s::static_extents[s::rank() - 2], columns = s::static_extents[s::rank() - 1];
        auto const e = x.shape();
        std::array<std::size_t, 2> const last{e[s::rank() - 2], e[s::rank() - 1]};
        return where(triangle_mask<Upper, rows, columns>(tenon::shape<rows, columns>(last), k), std::forward<A>(x),
                     false);
    }
}
}  // namespace detail

/// x on and below diagonal k of the last two axes, 0 above it; torch.tril.
template <expression A>
constexpr auto tril(A&& x, std::ptrdiff_t k = 0) {
    return detail::triangle<false>(std::forward<A>(x), k);
}
/// x on and above diagonal k of the last two axes, 0 below it; torch.triu.
template <expression A>
constexpr auto triu(A&& x, std::ptrdiff_t k = 0) {
    return detail::triangle<true>(std::forward<A>(x), k);
}

}  // namespace tenon::inline TENON_TARGET
