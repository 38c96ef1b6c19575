// Leaves on the processor: values in memory, and for variables the gradients beside them.
#pragma once

#include <tenon/core/leaf.hpp>
#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cpu/dense.hpp>
#include <tenon/expr/loss_weight.hpp>
#include <tenon/expr/memory.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// What tapes of values in row-major memory share.
template <class Self, class T, class Shape, bool Differentiable>
struct in_memory {
    using value_type = T;
    using shape_type = Shape;
    static constexpr bool is_addressable = true;
    static constexpr bool is_contiguous = true;
    static constexpr bool has_strided_rows = true;
    static constexpr bool differentiable = Differentiable;
    static constexpr std::size_t widest = lane_bytes<T>;
    static constexpr auto static_strides = row_major<Shape>;
    template <class Region>
    static constexpr bool is_flat = std::is_same_v<Region, Shape>;

    constexpr auto strides() const { return row_major_strides(self().shape()); }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        return row_in_memory(static_cast<Self&>(*this), outer);
    }
    /// Whether writing [begin, end) in row-major order of the region would change values that are read later.
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        T const* const p = self().data();
        if (__builtin_is_constant_evaluated()) return !aligned;
        if (aligned && p == begin) return false;
        return static_cast<void const*>(p) < end && begin < static_cast<void const*>(p + self().shape().size());
    }
    /// Asked by who is about to write the whole gradient: whether it is zero and has not been written yet.
    static constexpr bool overwrite_gradient() { return false; }
    constexpr void forward() {}
    constexpr void finish() {}

private:
    constexpr Self const& self() const { return static_cast<Self const&>(*this); }
};

template <class Tensor, bool Grad>
struct tape<tensor_ref<Tensor>, Grad>
    : in_memory<tape<tensor_ref<Tensor>, Grad>, value_t<Tensor>, shape_t<Tensor>, false> {
    explicit constexpr tape(tensor_ref<Tensor> const& n) : data_(n.get().data()), shape_(n.shape()) {
        refuse_resized(n);
    }
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr auto const* data() const { return data_; }
    template <class Plan>
    static void describe(tensor_ref<Tensor> const& n, Plan& p) {
        p.template leaf<tape>(n, "tensor", &n.get());
    }

private:
    value_t<Tensor> const* data_;
    [[no_unique_address]] shape_t<Tensor> shape_;
};

template <class Tensor, bool Grad>
struct tape<owned<Tensor>, Grad> : in_memory<tape<owned<Tensor>, Grad>, value_t<Tensor>, shape_t<Tensor>, false> {
    explicit constexpr tape(owned<Tensor> const& n) : node_(&n) { refuse_resized(n); }
    constexpr auto shape() const { return node_->shape(); }
    TENON_INLINE constexpr auto const* data() const { return node_->get().data(); }
    template <class Plan>
    static void describe(owned<Tensor> const& n, Plan& p) {
        p.template leaf<tape>(n, "tensor", &n.get());
    }

private:
    owned<Tensor> const* node_;
};

template <class Variable, bool Grad>
struct tape<variable_ref<Variable>, Grad>
    : in_memory<tape<variable_ref<Variable>, Grad>, value_t<Variable>, shape_t<Variable>, Grad> {
    explicit constexpr tape(variable_ref<Variable> const& n) : variable_(&n.variable()) { refuse_resized(n); }
    constexpr auto shape() const { return variable_->shape(); }
    TENON_INLINE constexpr auto const* data() const { return variable_->value().data(); }
    TENON_INLINE constexpr auto* gradient() const { return variable_->gradient_data(); }
    constexpr bool overwrite_gradient() { return variable_->overwrite_gradient(); }
    template <class Plan>
    static void describe(variable_ref<Variable> const& n, Plan& p) {
        p.template leaf<tape>(n, "variable", &n.variable());
    }

private:
    Variable const* variable_;
};

/// Memory that somebody else keeps.
template <class T, class Shape, class Strides, class Owner, bool Grad>
struct tape<memory_node<T, Shape, Strides, cpu, Owner>, Grad>
    : in_memory<tape<memory_node<T, Shape, Strides, cpu, Owner>, Grad>, T, Shape, false> {
    using node = memory_node<T, Shape, Strides, cpu, Owner>;
    using base = in_memory<tape, T, Shape, false>;
    static_assert(dynamic_stride == run_time_stride);
    static constexpr bool is_contiguous = Strides::is_packed;
    static constexpr auto static_strides = [] {
        if constexpr (is_contiguous) return row_major<Shape>;
        else return Strides::known;
    }();
    template <class Region>
    static constexpr bool is_flat = is_contiguous && base::template is_flat<Region>;

    explicit constexpr tape(node const& n) : node_(&n) {}
    constexpr Shape shape() const { return node_->shape(); }
    constexpr auto strides() const {
        if constexpr (is_contiguous) return row_major_strides(shape());
        else return node_->strides();
    }
    TENON_INLINE constexpr T const* data() const { return node_->data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        if constexpr (is_contiguous) return base::overlaps(begin, end, aligned);
        else {
            if (__builtin_is_constant_evaluated()) return true;
            auto const [first, last] = strided_range(data(), shape(), strides());
            return static_cast<void const*>(first) < end && begin < static_cast<void const*>(last);
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template leaf<tape>(n, "tensor", n.data());
    }

private:
    node const* node_;
};

/// A number that every element sees.
template <class Node>
struct number_tape {
    using value_type = value_t<Node>;
    using shape_type = shape_t<Node>;
    static constexpr bool is_addressable = false;
    static constexpr bool has_strided_rows = true;
    static constexpr bool differentiable = false;
    static constexpr std::size_t widest = shape_type::rank() == 0 ? 1 : lane_bytes<value_type>;
    template <class>
    static constexpr bool is_flat = true;

    explicit constexpr number_tape(Node const& n) : value_(n.value()), shape_(n.shape()) {}
    constexpr shape_type shape() const { return shape_; }
    struct row_type {
        value_type value;
        template <std::size_t N>
        TENON_INLINE constexpr registers<lane_t<value_type, N>> load(std::size_t) const {
            return {math::splat<N>(element::load_lanes<1>(&value))};
        }
        template <std::size_t N, class R, class V>
        TENON_INLINE constexpr void adjoint(std::size_t, R const&, V const&) const {}
        TENON_INLINE constexpr void close() const {}
        TENON_INLINE constexpr void advance(row_type const&, row_type const&, std::size_t) const {}
    };
    template <std::size_t R>
    TENON_INLINE constexpr row_type row(position<R> const&) const {
        return {value_};
    }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }
    constexpr void forward() {}
    constexpr void finish() {}
    template <class Plan>
    static void describe(Node const&, Plan&) {}

private:
    value_type value_;
    [[no_unique_address]] shape_type shape_;
};
template <class T, bool Grad>
struct tape<scalar<T>, Grad> : number_tape<scalar<T>> {
    using number_tape<scalar<T>>::number_tape;
};
template <class T, class Shape, bool Grad>
struct tape<filled_node<T, Shape>, Grad> : number_tape<filled_node<T, Shape>> {
    using number_tape<filled_node<T, Shape>>::number_tape;
};

/// Weights of a loss: memory under strides that run time knows.
template <class Weight, class Shape, bool Grad>
struct tape<weight_node<Weight, Shape>, Grad>
    : in_memory<tape<weight_node<Weight, Shape>, Grad>, value_t<weight_node<Weight, Shape>>, Shape, false> {
    using node = weight_node<Weight, Shape>;
    static constexpr bool is_contiguous = false;
    static constexpr auto static_strides = [] {
        std::array<std::ptrdiff_t, Shape::rank() + 1> s{};
        s.fill(run_time_stride);
        return s;
    }();
    template <class>
    static constexpr bool is_flat = false;

    explicit constexpr tape(node const& n) : node_(&n) {}
    constexpr Shape shape() const { return node_->shape(); }
    constexpr auto const& strides() const { return node_->strides(); }
    TENON_INLINE constexpr auto const* data() const { return node_->data(); }
    /// Weights are no tensor's memory while they are used: a loss is not assigned to its own weights.
    constexpr bool overlaps(void const* begin, void const* end, bool) const {
        return !__builtin_is_constant_evaluated() && begin <= static_cast<void const*>(data()) &&
               static_cast<void const*>(data()) < end;
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        p.template leaf<tape>(n, node::name, n.data());
    }

private:
    node const* node_;
};

}  // namespace tenon::inline TENON_TARGET::eval
