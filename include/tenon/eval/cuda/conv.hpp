// Convolutions and their transposes on the device: values kept for their consumers, gradients sent to image, weight and
// bias.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include <tenon/eval/cuda/convolution.hpp>
#include <tenon/expr/conv.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// One launch forward, or two where parts of the sums are added up. On the way back one or two each for the input's
/// gradient, the weight's and the bias's. A transposed convolution runs the other way: its input is what the convolution
/// gives and its output what that takes.
template <bool Transposed, conv_options Options, class X, class W, class... B, bool Grad>
struct device_tape<conv_node<Transposed, Options, X, W, B...>, Grad>
    : result_on_device<device_tape<conv_node<Transposed, Options, X, W, B...>, Grad>, value_t<X>,
                       typename conv_node<Transposed, Options, X, W, B...>::shape_type,
                       device_tape<X, Grad>::differentiable || device_tape<W, Grad>::differentiable ||
                           (device_tape<B, Grad>::differentiable || ...)> {
    using node = conv_node<Transposed, Options, X, W, B...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using input = device_tape<X, Grad>;
    using weight = device_tape<W, Grad>;
    /// The weight stands in for a bias that is not there.
    using bias = nth<sizeof...(B), weight, device_tape<B, Grad>...>;
    static constexpr bool has_bias = sizeof...(B) != 0;
    static constexpr bool differentiable =
        input::differentiable || weight::differentiable || (device_tape<B, Grad>::differentiable || ...);

    explicit device_tape(node const& n)
        : shape_(n.shape()),
          operands_(n.operands),
          x_(get<0>(operands_)),
          w_(get<1>(operands_)),
          b_(get<sizeof...(B) + 1>(operands_)) {}
    device_tape(device_tape const&) = delete;
    auto shape() const { return shape_; }
    bool reads(void const* begin, void const* end) {
        bool found = false;
        unroll<node::operand_count>([&](auto i) { found = found || get<i>(operands_).overlaps(begin, end, false); });
        return found;
    }

    void forward() {
        unroll<node::operand_count>([&](auto i) { get<i>(operands_).forward(); });
        x_.forward();
        w_.forward();
        T const* added = nullptr;
        if constexpr (has_bias) {
            b_.forward();
            added = b_.data();
        }
        this->make_room();
        if constexpr (Transposed) products().input_gradient(x_.data(), w_.data(), added, this->device_data(), false);
        else products().values(x_.data(), w_.data(), added, this->device_data(), false);
    }
    void finish() {
        if constexpr (differentiable) {
            T const* const dy = this->device_gradient();
            bool adds = false;
            if constexpr (input::differentiable) {
                T* const dx = x_.gradient(adds);
                if constexpr (Transposed) products().values(dy, w_.data(), nullptr, dx, adds);
                else products().input_gradient(dy, w_.data(), nullptr, dx, adds);
            }
            if constexpr (weight::differentiable) {
                T* const dw = w_.gradient(adds);
                if constexpr (Transposed) products().weight_gradient(dy, x_.data(), dw, adds);
                else products().weight_gradient(x_.data(), dy, dw, adds);
            }
            if constexpr (has_bias && bias::differentiable) {
                T* const db = b_.gradient(adds);
                add_totals(dy, db, adds);
            }
            // The operands' own may reach the same variables, so they come after all that is written here.
            if constexpr (input::differentiable) x_.finish();
            if constexpr (weight::differentiable) w_.finish();
            if constexpr (has_bias && bias::differentiable) b_.finish();
        }
    }

    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto const& x = tenon::get<0>(n.operands);
        auto const s = n.shape();
        auto const made = products(s, x.shape());
        std::size_t const operations = made.operations(),
                          launches = Transposed ? made.input_launches() : made.value_launches(),
                          launches_back = Transposed ? made.value_launches() : made.input_launches();
        std::vector<char const*> after;
        if constexpr (has_bias) after.push_back(op::add::name);
        p.template kernel<device_tape>(
            n,
            {.kind = "convolution",
             .name = Transposed ? "conv_transpose" : "conv",
             .after = after,
             .operations = operations,
             .gradient_operations = operations,
             .gradient_for_each = true,
             .launches = launches,
             .gradient_launches = {launches_back, made.weight_launches(), launches_adding_up_rows(s[0])}},
            [&] {
                p.template takes<decltype(x_)>(x);
                p.template takes<decltype(w_)>(tenon::get<1>(n.operands));
                p.template scratch<cuda::buffer<T>>(Transposed ? made.input_scratch() : made.value_scratch());
                p.template gradient_scratch<cuda::buffer<T>>(Transposed ? made.value_scratch() : made.input_scratch(),
                                                             0);
                made.describe_weight_gradient(2, p);
                if constexpr (has_bias) {
                    p.template takes<decltype(b_)>(tenon::get<2>(n.operands), {.added = true});
                    p.template gradient_scratch<cuda::buffer<T>>(blocks_sharing(s[0] * s[1], s[2] * s[3]), 2);
                    describe_adding_up_rows<T>(s[0], s[1], 3, p);
                }
            });
    }

private:
    static auto products(Shape const& y, shape_t<X> const& x) {
        if constexpr (Transposed) return convolution_on_device<Options, T, Shape, shape_t<W>, shape_t<X>>(y, x);
        else return convolution_on_device<Options, T, shape_t<X>, shape_t<W>, Shape>(x, y);
    }
    auto products() const { return products(shape_, get<0>(operands_).shape()); }
    /// A bias receives the sum over all images and pixels of its channel: over the pixels first.
    void add_totals(T const* dy, T* db, bool adds) const {
        using map = reduction_map<tenon::detail::reduced_extents<false, Shape, 2, 3>, Shape>;
        using index = typename map::index;
        add_up_rows<T>(shape_[0], shape_[1], db, adds, [&](T* to) {
            reduce_on_device<op::sum>(
                memory_reader<T, gradient_store::none, true>(dy, nullptr, {}),
                map{shape_, static_cast<index>(shape_[0] * shape_[1]), static_cast<index>(shape_[2] * shape_[3])}, to);
        });
    }

    [[no_unique_address]] Shape shape_;
    tapes<input, weight, device_tape<B, Grad>...> operands_;
    dense_on_device<input, true> x_;
    dense_on_device<weight, true> w_;
    dense_on_device<bias, true> b_;
};

}  // namespace tenon::inline TENON_TARGET::eval
