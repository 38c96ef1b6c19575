// Operands that are computed from positions on the device: dropout's mask, triangles, rolled positions, one value everywhere.
#pragma once

#include <cstdint>

#include <tenon/eval/cuda/leaf.hpp>
#include <tenon/eval/cuda/random.hpp>
#include <tenon/expr/dropout.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/triangle.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Reads what a function of the row-major index gives.
/// @tparam F `f.template fill<N>(i, to)` writes the elements from index i on to an array
template <class T, class F>
struct position_reader : reader_base<T> {
    static constexpr bool differentiable = false;
    F f;
    TENON_HOST_DEVICE explicit position_reader(F function) : f(function) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        T values[N];
        f.template fill<N>(i, values);
        lane_registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k) r.value.at[k] = element::load_lanes<1>(values + k);
        return r;
    }
    TENON_INLINE __device__ void close() {}
};

/// What the tapes of such operands share.
template <class Node>
struct position_tape {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = 1;

    explicit position_tape(Node const& n) : node_(&n) {}
    auto shape() const { return node_->shape(); }
    template <pass>
    void prepare(gradient_list&) const {}
    bool overlaps(void const*, void const*, bool) const { return false; }
    void forward() {}
    void finish() {}

protected:
    template <class F>
    static auto reads(F f) {
        return position_reader<value_type, F>(f);
    }
    Node const* node_;
};

/// Whether elements are kept: the processor's numbers, from the same block for each element.
struct dropout_decisions {
    kernels::random_blocks blocks;
    std::uint64_t below, length, blocks_in_row;

    template <std::size_t N, class Index>
    TENON_INLINE __device__ void fill(Index i, bool (&keep)[N]) const {
        if (below == 0) {
            for (bool& k : keep) k = true;
            return;
        }
        kernels::random_state const first = blocks.begin();
        std::uint64_t number = 0;
        tenon::detail::random_block block(first.key, first.next);
        for (std::size_t k = 0; k < N; ++k) {
            std::uint64_t const at = static_cast<std::uint64_t>(i) + k, column = at % length;
            std::uint64_t const wanted = at / length * blocks_in_row + column / 4;
            if (wanted != number) block = tenon::detail::random_block(first.key, first.next + wanted);
            number = wanted;
            keep[k] = word(block, column % 4) >= below;
        }
    }

private:
    /// A word that no array in memory is needed for.
    TENON_INLINE __device__ static std::uint32_t word(tenon::detail::random_block const& block, std::uint64_t i) {
        std::uint32_t const low = (i & 1) != 0 ? block.word[1] : block.word[0],
                            high = (i & 1) != 0 ? block.word[3] : block.word[2];
        return (i & 2) != 0 ? high : low;
    }
};

/// `forward` takes as many blocks of the generator as it takes on the processor.
template <class Shape, bool Grad>
struct device_tape<dropout_mask<Shape>, Grad> : position_tape<dropout_mask<Shape>> {
    using position_tape<dropout_mask<Shape>>::position_tape;

    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return this->reads(dropout_decisions{blocks_, this->node_->below(), length(), blocks_in_row()});
    }
    void forward() {
        if (this->node_->below() == 0) return;
        std::size_t const n = this->shape().size();
        blocks_ = cuda::take_random(*this->node_->gen, n == 0 ? 0 : n / length() * blocks_in_row());
    }

private:
    std::uint64_t length() const { return row_length(this->shape()); }
    std::uint64_t blocks_in_row() const { return (length() + 3) / 4; }
    kernels::random_blocks blocks_{};
};

template <bool Upper>
struct triangle_decisions {
    std::ptrdiff_t columns, diagonal;
    template <std::size_t N, class Index>
    TENON_INLINE __device__ void fill(Index i, bool (&inside)[N]) const {
        for (std::size_t k = 0; k < N; ++k) {
            auto const at = static_cast<std::ptrdiff_t>(i + k), distance = at % columns - at / columns;
            inside[k] = Upper ? distance >= diagonal : distance <= diagonal;
        }
    }
};

template <bool Upper, std::size_t Rows, std::size_t Columns, bool Grad>
struct device_tape<triangle_mask<Upper, Rows, Columns>, Grad> : position_tape<triangle_mask<Upper, Rows, Columns>> {
    using position_tape<triangle_mask<Upper, Rows, Columns>>::position_tape;
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return this->reads(
            triangle_decisions<Upper>{static_cast<std::ptrdiff_t>(this->shape()[1]), this->node_->diagonal});
    }
};

struct rolled_positions {
    std::size_t first, extent;
    template <std::size_t N, class Index>
    TENON_INLINE __device__ void fill(Index i, std::int64_t (&to)[N]) const {
        for (std::size_t k = 0; k < N; ++k) to[k] = static_cast<std::int64_t>((first + i + k) % extent);
    }
};

template <std::size_t E, bool Grad>
struct device_tape<roll_positions<E>, Grad> : position_tape<roll_positions<E>> {
    using position_tape<roll_positions<E>>::position_tape;
    static constexpr std::size_t widest = sizeof(std::int64_t);
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return this->reads(rolled_positions{this->node_->first(), this->shape()[0]});
    }
};

template <class T, class Shape, bool Grad>
struct device_tape<filled_node<T, Shape>, Grad> : position_tape<filled_node<T, Shape>> {
    using position_tape<filled_node<T, Shape>>::position_tape;
    static constexpr std::size_t widest = sizeof(T);
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return number_reader<T>(this->node_->value);
    }
    template <class Plan>
    static void describe(filled_node<T, Shape> const&, Plan&) {}
};

}  // namespace tenon::inline TENON_TARGET::eval
