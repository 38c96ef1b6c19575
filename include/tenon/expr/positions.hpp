// Positions along an axis that follow from a rule: what index_select reads to repeat, to pad, and to slide a window.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tenon/core/node.hpp>
#include <tenon/expr/index.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// Integers that a rule gives for each position: `rule.at(row, column)`, an std::int64_t, where rows count all but the last axis.
template <class Rule, class Shape>
class positions_node : public expression_base<positions_node<Rule, Shape>, std::int64_t, Shape> {
public:
    using device = anywhere;
    constexpr positions_node(Rule r, Shape const& s) : rule_(r), shape_(s) {}
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "positions", *kind = "elementwise";
    static constexpr tuple<> operands() { return {}; }

    static constexpr bool is_generated = true;
    static constexpr std::uint64_t random_blocks() { return 0; }
    struct rule_type {
        Rule rule;
        template <class Index, std::size_t N>
        TENON_LANE void fill(Index row, Index column, std::int64_t (&to)[N]) const {
            for (std::size_t l = 0; l < N; ++l)
                to[l] = rule.at(static_cast<std::int64_t>(row),
                                static_cast<std::int64_t>(column) + static_cast<std::int64_t>(l));
        }
    };
    template <class Blocks>
    constexpr rule_type rule(Blocks const&) const {
        return {rule_};
    }

private:
    Rule rule_;
    [[no_unique_address]] Shape shape_;
};

/// Each position n times.
struct repeated_position {
    std::int64_t times;
    TENON_HOST_DEVICE constexpr std::int64_t at(std::int64_t, std::int64_t column) const { return column / times; }
};
/// The elements of windows: window number `row` begins at row · step.
struct window_position {
    std::int64_t step;
    TENON_HOST_DEVICE constexpr std::int64_t at(std::int64_t row, std::int64_t column) const {
        return row * step + column;
    }
};

}  // namespace tenon::inline TENON_TARGET::detail
