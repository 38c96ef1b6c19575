// Dropout: elements that are left out at random, others at each evaluation.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/base/generator.hpp>
#include <tenon/base/philox.hpp>
#include <tenon/expr/generated.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/where.hpp>

namespace tenon::inline TENON_TARGET {

/// Whether an element is kept, which each evaluation decides anew with numbers from a generator. The mask has no memory: the
/// decision for an element is computed from its position wherever it is needed, forward and backward.
template <class Shape>
class dropout_mask : public expression_base<dropout_mask<Shape>, bool, Shape> {
public:
    using device = anywhere;
    /// @param p the probability to be left out
    constexpr dropout_mask(Shape const& s, double p, generator& g) : gen(&g), below_(drop_below(p)), shape_(s) {}
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "dropout_mask", *kind = "elementwise";
    static constexpr tuple<> operands() { return {}; }
    /// An element is left out when its 32 random bits, as a number, are less than this. 0 where nothing is left out.
    constexpr std::uint64_t below() const { return below_; }
    generator* gen;

    static constexpr bool is_generated = true;
    /// Four elements of a row take a block.
    constexpr std::uint64_t random_blocks() const {
        std::uint64_t const length = row_length(shape_);
        return below_ == 0 || length == 0 ? 0 : shape_.size() / length * ((length + 3) / 4);
    }
    /// Element j of a row uses word j mod 4 of the row's block j / 4, in whatever order and number elements are asked for.
    template <class Blocks>
    struct rule_type {
        Blocks blocks;
        std::uint64_t below, blocks_in_row;

        template <class Index, std::size_t N>
        TENON_LANE void fill(Index row, Index column, bool (&keep)[N]) const {
            if (below == 0) {
                for (bool& k : keep) k = true;
                return;
            }
            auto const from = blocks.begin();
            std::uint64_t const first = from.next + row * blocks_in_row;
            std::uint64_t number = column / 4;
            detail::random_block block(from.key, first + number);
            if (N % 4 == 0 && column % 4 == 0)
                for (std::size_t b = 0; b < N / 4; ++b) {
                    if (b != 0) block = detail::random_block(from.key, first + number + b);
                    for (std::size_t w = 0; w < 4; ++w) keep[4 * b + w] = block.word[w] >= below;
                }
            else
                for (std::size_t l = 0; l < N; ++l) {
                    std::uint64_t const at = column + l;
                    if (at / 4 != number) block = detail::random_block(from.key, first + (number = at / 4));
                    keep[l] = word(block, at % 4) >= below;
                }
        }

    private:
        /// A word that no array in memory is needed for.
        TENON_LANE static std::uint32_t word(detail::random_block const& b, std::uint64_t i) {
            std::uint32_t const low = (i & 1) != 0 ? b.word[1] : b.word[0], high = (i & 1) != 0 ? b.word[3] : b.word[2];
            return (i & 2) != 0 ? high : low;
        }
    };
    template <class Blocks>
    constexpr rule_type<Blocks> rule(Blocks const& blocks) const {
        return {blocks, below_, (std::uint64_t{row_length(shape_)} + 3) / 4};
    }

private:
    static constexpr std::uint64_t drop_below(double p) {
        double const scaled = p * 0x1p32;
        auto const whole = static_cast<std::uint64_t>(scaled);
        return whole + (static_cast<double>(whole) < scaled);
    }
    std::uint64_t below_;
    [[no_unique_address]] Shape shape_;
};

namespace detail {
/// @throws std::invalid_argument where p is no probability
constexpr double checked_probability(double p) {
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument(text_of({"dropout: ", p, " is no probability"}));
    return p;
}
}  // namespace detail

/// x with each element set to 0 with probability p and the others divided by 1 − p, so that the mean stays; x itself where not
/// training. Each evaluation draws anew, 32 bits of the generator for each element, and its backward pass uses the same mask.
/// @throws std::invalid_argument where p is not in [0, 1]; torch.nn.functional.dropout
template <expression X>
auto dropout(X&& x, double p = 0.5, bool training = true, generator& gen = default_generator()) {
    static_assert(!std::is_integral_v<value_t<X>>, "dropout: needs floating point elements");
    detail::checked_probability(p);
    if (!training) p = 0;
    double const scale = p == 1 ? 0 : 1 / (1 - p);
    dropout_mask<shape_t<X>> mask(x.shape(), p, gen);
    return where(std::move(mask), std::forward<X>(x) * scale, 0);
}

}  // namespace tenon::inline TENON_TARGET
