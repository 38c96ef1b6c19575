// Assignments to views on the device: one launch that writes by strides.
#pragma once

#include <cstddef>

#include <tenon/eval/common/assign_view.hpp>
#include <tenon/eval/cuda/executor.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Elements that are overwritten after they are read: nothing else reads them.
template <class Node, bool Grad>
struct device_tape<overwritten_node<Node>, Grad> : device_tape<Node, Grad> {
    explicit device_tape(overwritten_node<Node> const& n) : device_tape<Node, Grad>(n.view) {}
    static bool overlaps(void const*, void const*, bool) { return false; }
};

/// A region's reader that stores by strides, one element at a time.
template <class Reader, class Shape>
struct scattering_reader : Reader {
    Shape shape;
    std::ptrdiff_t strides[Shape::rank() + 1];

    TENON_HOST_DEVICE scattering_reader(Reader r, Shape s) : Reader(r), shape(s) {}
    template <std::size_t N, class To, class Index, class V>
    TENON_INLINE __device__ void store(To* to, Index i, lanes<V, N> const& v) const {
        static_assert(N == 1);
        std::ptrdiff_t o = 0;
        split_index<Shape::rank()>(shape, i, [&](auto axis, Index position, Index) TENON_LAMBDA_INLINE {
            o += static_cast<std::ptrdiff_t>(position) * strides[axis];
        });
        Reader::template store<1>(to + o, Index(0), v);
    }
};

/// Evaluates a region into memory under strides: one launch.
template <class Tape, class T, class Strides>
void scatter_on_device(Tape& t, T* to, Strides const& strides) {
    using shape = typename Tape::shape_type;
    using index = index_of<shape>;
    std::size_t const n = t.shape().size();
    if (n == 0) return;
    auto const inner = t.template reader<1, pass::forward>(nullptr);
    using reader = scattering_reader<std::remove_const_t<decltype(inner)>, shape>;
    reader r(inner, t.shape());
    for (std::size_t a = 0; a != shape::rank(); ++a) r.strides[a] = strides[a];
    cuda::launch("evaluate", &kernels::evaluate<1, index, reader, T>, blocks_for(n), kernels::block_size, r, to,
                 static_cast<index>(n));
}

}  // namespace tenon::inline TENON_TARGET::eval

namespace tenon::inline TENON_TARGET {

template <class View, class Node>
void executor<cuda::device>::assign_view(View const& view, Node const& n) {
    using T = value_t<View>;
    eval::device_tape<View, false> to(view);
    to.forward();
    auto const strides = to.strides();
    // The view is one of a tensor that is not const.
    auto* const first = const_cast<T*>(to.device_data());
    auto const [begin, end] = eval::strided_range(first, view.shape(), strides);
    if (begin == end) return;
    eval::device_tape<Node, false> t(n);
    t.forward();
    if (t.overlaps(begin, end, false)) {
        cuda::tensor_of_t<T, shape_t<View>> second(uninitialized, view.shape());
        eval::evaluate_on_device(t, second.device_data());
        tensor_ref<cuda::tensor_of_t<T, shape_t<View>>> const leaf(second);
        eval::device_tape<tensor_ref<cuda::tensor_of_t<T, shape_t<View>>>, false> copy(leaf);
        eval::scatter_on_device(copy, first, strides);
    } else eval::scatter_on_device(t, first, strides);
}

}  // namespace tenon::inline TENON_TARGET
