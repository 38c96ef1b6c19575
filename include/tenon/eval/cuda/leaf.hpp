// Leaves on the device: values in its memory, and for variables the gradients beside them.
#pragma once

#include <tenon/core/leaf.hpp>
#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cuda/dense.hpp>
#include <tenon/eval/cuda/device.hpp>
#include <tenon/eval/cuda/weights.hpp>
#include <tenon/expr/memory.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Tensor, bool Grad>
struct device_tape<tensor_ref<Tensor>, Grad>
    : in_device_memory<device_tape<tensor_ref<Tensor>, Grad>, value_t<Tensor>, shape_t<Tensor>, false, false> {
    explicit device_tape(tensor_ref<Tensor> const& n) : data_(n.get().device_data()), shape_(n.shape()) {
        refuse_resized(n);
    }
    auto shape() const { return shape_; }
    auto const* device_data() const { return data_; }
    template <class Plan>
    static void describe(tensor_ref<Tensor> const& n, Plan& p) {
        p.template leaf<device_tape>(n, "tensor", &n.get());
    }

private:
    value_t<Tensor> const* data_;
    [[no_unique_address]] shape_t<Tensor> shape_;
};

template <class Tensor, bool Grad>
struct device_tape<owned<Tensor>, Grad>
    : in_device_memory<device_tape<owned<Tensor>, Grad>, value_t<Tensor>, shape_t<Tensor>, false, false> {
    explicit device_tape(owned<Tensor> const& n) : node_(&n) { refuse_resized(n); }
    auto shape() const { return node_->shape(); }
    auto const* device_data() const { return node_->get().device_data(); }
    template <class Plan>
    static void describe(owned<Tensor> const& n, Plan& p) {
        p.template leaf<device_tape>(n, "tensor", &n.get());
    }

private:
    owned<Tensor> const* node_;
};

template <class Variable, bool Grad>
struct device_tape<variable_ref<Variable>, Grad>
    : in_device_memory<device_tape<variable_ref<Variable>, Grad>, value_t<Variable>, shape_t<Variable>, Grad, true> {
    explicit device_tape(variable_ref<Variable> const& n) : variable_(&n.variable()) { refuse_resized(n); }
    auto shape() const { return variable_->shape(); }
    auto const* device_data() const { return variable_->value().device_data(); }
    auto* device_gradient() const { return variable_->device_gradient(); }
    auto const* gradient_address() const { return variable_->gradient_address(); }
    bool overwrite_gradient() const { return variable_->overwrite_gradient(); }
    template <class Plan>
    static void describe(variable_ref<Variable> const& n, Plan& p) {
        p.template leaf<device_tape>(n, "variable", &n.variable());
    }

private:
    Variable const* variable_;
};

/// A number that every element sees.
template <class T>
struct number_reader : reader_base<T> {
    static constexpr bool differentiable = false;
    T value;
    TENON_HOST_DEVICE explicit number_reader(T v) : value(v) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index) const {
        lane_registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k) r.value.at[k] = element::load_lanes<1>(&value);
        return r;
    }
    TENON_INLINE __device__ void close() {}
};

template <class Node>
struct number_on_device {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = shape_type::rank() == 0 ? 1 : sizeof(value_type);

    explicit number_on_device(Node const& n) : value_(n.value()), shape_(n.shape()) {}
    shape_type shape() const { return shape_; }
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        return number_reader<value_type>(value_);
    }
    template <pass>
    void prepare(gradient_list&) const {}
    bool overlaps(void const*, void const*, bool) const { return false; }
    void forward() {}
    void finish() {}
    template <class Plan>
    static void describe(Node const&, Plan&) {}

private:
    value_type value_;
    [[no_unique_address]] shape_type shape_;
};
template <class T, bool Grad>
struct device_tape<scalar<T>, Grad> : number_on_device<scalar<T>> {
    using number_on_device<scalar<T>>::number_on_device;
};
template <class T, class Shape, bool Grad>
struct device_tape<filled_node<T, Shape>, Grad> : number_on_device<filled_node<T, Shape>> {
    using number_on_device<filled_node<T, Shape>>::number_on_device;
};

/// Reads memory by strides.
template <class T, gradient_store Store, class Shape>
struct strided_reader : reader_base<T> {
    static constexpr bool differentiable = Store != gradient_store::none;
    T const* values;
    T* gradients;
    gradient_addition how;
    Shape shape;
    std::ptrdiff_t strides[Shape::rank() + 1];

    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        lane_registers<lane_t<T, 1>, N> r;
        for (std::size_t k = 0; k < N; ++k)
            r.value.at[k] = element::load_lanes<1>(values + offset(static_cast<Index>(i + k)));
        return r;
    }
    template <std::size_t N, class Index, class R, class V>
    TENON_INLINE __device__ void adjoint(Index i, R const&, lanes<V, N> const& g) {
        if constexpr (differentiable)
            for (std::size_t k = 0; k < N; ++k)
                send_gradient<Store, 1, false>(gradients + offset(static_cast<Index>(i + k)), how,
                                               lanes<V, 1>{{g.at[k]}});
    }
    TENON_INLINE __device__ void close() {}

private:
    template <class Index>
    TENON_INLINE __device__ std::ptrdiff_t offset(Index i) const {
        std::ptrdiff_t o = 0;
        split_index<Shape::rank()>(shape, i, [&](auto axis, Index position, Index) TENON_LAMBDA_INLINE {
            o += static_cast<std::ptrdiff_t>(position) * strides[axis];
        });
        return o;
    }
};

/// Memory of the device that somebody else keeps.
template <class T, class Shape, class Strides, class Owner, bool Grad>
struct device_tape<memory_node<T, Shape, Strides, cuda::device, Owner>, Grad>
    : in_device_memory<device_tape<memory_node<T, Shape, Strides, cuda::device, Owner>, Grad>, T, Shape, false, false> {
    using node = memory_node<T, Shape, Strides, cuda::device, Owner>;
    using base = in_device_memory<device_tape, T, Shape, false, false>;
    static constexpr bool is_contiguous = Strides::is_packed;
    static constexpr bool is_aligned = false;

    explicit device_tape(node const& n) : node_(&n) {}
    auto shape() const { return node_->shape(); }
    auto strides() const {
        if constexpr (is_contiguous) return row_major_strides(shape());
        else return node_->strides();
    }
    T const* device_data() const { return node_->data(); }
    bool overlaps(void const* begin, void const* end, bool aligned) {
        if constexpr (is_contiguous) return base::overlaps(begin, end, aligned);
        else {
            auto const [first, last] = strided_range(device_data(), shape(), strides());
            return static_cast<void const*>(first) < end && begin < static_cast<void const*>(last);
        }
    }
    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        if constexpr (is_contiguous) return base::template reader<W, Pass>(list);
        else {
            strided_reader<T, gradient_store::none, Shape> r{{}, device_data(), nullptr, {}, shape(), {}};
            auto const s = strides();
            for (std::size_t a = 0; a != Shape::rank(); ++a) r.strides[a] = s[a];
            return r;
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template leaf<device_tape>(n, "tensor", n.data());
    }

private:
    node const* node_;
};

/// Weights of a loss: memory under strides that run time knows.
template <class Weight, class Shape, bool Grad>
struct device_tape<weight_node<Weight, Shape>, Grad>
    : in_device_memory<device_tape<weight_node<Weight, Shape>, Grad>, value_t<weight_node<Weight, Shape>>, Shape, false,
                       false> {
    using node = weight_node<Weight, Shape>;
    using T = value_t<node>;
    static constexpr bool is_contiguous = false;
    static constexpr bool is_aligned = false;

    explicit device_tape(node const& n) : node_(&n) {}
    auto shape() const { return node_->shape(); }
    auto strides() const { return node_->strides(); }
    T const* device_data() const { return weights_.data(); }
    bool overlaps(void const*, void const*, bool) const { return false; }
    void forward() { weights_.find(*node_, shape()); }
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        strided_reader<T, gradient_store::none, Shape> r{{}, device_data(), nullptr, {}, shape(), {}};
        auto const s = strides();
        for (std::size_t a = 0; a != Shape::rank(); ++a) r.strides[a] = s[a];
        return r;
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template leaf<device_tape>(n, node::name, n.device_data() ? n.device_data() : n.data());
        weights_on_device<T>::describe(n, n.shape(), p);
    }

private:
    node const* node_;
    weights_on_device<T> weights_;
};

}  // namespace tenon::inline TENON_TARGET::eval
