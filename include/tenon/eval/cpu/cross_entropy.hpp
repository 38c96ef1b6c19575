// Cross-entropy on the processor: forward leaves the gradient behind, ready to be scaled.
#pragma once

#include <algorithm>
#include <bit>
#include <string>

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/cross_entropy.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// What the loss of rows of classes needs beside the logits.
template <class T, class Index>
struct class_rows {
    using plain = typename tenon::detail::plain_element<T>::type;
    using V = lane_t<T, 1>;
    std::size_t count, classes;
    std::size_t step;  ///< the distance of a row's classes; so many rows lie side by side
    Index const* targets;
    std::size_t const* extents;  ///< of the targets
    std::ptrdiff_t const* strides;
    std::size_t rank;
    plain const* weights;
    std::size_t weight_step;
    std::int64_t ignored;
    plain smoothing;
    bool keeps_gradient;

    /// Where a row's first class is.
    TENON_INLINE constexpr std::size_t offset(std::size_t row) const {
        return step == 1 ? row * classes : row / step * classes * step + row % step;
    }
    constexpr std::int64_t target(std::size_t row) const {
        std::ptrdiff_t o = 0;
        for (std::size_t a = rank; a-- > 0;) {
            o += static_cast<std::ptrdiff_t>(a == 0 ? row : row % extents[a]) * strides[a];
            if (a != 0) row /= extents[a];
        }
        return static_cast<std::int64_t>(targets[o]);
    }
    constexpr V weight(std::size_t c) const { return V(element::load_lanes<1>(weights + c * weight_step)); }
};
/// The sums over all rows of their losses and weights.
template <class T>
struct class_totals {
    wide_sum<T> loss, weight;
};

/// The losses of rows, whose logits z become the losses' gradients where they are wanted: softmax(z) − target, times the row's
/// weight. A function of its own, whatever made the logits.
/// @tparam Lanes how many classes are worked on together
/// @tparam Length how many there are, or `dyn`
/// @tparam Together how many rows' logarithms are lanes of one
template <std::size_t Lanes, std::size_t Length, std::size_t Together, class T, class Index>
class class_losses {
    using V = lane_t<T, 1>;
    /// What is known of a row before its logarithm.
    struct row_state {
        T* z;
        std::size_t target;
        bool counts;
        V top, chosen, total, log_total;
        V spread, all_weights;  ///< with label smoothing: Σ w z and Σ w
    };
    class_rows<T, Index> const& all_;
    row_state rows_[Together];

    constexpr explicit class_losses(class_rows<T, Index> const& all) : all_(all) {}

public:
    /// @param losses where each row's goes, or null
    [[gnu::noinline]] static constexpr class_totals<T> find(class_rows<T, Index> const& all, T* z, T* losses) {
        class_losses c(all);
        class_totals<T> totals;
        for (std::size_t first = 0; first < all.count; first += Together) {
            std::size_t const n = std::min(Together, all.count - first);
            for (std::size_t r = 0; r != n; ++r)
                c.exponentials(c.rows_[r], all.target(first + r), z + all.offset(first + r));
            c.logarithms(n);
            for (std::size_t r = 0; r != n; ++r) c.add_loss(c.rows_[r], totals, losses ? losses + first + r : nullptr);
        }
        return totals;
    }

private:
    /// Calls f(N, p) over the classes of a row, in packs where they are neighbours.
    template <class F>
    TENON_INLINE constexpr void each_class(T* z, F&& f) const {
        for_each_pack<Lanes, Length>(all_.classes, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            f(N, z + j * (Lanes == 1 ? all_.step : 1));
        });
    }
    template <class Op>
    TENON_INLINE constexpr V join_classes(T const* z) const {
        return join_row<Op, T, Lanes, Length>(all_.classes, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            return element::load_lanes<N>(z + j * (Lanes == 1 ? all_.step : 1));
        });
    }
    TENON_INLINE constexpr V at(T const* z, std::size_t c) const { return element::load_lanes<1>(z + c * all_.step); }

    /// Puts exp(z − max z) in place of a row's logits. The row's state is written where it stays: a copy of what was written
    /// piece by piece waits for the pieces, 4 ns a row on Zen 3.
    TENON_INLINE constexpr void exponentials(row_state& r, std::int64_t t, T* z) const {
        r.z = z;
        r.counts = t != all_.ignored;
        r.total = V(T(1));
        if (!r.counts) {
            // Nobody reads these; g++ warns that somebody might.
            r.target = 0;
            r.top = r.chosen = r.spread = r.all_weights = V(T(0));
            each_class(z, [](auto N, T* p) TENON_LAMBDA_INLINE { element::store_lanes(p, lane_t<T, N>(T(0))); });
            return;
        }
        if (t < 0 || static_cast<std::size_t>(t) >= all_.classes)
            throw index_error(text_of({"cross_entropy: class ", t, " is not one of the ", all_.classes, " classes"}));
        r.target = static_cast<std::size_t>(t);
        r.top = join_classes<op::max>(z);
        r.chosen = at(z, r.target);
        r.spread = r.all_weights = V(T(0));
        if (all_.smoothing != 0)
            for (std::size_t c = 0; c < all_.classes; ++c) {
                r.spread = r.spread + all_.weight(c) * at(z, c);
                r.all_weights = r.all_weights + all_.weight(c);
            }
        each_class(z, [&](auto N, T* p) TENON_LAMBDA_INLINE {
            element::store_lanes(p, element::exp(element::load_lanes<N>(p) - math::splat<N>(r.top)));
        });
        r.total = join_classes<op::sum>(z);
    }
    TENON_INLINE constexpr void logarithms(std::size_t count) {
        if (__builtin_is_constant_evaluated() || Together == 1) {
            for (std::size_t r = 0; r < count; ++r) rows_[r].log_total = element::log(rows_[r].total);
            return;
        }
        if constexpr (Together > 1) {
            auto const logs = element::log(element::lane_t<T, Together>::generate(
                [&](std::size_t r) TENON_LAMBDA_INLINE { return r < count ? rows_[r].total.raw : T(1); }));
            for (std::size_t r = 0; r < count; ++r) rows_[r].log_total = V(logs[r]);
        }
    }
    /// The row's loss and weight, and in place of its exponentials the gradient of the loss.
    TENON_INLINE constexpr void add_loss(row_state const& r, class_totals<T>& totals, T* to) const {
        if (!r.counts) {
            if (to) *to = T(0);
            return;
        }
        V const log_sum = r.top + r.log_total;
        V const share = V(static_cast<T>(all_.smoothing)) / V(static_cast<T>(static_cast<float>(all_.classes)));
        V const keep = V(T(1)) - V(static_cast<T>(all_.smoothing));
        V const weight = all_.weight(r.target);
        V const loss = keep * weight * (log_sum - r.chosen) + share * (r.all_weights * log_sum - r.spread);
        if (to) element::store_lanes(to, loss);
        totals.loss.add(loss);
        totals.weight.add(weight);
        if (!all_.keeps_gradient) return;
        V const scale = (keep * weight + share * r.all_weights) / r.total;
        each_class(r.z, [&](auto N, T* p) TENON_LAMBDA_INLINE {
            element::store_lanes(p, element::load_lanes<N>(p) * math::splat<N>(scale));
        });
        if (all_.smoothing != 0)
            for (std::size_t c = 0; c < all_.classes; ++c)
                element::store_lanes(r.z + c * all_.step, at(r.z, c) - share * all_.weight(c));
        element::store_lanes(r.z + r.target * all_.step, at(r.z, r.target) - keep * weight);
    }
};

/// Forward keeps the gradient of each row's loss where gradients are wanted.
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
    static constexpr std::size_t lanes =
        element::is_dual<T> || axis + 1 != Rows::rank() ? 1 : TENON_VECTOR_BYTES / sizeof(T);
    static constexpr std::size_t together =
        std::bit_ceil(std::min(lanes, static_size<tenon::detail::target_shape<Rows>>));

    explicit constexpr tape(node const& n) : node_(&n), logits_(n.logits), targets_(n.targets), index_(targets_) {}
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
        with_rows([&](auto const& rows) {
            using losses =
                class_losses<lanes, lanes == 1 ? dyn : Rows::static_extents[axis], together, T, value_t<Targets>>;
            auto const total = losses::find(rows, z_.data(), R == reduction::none ? values_.data() : nullptr);
            scale_ = V(T(1));
            if constexpr (R == reduction::sum) element::store_lanes(values_.data(), total.loss.value());
            if constexpr (R == reduction::mean) {
                scale_ = scale_ / total.weight.value();
                element::store_lanes(values_.data(), total.loss.value() * scale_);
                if (differentiable && (total.weight.value() == V(T(0)))[0]) scale_counted_rows(rows);
            }
        });
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            if constexpr (R == reduction::none) {
                with_rows([&](auto const& rows) {
                    for (std::size_t r = 0; r != rows.count; ++r)
                        scale_row(rows, r, element::load_lanes<1>(gradients_.data() + r));
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
    struct scaled_row {
        T const* p;
        V g;
        template <std::size_t N, class Regs>
        TENON_INLINE constexpr auto load(std::size_t j, Regs const&) const {
            return element::load_lanes<N>(p + j) * math::splat<N>(g);
        }
    };
    /// Calls f with what the rows' losses need.
    template <class F>
    constexpr void with_rows(F const& f) const {
        auto const [before, along, after] = around_axis<axis>(logits_.shape());
        auto const extents = targets_.shape().extents();
        auto const strides = index_.strides();
        auto const& o = node_->options;
        f(class_rows<T, value_t<Targets>>{before * after, along, after, index_.data(), extents.data(), strides.data(),
                                          shape_t<Targets>::rank(), o.weight.data(),
                                          static_cast<std::size_t>(o.weight.strides()[0]), o.ignore_index,
                                          static_cast<plain>(o.label_smoothing), differentiable});
    }
    template <class ClassRows>
    constexpr void scale_row(ClassRows const& rows, std::size_t row, V const& factor) {
        T* const z = z_.data() + rows.offset(row);
        for (std::size_t c = 0; c != rows.classes; ++c)
            element::store_lanes(z + c * rows.step, element::load_lanes<1>(z + c * rows.step) * factor);
    }
    /// Without any weight the mean is 0/0. Rows that count have such a gradient too; ignored ones keep their zeros.
    template <class ClassRows>
    constexpr void scale_counted_rows(ClassRows const& rows) {
        for (std::size_t r = 0; r != rows.count; ++r)
            if (rows.target(r) != rows.ignored) scale_row(rows, r, scale_);
        scale_ = V(T(1));
    }

    using plain = typename class_rows<T, value_t<Targets>>::plain;
    node const* node_;
    tape<Logits, Grad> logits_;
    tape<Targets, false> targets_;
    dense<tape<Targets, false>> index_;
    buffer<T, static_size<Rows>> z_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    V scale_{};
};

}  // namespace tenon::inline TENON_TARGET::eval
