// How one block of threads runs a small computation: everything between in shared memory, forward and backward in one launch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include <tenon/eval/cuda/block/fits.hpp>
#include <tenon/eval/cuda/reduction_map.hpp>
#include <tenon/kernels/block.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How one block runs a node: a trivially copyable object that is made from the node and travels with the launch. All
/// threads of the block call its functions for the device together. `is_block_tape` is its contract.
/// @tparam Grad whether gradients are wanted
template <class Node, bool Grad>
struct block_tape;

/// What every block_tape has. The leaves of a region are what lies in memory: tensors, variables, and results of products and
/// the like.
///
/// - `bytes`: what the node and its operands take of the block's memory, from `at` on; `computes`: whether `forward`
///   writes it;
/// - `leaves`: how many leaves of the region want a gradient;
/// - `is_addressable`: whether the node is a leaf; then it has `strides`, `values(at)`, and `gradient(at)` where it
///   wants one;
/// - `take(node)` and `prepare(node)`, on the host, say where gradients go in the order in which they are written:
///   `take` for the leaves of the region, `prepare` for all that `finish` writes;
/// - `forward(at)` writes what has to exist in memory below the node;
/// - `reader<Leaf>(at, sum)` reads the region as a device_tape's readers do; its `adjoint` adds to `*sum` what one leaf
///   gets;
/// - `leaf<K>(at)` is where a leaf's gradient goes;
/// - `finish(at)`, when the leaves have their gradients, sends these on to the leaves' operands.
template <class Tape, class Node, class Place>
concept is_block_tape = std::is_trivially_copyable_v<Tape> && requires(Tape& t, Tape const& c, Node const& n,
                                                                       Place at) {
    typename Tape::value_type;
    typename Tape::shape_type;
    requires Tape::bytes >= 0 && Tape::leaves >= 0;
    requires(Tape::computes || !Tape::computes) && (Tape::is_addressable || !Tape::is_addressable);
    t.take(n);
    t.prepare(n);
    c.forward(at);
    c.finish(at);
    c.template reader<static_cast<std::size_t>(-1)>(at, static_cast<lane_t<typename Tape::value_type, 1>*>(nullptr));
};

/// What tapes have brought to the device, until the launch has been asked for.
using kept_for_launch = std::vector<std::shared_ptr<void>>;

/// The leaf of a reader that takes no gradient.
inline constexpr std::size_t no_leaf = static_cast<std::size_t>(-1);

/// Bytes for n elements, so that what follows is aligned.
template <class T>
constexpr std::size_t block_bytes(std::size_t n) {
    return (n * sizeof(T) + 15) / 16 * 16;
}

/// The sum of the first k numbers.
template <std::size_t N>
constexpr std::size_t sum_before(std::size_t k, std::size_t const (&of_each)[N]) {
    std::size_t n = 0;
    for (std::size_t i = 0; i != k; ++i) n += of_each[i];
    return n;
}

/// A place in the block's memory.
/// @tparam Named says where the values of a named node begin: `offset<Let>()`
template <class Named>
struct block_place {
    unsigned char* first;
    unsigned char* here;
    TENON_INLINE __device__ block_place after(std::size_t bytes) const { return {first, here + bytes}; }
    template <class Let>
    TENON_INLINE __device__ block_place named() const {
        constexpr std::size_t offset = Named::template offset<Let>();
        return {first, first + offset};
    }
    /// Elements from so many bytes on.
    template <class T>
    TENON_INLINE __device__ T* elements(std::size_t bytes = 0) const {
        return reinterpret_cast<T*>(here + bytes);
    }
};

/// Whether a leaf's elements lie in row-major order, without gaps.
template <class Tape>
inline constexpr bool is_packed = [] {
    using shape = typename Tape::shape_type;
    bool same = true;
    for (std::size_t a = 0; a != shape::rank(); ++a)
        same = same && (shape::static_extents[a] == 1 || Tape::strides[a] == row_major<shape>[a]);
    return same;
}();

/// Where an element of a leaf lies, from its row-major index.
template <class Tape>
TENON_INLINE __device__ std::uint32_t element_place(std::uint32_t i) {
    if constexpr (is_packed<Tape>) return i;
    else {
        std::uint32_t at = 0;
        split_index<Tape::shape_type::rank()>(
            typename Tape::shape_type{}, i, [&](auto axis, std::uint32_t position, std::uint32_t) TENON_LAMBDA_INLINE {
                constexpr auto stride = static_cast<std::uint32_t>(Tape::strides[axis]);
                at += position * stride;
            });
        return at;
    }
}

/// A leaf's gradient.
template <class Tape>
struct leaf_gradient {
    using T = typename Tape::value_type;
    using shape_type = typename Tape::shape_type;
    T* p;
    bool adds;  ///< whether it has a value that is added to

    TENON_INLINE __device__ void put(std::uint32_t i, lane_t<T, 1> v) const { put_at(p + element_place<Tape>(i), v); }
    TENON_INLINE __device__ void put_at(T* to, lane_t<T, 1> v) const {
        if (adds) v = element::load_lanes<1>(to) + v;
        element::store_lanes(to, v);
    }
};

/// Reads a leaf.
/// @tparam Wanted whether this is the leaf whose gradient is summed
template <class Tape, bool Wanted>
struct leaf_reader : reader_base<typename Tape::value_type> {
    using T = typename Tape::value_type;
    using lane = lane_t<T, 1>;
    static constexpr bool differentiable = Wanted;
    T const* values;
    lane* sum;

    TENON_HOST_DEVICE leaf_reader(T const* v, lane* s) : values(v), sum(s) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        static_assert(N == 1);
        return lane_registers<lane, 1>{load_elements<1, false>(values + element_place<Tape>(i))};
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index, R const&, lanes<V, N> const& g) {
        if constexpr (Wanted) *sum = *sum + g.at[0];
    }
};

/// What tapes of values in memory share. A tape has `values(at)` and, with a gradient, `gradient(at)`.
template <class Self, class T, class Shape, bool Differentiable>
struct in_block_memory {
    using value_type = T;
    using shape_type = Shape;
    static constexpr bool is_addressable = true;
    static constexpr auto strides = row_major<Shape>;
    static constexpr std::size_t leaves = Differentiable;

    template <std::size_t Leaf, class Place, class Lane>
    TENON_INLINE __device__ auto reader(Place at, [[maybe_unused]] Lane* sum) const {
        if constexpr (Leaf == 0) return leaf_reader<Self, true>(self().values(at), sum);
        else return leaf_reader<Self, false>(self().values(at), nullptr);
    }
    template <std::size_t, class Place>
    TENON_INLINE __device__ auto leaf(Place at) const {
        return self().gradient(at);
    }

private:
    TENON_INLINE __device__ Self const& self() const { return static_cast<Self const&>(*this); }
};

/// What tapes share whose values the block computes: values and, where it is wanted, a gradient beside them, for which
/// one consumer is responsible.
template <class Self, class T, class Shape, bool Differentiable>
struct block_result : in_block_memory<Self, T, Shape, Differentiable> {
    static constexpr bool computes = true;
    static constexpr std::size_t size = static_size<Shape>;
    static constexpr std::size_t value_bytes = block_bytes<T>(size),
                                 result_bytes = value_bytes * (Differentiable ? 2 : 1);

    template <class Place>
    TENON_INLINE __device__ T* values(Place at) const {
        return at.template elements<T>();
    }
    template <class Place>
    TENON_INLINE __device__ T* gradient_memory(Place at) const {
        return at.template elements<T>(value_bytes);
    }
    template <class Place>
    TENON_INLINE __device__ leaf_gradient<Self> gradient(Place at) const {
        return {gradient_memory(at), false};
    }
    template <class Node>
    void take(Node const&) {}
};

/// What tapes share whose values the block computes from one region.
template <class Self, class Node, class Operand>
struct result_of_region : block_result<Self, value_t<Node>, shape_t<Node>, Operand::leaves != 0> {
    result_of_region(Node const& n, kept_for_launch& kept) : operand(n.operand, kept) {}
    void prepare(Node const& n) {
        operand.take(n.operand);
        operand.prepare(n.operand);
    }
    Operand operand;
};

/// Which axes of a region an operand of it has not, or once for all.
template <class Region, class Operand>
struct axes_beyond {
    static constexpr bool reduces(std::size_t axis) {
        constexpr std::size_t missing = Region::rank() - Operand::rank();
        return axis < missing || Operand::static_extents[axis < missing ? 0 : axis - missing] == 1;
    }
};

/// Sends a gradient down a region to all its leaves, one after another: each element of a leaf sums what the region's
/// elements that read it have for it, in one order.
/// @param seed gives the region's gradient by `load<1>(i, values)`
template <class Tape, class Place, class Seed>
__device__ inline void send_in_block(Tape const& t, Place at, Seed const& seed) {
    using Region = typename Tape::shape_type;
    unroll<Tape::leaves>([&](auto k) TENON_LAMBDA_INLINE {
        constexpr std::size_t number = k;  // the inner lambda has it as a constant
        auto const gradient = t.template leaf<number>(at);
        using leaf = std::remove_const_t<decltype(gradient)>;
        using Leaf = typename leaf::shape_type;
        using lane = lane_t<typename leaf::T, 1>;
        constexpr std::size_t results = static_size<Leaf>, count = static_size<Region> / results;
        reduction_map<axes_beyond<Region, Leaf>, Region> const element{{}, results, count};
        if (gradient.adds) __syncthreads();  // other threads may have written it
        kernels::join_in_block<results, count>(
            kernels::join_sum{}, lane(0),
            [&](std::uint32_t o, std::uint32_t r) TENON_LAMBDA_INLINE {
                auto const i = element(o, r);
                lane sum(0);
                auto reader = t.template reader<number>(at, &sum);
                auto const registers = reader.template load<1>(i);
                reader.template adjoint<1>(i, registers, seed.template load<1>(i, registers.value));
                return sum;
            },
            [&](std::uint32_t o, lane v) TENON_LAMBDA_INLINE { gradient.put(o, v); });
    });
}

/// A region that is written to the block's memory, with a gradient beside it.
/// @tparam Shared whether several consumers add to the gradient
template <class Tape, bool Shared>
struct stored_in_block : block_result<stored_in_block<Tape, Shared>, typename Tape::value_type,
                                      typename Tape::shape_type, Tape::leaves != 0> {
    using base = block_result<stored_in_block, typename Tape::value_type, typename Tape::shape_type, Tape::leaves != 0>;
    using T = typename Tape::value_type;
    static constexpr bool differentiable = Tape::leaves != 0;
    static constexpr std::size_t bytes = base::result_bytes + Tape::bytes;

    template <class Node>
    stored_in_block(Node const& n, kept_for_launch& kept) : tape(n, kept) {}

    template <class Place>
    TENON_INLINE __device__ leaf_gradient<stored_in_block> gradient(Place at) const {
        return {base::gradient_memory(at), Shared};
    }
    template <class Node>
    void prepare(Node const& n) {
        tape.take(n);
        tape.prepare(n);
    }
    template <class Place>
    __device__ void forward(Place at) const {
        auto const below = at.after(base::result_bytes);
        tape.forward(below);
        if constexpr (Tape::computes) __syncthreads();
        T* const to = base::values(at);
        auto const reader = tape.template reader<no_leaf>(below, static_cast<lane_t<T, 1>*>(nullptr));
        kernels::for_each_in_block<base::size>([&](std::uint32_t i) TENON_LAMBDA_INLINE {
            reader.template store<1>(to, i, reader.template load<1>(i).value);
            if constexpr (Shared && differentiable)
                element::store_lanes(base::gradient_memory(at) + i, lane_t<T, 1>(0));
        });
    }
    template <class Place>
    __device__ void finish(Place at) const {
        if constexpr (differentiable) {
            auto const below = at.after(base::result_bytes);
            __syncthreads();
            send_in_block(tape, below, memory_seed<T>{base::gradient_memory(at)});
            tape.finish(below);
        }
    }

    Tape tape;
};

/// A node in memory: as it is where it is a leaf, else stored.
template <class Node, bool Grad>
using leaf_in_block = std::conditional_t<block_tape<Node, Grad>::is_addressable, block_tape<Node, Grad>,
                                         stored_in_block<block_tape<Node, Grad>, false>>;

}  // namespace tenon::inline TENON_TARGET::eval
