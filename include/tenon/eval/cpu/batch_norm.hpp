// Normalisation over a batch on the processor: statistics of all channels, then one pass that applies them.
#pragma once

#include <tenon/eval/cpu/normalize.hpp>
#include <tenon/expr/batch_norm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The operand is seen as [samples, channels, plane], where a plane is what follows axis 1. Without a plane, as in [n, c], lanes
/// are neighbouring channels; with one they are neighbours in it. Kept: the standardised elements and each channel's scale.
template <class A, class R, bool Grad>
struct tape<batch_norm_node<A, R>, Grad>
    : in_memory<tape<batch_norm_node<A, R>, Grad>, value_t<A>, shape_t<A>, tape<A, Grad>::differentiable> {
    using node = batch_norm_node<A, R>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using V = lane_t<T, 1>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t rank = Shape::rank();
    static constexpr bool planes = rank > 2;
    static constexpr std::size_t lanes = row_lanes<T>;
    static constexpr std::size_t Channels = Shape::static_extents[1];
    static constexpr std::size_t Plane = [] {
        std::size_t n = 1;
        for (std::size_t a = 2; a < rank; ++a)
            n = is_dynamic(n) || is_dynamic(Shape::static_extents[a]) ? dyn : n * Shape::static_extents[a];
        return n;
    }();

    explicit constexpr tape(node const& n) : node_(&n), operand_(n.operand) {
        auto const s = n.shape();
        samples_ = s[0];
        channels_ = s[1];
        for (std::size_t a = 2; a < rank; ++a) plane_ *= s[a];
    }
    tape(tape const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    /// @throws shape_error while training with fewer than two elements for each channel
    constexpr void forward() {
        if (node_->training && samples_ * plane_ < 2)
            throw shape_error("batch_norm: training needs more than one element for each channel, not " +
                              to_string(shape()));
        operand_.forward();
        values_.reserve(shape().size());
        evaluate_region(operand_, values_.data(), shape());
        for (auto* b : {&mean_, &scale_, &shift_}) b->reserve(channels_);
        for (std::size_t c = 0; c < channels_; ++c) set(shift_, c, V(T(0)));
        if (node_->training) batch_statistics();
        else
            for (std::size_t c = 0; c < channels_; ++c) {
                set(mean_, c, V(static_cast<T>(node_->running.mean[c])));
                set(scale_, c, V(static_cast<T>(node_->running.var[c])));
            }
        V const eps(static_cast<T>(node_->eps));
        for (std::size_t c = 0; c < channels_; ++c) {
            set(scale_, c, apply_op(op::rsqrt{}, at(scale_, c) + eps));
            set(shift_, c, -(at(shift_, c) * at(scale_, c)));
        }
        each_stretch(values_.data(), [&](auto N, T* x, std::size_t c) TENON_LAMBDA_INLINE {
            element::store_lanes(
                x, scale_and_shift(element::load_lanes<N>(x) - of<N>(mean_, c), of<N>(scale_, c), of<N>(shift_, c)));
        });
        if constexpr (differentiable) {
            gradients_.reserve(shape().size());
            for (std::size_t i = 0; i < shape().size(); ++i) gradients_.data()[i] = T(0);
        }
    }
    /// The batch's statistics depend on every element: scale · (g − mean g − y · mean(g y)); running ones are constants: scale · g.
    constexpr void finish() {
        if constexpr (differentiable) {
            T* const g = gradients_.data();
            auto& mean = mean_;
            slope_.reserve(channels_);
            for (auto* b : {&mean, &slope_})
                for (std::size_t c = 0; c < channels_; ++c) set(*b, c, V(T(0)));
            if (node_->training) {
                each_total(mean, [&](auto N, std::size_t i, std::size_t)
                                     TENON_LAMBDA_INLINE { return element::load_lanes<N>(g + i); });
                each_total(slope_, [&](auto N, std::size_t i, std::size_t) TENON_LAMBDA_INLINE {
                    return element::load_lanes<N>(g + i) * element::load_lanes<N>(values_.data() + i);
                });
                for (auto* b : {&mean, &slope_})
                    for (std::size_t c = 0; c < channels_; ++c) set(*b, c, at(*b, c) / count());
            }
            each_stretch(g, [&](auto N, T* p, std::size_t c) TENON_LAMBDA_INLINE {
                auto const y = element::load_lanes<N>(values_.data() + (p - g));
                element::store_lanes(p, (element::load_lanes<N>(p) - of<N>(mean, c) - y * of<N>(slope_, c)) *
                                            of<N>(scale_, c));
            });
            backward_from_memory(operand_, std::as_const(gradients_).data());
            operand_.finish();
        }
    }

private:
    using channel_buffer = buffer<T, Channels>;
    static constexpr V at(channel_buffer const& b, std::size_t c) { return element::load_lanes<1>(b.data() + c); }
    static constexpr void set(channel_buffer& b, std::size_t c, V v) { element::store_lanes(b.data() + c, v); }
    /// The values that belong to N lanes from channel c on.
    template <std::size_t N>
    TENON_INLINE static constexpr auto of(channel_buffer const& b, std::size_t c) {
        if constexpr (planes) return math::splat<N>(at(b, c));
        else return element::load_lanes<N>(b.data() + c);
    }
    constexpr V count() const { return V(static_cast<T>(static_cast<double>(samples_ * plane_))); }

    /// Calls f(N, p, c) for all elements from p on, N at a time, where c is the first one's channel.
    template <class F>
    constexpr void each_stretch(T* p, F&& f) const {
        for (std::size_t i = 0; i < samples_; ++i)
            if constexpr (planes)
                for (std::size_t c = 0; c < channels_; ++c, p += plane_)
                    for_each_pack<lanes, Plane>(plane_,
                                                [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { f(N, p + j, c); });
            else {
                for_each_pack<lanes, Channels>(channels_,
                                               [&](auto N, std::size_t c) TENON_LAMBDA_INLINE { f(N, p + c, c); });
                p += channels_;
            }
    }
    /// Sums of f(N, i, c), for N elements from the i-th on, one for each channel, into memory that holds zeros.
    template <class F>
    constexpr void each_total(channel_buffer& totals, F&& f) const {
        std::size_t first = 0;
        if constexpr (planes) {
            buffer<wider_t<T>, Channels> wide;
            wide.reserve(channels_);
            for (std::size_t c = 0; c < channels_; ++c) wide.data()[c] = wider_t<T>(0);
            for (std::size_t i = 0; i < samples_; ++i)
                for (std::size_t c = 0; c < channels_; ++c, first += plane_) {
                    V const total = join_row<op::sum, T, lanes, Plane>(
                        plane_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return f(N, first + j, c); });
                    auto* const to = wide.data() + c;
                    element::store_lanes(to, element::load_lanes<1>(to) + math::convert<wider_t<T>>(total));
                }
            for (std::size_t c = 0; c < channels_; ++c)
                set(totals, c, math::convert<T>(element::load_lanes<1>(wide.data() + c)));
        } else {
            bool const many = samples_ > terms_in_part;
            wide_sums<T, Channels> wide;
            if (many) wide.start(channels_);
            for (std::size_t i = 0; i < samples_; ++i) {
                for_each_pack<lanes, Channels>(channels_, [&](auto N, std::size_t c) TENON_LAMBDA_INLINE {
                    element::store_lanes(totals.data() + c,
                                         element::load_lanes<N>(totals.data() + c) + f(N, first + c, c));
                });
                first += channels_;
                if (many && (i + 1) % terms_in_part == 0) wide.take(totals.data(), 0, channels_);
            }
            if (many) wide.finish(totals.data(), channels_);
        }
    }
    /// The batch's mean, rounded, in mean_, what it lacks in shift_, and the variance in scale_; moves the running ones.
    constexpr void batch_statistics() {
        T const* const x = values_.data();
        for (auto* b : {&shift_, &scale_})
            for (std::size_t c = 0; c < channels_; ++c) set(*b, c, V(T(0)));
        for (std::size_t c = 0; c < channels_; ++c) set(mean_, c, element::load_lanes<1>(x + c * plane_));
        each_total(shift_, [&](auto N, std::size_t i, std::size_t c)
                               TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + i) - of<N>(mean_, c); });
        for (std::size_t c = 0; c < channels_; ++c) {
            exact_mean<V> const mean(at(mean_, c), at(shift_, c) / count());
            set(mean_, c, mean.rounded);
            set(shift_, c, mean.rest);
        }
        each_total(scale_, [&](auto N, std::size_t i, std::size_t c) TENON_LAMBDA_INLINE {
            auto const d = element::load_lanes<N>(x + i) - of<N>(mean_, c);
            return d * d;
        });
        for (std::size_t c = 0; c < channels_; ++c)
            set(scale_, c, at(scale_, c) / count() - at(shift_, c) * at(shift_, c));
        auto const& r = node_->running;
        if (!r.mean) return;
        double const n = static_cast<double>(samples_ * plane_);
        for (std::size_t c = 0; c < channels_; ++c) {
            move(r.mean[c], mean_.data()[c], 1);
            move(r.var[c], scale_.data()[c], n / (n - 1));
        }
        if (r.batches) ++*r.batches;
    }
    /// Moves a running value towards a batch's; a dual number's tangents are no part of what runs.
    constexpr void move(R& running, T const& batch, double factor) const {
        double value;
        if constexpr (element::is_dual<T>) value = static_cast<double>(batch.value);
        else value = static_cast<double>(batch);
        double const m = node_->running.momentum;
        running = static_cast<R>((1 - m) * static_cast<double>(running) + m * factor * value);
    }

    node const* node_;
    operand operand_;
    std::size_t samples_ = 0, channels_ = 0, plane_ = 1;
    channel_buffer mean_, scale_, shift_, slope_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
