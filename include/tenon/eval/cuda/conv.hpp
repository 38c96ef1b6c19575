// Convolutions and their transposes on the device: values kept for their consumers, gradients sent to image, weight and
// bias.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include <tenon/eval/cuda/conv_function.hpp>
#include <tenon/eval/cuda/convolution.hpp>
#include <tenon/expr/conv.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A convolution's operands and how it is computed from them and sent back to them. A transposed convolution runs the
/// other way: its input is what the convolution gives and its output what that takes.
template <class Conv, bool Grad>
class conv_on_device;

template <bool Transposed, conv_options Options, class X, class W, class... B, bool Grad>
class conv_on_device<conv_node<Transposed, Options, X, W, B...>, Grad> {
public:
    using node = conv_node<Transposed, Options, X, W, B...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;

    explicit conv_on_device(node const& n)
        : shape_(n.shape()),
          operands_(n.operands()),
          x_(get<0>(operands_)),
          w_(get<1>(operands_)),
          b_(get<sizeof...(B) + 1>(operands_)) {}
    conv_on_device(conv_on_device const&) = delete;
    bool aliases(void const* begin, void const* end) { return operands_.overlaps(begin, end, false); }

    void forward() {
        operands_.forward();
        x_.forward();
        w_.forward();
        if constexpr (has_bias) b_.forward();
    }
    /// @param finish what becomes of each element before it is written
    template <class Finish>
    void write(T* to, Finish const& finish) const {
        T const* added = nullptr;
        if constexpr (has_bias) added = b_.data();
        if constexpr (Transposed) products().input_gradient(x_.data(), w_.data(), added, to, false, finish);
        else products().values(x_.data(), w_.data(), added, to, false, finish);
    }
    /// Sends the gradient dy of the convolution to the operands.
    void send(T const* dy) {
        bool adds = false;
        if constexpr (input::differentiable) {
            T* const dx = x_.gradient(adds);
            if constexpr (dense_on_device<input, true>::before_slope) {
                send_to_input(dy, dx, adds, applied_slope<T, decltype(x_.slope())>{x_.data(), x_.slope()});
                x_.slope_applied();
            } else send_to_input(dy, dx, adds, as_summed{});
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

    /// Says to a plan how the convolution is made.
    /// @tparam Tape the tape that has the values, of node n
    /// @param after operators that are applied to them
    template <class Tape, class Node, class Plan>
    static void describe(Node const& n, node const& conv, Plan& p, std::vector<char const*> after) {
        auto const& x = tenon::get<0>(conv.operands());
        auto const s = conv.shape();
        auto const made = products(s, x.shape());
        std::size_t const launches_back = Transposed ? made.value_launches() : made.input_launches();
        if constexpr (has_bias) after.insert(after.begin(), op::add::name);
        auto facts = p.facts_of(conv);
        facts.after = after;
        facts.gradient_for_each = true;
        facts.launches = Transposed ? made.input_launches() : made.value_launches();
        facts.gradient_launches = {launches_back, made.weight_launches(), launches_adding_up_rows(s[0])};
        p.template kernel<Tape>(n, facts, [&] {
            p.template takes<decltype(x_)>(x, {.applies_slope = true});
            p.template takes<decltype(w_)>(tenon::get<1>(conv.operands()));
            p.template scratch<cuda::buffer<T>>(Transposed ? made.input_scratch() : made.value_scratch());
            p.template gradient_scratch<cuda::buffer<T>>(Transposed ? made.value_scratch() : made.input_scratch(), 0);
            made.describe_weight_gradient(2, p);
            if constexpr (has_bias) {
                p.template takes<decltype(b_)>(tenon::get<2>(conv.operands()), {.added = true});
                p.template gradient_scratch<cuda::buffer<T>>(
                    shares_of_blocks<sums_of_pixels::columns>(s[0] * s[1], s[2] * s[3]), 2);
                describe_adding_up_rows<T>(s[0], s[1], 3, p);
            }
        });
    }

private:
    using input = device_tape<X, Grad>;
    using weight = device_tape<W, Grad>;
    /// The weight stands in for a bias that is not there.
    using bias = nth<sizeof...(B), weight, device_tape<B, Grad>...>;
    static constexpr bool has_bias = sizeof...(B) != 0;

    static auto products(Shape const& y, shape_t<X> const& x) {
        if constexpr (Transposed) return convolution_on_device<Options, T, Shape, shape_t<W>, shape_t<X>>(y, x);
        else return convolution_on_device<Options, T, shape_t<X>, shape_t<W>, Shape>(x, y);
    }
    auto products() const { return products(shape_, get<0>(operands_).shape()); }
    template <class Finish>
    void send_to_input(T const* dy, T* dx, bool adds, Finish const& finish) const {
        if constexpr (Transposed) products().values(dy, w_.data(), nullptr, dx, adds, finish);
        else products().input_gradient(dy, w_.data(), nullptr, dx, adds, finish);
    }
    using sums_of_pixels = reduction_map<tenon::detail::reduced_extents<false, Shape, 2, 3>, Shape>;
    /// A bias receives the sum over all images and pixels of its channel: over the pixels first.
    void add_totals(T const* dy, T* db, bool adds) const {
        using index = typename sums_of_pixels::index;
        add_up_rows<T>(shape_[0], shape_[1], db, adds, [&](T* to) {
            reduce_on_device<op::sum>(memory_reader<T, gradient_store::none, true>(dy, nullptr, {}),
                                      sums_of_pixels{shape_, static_cast<index>(shape_[0] * shape_[1]),
                                                     static_cast<index>(shape_[2] * shape_[3])},
                                      to);
        });
    }

    [[no_unique_address]] Shape shape_;
    tapes<input, weight, device_tape<B, Grad>...> operands_;
    dense_on_device<input, true> x_;
    dense_on_device<weight, true> w_;
    dense_on_device<bias, true> b_;
};

/// A convolution, or a function of one that its launch applies. One launch forward, or two where parts of the sums are
/// added up. In backward one or two each for the input's gradient, which apply the slope that the input keeps, for
/// the weight's and for the bias's.
template <class Node, bool Grad>
struct conv_tape : result_on_device<device_tape<Node, Grad>, value_t<Node>, shape_t<Node>,
                                    conv_parts<Node>::template differentiable<Grad && conv_parts<Node>::propagates>> {
    using T = value_t<Node>;
    using parts = conv_parts<Node>;
    using convolution = conv_on_device<typename parts::convolution, Grad && parts::propagates>;
    static constexpr bool differentiable = parts::template differentiable < Grad && parts::propagates > ;
    static constexpr bool keeps_slope = differentiable && parts::has_function;
    static constexpr bool is_addressable = !keeps_slope;

    explicit conv_tape(Node const& n) : node_(&n), convolution_(parts::convolution_of(n)) {}
    auto shape() const { return node_->shape(); }
    bool aliases(void const* begin, void const* end) { return convolution_.aliases(begin, end); }

    void forward() {
        convolution_.forward();
        this->make_room();
        if constexpr (!parts::has_function) convolution_.write(this->device_data(), as_summed{});
        else {
            auto const f = parts::function(*node_);
            convolution_.write(this->device_data(), applied_function<T, std::remove_const_t<decltype(f)>>{f});
        }
    }
    void finish() {
        if constexpr (differentiable) convolution_.send(this->device_gradient());
    }
    auto slope() const
        requires(keeps_slope)
    {
        return value_slope<typename parts::operation>{node_->operation};
    }
    template <std::size_t W, pass Pass>
    auto reader(gradient_list const* list) {
        auto const r = conv_tape::in_device_memory::template reader<W, Pass>(list);
        if constexpr (!keeps_slope || Pass == pass::forward) return r;
        else return sloped_reader<T, decltype(slope()), store_of<device_tape<Node, Grad>, Pass>>(r, slope());
    }

    template <class Plan>
    static void describe(Node const& n, Plan& p) {
        std::vector<char const*> names;
        parts::add_names(names);
        convolution::template describe<device_tape<Node, Grad>>(n, parts::convolution_of(n), p, names);
    }

private:
    Node const* node_;
    convolution convolution_;
};

template <bool Transposed, conv_options Options, class X, class W, class... B, bool Grad>
struct device_tape<conv_node<Transposed, Options, X, W, B...>, Grad>
    : conv_tape<conv_node<Transposed, Options, X, W, B...>, Grad> {
    using conv_tape<conv_node<Transposed, Options, X, W, B...>, Grad>::conv_tape;
};

}  // namespace tenon::inline TENON_TARGET::eval
