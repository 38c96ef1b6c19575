// Values that a launch of their own makes, and where they go: memory of the tape's, or what it is given.
#pragma once

#include <tenon/eval/cuda/dense.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Elements on the device, in memory of its own or in some that is lent to it.
template <class T>
class result_memory {
public:
    /// Makes room for n elements, unless there is memory that was given.
    void reserve(std::size_t n) {
        if (given_) return;
        own_.reserve(n);
        p_ = own_.data();
    }
    void borrow(T* p) {
        p_ = p;
        given_ = true;
    }
    T* data() const { return p_; }

private:
    cuda::buffer<T> own_;
    T* p_ = nullptr;
    bool given_ = false;
};

/// What tapes share whose values exist in memory because a launch or a call of a library makes them. A derived class says
/// what the launch that writes the values reads: `aliases(begin, end)`.
template <class Self, class T, class Shape, bool Differentiable>
class result_on_device : public in_device_memory<Self, T, Shape, Differentiable, false> {
public:
    T* device_data() const { return values_.data(); }
    T* device_gradient() const { return gradients_.data(); }
    bool overlaps(void const*, void const*, bool) const { return false; }
    /// The values go to this memory. To be called before `forward`.
    void write_to(T* p) { values_.borrow(p); }
    /// The value is all that is wanted: it goes to this memory, and its gradient is 1. To be called before `forward`.
    void root(T* value) {
        values_.borrow(value);
        gradients_.borrow(cuda::context::local().one<T>());
    }

protected:
    /// Makes room for the values and, where it is wanted, their gradient.
    void make_room() {
        std::size_t const n = static_cast<Self const&>(*this).shape().size();
        values_.reserve(n);
        if constexpr (Differentiable) gradients_.reserve(n);
    }

private:
    result_memory<T> values_, gradients_;
};

/// Runs a tape into row-major memory: directly where the tape's own launch can write there, else by a launch more.
template <class Tape, class T>
void run_into(Tape& t, T* to) {
    if constexpr (writes_to<Tape, T>) {
        t.write_to(to);
        t.forward();
    } else {
        t.forward();
        evaluate_on_device(t, to);
    }
}

}  // namespace tenon::inline TENON_TARGET::eval
