// Constant weights of a loss: what stands as `.weight = w` among its options.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/core/leaf.hpp>
#include <tenon/core/workspace.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// The number behind a dual number: weights are constants.
template <class T>
struct plain_element {
    using type = T;
};
template <element::is_dual T>
struct plain_element<T> : plain_element<typename T::value_type> {};

/// Whether weights of shape W serve every element of S: from the last axis on, each extent is 1 or that of S.
template <class W, class S>
constexpr bool weights_fit() {
    if constexpr (W::rank() > S::rank()) return false;
    else {
        for (std::size_t i = 0; i < W::rank(); ++i) {
            std::size_t const w = W::static_extents[W::rank() - 1 - i], s = S::static_extents[S::rank() - 1 - i];
            if (w != 1 && !is_dynamic(w) && !is_dynamic(s) && w != s) return false;
        }
        return true;
    }
}
}  // namespace detail

/// Weights that are broadcast to a shape: a tensor, a computation, or a number; 1 everywhere when there are none. A
/// tensor that is an lvalue is referred to, anything else is copied into memory of the workspace that copies of this
/// object share and that belongs to one thread. Of a loss on a device they are the host's all the same, which are
/// brought at each evaluation, or a tensor on that device, an lvalue of the loss's element type.
/// @tparam T the loss's element type
/// @tparam Shape what the weights are broadcast to, but not beyond
/// @tparam Device where the loss is computed
template <class T, class Shape, class Device = cpu>
class loss_weight {
public:
    using value_type = typename detail::plain_element<T>::type;
    static constexpr std::size_t rank = Shape::rank();

    constexpr loss_weight() = default;
    template <class N>
        requires std::is_arithmetic_v<N>
    constexpr loss_weight(N number) {
        own(&number, 1);
    }
    template <expression W>
    constexpr loss_weight(W&& w) {
        using plain = std::remove_cvref_t<W>;
        static_assert(detail::weights_fit<shape_t<W>, Shape>(),
                      "the weights of a loss have a shape that does not fit its elements");
        auto const s = w.shape();
        for (std::size_t i = 0; i < s.rank() && i < rank; ++i) extents_[rank - 1 - i] = s[s.rank() - 1 - i];
        if constexpr (!in_host_memory<device_of_t<W>>) {
            static_assert(std::is_same_v<device_of_t<W>, Device>,
                          "the weights of a loss live on another device than its elements");
            static_assert(
                std::is_lvalue_reference_v<W> && requires { typename plain::tensor_tag; } &&
                    std::is_same_v<value_t<W>, value_type>,
                "weights of a loss that live on a device are a tensor of its element type that has a name");
            on_device_ = w.device_data();
        } else if constexpr (!requires { typename plain::tensor_tag; }) {
            auto const t = w.eval();
            own(t.data(), t.size());
        } else if constexpr (std::is_lvalue_reference_v<W> && std::is_same_v<value_t<W>, value_type>)
            values_ = w.data();
        else own(w.data(), w.size());
    }
    /// A copy of n row-major numbers of run-time extents. @throws shape_error when they are more than the shape has
    template <class N, class Extents>
    constexpr loss_weight(N const* values, std::size_t n, Extents const& extents) {
        set_extents(extents);
        own(values, n);
    }
    /// Refers to row-major numbers of run-time extents in the device's memory. @throws as above
    template <class Extents>
    static loss_weight referring(value_type const* values, Extents const& extents) {
        loss_weight w;
        w.set_extents(extents);
        w.on_device_ = values;
        return w;
    }

    constexpr loss_weight(loss_weight const& o)
        : extents_(o.extents_), values_(o.values_), on_device_(o.on_device_), owners_(o.owners_), owned_(o.owned_) {
        if (owners_) ++*owners_;
    }
    constexpr loss_weight& operator=(loss_weight const& o) {
        loss_weight copy(o);
        std::swap(extents_, copy.extents_);
        std::swap(values_, copy.values_);
        std::swap(on_device_, copy.on_device_);
        std::swap(owners_, copy.owners_);
        std::swap(owned_, copy.owned_);
        return *this;
    }
    constexpr ~loss_weight() {
        if (!owners_ || --*owners_ != 0) return;
        if (__builtin_is_constant_evaluated()) {
            std::allocator<value_type>{}.deallocate(owned_, size());
            std::allocator<std::size_t>{}.deallocate(owners_, 1);
        } else {
            workspace::local().deallocate(owned_, size() * sizeof(value_type));
            workspace::local().deallocate(owners_, sizeof(std::size_t));
        }
    }

    constexpr value_type const* data() const { return owners_ ? owned_ : values_ ? values_ : &one; }
    /// Where they are in the device's memory; null where they are the host's.
    constexpr value_type const* device_data() const { return on_device_; }
    /// Steps from element to element along the axes of the shape: 0 where one weight serves all.
    constexpr std::array<std::ptrdiff_t, rank + 1> strides() const {
        std::array<std::ptrdiff_t, rank + 1> s{};
        std::ptrdiff_t next = 1;
        for (std::size_t a = rank; a-- > 0;) {
            if (extents_[a] != 1) s[a] = next;
            next *= static_cast<std::ptrdiff_t>(extents_[a]);
        }
        return s;
    }
    /// @throws shape_error when run-time extents do not fit
    constexpr void check(Shape const& s) const {
        for (std::size_t a = 0; a < rank; ++a)
            if (extents_[a] != 1 && extents_[a] != s[a])
                throw shape_error(text_of({"weights of a loss: they do not fit elements of shape ", to_string(s)}));
    }

private:
    static constexpr value_type one = 1;

    static constexpr auto ones() {
        std::array<std::size_t, rank + 1> e{};
        e.fill(1);
        return e;
    }
    template <class Extents>
    constexpr void set_extents(Extents const& extents) {
        if (extents.size() > rank) throw shape_error("weights of a loss: they have more axes than its elements");
        for (std::size_t i = 0; i < extents.size() && i < rank; ++i)
            extents_[rank - 1 - i] = extents[extents.size() - 1 - i];
    }
    constexpr std::size_t size() const {
        std::size_t n = 1;
        for (std::size_t const e : extents_) n *= e;
        return n;
    }
    template <class N>
    constexpr void own(N const* values, std::size_t n) {
        if (__builtin_is_constant_evaluated()) {
            owned_ = std::allocator<value_type>{}.allocate(n);
            for (std::size_t i = 0; i < n; ++i) std::construct_at(owned_ + i);
            owners_ = std::construct_at(std::allocator<std::size_t>{}.allocate(1), 1U);
        } else {
            owned_ = static_cast<value_type*>(workspace::local().allocate(n * sizeof(value_type)));
            owners_ = ::new (workspace::local().allocate(sizeof(std::size_t))) std::size_t(1);
        }
        for (std::size_t i = 0; i < n; ++i) owned_[i] = static_cast<value_type>(values[i]);
    }

    std::array<std::size_t, rank + 1> extents_ = ones();
    value_type const* values_ = nullptr;
    value_type const* on_device_ = nullptr;
    std::size_t* owners_ = nullptr;
    value_type* owned_ = nullptr;
};

/// Weights as an operand: broadcast to a shape, without a gradient.
template <class Weight, class Shape>
class weight_node : public expression_base<weight_node<Weight, Shape>, typename Weight::value_type, Shape> {
public:
    using device = anywhere;
    using strides_type = std::array<std::ptrdiff_t, Shape::rank() + 1>;
    constexpr weight_node(Weight w, Shape const& s, strides_type const& strides)
        : shape_(s), weight_(std::move(w)), strides_(strides) {}
    constexpr Shape shape() const { return shape_; }
    static constexpr char const *name = "weights", *kind = "leaf";
    static constexpr tuple<> operands() { return {}; }
    constexpr auto const* data() const { return weight_.data(); }
    constexpr auto const* device_data() const { return weight_.device_data(); }
    constexpr strides_type const& strides() const { return strides_; }

private:
    [[no_unique_address]] Shape shape_;
    Weight weight_;
    strides_type strides_;
};

namespace detail {
/// Weights for every element of a loss.
template <class T, class Shape, class Device>
constexpr auto weights_of(loss_weight<T, Shape, Device> const& w, Shape const& s) {
    w.check(s);
    return weight_node<loss_weight<T, Shape, Device>, Shape>(w, s, w.strides());
}
/// Weights of classes for elements whose classes lie along an axis.
template <std::size_t Axis, class T, class Classes, class Device, class Shape>
constexpr auto class_weights_of(loss_weight<T, Classes, Device> const& w, Shape const& s) {
    w.check(Classes(std::array{s[Axis]}));
    std::array<std::ptrdiff_t, Shape::rank() + 1> strides{};
    strides[Axis] = w.strides()[0];
    return weight_node<loss_weight<T, Classes, Device>, Shape>(w, s, strides);
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
