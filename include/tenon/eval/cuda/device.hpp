// The device as a place where tensors live and computations run.
#pragma once

#include <cstddef>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET::cuda {

template <class T, std::size_t... E>
class tensor;
template <class T, std::size_t... E>
class variable;

/// The calling thread's CUDA device, named where `tenon::cpu` could stand: `nn::linear<784, 128, cuda::device>`.
struct device {
    template <class T, std::size_t... E>
    using tensor = cuda::tensor<T, E...>;
    template <class T, std::size_t... E>
    using variable = cuda::variable<T, E...>;
};

}  // namespace tenon::inline TENON_TARGET::cuda
