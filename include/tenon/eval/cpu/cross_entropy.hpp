// Cross-entropy on the processor: the way forward leaves the gradient behind, ready to be scaled.
#pragma once

#include <tenon/eval/cpu/softmax.hpp>
#include <tenon/expr/cross_entropy.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Forward keeps z = softmax(x) − target, times the row's weight, where gradients are wanted: the gradient of a row's
/// loss.
template <reduction R, class Logits, class Targets, bool Grad>
struct tape<cross_entropy_node<R, Logits, Targets>, Grad>
    : in_memory<tape<cross_entropy_node<R, Logits, Targets>, Grad>, value_t<Logits>,
                typename cross_entropy_node<R, Logits, Targets>::shape_type, tape<Logits, Grad>::differentiable> {
    using node = cross_entropy_node<R, Logits, Targets>;
    using T = value_t<Logits>;
    using Shape = typename node::shape_type;
    using Rows = shape_t<Logits>;
    static constexpr bool differentiable = tape<Logits, Grad>::differentiable;
    static constexpr std::size_t axis = tenon::detail::class_axis<Rows>;
    static constexpr bool contiguous_classes = axis + 1 == Rows::rank();
    static constexpr std::size_t lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);

    explicit constexpr tape(node const& n)
        : node_(&n),
          weights_(n.options.weight.data()),
          weight_step_(static_cast<std::size_t>(n.options.weight.strides()[0])),
          logits_(n.logits),
          targets_(n.targets),
          index_(targets_) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return node_->shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        logits_.forward();
        targets_.forward();
        index_.forward();
        auto const s = logits_.shape();
        z_.reserve(s.size());
        evaluate_region(logits_, z_.data(), s);
        std::size_t const n = shape().size();
        values_.reserve(n);
        V total(T(0)), weights(T(0));
        each_row([&](std::size_t row, std::size_t o, std::size_t step) {
            V loss(T(0)), w(T(0));
            row_loss(target(row), z_.data() + o, step, s[axis], loss, w);
            if constexpr (R == reduction::none) element::store_lanes(values_.data() + row, loss);
            total = total + loss;
            weights = weights + w;
        });
        if constexpr (R == reduction::mean) {
            scale_ = V(T(1)) / weights;
            element::store_lanes(values_.data(), total * scale_);
        } else {
            scale_ = V(T(1));
            if constexpr (R == reduction::sum) element::store_lanes(values_.data(), total);
        }
        if constexpr (differentiable) {
            gradients_.reserve(n);
            for (std::size_t i = 0; i != n; ++i) gradients_.data()[i] = T(0);
        }
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            auto const length = logits_.shape()[axis];
            if constexpr (R == reduction::none) {
                each_row([&](std::size_t row, std::size_t o, std::size_t step) {
                    V const g = element::load_lanes<1>(gradients_.data() + row);
                    for (std::size_t c = 0; c != length; ++c) element::store_lanes(z_.data() + o + c * step, element::load_lanes<1>(z_.data() + o + c * step) * g);
                });
                backward_from_memory(logits_, std::as_const(z_).data());
            } else {
                V const g = element::load_lanes<1>(gradients_.data()) * scale_;
                auto const row_size = row_length(logits_.shape());
                backward_region(logits_, [&, p = std::as_const(z_).data()](auto const&) mutable {
                    scaled_row const r{p, g};
                    p += row_size;
                    return r;
                });
            }
            logits_.finish();
        }
    }

private:
    using V = lane_t<T, 1>;
    struct scaled_row {
        T const* p;
        V g;
        template <std::size_t N, class Regs>
        TENON_INLINE constexpr auto load(std::size_t j, Regs const&) const {
            return element::load_lanes<N>(p + j) * math::splat<N>(g);
        }
    };
    /// Calls f(row, offset of the row's first class, distance of its classes).
    template <class F>
    constexpr void each_row(F&& f) const {
        auto const s = logits_.shape();
        std::size_t after = 1, before = 1;
        for (std::size_t a = 0; a != axis; ++a) before *= s[a];
        for (std::size_t a = axis + 1; a != Rows::rank(); ++a) after *= s[a];
        for (std::size_t b = 0; b != before; ++b)
            for (std::size_t c = 0; c != after; ++c) f(b * after + c, b * s[axis] * after + c, after);
    }
    constexpr std::int64_t target(std::size_t row) const {
        std::array<std::size_t, shape_t<Targets>::rank() + 1> at{};
        auto const strides = index_.strides();
        auto const s = targets_.shape();
        std::ptrdiff_t o = 0;
        for (std::size_t a = shape_t<Targets>::rank(); a-- > 0;) {
            at[a] = row % s[a];
            row /= s[a];
            o += static_cast<std::ptrdiff_t>(at[a]) * strides[a];
        }
        return static_cast<std::int64_t>(index_.data()[o]);
    }
    constexpr V class_weight(std::size_t c) const {
        return V(element::load_lanes<1>(weights_ + c * weight_step_));
    }
    /// One row: its loss, its weight, and in place of its logits the gradient of the loss.
    constexpr void row_loss(std::int64_t t, T* z, std::size_t step, std::size_t classes, V& loss, V& weight) {
        auto const smoothing = static_cast<typename tenon::detail::plain_element<T>::type>(node_->options.label_smoothing);
        if (t == node_->options.ignore_index) {
            for (std::size_t c = 0; c != classes; ++c) z[c * step] = T(0);
            return;
        }
        if (t < 0 || static_cast<std::size_t>(t) >= classes)
            throw index_error("cross_entropy: class " + std::to_string(t) + " is not one of the " + std::to_string(classes) + " classes");
        auto const k = static_cast<std::size_t>(t);
        auto const at = [&](std::size_t c) { return element::load_lanes<1>(z + c * step); };
        V top = at(0);
        for (std::size_t c = 1; c < classes; ++c) top = op::max::combine(top, at(c));
        V const chosen = at(k);
        V spread(T(0)), all_weights(T(0));
        if (smoothing != 0)
            for (std::size_t c = 0; c != classes; ++c) {
                spread = spread + class_weight(c) * at(c);
                all_weights = all_weights + class_weight(c);
            }
        V total(T(0));
        if constexpr (contiguous_classes && lanes > 1) {
            if (std::is_constant_evaluated()) total = exponentials(z, step, classes, top);
            else {
                for_each_pack<lanes, Rows::static_extents[axis]>(classes, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(z + j, detail::lane_exp(element::load_lanes<N>(z + j) - math::splat<N>(top)));
                });
                total = join_row<op::sum, T, lanes, Rows::static_extents[axis]>(classes, [z](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(z + j); });
            }
        } else total = exponentials(z, step, classes, top);
        V const log_total = top + detail::lane_log(total);
        V const w = class_weight(k);
        V const share = V(static_cast<T>(smoothing)) / V(static_cast<T>(static_cast<float>(classes)));
        V const keep = V(T(1)) - V(static_cast<T>(smoothing));
        loss = keep * w * (log_total - chosen) + share * (all_weights * log_total - spread);
        weight = w;
        if constexpr (differentiable) {
            V const scale = (keep * w + share * all_weights) / total;
            if constexpr (contiguous_classes && lanes > 1) {
                for_each_pack<lanes, Rows::static_extents[axis]>(classes, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(z + j, element::load_lanes<N>(z + j) * math::splat<N>(scale));
                });
            } else
                for (std::size_t c = 0; c != classes; ++c) element::store_lanes(z + c * step, at(c) * scale);
            if (smoothing != 0)
                for (std::size_t c = 0; c != classes; ++c) element::store_lanes(z + c * step, at(c) - share * class_weight(c));
            element::store_lanes(z + k * step, at(k) - keep * w);
        }
    }
    /// exp(z − top) in place of z; returns the sum.
    static constexpr V exponentials(T* z, std::size_t step, std::size_t classes, V top) {
        V total(T(0));
        for (std::size_t c = 0; c != classes; ++c) {
            V const e = detail::lane_exp(element::load_lanes<1>(z + c * step) - top);
            element::store_lanes(z + c * step, e);
            total = total + e;
        }
        return total;
    }

    node const* node_;
    typename tenon::detail::plain_element<T>::type const* weights_;
    std::size_t weight_step_;
    tape<Logits, Grad> logits_;
    tape<Targets, false> targets_;
    dense<tape<Targets, false>> index_;
    buffer<T, static_size<Rows>> z_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    V scale_{};
};

}  // namespace tenon::inline TENON_TARGET::eval
