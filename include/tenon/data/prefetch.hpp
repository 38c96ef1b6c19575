// Batches where a model lives: `loader | prefetch<Device>` brings each to the device while the step before it runs.
#pragma once

#include <array>
#include <cstddef>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET::data {
namespace detail {

template <class Device, class Batch>
struct batch_on;
template <class Device, class T, std::size_t... E>
struct batch_on<Device, tensor<T, E...>> {
    using type = typename Device::template tensor<T, E...>;
};
template <class Device, class A, class B>
struct batch_on<Device, std::pair<A, B>> {
    using type = std::pair<typename batch_on<Device, A>::type, typename batch_on<Device, B>::type>;
};
template <class Device, class... B>
struct batch_on<Device, std::tuple<B...>> {
    using type = std::tuple<typename batch_on<Device, B>::type...>;
};
template <class Device, class B, std::size_t K>
struct batch_on<Device, std::array<B, K>> {
    using type = std::array<typename batch_on<Device, B>::type, K>;
};

/// Calls f for the tensors of a batch, each with the one at its place in another batch.
template <class F, class A, class B>
void each_tensor(F const& f, A& a, B& b) {
    if constexpr (expression<A>) f(a, b);
    else
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (each_tensor(f, std::get<I>(a), std::get<I>(b)), ...);
        }(std::make_index_sequence<std::tuple_size_v<std::remove_const_t<A>>>{});
}

}  // namespace detail

/// A batch of the host's tensors as it is on a device: pairs, tuples and arrays stay what they are.
template <class Device, class Batch>
using batch_on_t = typename detail::batch_on<Device, Batch>::type;

/// A view of batches on a device, made from a view of batches in the host's memory. Devices other than the processor
/// specialise it.
template <class Device, std::ranges::view V>
class prefetched;

/// What `prefetch` is: a function of a range, and a range adaptor.
template <class Device>
struct prefetch_adaptor {
    /// @param batches an input range of tensors, or of pairs, tuples or arrays of them; a loader has to have a name
    template <std::ranges::viewable_range R>
    auto operator()(R&& batches) const {
        auto all = std::views::all(static_cast<R&&>(batches));
        if constexpr (in_host_memory<Device>) return all;
        else return prefetched<Device, decltype(all)>(std::move(all));
    }
    template <std::ranges::viewable_range R>
    friend auto operator|(R&& batches, prefetch_adaptor p) {
        return p(static_cast<R&&>(batches));
    }
};

/// `prefetch<Device>(loader)`, `loader | prefetch<Device>`: the batches on a device, brought there ahead of their use. On the
/// processor they are the range's own. `Device` is the one template argument that says where a program trains.
template <class Device>
inline constexpr prefetch_adaptor<Device> prefetch{};

}  // namespace tenon::inline TENON_TARGET::data
