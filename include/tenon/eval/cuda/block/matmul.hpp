// Products of matrices by one block of threads.
#pragma once

#include <tenon/eval/cuda/block/leaf.hpp>
#include <tenon/expr/matmul.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class A, class B>
    requires(shape_t<A>::rank() == 2 && shape_t<B>::rank() == 2)
inline constexpr bool runs_in_block<product_node<A, B>> = true;

/// Kept: the product, and with gradients that of the product. Operands are leaves, or stored.
template <class A, class B, bool Grad>
struct block_tape<product_node<A, B>, Grad>
    : block_result<block_tape<product_node<A, B>, Grad>, typename product_node<A, B>::value_type,
                   typename product_node<A, B>::shape_type,
                   leaf_in_block<A, Grad>::leaves + leaf_in_block<B, Grad>::leaves != 0> {
    using node = product_node<A, B>;
    using T = typename node::value_type;
    using lane = lane_t<T, 1>;
    using left = leaf_in_block<A, Grad>;
    using right = leaf_in_block<B, Grad>;
    using base = block_result<block_tape, T, typename node::shape_type, left::leaves + right::leaves != 0>;
    static constexpr std::size_t rows = node::shape_type::static_extents[0],
                                 columns = node::shape_type::static_extents[1], depth = shape_t<A>::static_extents[1];
    static constexpr std::size_t bytes = base::result_bytes + left::bytes + right::bytes;

    block_tape(node const& n, kept_for_launch& kept) : a(n.a, kept), b(n.b, kept) {}
    void prepare(node const& n) {
        a.take(n.a);
        b.take(n.b);
        a.prepare(n.a);
        b.prepare(n.b);
    }
    template <class Place>
    __device__ void forward(Place at) const {
        a.forward(left_place(at));
        b.forward(right_place(at));
        if constexpr (left::computes || right::computes) __syncthreads();
        T const *const x = a.values(left_place(at)), *const y = b.values(right_place(at));
        T* const to = base::values(at);
        multiply<rows, columns, depth>(
            [&](std::uint32_t i, std::uint32_t l) { return x + offset<left>(i, l); },
            [&](std::uint32_t l, std::uint32_t j) { return y + offset<right>(l, j); },
            [&](std::uint32_t i, std::uint32_t j, lane v) { element::store_lanes(to + (i * columns_() + j), v); });
    }
    /// ∂A ← G·Bᵀ, ∂B ← Aᵀ·G.
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (base::leaves != 0) {
            __syncthreads();
            T const* const gradients = base::gradient_memory(at);
            auto const g = [&](std::uint32_t i, std::uint32_t j) { return gradients + (i * columns_() + j); };
            if constexpr (left::leaves != 0) {
                T const* const y = b.values(right_place(at));
                auto const to = a.gradient(left_place(at));
                if (to.adds) __syncthreads();
                multiply<rows, depth, columns>(
                    g, [&](std::uint32_t j, std::uint32_t l) { return y + offset<right>(l, j); },
                    [&](std::uint32_t i, std::uint32_t l, lane v) { to.put_at(to.p + offset<left>(i, l), v); });
            }
            if constexpr (right::leaves != 0) {
                T const* const x = a.values(left_place(at));
                auto const to = b.gradient(right_place(at));
                if (to.adds) __syncthreads();
                multiply<depth, columns, rows>(
                    [&](std::uint32_t l, std::uint32_t i) { return x + offset<left>(i, l); }, g,
                    [&](std::uint32_t l, std::uint32_t j, lane v) { to.put_at(to.p + offset<right>(l, j), v); });
            }
            a.finish(left_place(at));
            b.finish(right_place(at));
        }
    }

    left a;
    right b;

private:
    template <class Place>
    TENON_INLINE __device__ static Place left_place(Place at) {
        return at.after(base::result_bytes);
    }
    template <class Place>
    TENON_INLINE __device__ static Place right_place(Place at) {
        return at.after(base::result_bytes + left::bytes);
    }
    TENON_INLINE __device__ static constexpr std::uint32_t columns_() { return static_cast<std::uint32_t>(columns); }
    /// Where an element of an operand lies.
    template <class Leaf>
    TENON_INLINE __device__ static std::uint32_t offset(std::uint32_t i, std::uint32_t j) {
        constexpr auto rows_apart = static_cast<std::uint32_t>(Leaf::strides[0]),
                       columns_apart = static_cast<std::uint32_t>(Leaf::strides[1]);
        return i * rows_apart + j * columns_apart;
    }
    /// Puts Σ_l x(i, l) y(l, j), of elements that x and y point to, for all i below Rows and j below Columns.
    template <std::size_t Rows, std::size_t Columns, std::size_t Depth, class X, class Y, class Put>
    TENON_INLINE __device__ static void multiply(X const& x, Y const& y, Put const& put) {
        constexpr auto n = static_cast<std::uint32_t>(Columns);
        kernels::join_in_block<Rows * Columns, Depth>(
            kernels::join_sum{}, lane(0),
            [&](std::uint32_t o, std::uint32_t l) {
                return element::load_lanes<1>(x(o / n, l)) * element::load_lanes<1>(y(l, o % n));
            },
            [&](std::uint32_t o, lane v) { put(o / n, o % n, v); });
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
