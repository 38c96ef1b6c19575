// Random bits for each element, others at each evaluation: what random numbers inside of expressions are made from.
#pragma once

#include <cstdint>

#include <tenon/base/generator.hpp>
#include <tenon/base/philox.hpp>
#include <tenon/expr/generated.hpp>
#include <tenon/op/elementwise.hpp>

namespace tenon::inline TENON_TARGET {

/// 64 bits for each element, as an int64. They have no memory: element i has half i mod 2 of block i / 2 of those that the evaluation
/// takes from the generator, wherever it is read, forward and backward.
template <class Shape>
class random_bits : public expression_base<random_bits<Shape>, std::int64_t, Shape> {
public:
    using device = anywhere;
    constexpr random_bits(Shape const& s, generator& g) : gen(&g), shape_(s) {}
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "random_bits", *kind = "elementwise";
    static constexpr tuple<> operands() { return {}; }
    generator* gen;

    static constexpr bool is_generated = true;
    constexpr std::uint64_t random_blocks() const { return (std::uint64_t{shape_.size()} + 1) / 2; }
    template <class Blocks>
    struct rule_type {
        Blocks blocks;
        std::uint64_t length;

        template <class Index, std::size_t N>
        TENON_LANE void fill(Index row, Index column, std::int64_t (&to)[N]) const {
            auto const from = blocks.begin();
            for (std::size_t l = 0; l < N; ++l) {
                std::uint64_t const i = row * length + column + l;
                detail::random_block const block(from.key, from.next + i / 2);
                to[l] = static_cast<std::int64_t>((i & 1) != 0 ? block.half(1) : block.half(0));
            }
        }
    };
    template <class Blocks>
    constexpr rule_type<Blocks> rule(Blocks const& blocks) const {
        return {blocks, row_length(shape_)};
    }

private:
    [[no_unique_address]] Shape shape_;
};

}  // namespace tenon::inline TENON_TARGET
