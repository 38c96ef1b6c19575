// How the device runs a computation: a tape, as on the processor, whose loops are kernels.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/common/tape.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The state of one evaluation of a node on the device: `is_device_tape` below is its contract. A node without one does not run
/// there.
/// @tparam Grad whether gradients are wanted
template <class Node, bool Grad>
struct device_tape;

/// Which pass over a region a reader is for.
enum class pass {
    forward,   ///< values alone
    backward,  ///< values and gradients, each element of a gradient once
    scatter    ///< backward where an element of a gradient may be reached by several threads or by none
};

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
/// A tape may have `write_to(p)` with `aliases(begin, end)`, `root(value)` and `slope()` (eval/cuda/result.hpp, slope.hpp), and what
/// plans ask for, as on the processor.
template <class Tape>
concept is_device_tape = requires(Tape& t, gradient_list& list, void const* p) {
    typename Tape::value_type;
    { t.shape() } -> std::convertible_to<typename Tape::shape_type>;
    requires Tape::widest != 0;
    t.forward();
    t.template reader<1, pass::forward>(nullptr).close();
    t.template prepare<pass::backward>(list);
    { t.overlaps(p, p, true) } -> std::same_as<bool>;
    t.finish();
} && (!Tape::is_addressable || has_device_memory<Tape>);

}  // namespace tenon::inline TENON_TARGET::eval
