// Cross-entropy on the device: the launch that finds the loss leaves the gradient behind, ready to be scaled.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>
#include <tenon/eval/cuda/weights.hpp>
#include <tenon/expr/cross_entropy.hpp>
#include <tenon/kernels/cross_entropy.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// z times the gradient of the loss, and the factor that the mean left: one for all rows, or one for each row.
template <class T, class Vectors>
struct cross_entropy_seed {
    T const* z;
    T const* g;
    T const* scale;  ///< of the mean or sum; null where every row has its own gradient
    Vectors element;
    template <std::size_t N, class I, class V>
    TENON_INLINE __device__ auto load(I i, lanes<V, N> const&) const {
        auto all = load_elements<N, true>(z + i);
        for (std::size_t k = 0; k < N; ++k) {
            T const factor = scale ? *g * *scale : g[element.vector_of(static_cast<I>(i + k))];
            all.at[k] = all.at[k] * lane_t<T, 1>(factor);
        }
        return all;
    }
};

template <reduction R, class Logits, class Targets, bool Grad>
struct device_tape<cross_entropy_node<R, Logits, Targets>, Grad>
    : result_on_device<device_tape<cross_entropy_node<R, Logits, Targets>, Grad>, value_t<Logits>,
                       typename cross_entropy_node<R, Logits, Targets>::shape_type,
                       device_tape<Logits, Grad>::differentiable> {
    using node = cross_entropy_node<R, Logits, Targets>;
    using T = value_t<Logits>;
    using Rows = shape_t<Logits>;
    using logits_tape = device_tape<Logits, Grad>;
    using vectors = axis_vectors<tenon::detail::class_axis<Rows>, Rows>;
    using index = typename vectors::index;
    static constexpr std::size_t width = width_along<logits_tape, T, vectors>;
    static constexpr bool differentiable = logits_tape::differentiable;
    static constexpr std::size_t axis = tenon::detail::class_axis<Rows>;

    explicit device_tape(node const& n) : node_(&n), logits_(n.logits), targets_(n.targets) {}
    device_tape(device_tape const&) = delete;
    auto shape() const { return node_->shape(); }
    bool aliases(void const* begin, void const* end) {
        return logits_.overlaps(begin, end, false) || targets_.overlaps(begin, end, false);
    }

    void forward() {
        logits_.forward();
        targets_.forward();
        auto const s = logits_.shape();
        vectors const v = vectors_along<axis>(s);
        std::size_t const rows = s[axis] == 0 ? 0 : s.size() / s[axis];
        z_.reserve(s.size());
        if constexpr (R != reduction::none) losses_.reserve(rows);
        weights_.reserve(rows);
        scale_.reserve(1);
        this->make_room();
        auto const& o = node_->options;
        class_weights_.find(o.weight, tenon::shape<dyn>(s[axis]));
        kernels::cross_entropy_options<T> const options{class_weights_.data(), o.weight.strides()[0], o.ignore_index,
                                                        static_cast<T>(static_cast<float>(o.label_smoothing))};
        auto const r = logits_.template reader<width, pass::forward>(nullptr);
        auto const t = targets_.template reader<1, pass::forward>(nullptr);
        constexpr int joins = R == reduction::none ? 0 : R == reduction::sum ? 1 : 2;
        with_team<width, T>(v, rows, [&](auto team, dim3 blocks) {
            cuda::launch("cross_entropy",
                         &kernels::cross_entropy<team, width, joins, T, vectors, std::remove_const_t<decltype(r)>,
                                                 std::remove_const_t<decltype(t)>>,
                         blocks, kernels::block_size, r, t, options, v, static_cast<index>(rows), z_.data(),
                         R == reduction::none ? this->device_data() : losses_.data(), weights_.data(),
                         this->device_data(), scale_.data(), cuda::context::local().ticket());
        });
    }
    void finish() {
        if constexpr (differentiable) {
            backward_on_device(logits_, cross_entropy_seed<T, vectors>{z_.data(), this->device_gradient(),
                                                                       R == reduction::none ? nullptr : scale_.data(),
                                                                       vectors_along<axis>(logits_.shape())});
            logits_.finish();
        }
    }
    /// As softmax, and for each row a logarithm and the target.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto const s = n.logits.shape();
        std::size_t const elements = s.size(), rows = s[axis] == 0 ? 0 : elements / s[axis];
        p.template kernel<device_tape>(n, p.facts_of(n), [&] {
            p.template streams<logits_tape>(n.logits);
            p.template streams<device_tape<Targets, false>>(n.targets);
            p.template holds<decltype(z_)>(elements);
            p.template holds<decltype(weights_)>(rows);
            p.template holds<decltype(scale_)>(1);
            if (R != reduction::none) p.template holds<decltype(losses_)>(rows);
            weights_on_device<T>::describe(n.options.weight, tenon::shape<dyn>(s[axis]), p);
        });
    }

private:
    node const* node_;
    logits_tape logits_;
    device_tape<Targets, false> targets_;
    weights_on_device<T> class_weights_;
    cuda::buffer<T> z_, losses_, weights_, scale_;
};

}  // namespace tenon::inline TENON_TARGET::eval
