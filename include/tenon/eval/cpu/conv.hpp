// Convolutions on the processor: values kept for their consumers, gradients sent to image, weight and bias.
#pragma once

#include <cstddef>
#include <vector>

#include <tenon/eval/cpu/convolve.hpp>
#include <tenon/eval/cpu/map.hpp>
#include <tenon/expr/conv.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A transposed convolution runs the other way: its input is what the convolution gives and its output what that takes.
template <bool Transposed, conv_options Options, class X, class W, class... B, bool Grad>
struct tape<conv_node<Transposed, Options, X, W, B...>, Grad>
    : in_memory<tape<conv_node<Transposed, Options, X, W, B...>, Grad>, value_t<X>,
                typename conv_node<Transposed, Options, X, W, B...>::shape_type,
                tape<X, Grad>::differentiable || tape<W, Grad>::differentiable ||
                    (tape<B, Grad>::differentiable || ...)> {
    using node = conv_node<Transposed, Options, X, W, B...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    static constexpr bool differentiable = tape::in_memory::differentiable;
    static constexpr bool has_bias = sizeof...(B) != 0;

    explicit constexpr tape(node const& n)
        : shape_(n.shape()),
          operands_(n.operands()),
          x_(get<0>(operands_)),
          w_(get<1>(operands_)),
          b_(get<sizeof...(B) + 1>(operands_)) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        x_.forward();
        w_.forward();
        if constexpr (has_bias) b_.forward();
        std::size_t const n = shape_.size();
        values_.reserve(n);
        T const* bias = nullptr;
        if constexpr (has_bias) bias = b_.data();
        auto const g = extents();
        if constexpr (Transposed) {
            std::size_t const pixels = g.pixels(), channels = g.groups * g.channels;
            for (std::size_t i = 0; i < n; ++i) values_.data()[i] = bias ? bias[i / pixels % channels] : T(0);
            convolve_back(g, x_.data(), w_.data(), values_.data(), true);
        } else convolve<false>(g, x_.data(), w_.data(), bias, values_.data());
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            auto const g = extents();
            T const* const dy = gradients_.data();
            if constexpr (tape<X, Grad>::differentiable) {
                bool const add = !x_.overwrite_gradient();
                if constexpr (!Transposed) convolve_back(g, dy, w_.data(), x_.gradient(), add);
                else if (add) convolve<true>(g, dy, w_.data(), static_cast<T const*>(nullptr), x_.gradient());
                else convolve<false>(g, dy, w_.data(), static_cast<T const*>(nullptr), x_.gradient());
            }
            if constexpr (tape<W, Grad>::differentiable) {
                bool const add = !w_.overwrite_gradient();
                if constexpr (Transposed) correlate(g, dy, x_.data(), w_.gradient(), add);
                else correlate(g, x_.data(), dy, w_.gradient(), add);
            }
            if constexpr ((tape<B, Grad>::differentiable || ...)) add_totals(dy, b_.gradient());
            x_.finish();
            w_.finish();
            if constexpr (has_bias) b_.finish();
        }
    }

    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto facts = p.facts_of(n);
        if constexpr (has_bias) facts.after.push_back("add");
        facts.gradient_for_each = true;
        p.template kernel<tape>(n, facts, [&] {
            p.template takes<decltype(x_)>(get<0>(n.operands()));
            p.template takes<decltype(w_)>(get<1>(n.operands()));
            if constexpr (has_bias) p.template takes<decltype(b_)>(get<2>(n.operands()), {.added = true});
        });
    }

private:
    constexpr convolution extents() const {
        auto const x = get<0>(operands_).shape();
        auto const w = get<1>(operands_).shape();
        auto const& in = Transposed ? shape_.extents() : x.extents();
        auto const& out = Transposed ? x.extents() : shape_.extents();
        return {x[0],  Options.groups, w[1],   w[0] / Options.groups,       in[2],
                in[3], out[2],         out[3], node::extents::windows.rows, node::extents::windows.columns};
    }
    /// A bias receives the sum over all images and pixels of its channel.
    constexpr void add_totals(T const* dy, T* db) const {
        std::size_t const pixels = shape_[2] * shape_[3];
        for (std::size_t i = 0; i < shape_[0]; ++i)
            for (std::size_t c = 0; c < shape_[1]; ++c, dy += pixels) {
                auto const total = join_row<op::sum, T, lanes_for<tape>, dyn>(
                    pixels, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(dy + j); });
                element::store_lanes(db + c, element::load_lanes<1>(db + c) + total);
            }
    }

    [[no_unique_address]] Shape shape_;
    tapes<tape<X, Grad>, tape<W, Grad>, tape<B, Grad>...> operands_;
    dense<tape<X, Grad>, true> x_;
    dense<tape<W, Grad>, true> w_;
    /// The weight stands in for a bias that is not there.
    dense<std::conditional_t<has_bias, nth<sizeof...(B), tape<W, Grad>, tape<B, Grad>...>, tape<W, Grad>>, true> b_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
