// Weights of a loss on the device: the host's numbers, brought there and read by strides.
#pragma once

#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/loss_weight.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// `forward` brings the numbers, which waits and which a captured step cannot contain; weights of 1 are there already.
template <class Weight, class Shape, bool Grad>
struct device_tape<weight_node<Weight, Shape>, Grad> {
    using node = weight_node<Weight, Shape>;
    using value_type = value_t<node>;
    using shape_type = Shape;
    static constexpr bool is_addressable = true;
    static constexpr bool is_contiguous = false;
    static constexpr bool differentiable = false;
    static constexpr bool accumulates = false;
    static constexpr bool covers = true;
    static constexpr bool is_aligned = false;
    static constexpr std::size_t widest = sizeof(value_type);

    explicit device_tape(node const& n) : node_(&n) {}
    auto shape() const { return node_->shape(); }
    auto strides() const { return node_->strides(); }
    value_type const* device_data() const { return data_; }
    void forward() {
        auto const s = shape();
        std::size_t n = 1;
        for (std::size_t a = 0; a != Shape::rank(); ++a)
            if (s[a] != 0) n += (s[a] - 1) * static_cast<std::size_t>(strides()[a]);
        if (n == 1 && *node_->data() == value_type(1)) data_ = cuda::context::local().one<value_type>();
        else {
            cuda::context::local().refuse_capture("weights of a loss");
            brought_.reserve(n);
            cuda::upload(node_->data(), brought_.data(), n);
            data_ = brought_.data();
        }
    }
    template <std::size_t, pass>
    auto reader(gradient_list const*) const {
        strided_reader<value_type, gradient_store::none, Shape> r{{}, data_, nullptr, {}, shape(), {}};
        auto const s = strides();
        for (std::size_t a = 0; a != Shape::rank(); ++a) r.strides[a] = s[a];
        return r;
    }
    template <pass>
    void prepare(gradient_list&) const {}
    bool overlaps(void const*, void const*, bool) const { return false; }
    void finish() {}

private:
    node const* node_;
    value_type const* data_ = nullptr;
    cuda::buffer<value_type> brought_;
};

}  // namespace tenon::inline TENON_TARGET::eval
