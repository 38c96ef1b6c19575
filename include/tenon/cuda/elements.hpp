// Tensors and expressions of the device as ranges for Thrust: `thrust::sort(t.begin(), t.end())`, `thrust::reduce(e.begin(), e.end())`.
// Needs Thrust, of the CUDA toolkit or alone. tenon/cuda.hpp includes it for nvcc, and where Thrust's headers come before it or
// THRUST_DEVICE_SYSTEM is defined.
#pragma once

#include <cstddef>
#include <type_traits>

#include <thrust/device_ptr.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/permutation_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <tenon/eval/cuda/assign_view.hpp>
#include <tenon/eval/cuda/executor.hpp>

namespace tenon::inline TENON_TARGET {

/// An expression's iterators on the device compute elements as they are read; this expression has parts that are put into memory
/// first, such as products: give it a tensor, `tn::cuda::tensor t = e`.
template <class Node>
struct iterators_need_a_device_tensor;

namespace cuda::detail {

/// Positions of elements in row-major order, on the device.
using element_number = thrust::counting_iterator<std::ptrdiff_t, thrust::device_system_tag,
                                                 thrust::random_access_traversal_tag, std::ptrdiff_t>;

/// Computes an element of an expression: its region's reader.
template <class Reader, class T, class Index>
struct read_element {
    Reader reader;
    __device__ T operator()(std::ptrdiff_t i) const {
        T x;
        eval::store_elements<false>(&x, reader.template load<1>(static_cast<Index>(i)).value);
        return x;
    }
};

/// Where an element lies under strides.
template <class Shape>
struct element_offset {
    Shape shape;
    std::ptrdiff_t strides[Shape::rank() + 1];
    TENON_HOST_DEVICE std::ptrdiff_t operator()(std::ptrdiff_t i) const {
        std::ptrdiff_t o = 0;
        eval::split_index<Shape::rank()>(shape, static_cast<std::size_t>(i),
                                         [&](auto axis, std::size_t position, std::size_t) {
                                             o += static_cast<std::ptrdiff_t>(position) * strides[axis];
                                         });
        return o;
    }
};

}  // namespace cuda::detail

namespace detail {
/// Thrust works in a stream of its own: the host waits for what this thread has asked of the device before.
template <>
struct elements_of_device<cuda::device> {
    static constexpr bool exists = true;

    template <class A>
    static auto at(A& a, std::size_t i) {
        cuda::context::local().synchronize("iterators over the device's elements");
        auto const n = static_cast<std::ptrdiff_t>(i);
        if constexpr (requires { typename A::tensor_tag; }) return thrust::device_pointer_cast(a.device_data()) + n;
        else if constexpr (requires { typename A::variable_class; })
            return thrust::device_pointer_cast(a.value().device_data()) + n;
        else return of_node<is_writable<std::remove_const_t<A>>>(node_of(a), n);
    }

private:
    template <bool Writable, class Node>
    static auto of_node(Node const& node, std::ptrdiff_t n) {
        using tape = eval::device_tape<Node, false>;
        using T = value_t<Node>;
        using shape = shape_t<Node>;
        if constexpr (eval::lies_in_memory<eval::device_tape, Node>) {
            tape t(node);
            t.forward();
            using element = std::conditional_t<Writable, T, T const>;
            thrust::device_ptr<element> const first(const_cast<element*>(t.device_data()));
            if constexpr (tape::is_contiguous) return first + n;
            else {
                cuda::detail::element_offset<shape> where{node.shape(), {}};
                auto const strides = t.strides();
                for (std::size_t a = 0; a != shape::rank(); ++a) where.strides[a] = strides[a];
                return thrust::make_permutation_iterator(
                    first,
                    thrust::transform_iterator<cuda::detail::element_offset<shape>, cuda::detail::element_number,
                                               std::ptrdiff_t, std::ptrdiff_t>(cuda::detail::element_number(n), where));
            }
        } else if constexpr (!std::is_trivially_destructible_v<tape>) return iterators_need_a_device_tensor<Node>{};
        else {
            tape t(node);
            t.forward();
            auto const r = t.template reader<1, eval::pass::forward>(nullptr);
            using read = cuda::detail::read_element<std::remove_const_t<decltype(r)>, T, eval::index_of<shape>>;
            return thrust::transform_iterator<read, cuda::detail::element_number, T, T>(cuda::detail::element_number(n),
                                                                                        read{r});
        }
    }
};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
