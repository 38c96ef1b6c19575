// Memory that somebody else keeps, as an operand: arrays of other libraries, spans, and what other processes' tensors lie in.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/expr/writable.hpp>

namespace tenon::inline TENON_TARGET {

/// A stride of `memory_strides` that is known at run time.
inline constexpr std::ptrdiff_t dynamic_stride = PTRDIFF_MIN;

/// How elements lie in memory: how far neighbours along each axis are apart, in elements.
/// @tparam S numbers, or `dynamic_stride`
template <std::ptrdiff_t... S>
struct memory_strides {
    static constexpr bool is_packed = false;
    static constexpr std::array<std::ptrdiff_t, sizeof...(S) + 1> known = {S..., 0};
};
/// The same: in row-major order without gaps.
struct packed_memory {
    static constexpr bool is_packed = true;
};

/// Elements in memory that outlives the computation, or that the node keeps alive.
/// @tparam Strides `memory_strides` or `packed_memory`
/// @tparam Owner a handle whose copies keep the memory alive, where somebody has to
template <class T, class Shape, class Strides, class Device = cpu, class Owner = tuple<>>
class memory_node : public expression_base<memory_node<T, Shape, Strides, Device, Owner>, T, Shape>,
                    public read_only_view<memory_node<T, Shape, Strides, Device, Owner>> {
public:
    using leaf_tag = void;
    using device = Device;
    using strides_type = Strides;
    using stride_array = std::array<std::ptrdiff_t, Shape::rank() + 1>;

    /// @param p the first element, @param strides distances of neighbours, and a 0 behind them; not read where `Strides` knows all
    constexpr memory_node(T const* p, Shape const& s, stride_array const& strides = {}, Owner owner = {})
        : data_(p), shape_(s), strides_(strides), owner_(std::move(owner)) {}
    using read_only_view<memory_node>::operator=;
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "memory", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }
    constexpr T const* data() const { return data_; }
    constexpr stride_array const& strides() const { return strides_; }
    constexpr Owner const& owner() const { return owner_; }

private:
    T const* data_;
    [[no_unique_address]] Shape shape_;
    stride_array strides_;
    [[no_unique_address]] Owner owner_;
};

namespace detail {
/// A node of memory as an operand, which can be assigned to where the memory can.
template <bool Writable, class Node>
constexpr auto memory_view(Node n) {
    if constexpr (Writable) return writable<Node>(std::move(n));
    else return n;
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
