// One step of a recurrent network: lstm_cell, gru_cell, rnn_cell.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/let.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/function/statistics.hpp>
#include <tenon/nn/linear.hpp>
#include <tenon/op/hyperbolic.hpp>
#include <tenon/op/sigmoid.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// The i-th of the parts of `Size` elements along the last axis.
template <std::size_t I, std::size_t Size>
constexpr auto part(auto const& x) {
    return slice<-1, static_cast<std::ptrdiff_t>(I * Size), static_cast<std::ptrdiff_t>((I + 1) * Size)>(x);
}

template <std::size_t Size, class S>
struct state_extents {
    template <class Extents>
    static constexpr auto of(Extents const& e) {
        std::array<std::size_t, S::rank()> all{};
        for (std::size_t a = 0; a < S::rank(); ++a) all[a] = a + 1 == S::rank() ? Size : e[a];
        return all;
    }
    static constexpr auto value = of(S::static_extents);
};
/// Zeros for the state that belongs to an input.
template <std::size_t Hidden, class X>
constexpr auto zero_state(X const& x) {
    using extents = state_extents<Hidden, shape_t<X>>;
    using shape = shape_from<shape_t<X>::rank(), extents>;
    return filled_node<value_t<X>, shape>(shape(extents::of(x.shape().extents())), value_t<X>(0));
}
TENON_ON_USE
std::string describe_cell(char const* name, std::size_t in, std::size_t hidden) {
    return text_of({name, "(", in, ", ", hidden, ")"});
}
}  // namespace detail

/// One step of a long short-term memory for x of shape [In] or [rows…, In]. `auto [h2, c2] = cell(x, h, c)`, where
///
///     i, f, g, o = the four parts of x W_ihᵀ + b_ih + h W_hhᵀ + b_hh
///     c2 = σ(f) c + σ(i) tanh(g),   h2 = σ(o) tanh(c2)
///
/// Parameters are uniform in ±1/sqrt(Hidden) at first; torch.nn.LSTMCell. Compile error `linear_input_does_not_fit`.
template <std::size_t In, std::size_t Hidden, class Device = cpu>
struct lstm_cell {
    using layer_tag = void;
    static constexpr std::size_t input_size = In, hidden_size = Hidden;
    template <std::size_t... E>
    using variable = typename Device::template variable<float, E...>;

    variable<4 * Hidden, In> weight_ih = detail::uniform_parameter<variable<4 * Hidden, In>>(Hidden);
    variable<4 * Hidden, Hidden> weight_hh = detail::uniform_parameter<variable<4 * Hidden, Hidden>>(Hidden);
    variable<4 * Hidden> bias_ih = detail::uniform_parameter<variable<4 * Hidden>>(Hidden);
    variable<4 * Hidden> bias_hh = detail::uniform_parameter<variable<4 * Hidden>>(Hidden);

    /// @return the new hidden state and the new cell state, each computed once for an evaluation, however often it is used there;
    ///         `state = tn::compute(cell(x, state))` evaluates both in one
    template <class X, class H, class C>
    constexpr auto operator()(X&& x, H&& h, C&& c) const& {
        auto const gates = let(detail::affine<In, 4 * Hidden>(std::forward<X>(x), weight_ih, bias_ih) +
                               detail::affine<Hidden, 4 * Hidden>(std::forward<H>(h), weight_hh, bias_hh));
        auto const in = tenon::sigmoid(detail::part<0, Hidden>(gates));
        auto const forget = tenon::sigmoid(detail::part<1, Hidden>(gates));
        auto const cell = tenon::tanh(detail::part<2, Hidden>(gates));
        auto const out = tenon::sigmoid(detail::part<3, Hidden>(gates));
        auto const c2 = let(forget * std::forward<C>(c) + in * cell);
        return std::pair{let(out * tenon::tanh(c2)), c2};
    }
    /// The same with the states as a pair, which is what the last step returned.
    template <class X, class H, class C>
    constexpr auto operator()(X&& x, std::pair<H, C> const& state) const& {
        return (*this)(std::forward<X>(x), state.first, state.second);
    }
    template <class X, class H, class C>
    constexpr auto operator()(X&& x, std::pair<H, C>&& state) const& {
        return (*this)(std::forward<X>(x), std::move(state.first), std::move(state.second));
    }
    /// The first step: both states are 0.
    template <class X>
    constexpr auto operator()(X&& x) const& {
        auto const zero = detail::zero_state<Hidden>(x);
        return (*this)(std::forward<X>(x), zero, zero);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<lstm_cell, named>();
    }
    static std::string description() { return detail::describe_cell("lstm_cell", In, Hidden); }
};

/// One step of a gated recurrent unit, `auto h2 = cell(x, h)`, where
///
///     r, z, n = the three parts of x W_ihᵀ + b_ih,   r', z', n' = those of h W_hhᵀ + b_hh
///     h2 = (1 − u) tanh(n + σ(r + r') n') + u h,   u = σ(z + z')
///
/// Parameters are uniform in ±1/sqrt(Hidden) at first; torch.nn.GRUCell. Compile error `linear_input_does_not_fit`.
template <std::size_t In, std::size_t Hidden, class Device = cpu>
struct gru_cell {
    using layer_tag = void;
    static constexpr std::size_t input_size = In, hidden_size = Hidden;
    template <std::size_t... E>
    using variable = typename Device::template variable<float, E...>;

    variable<3 * Hidden, In> weight_ih = detail::uniform_parameter<variable<3 * Hidden, In>>(Hidden);
    variable<3 * Hidden, Hidden> weight_hh = detail::uniform_parameter<variable<3 * Hidden, Hidden>>(Hidden);
    variable<3 * Hidden> bias_ih = detail::uniform_parameter<variable<3 * Hidden>>(Hidden);
    variable<3 * Hidden> bias_hh = detail::uniform_parameter<variable<3 * Hidden>>(Hidden);

    template <class X, class H>
    constexpr auto operator()(X&& x, H&& h) const& {
        auto const state = tenon::detail::reused(std::forward<H>(h));
        auto const from_x = let(detail::affine<In, 3 * Hidden>(std::forward<X>(x), weight_ih, bias_ih));
        auto const from_h = let(detail::affine<Hidden, 3 * Hidden>(state, weight_hh, bias_hh));
        auto const reset = tenon::sigmoid(detail::part<0, Hidden>(from_x) + detail::part<0, Hidden>(from_h));
        auto const update = tenon::sigmoid(detail::part<1, Hidden>(from_x) + detail::part<1, Hidden>(from_h));
        auto const fresh = let(tenon::tanh(detail::part<2, Hidden>(from_x) + reset * detail::part<2, Hidden>(from_h)));
        return let(fresh + update * (state - fresh));
    }
    /// The first step: the state is 0.
    template <class X>
    constexpr auto operator()(X&& x) const& {
        auto const zero = detail::zero_state<Hidden>(x);
        return (*this)(std::forward<X>(x), zero);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<gru_cell, named>();
    }
    static std::string description() { return detail::describe_cell("gru_cell", In, Hidden); }
};

/// One step of a plain recurrent network: tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh). Parameters are uniform in ±1/sqrt(Hidden) at
/// first; torch.nn.RNNCell. Compile error `linear_input_does_not_fit`.
template <std::size_t In, std::size_t Hidden, class Device = cpu>
struct rnn_cell {
    using layer_tag = void;
    static constexpr std::size_t input_size = In, hidden_size = Hidden;
    template <std::size_t... E>
    using variable = typename Device::template variable<float, E...>;

    variable<Hidden, In> weight_ih = detail::uniform_parameter<variable<Hidden, In>>(Hidden);
    variable<Hidden, Hidden> weight_hh = detail::uniform_parameter<variable<Hidden, Hidden>>(Hidden);
    variable<Hidden> bias_ih = detail::uniform_parameter<variable<Hidden>>(Hidden);
    variable<Hidden> bias_hh = detail::uniform_parameter<variable<Hidden>>(Hidden);

    template <class X, class H>
    constexpr auto operator()(X&& x, H&& h) const& {
        return let(tenon::tanh(detail::affine<In, Hidden>(std::forward<X>(x), weight_ih, bias_ih) +
                               detail::affine<Hidden, Hidden>(std::forward<H>(h), weight_hh, bias_hh)));
    }
    /// The first step: the state is 0.
    template <class X>
    constexpr auto operator()(X&& x) const& {
        auto const zero = detail::zero_state<Hidden>(x);
        return (*this)(std::forward<X>(x), zero);
    }
    /// Compile error `temporary_layer`.
    constexpr auto operator()(auto&&... x) && {
        using named = decltype(std::as_const(*this)(std::forward<decltype(x)>(x)...));
        return detail::refused_temporary<rnn_cell, named>();
    }
    static std::string description() { return detail::describe_cell("rnn_cell", In, Hidden); }
};

}  // namespace tenon::inline TENON_TARGET::nn
