// Batches where a model lives: `loader | prefetch<Device>` brings each to the device while the step before it runs.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
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

namespace detail {
/// A range that stays where it is: what `prefetch` hands out for one that has a name. (<ranges> has the like, and takes a
/// compiler 0.2 s, which every program would pay for.)
template <class Range>
class same_range {
public:
    explicit same_range(Range& range) : range_(&range) {}
    auto begin() const { return std::begin(*range_); }
    auto end() const { return std::end(*range_); }
    auto size() const
        requires requires(Range& r) { std::size(r); }
    {
        return std::size(*range_);
    }

private:
    Range* range_;
};
}  // namespace detail

/// How batches get to where a model lives: `of(batches)` makes a range of those there. Other devices specialise it.
template <class Device>
struct prefetched_batches;
template <>
struct prefetched_batches<cpu> {
    template <class Range>
    static auto of(Range&& batches) {
        if constexpr (std::is_lvalue_reference_v<Range>)
            return detail::same_range<std::remove_reference_t<Range>>(batches);
        else return Range(static_cast<Range&&>(batches));
    }
};

/// What `prefetch` is: a function of a range, and a range adaptor.
template <class Device>
struct prefetch_adaptor {
    /// @param batches an input range of tensors, or of pairs, tuples or arrays of them; a loader has to have a name
    template <class Range>
        requires requires(Range& r) { std::begin(r) != std::end(r); }
    auto operator()(Range&& batches) const {
        return prefetched_batches<Device>::of(static_cast<Range&&>(batches));
    }
    template <class Range>
        requires requires(Range& r) { std::begin(r) != std::end(r); }
    friend auto operator|(Range&& batches, prefetch_adaptor p) {
        return p(static_cast<Range&&>(batches));
    }
};

/// `prefetch<Device>(loader)`, `loader | prefetch<Device>`: the batches on a device, brought there ahead of their use. On the
/// processor they are the range's own. `Device` is the one template argument that says where a program trains.
template <class Device>
inline constexpr prefetch_adaptor<Device> prefetch{};

}  // namespace tenon::inline TENON_TARGET::data
