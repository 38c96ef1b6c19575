// From one device's memory to another's.
#pragma once

#include <cstddef>
#include <type_traits>

#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET {

/// How elements travel: `transfer<From, To>::elements(source, target)` for tensors of one shape. Devices other than the
/// processor specialise it.
template <class From, class To>
struct transfer;

/// A tensor's or computation's elements as a tensor of a device: `to<cpu>(x)`, `to<cuda::device>(x)`. Waits for the copy;
/// torch.Tensor.to.
template <class Device, expression X>
constexpr auto to(X const& x) {
    using T = value_t<X>;
    using from = device_of_t<X>;
    return [&]<std::size_t... E>(tenon::shape<E...> const&) {
        using target_type = typename Device::template tensor<T, E...>;
        if constexpr (std::is_same_v<from, Device>) return target_type(x);
        else {
            typename from::template tensor<T, E...> const source(x);
            target_type target(uninitialized, source.shape());
            transfer<from, Device>::elements(source, target);
            return target;
        }
    }(x.shape());
}

}  // namespace tenon::inline TENON_TARGET
