// How threads read regions that lie in memory, and write their gradients.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/eval/cuda/context.hpp>
#include <tenon/eval/cuda/tape.hpp>
#include <tenon/kernels/lanes.hpp>
#include <tenon/kernels/region.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// How a leaf's gradient is written. `add` leaves to run time whether a plain addition will do.
enum class gradient_store { none, set, add, atomic };

/// How `add` writes: the gradient has no value yet, it has one, or several threads add to it.
enum class gradient_addition { set, plain, atomic };

/// What readers have in common: how a kernel stores a region's values and makes lanes of gradients.
template <class T>
struct reader_base {
    using value_type = T;
    using lane = lane_t<T, 1>;
    template <std::size_t N, class To, class Index, class V>
    TENON_HOST_DEVICE static void store(To* to, Index i, lanes<V, N> const& v) {
        store_elements<true>(to + i, v);
    }
    TENON_HOST_DEVICE static lanes<lane, 1> lanes_of(lane v) { return {{v}}; }
    TENON_HOST_DEVICE static lanes<lane, 1> one() { return {{lane(T(1))}}; }
};

/// Adds lanes to a gradient by whatever way is safe.
template <gradient_store Store, std::size_t N, bool Aligned, class T, class V>
TENON_INLINE __device__ void send_gradient(T* to, gradient_addition how, lanes<V, N> const& g) {
    if constexpr (Store == gradient_store::set) store_elements<Aligned>(to, g);
    else if constexpr (Store == gradient_store::add || Store == gradient_store::atomic) {
        if (Store == gradient_store::atomic || how == gradient_addition::atomic) {
            for (std::size_t k = 0; k < N; ++k) kernels::add_atomically(to + k, g.at[k]);
        } else if (how == gradient_addition::set) store_elements<Aligned>(to, g);
        else {
            auto sum = load_elements<N, Aligned>(to);
            for (std::size_t k = 0; k < N; ++k) sum.at[k] = sum.at[k] + g.at[k];
            store_elements<Aligned>(to, sum);
        }
    }
}

/// Reads row-major memory, and writes the gradient beside it.
/// @tparam Aligned whether the memory starts where memory from the pool does
template <class T, gradient_store Store, bool Aligned>
struct memory_reader : reader_base<T> {
    static constexpr bool differentiable = Store != gradient_store::none;
    T const* values;
    T* gradients;
    gradient_addition how;

    TENON_HOST_DEVICE memory_reader(T const* v, T* g, gradient_addition h) : values(v), gradients(g), how(h) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        return lane_registers<lane_t<T, 1>, N>{load_elements<N, Aligned>(values + i)};
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const&, lanes<V, N> const& g) {
        if constexpr (differentiable) send_gradient<Store, N, Aligned>(gradients + i, how, g);
    }
    TENON_INLINE __device__ void close() {}
};

template <class Tape, pass Pass>
inline constexpr gradient_store store_of = Pass == pass::forward || !Tape::differentiable ? gradient_store::none
                                           : Pass == pass::scatter                        ? gradient_store::atomic
                                           : Tape::accumulates                            ? gradient_store::add
                                                                                          : gradient_store::set;

/// What tapes of values in row-major device memory share.
/// @tparam Accumulates whether several consumers add to the gradient; otherwise its one consumer sets it
template <class Self, class T, class Shape, bool Differentiable, bool Accumulates>
struct in_device_memory {
    using value_type = T;
    using shape_type = Shape;
    static constexpr bool is_addressable = true;
    static constexpr bool is_contiguous = true;
    static constexpr bool differentiable = Differentiable;
    static constexpr bool accumulates = Accumulates;
    /// Whether the tape's elements are all that its memory has.
    static constexpr bool covers = true;
    /// Whether the memory starts where memory from the pool does.
    static constexpr bool is_aligned = true;
    static constexpr std::size_t widest = sizeof(T);

    auto strides() const { return row_major_strides(self().shape()); }
    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        constexpr gradient_store store = store_of<Self, Pass>;
        T* g = nullptr;
        auto how = gradient_addition::plain;
        if constexpr (store != gradient_store::none) {
            if (list->repeats(self().gradient_address())) how = gradient_addition::atomic;
            else if (store == gradient_store::add && self().overwrite_gradient()) how = gradient_addition::set;
            g = self().device_gradient();
        }
        return memory_reader<T, store, Self::is_aligned>(self().device_data(), g, how);
    }
    template <pass Pass>
    void prepare(gradient_list& list) {
        if constexpr (Differentiable) {
            if constexpr (Pass == pass::scatter) clear_gradient();
            list.add(self().gradient_address());
        }
    }
    /// Where the gradient lies; a variable's may have zeros still to be written.
    T const* gradient_address() { return self().device_gradient(); }
    /// Asked before the whole gradient is written: whether what consumers before this one have added up is 0.
    static bool overwrite_gradient() { return !Accumulates; }
    /// Sets the gradient to zero where no other consumer has added to it yet.
    void clear_gradient() {
        if constexpr (Differentiable && !Accumulates)
            cuda::set_to_zero(self().device_gradient(), self().shape().size() * sizeof(T));
    }
    bool overlaps(void const* begin, void const* end, bool aligned) {
        T const* const p = self().device_data();
        if (aligned && p == begin) return false;
        return static_cast<void const*>(p) < end && begin < static_cast<void const*>(p + self().shape().size());
    }
    void forward() {}
    void finish() {}

private:
    Self const& self() const { return static_cast<Self const&>(*this); }
    Self& self() { return static_cast<Self&>(*this); }
};

}  // namespace tenon::inline TENON_TARGET::eval
