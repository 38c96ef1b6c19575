// Normalisation over a batch on the device: while training one launch finds statistics and one applies them, forward
// and back; with running statistics there is one launch each way.
#pragma once

#include <algorithm>

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/expr/batch_norm.hpp>
#include <tenon/kernels/batch_norm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Where the elements of each channel are in [samples, channels, plane], W neighbours of the plane at a time; a plane
/// is what follows axis 1.
template <class Shape, std::size_t W>
struct channel_elements {
    using index = index_of<Shape>;
    static constexpr std::size_t static_plane = [] {
        std::size_t n = 1;
        for (std::size_t a = 2; a < Shape::rank(); ++a)
            n = is_dynamic(n) || is_dynamic(Shape::static_extents[a]) ? dyn : n * Shape::static_extents[a];
        return n;
    }();
    static constexpr unsigned columns = static_plane == 1 ? kernels::warp_size : 1;

    Shape shape;
    index packs;  ///< of one channel

    explicit channel_elements(Shape const& s) : shape(s), packs(static_cast<index>(s[0] * plane() / W)) {}
    TENON_HOST_DEVICE index count() const { return extent_of<1, index>(shape); }
    /// Where pack k of channel c begins.
    TENON_HOST_DEVICE index operator()(index c, index k) const {
        index const e = k * W;
        return (e / plane() * count() + c) * plane() + e % plane();
    }

private:
    TENON_HOST_DEVICE index plane() const {
        index n = 1;
        product<2>(n);
        return n;
    }
    template <std::size_t Axis>
    TENON_HOST_DEVICE void product(index& n) const {
        if constexpr (Axis < Shape::rank()) {
            n *= extent_of<Axis, index>(shape);
            product<Axis + 1>(n);
        }
    }
};

/// Kept: the standardised elements and each channel's scale.
template <class A, class R, bool Grad>
struct device_tape<batch_norm_node<A, R>, Grad> : result_on_device<device_tape<batch_norm_node<A, R>, Grad>, value_t<A>,
                                                                   shape_t<A>, device_tape<A, Grad>::differentiable> {
    using node = batch_norm_node<A, R>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using V = lane_t<T, 1>;
    using operand = device_tape<A, Grad>;
    using index = index_of<Shape>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t width = width_within<operand, T, channel_elements<Shape, 1>::static_plane>;
    using channels_type = channel_elements<Shape, width>;

    explicit device_tape(node const& n) : node_(&n), operand_(n.operand) {}
    auto shape() const { return operand_.shape(); }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    /// @throws shape_error while training with fewer than two elements for each channel
    void forward() {
        channels_type const channels(shape());
        auto const n = static_cast<double>(channels.packs) * static_cast<double>(width);
        if (node_->training && n < 2)
            throw shape_error("batch_norm: training needs more than one element for each channel, not " +
                              to_string(shape()));
        operand_.forward();
        this->make_room();
        if (shape().size() == 0) return;
        scales_.reserve(shape()[1]);
        auto const r = operand_.template reader<width, pass::forward>(nullptr);
        using reader = std::remove_const_t<decltype(r)>;
        auto const& s = node_->running;
        kernels::running_channels<R> const running{s.mean, s.var, s.batches, s.momentum, n / (n - 1)};
        cuda::buffer<kernels::moments<V>> found;
        if (node_->training) {
            found.reserve(parts(shape()) * shape()[1]);
            cuda::launch("channel_moments", &kernels::channel_moments<width, T, index, reader, channels_type>, blocks(),
                         kernels::block_size, r, channels, found.data());
        }
        with_training([&](auto training) {
            cuda::launch("standardize_channels",
                         &kernels::standardize_channels<training, width, T, R, index, reader, channels_type>, blocks(),
                         kernels::block_size, r, channels, found.data(), running, static_cast<T>(node_->eps),
                         this->device_data(), scales_.data());
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::backward>(list);
            if (shape().size() != 0) {
                channels_type const channels(shape());
                cuda::buffer<kernels::gradient_sums<V>> found;
                if (node_->training) {
                    found.reserve(parts(shape()) * shape()[1]);
                    cuda::launch("channel_gradients", &kernels::channel_gradients<width, T, index, channels_type>,
                                 blocks(), kernels::block_size, this->device_data(), this->device_gradient(), channels,
                                 found.data());
                }
                auto const r = operand_.template reader<width, pass::backward>(&list);
                with_training([&](auto training) {
                    cuda::launch(
                        "standardize_channels_backward",
                        &kernels::standardize_channels_backward<training, width, T, index,
                                                                std::remove_const_t<decltype(r)>, channels_type>,
                        blocks(), kernels::block_size, r, channels, found.data(), this->device_data(),
                        this->device_gradient(), scales_.data(),
                        static_cast<T>(static_cast<double>(shape().size() / shape()[1])));
                });
            }
            operand_.finish();
        }
    }

    /// A difference with a scale for each element; while training also a sum, a difference, a square and its sum.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto const s = n.shape();
        std::size_t const elements = s.size(), launches = n.training ? 2 : 1;
        auto facts = p.facts_of(n);
        facts.launches = launches;
        facts.gradient_launches = {launches};
        p.template kernel<device_tape>(n, facts, [&] {
            p.template streams<operand>(n.operand);
            p.template holds<decltype(scales_)>(s[1]);
            if (!n.training) return;
            std::size_t const joined = elements == 0 ? 0 : parts(s) * s[1];
            p.template scratch<cuda::buffer<kernels::moments<V>>>(joined);
            p.template gradient_scratch<cuda::buffer<kernels::gradient_sums<V>>>(joined);
        });
    }

private:
    template <class F>
    void with_training(F const& f) const {
        if (node_->training) f(std::true_type{});
        else f(std::false_type{});
    }
    /// Channels that one block works on, all together.
    static std::size_t groups(Shape const& s) { return (s[1] + channels_type::columns - 1) / channels_type::columns; }
    /// As many blocks for each group of channels: together what fills the device, but none without a thread's registers
    /// full.
    static std::size_t parts(Shape const& s) {
        std::size_t const packs = channels_type(s).packs,
                          for_block =
                              kernels::block_size / channels_type::columns * kernels::packs_of_channel<width, T>,
                          useful = (packs + for_block - 1) / for_block,
                          room = std::size_t{cuda::context::local().multiprocessors()} * 8 / groups(s);
        return std::max<std::size_t>(1, std::min(useful, room));
    }
    dim3 blocks() const { return dim3(static_cast<unsigned>(groups(shape()) * parts(shape()))); }

    node const* node_;
    operand operand_;
    cuda::buffer<T> scales_;
};

}  // namespace tenon::inline TENON_TARGET::eval
