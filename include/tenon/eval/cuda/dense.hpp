// A computation as an array in the device's memory: where it lies, or a copy.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/eval/cuda/launch.hpp>

namespace tenon::inline TENON_TARGET::eval {

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
    cuda::buffer_where<T, !in_tapes_memory> values_, gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
