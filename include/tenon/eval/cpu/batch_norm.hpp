// Normalisation over a batch on the processor: statistics of all channels, then one pass that applies them.
#pragma once

#include <tenon/eval/cpu/row_teams.hpp>
#include <tenon/expr/batch_norm.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Normalises the channels of [samples, channels, plane] elements in memory: compiled once for an element type, whatever the
/// shapes. Keeps each channel's mean and scale between the ways forward and back.
/// @tparam Planes whether lanes are neighbours in a plane, which has one channel; otherwise a plane is one element, and they
///   are neighbouring channels
template <class T, bool Planes>
class channel_normalization {
public:
    constexpr channel_normalization(std::size_t samples, std::size_t channels, std::size_t plane)
        : samples_(samples), channels_(channels), plane_(plane) {}

    /// y = (x − mean) / √(var + eps), where mean and var are the batch's, which moves the running ones, or the running ones.
    /// @param y may be x
    template <class R>
    [[gnu::noinline]] constexpr void forward(T const* x, T* y, running_statistics<R> const& running, bool training,
                                             double eps) {
        for (auto* b : {&mean_, &scale_, &shift_}) clear(*b);
        if (training) {
            find_statistics(x);
            if (running.mean) move(running);
        } else
            for (std::size_t c = 0; c < channels_; ++c) {
                set(mean_, c, V(static_cast<T>(running.mean[c])));
                set(scale_, c, V(static_cast<T>(running.var[c])));
            }
        V const least(static_cast<T>(eps));
        for (std::size_t c = 0; c < channels_; ++c) {
            set(scale_, c, apply_op(op::rsqrt{}, at(scale_, c) + least));
            set(shift_, c, -(at(shift_, c) * at(scale_, c)));
        }
        each_pack([&](auto N, std::size_t i, std::size_t c) TENON_LAMBDA_INLINE {
            element::store_lanes(
                y + i, math::fma(element::load_lanes<N>(x + i) - of<N>(mean_, c), of<N>(scale_, c), of<N>(shift_, c)));
        });
    }
    /// dx = scale · (g − mean g − y · mean(g y)), or dx += that. The batch's statistics depend on every element; running ones are
    /// constants, which leaves scale · g.
    /// @param dx may be g
    [[gnu::noinline]] constexpr void backward(T const* g, T const* y, T* dx, bool training, bool add) {
        auto &mean = mean_, &slope = shift_;
        for (auto* b : {&mean, &slope}) clear(*b);
        if (training) {
            add_totals(mean, [&](auto N, std::size_t i, std::size_t)
                                 TENON_LAMBDA_INLINE { return element::load_lanes<N>(g + i); });
            add_totals(slope, [&](auto N, std::size_t i, std::size_t) TENON_LAMBDA_INLINE {
                return element::load_lanes<N>(g + i) * element::load_lanes<N>(y + i);
            });
            for (auto* b : {&mean, &slope})
                for (std::size_t c = 0; c < channels_; ++c) set(*b, c, at(*b, c) / count());
        }
        each_pack([&](auto N, std::size_t i, std::size_t c) TENON_LAMBDA_INLINE {
            auto const d =
                (element::load_lanes<N>(g + i) - of<N>(mean, c) - element::load_lanes<N>(y + i) * of<N>(slope, c)) *
                of<N>(scale_, c);
            element::store_lanes(dx + i, add ? element::load_lanes<N>(dx + i) + d : d);
        });
    }

private:
    using V = lane_t<T, 1>;
    using channel_buffer = buffer<T, dyn>;
    static constexpr std::size_t lanes = row_lanes<T>;

    static constexpr V at(channel_buffer const& b, std::size_t c) { return element::load_lanes<1>(b.data() + c); }
    static constexpr void set(channel_buffer& b, std::size_t c, V v) { element::store_lanes(b.data() + c, v); }
    constexpr void clear(channel_buffer& b) const {
        b.reserve(channels_);
        for (std::size_t c = 0; c < channels_; ++c) set(b, c, V(T(0)));
    }
    /// The values that belong to N lanes from channel c on.
    template <std::size_t N>
    TENON_INLINE static constexpr auto of(channel_buffer const& b, std::size_t c) {
        if constexpr (Planes) return math::splat<N>(at(b, c));
        else return element::load_lanes<N>(b.data() + c);
    }
    constexpr V count() const { return V(static_cast<T>(static_cast<double>(samples_ * plane_))); }

    /// Calls f(N, i, c) for all elements, N at a time from the i-th on, where c is the first one's channel.
    template <class F>
    TENON_INLINE constexpr void each_pack(F&& f) const {
        for (std::size_t i = 0, first = 0; i < samples_; ++i)
            if constexpr (Planes)
                for (std::size_t c = 0; c < channels_; ++c, first += plane_)
                    for_each_pack<lanes, dyn>(plane_,
                                              [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { f(N, first + j, c); });
            else {
                for_each_pack<lanes, dyn>(channels_,
                                          [&](auto N, std::size_t c) TENON_LAMBDA_INLINE { f(N, first + c, c); });
                first += channels_;
            }
    }
    /// Adds the sums of f(N, i, c), for N elements from the i-th on, one for each channel, to zeros.
    template <class F>
    constexpr void add_totals(channel_buffer& totals, F const& f) const {
        if constexpr (Planes) {
            buffer<wider_t<T>, dyn> wide;
            wide.reserve(channels_);
            for (std::size_t c = 0; c < channels_; ++c) wide.data()[c] = wider_t<T>(0);
            for (std::size_t i = 0, first = 0; i < samples_; ++i)
                for (std::size_t c = 0; c < channels_; ++c, first += plane_) {
                    V const total = join_row<op::sum, T, lanes, dyn>(
                        plane_, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return f(N, first + j, c); });
                    auto* const to = wide.data() + c;
                    element::store_lanes(to, element::load_lanes<1>(to) + math::convert<wider_t<T>>(total));
                }
            for (std::size_t c = 0; c < channels_; ++c)
                set(totals, c, math::convert<T>(element::load_lanes<1>(wide.data() + c)));
        } else {
            bool const many = samples_ > terms_in_part;
            wide_sums<T, dyn> wide;
            if (many) wide.start(channels_);
            for (std::size_t i = 0, first = 0; i < samples_; ++i) {
                for_each_pack<lanes, dyn>(channels_, [&](auto N, std::size_t c) TENON_LAMBDA_INLINE {
                    element::store_lanes(totals.data() + c,
                                         element::load_lanes<N>(totals.data() + c) + f(N, first + c, c));
                });
                first += channels_;
                if (many && (i + 1) % terms_in_part == 0) wide.take(totals.data(), 0, channels_);
            }
            if (many) wide.finish(totals.data(), channels_);
        }
    }
    /// The batch's mean, rounded, in mean_, what it lacks in shift_, and the variance in scale_.
    constexpr void find_statistics(T const* x) {
        for (std::size_t c = 0; c < channels_; ++c) set(mean_, c, element::load_lanes<1>(x + c * plane_));
        add_totals(shift_, [&](auto N, std::size_t i, std::size_t c)
                               TENON_LAMBDA_INLINE { return element::load_lanes<N>(x + i) - of<N>(mean_, c); });
        for (std::size_t c = 0; c < channels_; ++c) {
            element::exact_mean<V> const mean(at(mean_, c), at(shift_, c) / count());
            set(mean_, c, mean.rounded);
            set(shift_, c, mean.rest);
        }
        add_totals(scale_, [&](auto N, std::size_t i, std::size_t c) TENON_LAMBDA_INLINE {
            auto const d = element::load_lanes<N>(x + i) - of<N>(mean_, c);
            return d * d;
        });
        for (std::size_t c = 0; c < channels_; ++c)
            set(scale_, c, at(scale_, c) / count() - at(shift_, c) * at(shift_, c));
    }
    /// Moves running statistics towards the batch's.
    template <class R>
    constexpr void move(running_statistics<R> const& to) const {
        double const n = static_cast<double>(samples_ * plane_), m = to.momentum;
        auto const one = [m](R& running, T const& batch, double factor) {
            // A dual number's tangents are no part of what runs.
            double value;
            if constexpr (element::is_dual<T>) value = static_cast<double>(batch.value);
            else value = static_cast<double>(batch);
            running = static_cast<R>((1 - m) * static_cast<double>(running) + m * factor * value);
        };
        for (std::size_t c = 0; c < channels_; ++c) {
            one(to.mean[c], mean_.data()[c], 1);
            one(to.var[c], scale_.data()[c], n / (n - 1));
        }
        if (to.batches) ++*to.batches;
    }

    std::size_t samples_, channels_, plane_;
    channel_buffer mean_, scale_, shift_;
};

/// The operand is seen as [samples, channels, plane], where a plane is what follows axis 1. Kept: the standardised elements and
/// each channel's scale.
template <class A, class R, bool Grad>
struct tape<batch_norm_node<A, R>, Grad>
    : in_memory<tape<batch_norm_node<A, R>, Grad>, value_t<A>, shape_t<A>, tape<A, Grad>::differentiable> {
    using node = batch_norm_node<A, R>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t rank = Shape::rank();
    /// Whether the operand's elements and gradients are used where they lie.
    static constexpr bool in_place = [] {
        if constexpr (addressable<operand>) return operand::is_contiguous;
        else return false;
    }();

    explicit constexpr tape(node const& n)
        : node_(&n), operand_(n.operand), channels_(n.shape()[0], n.shape()[1], plane(n.shape())) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    /// @throws shape_error while training with fewer than two elements for each channel
    constexpr void forward() {
        auto const s = shape();
        if (node_->training && s[0] * plane(s) < 2)
            throw shape_error(
                text_of({"batch_norm: training needs more than one element for each channel, not ", to_string(s)}));
        operand_.forward();
        values_.reserve(s.size());
        T const* x = values_.data();
        if constexpr (in_place) x = operand_.data();
        else evaluate_region(operand_, values_.data(), s);
        channels_.forward(x, values_.data(), node_->running, node_->training, node_->eps);
        if constexpr (differentiable) gradients_.reserve_zeros(s.size());
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            T* dx = gradients_.data();
            bool add = false;
            if constexpr (in_place) {
                add = !operand_.overwrite_gradient();
                dx = operand_.gradient();
            }
            channels_.backward(gradients_.data(), values_.data(), dx, node_->training, add);
            if constexpr (!in_place) backward_from_memory(operand_, std::as_const(gradients_).data());
            operand_.finish();
        }
    }

private:
    static constexpr std::size_t plane(Shape const& s) {
        std::size_t n = 1;
        for (std::size_t a = 2; a < rank; ++a) n *= s[a];
        return n;
    }

    node const* node_;
    operand operand_;
    channel_normalization<T, (rank > 2)> channels_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
