// What optimisers keep for every parameter of a model.
#pragma once

#include <cstddef>
#include <memory>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/tape.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::optim {

/// Buffers of zeros, up to Count for each parameter of a model, in one block of memory.
template <class Model, std::size_t Count>
class parameter_state {
public:
    /// @param used how many buffers each parameter has
    explicit parameter_state(Model& model, std::size_t used = Count) : used_(used) {
        std::size_t bytes = 0;
        nn::visit_parameters(model, [&](auto& p) { bytes += used_ * padded<value_t<decltype(p)>>(p.size()); });
        memory_ = std::make_unique<line[]>(bytes / sizeof(line));
    }
    /// Calls `f(parameter, buffers)` for every parameter; buffers[i] points to the i-th buffer's elements, or is
    /// null where that is not used.
    template <class F>
    void for_each(Model& model, F&& f) {
        auto* p = reinterpret_cast<unsigned char*>(memory_.get());
        nn::visit_parameters(model, [&](auto& v) TENON_LAMBDA_INLINE {
            using T = value_t<decltype(v)>;
            std::size_t const step = padded<T>(v.size());
            T* buffers[Count == 0 ? 1 : Count];
            for (std::size_t i = 0; i != Count; ++i)
                buffers[i] = i < used_ ? reinterpret_cast<T*>(p + i * step) : nullptr;
            p += used_ * step;
            f(v, buffers);
        });
    }

private:
    struct alignas(alignment) line {
        unsigned char bytes[alignment] = {};
    };
    template <class T>
    static constexpr std::size_t padded(std::size_t n) {
        return (n * sizeof(T) + alignment - 1) / alignment * alignment;
    }
    std::size_t used_;
    std::unique_ptr<line[]> memory_;
};

/// Runs `f(N, i)` over a parameter's elements, N at a time.
template <class Variable, class F>
TENON_INLINE void for_each_element(Variable const& v, F&& f) {
    using T = typename Variable::value_type;
    eval::for_each_pack<TENON_VECTOR_BYTES / sizeof(T), static_size<typename Variable::shape_type>>(v.size(), f);
}

/// Sets every gradient of a model to zero.
template <class Model>
void zero_grad(Model& model) {
    nn::visit_parameters(model, [](auto& v) { v.zero_grad(); });
}

}  // namespace tenon::inline TENON_TARGET::optim
