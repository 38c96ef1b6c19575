// Cross-entropy on the processor: forward leaves the gradient behind, ready to be scaled.
#pragma once

#include <algorithm>
#include <bit>
#include <string>

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/cross_entropy.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Forward keeps z = softmax(x) − target, times the row's weight, where gradients are wanted: the gradient of a row's loss.
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
        index_.forward();
        auto const s = logits_.shape();
        z_.reserve(s.size());
        evaluate_region(logits_, z_.data(), s);
        std::size_t const n = shape().size();
        values_.reserve(n);
        wide_sum<T> total, weights;
        // The logarithms of several rows are lanes of one.
        row_state rows[rows_together];
        std::size_t count = 0;
        auto const complete = [&] {
            logarithms(rows, count);
            for (std::size_t r = 0; r < count; ++r) {
                row_loss(rows[r]);
                if constexpr (R == reduction::none) element::store_lanes(values_.data() + rows[r].index, rows[r].loss);
                total.add(rows[r].loss);
                weights.add(rows[r].weight);
            }
            count = 0;
        };
        each_row([&](std::size_t index, std::size_t o, std::size_t step) {
            exponentials(rows[count], index, target(index), z_.data() + o, step, s[axis]);
            if (++count == rows_together) complete();
        });
        if (count != 0) complete();
        if constexpr (R == reduction::mean) {
            scale_ = V(T(1)) / weights.value();
            element::store_lanes(values_.data(), total.value() * scale_);
            if (differentiable && (weights.value() == V(T(0)))[0]) scale_counted_rows();
        } else {
            scale_ = V(T(1));
            if constexpr (R == reduction::sum) element::store_lanes(values_.data(), total.value());
        }
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            auto const length = logits_.shape()[axis];
            if constexpr (R == reduction::none) {
                each_row([&](std::size_t row, std::size_t o, std::size_t step) {
                    V const g = element::load_lanes<1>(gradients_.data() + row);
                    for (std::size_t c = 0; c != length; ++c)
                        element::store_lanes(z_.data() + o + c * step,
                                             element::load_lanes<1>(z_.data() + o + c * step) * g);
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
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        p.template holds<decltype(z_)>(n.logits.shape().size());
    }

private:
    using V = lane_t<T, 1>;
    using plain = typename tenon::detail::plain_element<T>::type;
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
        auto const [before, along, after] = around_axis<axis>(logits_.shape());
        for (std::size_t b = 0; b != before; ++b)
            for (std::size_t c = 0; c != after; ++c) f(b * after + c, b * along * after + c, after);
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
    constexpr V class_weight(std::size_t c) const { return V(element::load_lanes<1>(weights_ + c * weight_step_)); }
    static constexpr std::size_t rows_together =
        std::bit_ceil(std::min(lanes, static_size<tenon::detail::target_shape<Rows>>));
    /// What is known of a row before its logarithm.
    struct row_state {
        std::size_t index, step, classes, target;
        T* z;
        bool counts;
        V top, chosen, total, log_total;
        V spread, all_weights;  ///< with label smoothing: Σ w z and Σ w
        V loss, weight;
    };
    static constexpr std::size_t classes_static = Rows::static_extents[axis];
    /// Calls f(N, j) over the classes of a row, in packs where they are contiguous.
    template <class F>
    TENON_INLINE static constexpr void each_class(row_state const& r, F&& f) {
        for_each_pack<contiguous_classes ? lanes : 1, classes_static>(r.classes, f);
    }
    template <class Op>
    TENON_INLINE static constexpr V join_classes(row_state const& r) {
        return join_row<Op, T, contiguous_classes ? lanes : 1, classes_static>(
            r.classes,
            [&r](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(r.z + j * r.step); });
    }
    /// Puts exp(z − max z) in place of a row's logits. The row's state is written where it stays: a copy of what was written
    /// piece by piece waits for the pieces, 4 ns a row on Zen 3.
    TENON_INLINE constexpr void exponentials(row_state& r, std::size_t index, std::int64_t t, T* z, std::size_t step,
                                             std::size_t classes) const {
        V const zero(T(0));
        r.index = index;
        r.step = contiguous_classes ? 1 : step;
        r.classes = classes;
        r.target = 0;
        r.z = z;
        r.counts = t != node_->options.ignore_index;
        r.top = r.chosen = r.log_total = r.spread = r.all_weights = r.loss = r.weight = zero;
        r.total = V(T(1));
        if (!r.counts) {
            each_class(r, [&](auto N, std::size_t j)
                              TENON_LAMBDA_INLINE { element::store_lanes(z + j * r.step, lane_t<T, N>(T(0))); });
            return;
        }
        if (t < 0 || static_cast<std::size_t>(t) >= classes)
            throw index_error(text_of({"cross_entropy: class ", t, " is not one of the ", classes, " classes"}));
        r.target = static_cast<std::size_t>(t);
        r.top = join_classes<op::max>(r);
        r.chosen = at(r, r.target);
        if (node_->options.label_smoothing != 0)
            for (std::size_t c = 0; c < classes; ++c) {
                r.spread = r.spread + class_weight(c) * at(r, c);
                r.all_weights = r.all_weights + class_weight(c);
            }
        each_class(r, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            T* const p = z + j * r.step;
            element::store_lanes(p, element::exp(element::load_lanes<N>(p) - math::splat<N>(r.top)));
        });
        r.total = join_classes<op::sum>(r);
    }
    static constexpr void logarithms(row_state (&rows)[rows_together], std::size_t count) {
        if (__builtin_is_constant_evaluated() || rows_together == 1) {
            for (std::size_t r = 0; r < count; ++r) rows[r].log_total = element::log(rows[r].total);
            return;
        }
        if constexpr (rows_together > 1) {
            auto const logs = element::log(element::lane_t<T, rows_together>::generate(
                [&](std::size_t r) TENON_LAMBDA_INLINE { return r < count ? rows[r].total.raw : T(1); }));
            for (std::size_t r = 0; r < count; ++r) rows[r].log_total = V(logs[r]);
        }
    }
    /// The row's loss and weight, and in place of its exponentials the gradient of the loss.
    TENON_INLINE constexpr void row_loss(row_state& r) const {
        if (!r.counts) return;
        auto const smoothing = static_cast<plain>(node_->options.label_smoothing);
        V const log_sum = r.top + r.log_total;
        V const share = V(static_cast<T>(smoothing)) / V(static_cast<T>(static_cast<float>(r.classes)));
        V const keep = V(T(1)) - V(static_cast<T>(smoothing));
        r.weight = class_weight(r.target);
        r.loss = keep * r.weight * (log_sum - r.chosen) + share * (r.all_weights * log_sum - r.spread);
        if constexpr (differentiable) {
            V const scale = (keep * r.weight + share * r.all_weights) / r.total;
            each_class(r, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                T* const p = r.z + j * r.step;
                element::store_lanes(p, element::load_lanes<N>(p) * math::splat<N>(scale));
            });
            if (smoothing != 0)
                for (std::size_t c = 0; c < r.classes; ++c)
                    element::store_lanes(r.z + c * r.step, at(r, c) - share * class_weight(c));
            element::store_lanes(r.z + r.target * r.step, at(r, r.target) - keep * r.weight);
        }
    }
    /// Without any weight the mean is 0/0. Rows that count have such a gradient too; ignored ones keep their zeros.
    constexpr void scale_counted_rows() {
        each_row([&](std::size_t row, std::size_t o, std::size_t step) {
            if (target(row) == node_->options.ignore_index) return;
            for (std::size_t c = 0, length = logits_.shape()[axis]; c != length; ++c) {
                T* const z = z_.data() + o + c * step;
                element::store_lanes(z, element::load_lanes<1>(z) * scale_);
            }
        });
        scale_ = V(T(1));
    }
    TENON_INLINE static constexpr V at(row_state const& r, std::size_t c) {
        return element::load_lanes<1>(r.z + c * r.step);
    }

    node const* node_;
    plain const* weights_;
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
