// Elements chosen by run-time positions on the device: the operand lies in memory and is read at offsets.
#pragma once

#include <limits>

#include <tenon/eval/cuda/map.hpp>
#include <tenon/expr/index.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where an element of index_select or gather lies in the operand; it does not lie anywhere where the index does not exist.
struct chosen_place {
    std::ptrdiff_t offset;
    bool exists;
};

/// The place of an element of index_select.
/// @tparam Operand the operand's number of axes
template <std::size_t Axis, std::size_t Operand, std::size_t Indices, class Shape, class V>
struct index_select_places {
    Shape shape;
    V const* indices;
    std::ptrdiff_t extent;
    std::ptrdiff_t strides[Operand];

    template <class Index>
    TENON_INLINE __device__ chosen_place operator()(Index i) const {
        std::ptrdiff_t offset = 0;
        Index at = 0, step = 1;
        split_index<Shape::rank()>(shape, i, [&](auto axis, Index position, Index e) TENON_LAMBDA_INLINE {
            if constexpr (axis < Axis) offset += static_cast<std::ptrdiff_t>(position) * strides[axis];
            else if constexpr (axis < Axis + Indices) {
                at += position * step;
                step *= e;
            } else offset += static_cast<std::ptrdiff_t>(position) * strides[axis + 1 - Indices];
        });
        auto const chosen = static_cast<std::ptrdiff_t>(indices[at]);
        return {offset + chosen * strides[Axis], chosen >= 0 && chosen < extent};
    }
};

/// The place of an element of gather.
template <std::size_t Axis, class Shape, class V>
struct gather_places {
    Shape shape;
    V const* indices;
    std::ptrdiff_t extent;
    std::ptrdiff_t strides[Shape::rank()];

    template <class Index>
    TENON_INLINE __device__ chosen_place operator()(Index i) const {
        std::ptrdiff_t offset = 0;
        split_index<Shape::rank()>(shape, i, [&](auto axis, Index position, Index) TENON_LAMBDA_INLINE {
            if constexpr (axis != Axis) offset += static_cast<std::ptrdiff_t>(position) * strides[axis];
        });
        auto const chosen = static_cast<std::ptrdiff_t>(indices[i]);
        return {offset + chosen * strides[Axis], chosen >= 0 && chosen < extent};
    }
};

/// Reads memory at places that follow no rule; gradients are added atomically, since a place may be named several times.
template <class T, bool Differentiable, class Places>
struct chosen_reader : reader_base<T> {
    static constexpr bool differentiable = Differentiable;
    T const* values;
    T* gradients;
    Places places;

    TENON_HOST_DEVICE chosen_reader(T const* v, T* g, Places p) : values(v), gradients(g), places(p) {}
    /// The values, and where they were found.
    template <class V, std::size_t N>
    struct registers {
        lanes<V, N> value;
        chosen_place places[N];
    };
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k) {
            r.places[k] = places(static_cast<Index>(i + k));
            // A kernel cannot throw.
            T value = std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : T(0);
            if (r.places[k].exists) value = values[r.places[k].offset];
            r.value.at[k] = element::load_lanes<1>(&value);
        }
        return r;
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index, R const& r, lanes<V, N> const& g) {
        if constexpr (differentiable)
            for (std::size_t k = 0; k < N; ++k)
                if (r.places[k].exists)
                    send_gradient<gradient_store::atomic, 1, false>(gradients + r.places[k].offset, {},
                                                                    lanes<V, 1>{{g.at[k]}});
    }
    TENON_INLINE __device__ void close() {}
};

/// What index_select and gather share.
template <class Node, class A, class I, bool Grad>
class chosen_tape {
public:
    using operand = device_tape<A, Grad>;
    using indices = device_tape<I, false>;
    using value_type = value_t<A>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t widest = sizeof(value_type);

    explicit chosen_tape(Node const& n)
        : node_(&n), operand_(n.operand), indices_(n.indices), dense_(operand_), where_(indices_) {}
    chosen_tape(chosen_tape const&) = delete;
    auto shape() const { return node_->shape(); }
    bool overlaps(void const* begin, void const* end, bool) {
        return (decltype(dense_)::in_place && operand_.overlaps(begin, end, false)) ||
               (decltype(where_)::in_place && indices_.overlaps(begin, end, false));
    }
    void forward() {
        operand_.forward();
        indices_.forward();
        dense_.forward();
        where_.forward();
    }
    /// Elements of the operand that no index names get no gradient, so it starts at 0.
    template <pass>
    void prepare(gradient_list& list) {
        if constexpr (differentiable) {
            dense_.zeroed_gradient();
            list.add(dense_.gradient_address());
        }
    }
    void finish() {
        if constexpr (differentiable) dense_.finish();
    }
    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        p.template takes<dense_on_device<operand>>(n.operand, {.distinct = n.shape().size()});
        p.template takes<dense_on_device<indices, true>>(n.indices);
        p.fuses("gather", differentiable);
    }

protected:
    template <pass Pass, class Places>
    auto reader_at(Places places, std::size_t axis) {
        auto const s = dense_.strides();
        for (std::size_t a = 0; a != shape_t<A>::rank(); ++a) places.strides[a] = s[a];
        places.shape = shape();
        places.indices = where_.data();
        places.extent = static_cast<std::ptrdiff_t>(operand_.shape()[axis]);
        constexpr bool sends = differentiable && Pass != pass::forward;
        value_type* g = nullptr;
        if constexpr (sends) g = dense_.gradient();
        return chosen_reader<value_type, sends, Places>(dense_.data(), g, places);
    }

private:
    Node const* node_;
    operand operand_;
    indices indices_;
    dense_on_device<operand> dense_;
    dense_on_device<indices, true> where_;
};

template <std::size_t Axis, class A, class I, bool Grad>
struct device_tape<index_select_node<Axis, A, I>, Grad> : chosen_tape<index_select_node<Axis, A, I>, A, I, Grad> {
    using node = index_select_node<Axis, A, I>;
    using chosen_tape<node, A, I, Grad>::chosen_tape;
    template <std::size_t, pass Pass>
    auto reader(gradient_list const*) {
        using places = index_select_places<Axis, shape_t<A>::rank(), shape_t<I>::rank(), shape_t<node>, value_t<I>>;
        return this->template reader_at<Pass>(places{}, Axis);
    }
};

template <std::size_t Axis, class A, class I, bool Grad>
struct device_tape<gather_node<Axis, A, I>, Grad> : chosen_tape<gather_node<Axis, A, I>, A, I, Grad> {
    using node = gather_node<Axis, A, I>;
    using chosen_tape<node, A, I, Grad>::chosen_tape;
    template <std::size_t, pass Pass>
    auto reader(gradient_list const*) {
        return this->template reader_at<Pass>(gather_places<Axis, shape_t<node>, value_t<I>>{}, Axis);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
