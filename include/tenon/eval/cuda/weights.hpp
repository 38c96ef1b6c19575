// Where the weights of a loss are on the device: a tensor there, or the host's numbers brought there.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/eval/cuda/context.hpp>
#include <tenon/expr/loss_weight.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Finds a loss's weights on the device. The host's are brought each time, which waits; in a captured step they are
/// brought when it is recorded, and stay as they are then. Weights of 1 are there already.
template <class T>
class weights_on_device {
public:
    /// @param weights a loss_weight or its node
    /// @param s the extents that its strides belong to
    template <class Weights, class Shape>
    void find(Weights const& weights, Shape const& s) {
        data_ = weights.device_data();
        if (data_) return;
        std::size_t const n = elements(weights, s);
        auto& here = cuda::context::local();
        if (are_one(weights, n)) data_ = here.one<T>();
        else if (here.capturing()) data_ = bring_beside_capture(weights.data(), n);
        else {
            brought_.reserve(n);
            cuda::upload(weights.data(), brought_.data(), n);
            data_ = brought_.data();
        }
    }
    T const* data() const { return data_; }
    /// Says to a plan what memory the host's are brought to.
    template <class Weights, class Shape, class Plan>
    static void describe(Weights const& weights, Shape const& s, Plan& p) {
        if (weights.device_data()) return;
        std::size_t const n = elements(weights, s);
        if (!are_one(weights, n)) p.template holds<cuda::buffer<T>>(n);
    }

private:
    /// How many elements lie where the strides lead.
    template <class Weights, class Shape>
    static std::size_t elements(Weights const& weights, Shape const& s) {
        auto const strides = weights.strides();
        std::size_t n = 1;
        for (std::size_t a = 0; a != Shape::rank(); ++a)
            if (s[a] != 0) n += (s[a] - 1) * static_cast<std::size_t>(strides[a]);
        return n;
    }
    template <class Weights>
    static bool are_one(Weights const& weights, std::size_t n) {
        return n == 1 && *weights.data() == T(1);
    }
    /// Into memory that the step keeps.
    static T const* bring_beside_capture(T const* from, std::size_t n) {
        cuda::block own = cuda::own_memory(n * sizeof(T));
        T* const to = static_cast<T*>(own.data());
        cuda::beside_capture("cudaMemcpyAsync", [&](cudaStream_t s) {
            return cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyHostToDevice, s);
        });
        cuda::context::local().keep(std::move(own));
        return to;
    }

    T const* data_ = nullptr;
    cuda::buffer<T> brought_;
};

}  // namespace tenon::inline TENON_TARGET::eval
