// How the device runs a computation: a tape, as on the processor, whose loops are kernels.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/eval/common/tape.hpp>
#include <tenon/eval/cuda/context.hpp>
#include <tenon/kernels/lanes.hpp>
#include <tenon/kernels/region.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The state of one evaluation of a node on the device: `is_device_tape` below is its contract. A node without one does not run
/// there.
/// @tparam Grad whether gradients are wanted
template <class Node, bool Grad>
struct device_tape;

/// What a reader is for: values alone; values and gradients, each element of a gradient once; or gradients of which an element
/// may be reached by several threads or by none.
enum class pass { values, exact, mapped };

/// The gradients that a region writes. A gradient that is listed twice is written by atomic additions, since two threads may
/// reach one of its elements.
class gradient_list {
public:
    void add(void const* p) {
        if (size_ < most) listed_[size_] = p;
        ++size_;
    }
    bool repeats(void const* p) const {
        if (size_ > most) return true;
        std::size_t n = 0;
        for (std::size_t i = 0; i != size_; ++i) n += listed_[i] == p;
        return n > 1;
    }

private:
    static constexpr std::size_t most = 64;
    void const* listed_[most];
    std::size_t size_ = 0;
};

/// What a device tape has besides where its values lie in memory: where they and their gradient are.
template <class Tape>
concept has_device_memory = requires(Tape& t) {
    { *t.device_data() } -> std::convertible_to<typename Tape::value_type>;
    t.strides()[0];
    requires(Tape::is_contiguous || !Tape::is_contiguous) && (Tape::covers || !Tape::covers);
    requires Tape::is_aligned || !Tape::is_aligned;
} && (!Tape::differentiable || requires(Tape& t) {
    t.device_gradient();
    t.gradient_address();
    requires Tape::accumulates || !Tape::accumulates;
    { t.overwrite_gradient() } -> std::same_as<bool>;
    t.clear_gradient();
});

/// What every tape on the device has:
/// - `shape()`, `value_type`, `shape_type`, `differentiable` and `widest` as on the processor (eval/cpu/tape.hpp);
/// - `forward()` launches, below this node, what has to exist in memory;
/// - `reader<W, Pass>(list)` is what a thread reads a region with, W elements at a time: a trivially copyable object with
///   `load<N>(i)` for N elements from row-major index i on (`.value`, and what backward needs), `adjoint<N>(i, registers, g)` where
///   it is `differentiable`, and `close()`;
/// - `prepare<Pass>(list)` comes before a region's backward: it lists the gradients that the region writes and sets those to zero
///   that it does not write completely;
/// - `overlaps(begin, end, aligned)` as on the processor;
/// - `finish()` sends gradients on to the node's operands when they are complete.
///
/// Where the values lie in memory (`is_addressable`): `device_data()`, `strides()`, `is_contiguous`; `covers`: whether the tape's
/// elements are all that its memory has; `is_aligned`: whether they begin where memory from the pool does. With gradients
/// `device_gradient()`, `gradient_address()`, which writes no zeros that are still to be written, `accumulates`: whether several
/// consumers add to the gradient, `overwrite_gradient()` and `clear_gradient()`.
///
/// A tape may have `write_to(p)` with `reads(begin, end)`, `root(value)` and `slope()` (eval/cuda/result.hpp, slope.hpp), and what
/// plans ask for, as on the processor.
template <class Tape>
concept is_device_tape = requires(Tape& t, gradient_list& list, void const* p) {
    typename Tape::value_type;
    { t.shape() } -> std::convertible_to<typename Tape::shape_type>;
    requires Tape::widest != 0;
    t.forward();
    t.template reader<1, pass::values>(nullptr).close();
    t.template prepare<pass::exact>(list);
    { t.overlaps(p, p, true) } -> std::same_as<bool>;
    t.finish();
} && (!Tape::is_addressable || has_device_memory<Tape>);

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
inline constexpr gradient_store store_of = Pass == pass::values || !Tape::differentiable ? gradient_store::none
                                           : Pass == pass::mapped                        ? gradient_store::atomic
                                           : Tape::accumulates                           ? gradient_store::add
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
            if constexpr (Pass == pass::mapped) clear_gradient();
            list.add(self().gradient_address());
        }
    }
    /// Where the gradient lies; a variable's may have zeros still to be written.
    T const* gradient_address() { return self().device_gradient(); }
    /// Asked before the whole gradient is written: whether what consumers before this one have added up is 0.
    static bool overwrite_gradient() { return !Accumulates; }
    /// Sets the gradient to zero where no other consumer has added to it yet.
    void clear_gradient() {
        if constexpr (Differentiable && !Accumulates) {
            std::size_t const bytes = self().shape().size() * sizeof(T);
            if (bytes != 0)
                cuda::check(cudaMemsetAsync(self().device_gradient(), 0, bytes, cuda::context::local().stream()),
                            "cudaMemsetAsync");
        }
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

// ---- launches

/// Elements that a thread takes at a time: as many as fill 16 bytes of the region's widest element.
template <class Tape>
inline constexpr std::size_t width_of = Tape::widest >= 16 ? 1 : 16 / Tape::widest;

/// Blocks for a number of threads' work: enough to fill the device a few times, the rest is done in turns.
inline dim3 blocks_for(std::size_t threads) {
    std::size_t const blocks = (threads + kernels::block_size - 1) / kernels::block_size;
    std::size_t const most = std::size_t{cuda::context::local().multiprocessors()} * 8;
    return dim3(static_cast<unsigned>(blocks < 1 ? 1 : blocks < most ? blocks : most));
}

/// Evaluates a region into row-major memory: one launch.
template <class Tape, class T>
void evaluate_on_device(Tape& t, T* to) {
    constexpr std::size_t w = width_of<Tape> < 16 / sizeof(T) ? width_of<Tape> : 16 / sizeof(T);
    using index = index_of<typename Tape::shape_type>;
    std::size_t const n = t.shape().size();
    if (n == 0) return;
    auto const reader = t.template reader<w, pass::values>(nullptr);
    cuda::launch("evaluate", &kernels::evaluate<w, index, std::remove_const_t<decltype(reader)>, T>,
                 blocks_for((n + w - 1) / w), kernels::block_size, reader, to, static_cast<index>(n));
}

/// Sends a gradient down a region: one launch whose outputs are the gradients of all the region's leaves.
/// @param seed a trivially copyable object that gives the gradient by `load<N>(i, values)`
template <class Tape, class Seed>
void backward_on_device(Tape& t, Seed const& seed) {
    constexpr std::size_t w = width_of<Tape>;
    using index = index_of<typename Tape::shape_type>;
    std::size_t const n = t.shape().size();
    gradient_list list;
    t.template prepare<pass::exact>(list);
    if (n == 0) return;
    auto const reader = t.template reader<w, pass::exact>(&list);
    cuda::launch("backward", &kernels::backward<w, index, std::remove_const_t<decltype(reader)>, Seed>,
                 blocks_for((n + w - 1) / w), kernels::block_size, reader, seed, static_cast<index>(n));
}

/// A gradient in row-major memory.
template <class T>
struct memory_seed {
    T const* p;
    template <std::size_t N, class Index, class V>
    TENON_INLINE __device__ auto load(Index i, lanes<V, N> const&) const {
        return load_elements<N, true>(p + i);
    }
};

/// A tape whose values lie in memory, but whose gradient lies before a function of it that was applied as they were
/// written (eval/cuda/slope.hpp). A reader's `adjoint` applies its slope, or else what finds the gradient: `slope()` is
/// the slope for a kernel of ours. A product of the library's has it from `slope_epilogue()`, where a tape has that;
/// `saves_slope(node)` says to a plan whether it is to be had.
template <class Tape>
inline constexpr bool keeps_slope = requires { requires Tape::keeps_slope; };

/// Dense access to any tape: its own memory where it has that, otherwise a copy that `forward` makes, and the gradient of that
/// copy.
/// @tparam Packed whether only row-major memory will do
template <class Tape, bool Packed = false>
class dense_on_device {
public:
    using tape_type = Tape;
    using T = typename Tape::value_type;
    static constexpr bool in_place = [] {
        if constexpr (Tape::is_addressable) return !Packed || Tape::is_contiguous;
        else return false;
    }();
    static constexpr bool accumulates = [] {
        if constexpr (in_place) return Tape::accumulates;
        else return false;
    }();
    /// Whether the tape's memory has the gradient of the copy, until the slope is applied to it.
    static constexpr bool before_slope = keeps_slope<Tape>;
    static constexpr bool in_tapes_memory = in_place || before_slope;

    explicit dense_on_device(Tape& t) : tape_(&t) {}
    void forward() {
        if constexpr (!in_tapes_memory) {
            values_.reserve(tape_->shape().size());
            evaluate_on_device(*tape_, values_.data());
        }
    }
    T const* data() const {
        if constexpr (in_tapes_memory) return tape_->device_data();
        else return values_.data();
    }
    /// The gradient, for a consumer that writes it; `adds` says whether that has to add to what is there.
    T* gradient(bool& adds) {
        if constexpr (!in_place) {
            adds = false;
            return gradient();
        } else {
            if constexpr (!Tape::covers) {
                tape_->clear_gradient();
                adds = true;
            } else adds = !tape_->overwrite_gradient();
            return tape_->device_gradient();
        }
    }
    /// The gradient for a consumer that adds to it several times: it starts at 0 unless it has a value.
    T* zeroed_gradient() {
        if constexpr (!accumulates) {
            gradient();
            clear_gradient();
        }
        return gradient();
    }
    /// The gradient's memory, as `gradient` gave it.
    T* gradient() {
        if constexpr (in_tapes_memory) return tape_->device_gradient();
        else {
            gradients_.reserve(tape_->shape().size());
            return gradients_.data();
        }
    }
    /// See in_device_memory.
    T const* gradient_address() {
        if constexpr (in_place) return tape_->gradient_address();
        else return gradient();
    }
    bool overwrite_gradient() {
        if constexpr (in_place) return Tape::covers && tape_->overwrite_gradient();
        else return true;
    }
    void clear_gradient() {
        if constexpr (in_tapes_memory) tape_->clear_gradient();
        else gradients_.clear();
    }
    auto strides() const {
        if constexpr (in_place) return tape_->strides();
        else return row_major_strides(tape_->shape());
    }
    /// The slope, for what writes the gradient with it applied; only where the gradient lies before one. What wrote it
    /// says so.
    auto slope() const { return tape_->slope(); }
    auto slope_epilogue() const
        requires requires(Tape const& t) { t.slope_epilogue(); }
    {
        return tape_->slope_epilogue();
    }
    void slope_applied() { slope_applied_ = true; }
    /// Sends the gradient of the copy on into the region below.
    void finish() {
        if constexpr (Tape::differentiable) {
            // In place where the gradient lies before a slope: each thread writes what it read.
            if constexpr (!in_place)
                if (!slope_applied_) backward_on_device(*tape_, memory_seed<T>{gradient()});
            tape_->finish();
        }
    }

private:
    Tape* tape_;
    bool slope_applied_ = false;
    cuda::buffer<T> values_, gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
