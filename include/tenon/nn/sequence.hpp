// Recurrent networks over sequences: lstm, gru, rnn, of several layers and in both directions.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/expr/concat.hpp>
#include <tenon/expr/dropout.hpp>
#include <tenon/nn/linear.hpp>
#include <tenon/nn/recurrence.hpp>
#include <tenon/nn/recurrent.hpp>
#include <tenon/nn/recurrent_parameters.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// Options of lstm, gru and rnn; those of torch.nn.LSTM that change what is computed.
struct recurrent_options {
    bool batch_first = false;  ///< whether sequences are [batch, length, features] instead of [length, batch, features]
    bool bidirectional = false;  ///< whether a second network reads the sequence from its end
    double dropout = 0;  ///< while it trains, the probability of each output of a layer but the last to be left out
};
/// What rnn applies to its sums.
enum class nonlinearity { tanh, relu };

/// What a recurrent network makes of a sequence.
template <class Output, class State>
struct recurrent_result {
    Output output;  ///< the last layer's states at every step, of both directions side by side
    State state;    ///< the last states of every layer and direction: h_n, or the pair of h_n and c_n
};
/// The sequence is not [length, batch, In] or [length, In], or a state not [layers · directions, batch, Hidden].
template <std::size_t In, std::size_t Hidden, class Sequence>
struct sequence_does_not_fit;

namespace detail {
template <class T, class N, std::size_t Hidden>
constexpr auto zero_states(N const& batch) {
    using to = shape<N::static_extents[0], Hidden>;
    return filled_node<T, to>(to(std::array{batch[0], Hidden}), T(0));
}
}  // namespace detail

/// What lstm, gru and rnn share. Members: parameters by PyTorch's names in state_dict, `weight_ih_l0`, …, `bias_hh_l1_reverse`, uniform in
/// ±1/sqrt(Hidden) at first.
/// @tparam Step what one step computes
template <class Step, std::size_t In, std::size_t Hidden, std::size_t Layers, recurrent_options Options, class Device,
          class Bias>
class basic_recurrent {
public:
    static_assert(Layers > 0 && Hidden > 0, "recurrent networks: have a layer and a hidden unit at least");
    using layer_tag = void;
    static constexpr std::size_t directions = Options.bidirectional ? 2 : 1, places = Layers * directions;
    static constexpr std::size_t input_size = In, hidden_size = Hidden, num_layers = Layers;
    static constexpr bool has_bias = !std::is_same_v<Bias, no_bias>;
    using layers = typename detail::recurrent_layers<In, Hidden, Step::gates, directions, Device, has_bias,
                                                     std::make_index_sequence<places>>::tuple;
    using parts = typename detail::parts_of_tuple<layers>::type;

    template <class F>
    void visit_children(F&& f) {
        visit(*this, f, std::make_index_sequence<places>{});
    }
    template <class F>
    void visit_children(F&& f) const {
        visit(*this, f, std::make_index_sequence<places>{});
    }
    /// The parameters of a layer and direction: number layer · directions + direction.
    template <std::size_t Place>
    auto& parameters() {
        return std::get<Place>(all_);
    }
    std::string description() const {
        std::string text = text_of({Step::name, "(", In, ", ", Hidden});
        if (Layers != 1) append_text(text, {", num_layers=", Layers});
        if (Options.batch_first) append_text(text, {", batch_first=true"});
        if (Options.bidirectional) append_text(text, {", bidirectional=true"});
        append_text(text, {")"});
        return text;
    }

    bool training = true;

    /// `auto [output, state] = network(x)`, from zeros.
    template <class X>
    auto operator()(X&& x) const& {
        return started<false>(std::forward<X>(x), nullptr, nullptr);
    }
    /// From states [layers · directions, batch, Hidden], or without the batch as x.
    template <class X, expression H>
        requires(!Step::has_cell)
    auto operator()(X&& x, H&& h) const& {
        return started<true>(std::forward<X>(x), as_node(std::forward<H>(h)), nullptr);
    }
    template <class X, expression H, expression C>
        requires(Step::has_cell)
    auto operator()(X&& x, H&& h, C&& c) const& {
        return started<true>(std::forward<X>(x), as_node(std::forward<H>(h)), as_node(std::forward<C>(c)));
    }
    /// The same with the states as a pair, which is what the last call returned.
    template <class X, class H, class C>
        requires(Step::has_cell)
    auto operator()(X&& x, std::pair<H, C> const& state) const& {
        return (*this)(std::forward<X>(x), state.first, state.second);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<basic_recurrent, named>();
    }

private:
    template <class Self, class F, std::size_t... I>
    static void visit(Self& self, F const& f, std::index_sequence<I...>) {
        (std::tuple_element_t<I, layers>::template visit < I / directions,
         I % directions == 1 > (std::get<I>(self.all_), f), ...);
    }
    template <class X>
    static constexpr bool fits = [] {
        if constexpr (shape_t<X>::rank() != 2 && shape_t<X>::rank() != 3) return false;
        else return is_dynamic(inner_extent<shape_t<X>>) || inner_extent<shape_t<X>> == In;
    }();
    /// Brings sequences to [length, batch, In], and the results back.
    template <bool Given, class X, class H, class C>
    auto started(X&& x, H const& h, C const& c) const {
        if constexpr (!fits<X>) return sequence_does_not_fit<In, Hidden, shape_t<X>>{};
        else if constexpr (shape_t<X>::rank() == 2) {
            auto const with_batch = [](auto const& state) {
                if constexpr (std::is_null_pointer_v<std::remove_cvref_t<decltype(state)>>) return nullptr;
                else return unsqueeze<1>(state);
            };
            auto r = run<Given>(unsqueeze<1>(std::forward<X>(x)), with_batch(h), with_batch(c));
            return result(squeeze<1>(std::move(r.output)), without_batch(std::move(r.state)));
        } else if constexpr (Options.batch_first) {
            auto r = run<Given>(transpose<0, 1>(std::forward<X>(x)), h, c);
            return result(transpose<0, 1>(std::move(r.output)), std::move(r.state));
        } else return run<Given>(std::forward<X>(x), h, c);
    }
    template <class O, class S>
    static auto result(O output, S state) {
        return recurrent_result<O, S>{std::move(output), std::move(state)};
    }
    template <class S>
    static auto without_batch(S&& state) {
        if constexpr (Step::has_cell)
            return std::pair{squeeze<1>(std::move(state.first)), squeeze<1>(std::move(state.second))};
        else return squeeze<1>(std::move(state));
    }

    template <bool Given, class X, class H, class C>
    auto run(X&& x, H const& h, C const& c) const {
        auto const e = x.shape();
        if constexpr (Given) {
            check_state(e, h);
            if constexpr (Step::has_cell) check_state(e, c);
        }
        auto const last = layer<0, Given>(as_node(std::forward<X>(x)), h, c, std::tuple{}, std::tuple{});
        return last;
    }
    template <class S, class H>
    static void check_state(S const& e, H const& h) {
        using s = shape_t<H>;
        static_assert(s::rank() == 3, "recurrent networks: states are [layers * directions, batch, hidden]");
        auto const given = h.shape();
        if (given[0] != places || given[1] != e[1] || given[2] != Hidden)
            throw_shapes(Step::name, to_string(e), to_string(given));
    }

    /// All directions of a layer, then the layers above it.
    template <std::size_t Layer, bool Given, class X, class H, class C, class... Hn, class... Cn>
    auto layer(X const& x, H const& h, C const& c, std::tuple<Hn...> hn, std::tuple<Cn...> cn) const {
        if constexpr (Layer == Layers) {
            auto states = stacked(hn);
            if constexpr (Step::has_cell) return result(x, std::pair{std::move(states), stacked(cn)});
            else return result(x, std::move(states));
        } else {
            auto const input = let(x);
            auto const go_on = [&](auto output, auto states, auto cells) {
                if constexpr (Options.dropout > 0 && Layer + 1 < Layers)
                    return layer<Layer + 1, Given>(tenon::dropout(std::move(output), Options.dropout, training), h, c,
                                                   std::move(states), std::move(cells));
                else return layer<Layer + 1, Given>(std::move(output), h, c, std::move(states), std::move(cells));
            };
            auto const ahead = direction<Layer * directions, false, Given>(input, h, c);
            if constexpr (directions == 1)
                return go_on(std::get<0>(ahead), std::tuple_cat(hn, std::tuple{std::get<1>(ahead)}),
                             std::tuple_cat(cn, std::tuple{std::get<2>(ahead)}));
            else {
                auto const back = direction<Layer * directions + 1, true, Given>(input, h, c);
                return go_on(concat<-1>(std::get<0>(ahead), std::get<0>(back)),
                             std::tuple_cat(hn, std::tuple{std::get<1>(ahead), std::get<1>(back)}),
                             std::tuple_cat(cn, std::tuple{std::get<2>(ahead), std::get<2>(back)}));
            }
        }
    }
    template <class... S>
    static auto stacked(std::tuple<S...> const& all) {
        return std::apply([](auto const&... one) { return stack<0>(one...); }, all);
    }
    /// States at every step, the last one, and the last cell (or the last state again).
    template <std::size_t Place, bool Backwards, bool Given, class X, class H, class C>
    auto direction(X const& x, H const& h, C const& c) const {
        using T = value_t<X>;
        using s = shape_t<X>;
        auto const& p = std::get<Place>(all_);
        auto const e = x.shape();
        constexpr std::size_t width = Step::gates * Hidden, n = s::static_extents[1];
        detail::recurrent_extents const extents{e[0], e[1], Hidden, Backwards};
        shape<n> const batch(std::array{e[1]});
        auto const first = [&](auto const& states) {
            if constexpr (Given) return select<0>(states, static_cast<std::ptrdiff_t>(Place));
            else return detail::zero_states<T, shape<n>, Hidden>(batch);
        };
        auto product = matmul(x, transpose(p.weight_ih));
        auto gates = [&] {
            if constexpr (!has_bias) return std::move(product);
            else if constexpr (Step::same_gradients) return std::move(product) + p.bias_ih + p.bias_hh;
            else return std::move(product) + p.bias_ih;
        }();
        using rule = detail::recurrent_rule<Step, T>;
        auto const all = [&] {
            if constexpr (Step::has_cell)
                return let(tenon::detail::make_array(rule{extents}, std::move(gates), first(h), first(c), p.weight_hh));
            else if constexpr (Step::same_gradients || !has_bias)
                return let(tenon::detail::make_array(rule{extents}, std::move(gates), first(h), p.weight_hh));
            else
                return let(
                    tenon::detail::make_array(rule{extents}, std::move(gates), first(h), p.weight_hh, p.bias_hh));
        }();
        static_assert(std::is_same_v<T, float>, "recurrent networks: sequences are of float, as the parameters");
        static_cast<void>(width);
        using states_shape = shape<s::static_extents[0], n, Hidden>;
        using state_shape = shape<n, Hidden>;
        states_shape const of_states(std::array{e[0], e[1], Hidden});
        state_shape const of_state(std::array{e[1], Hidden});
        if (e[0] == 0) throw_shapes(Step::name, to_string(e), "[length of 1 at least, batch, features]");
        std::size_t const last = extents.at(extents.steps - 1) * extents.state();
        return std::tuple{tenon::detail::part(all, 0, of_states), tenon::detail::part(all, last, of_state),
                          tenon::detail::part(all, (Step::has_cell ? extents.states() : 0) + last, of_state)};
    }

    layers all_;
};
template <class Step, std::size_t In, std::size_t Hidden, std::size_t Layers, recurrent_options Options, class Device,
          class Bias>
inline constexpr bool holds_its_parts<basic_recurrent<Step, In, Hidden, Layers, Options, Device, Bias>> = true;

/// Long short-term memories over a sequence [length, batch, In], or [batch, length, In] with `.batch_first`, or [length, In]:
/// `auto [output, state] = lstm(x)`, `auto [h_n, c_n] = state`, and `lstm(x, state)` goes on from there. Each step is that of lstm_cell;
/// the input's part of all steps is one product. torch.nn.LSTM. Compile error `sequence_does_not_fit`.
template <std::size_t In, std::size_t Hidden, std::size_t Layers = 1, recurrent_options Options = recurrent_options{},
          class Device = cpu, class Bias = with_bias>
using lstm = basic_recurrent<detail::lstm_step, In, Hidden, Layers, Options, Device, Bias>;
/// Gated recurrent units over a sequence: `auto [output, h_n] = gru(x)`; torch.nn.GRU.
template <std::size_t In, std::size_t Hidden, std::size_t Layers = 1, recurrent_options Options = recurrent_options{},
          class Device = cpu, class Bias = with_bias>
using gru = basic_recurrent<detail::gru_step, In, Hidden, Layers, Options, Device, Bias>;
/// Plain recurrent networks over a sequence: `auto [output, h_n] = rnn(x)`; torch.nn.RNN.
template <std::size_t In, std::size_t Hidden, std::size_t Layers = 1, recurrent_options Options = recurrent_options{},
          nonlinearity Squash = nonlinearity::tanh, class Device = cpu, class Bias = with_bias>
using rnn = basic_recurrent<detail::rnn_step<Squash == nonlinearity::relu>, In, Hidden, Layers, Options, Device, Bias>;

}  // namespace tenon::inline TENON_TARGET::nn
