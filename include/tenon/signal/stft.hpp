// Short-time Fourier transforms: stft and istft.
#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include <tenon/core/tensor.hpp>
#include <tenon/fft/transform.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/complex.hpp>
#include <tenon/signal/frames.hpp>

namespace tenon::inline TENON_TARGET {

/// A window among options: a copy of a vector's values, which are constants.
class signal_window {
public:
    signal_window() = default;
    template <expression W>
    signal_window(W const& w) : values_(cast<double>(w)), given_(true) {
        static_assert(shape_t<W>::rank() == 1, "stft and istft: a window has one axis");
    }
    bool is_given() const { return given_; }
    tensor<double, dyn> const& values() const { return values_; }

private:
    tensor<double, dyn> values_;
    bool given_ = false;
};
struct stft_options {
    std::size_t hop_length = 0;  ///< from frame to frame; 0 for a quarter of n_fft
    std::size_t win_length = 0;  ///< of the window, which lies in the middle of a frame; 0 for its own length, or n_fft
    signal_window window = {};   ///< ones where there is none
    bool center =
        true;  ///< whether frame t has its middle at t · hop_length, before and behind the signal as pad_mode says
    signal_padding pad_mode = signal_padding::reflect;
    bool normalized = false;  ///< whether the result is divided by √n_fft
};
struct istft_options {
    std::size_t hop_length = 0;
    std::size_t win_length = 0;
    signal_window window = {};
    bool center = true;
    bool normalized = false;
    std::size_t length = 0;  ///< the result's, which is cut or has zeros behind it; 0 for what the frames give
};

/// stft takes signals along the last axis of an operand, istft spectra along the last but one.
template <operation_name Operation, class Shape>
struct needs_signals;
/// istft needs spectra of n_fft/2 + 1 elements, n_fft where they are two-sided.
template <std::size_t Elements, class Shape>
struct spectra_do_not_fit;

namespace detail {
/// A window in the middle of N elements, zeros beside it. @throws std::invalid_argument where it is longer
template <class T, std::size_t N>
tensor<T, N> centred_window(char const* what, signal_window const& w, std::size_t win_length) {
    std::size_t const n = win_length != 0 ? win_length : w.is_given() ? w.values().size() : N;
    if (n > N) throw std::invalid_argument(text_of({what, ": a window of ", n, " is longer than n_fft, ", N}));
    if (w.is_given() && w.values().size() != n)
        throw std::invalid_argument(
            text_of({what, ": the window has ", w.values().size(), " elements, win_length is ", n}));
    tensor<T, N> all;
    for (std::size_t j = 0; j != n; ++j) all((N - n) / 2 + j) = w.is_given() ? static_cast<T>(w.values()(j)) : T(1);
    return all;
}
TENON_ON_USE
std::size_t hop_of(char const* what, std::size_t given, std::size_t width) {
    std::size_t const hop = given != 0 ? given : width / 4;
    if (hop == 0) throw std::invalid_argument(text_of({what, ": hop_length has to be positive"}));
    return hop;
}
}  // namespace detail

/// Spectra of frames of a signal, [… , length] to [… , n_fft/2 + 1, frames]: Σ_j window_j x_{t·hop + j} exp(−2πi jk/n_fft) for
/// frequency k and frame t; `stft<400>(x, {.hop_length = 160, .window = tn::hann_window<400>()})`. Of real signals one half, of
/// complex ones, or with `stft<400, false>`, all n_fft frequencies; torch.stft with return_complex.
/// Compile error `needs_signals`; shape_error where signals are too short, std::invalid_argument where the window is too long.
template <std::size_t NFft, bool Onesided = true, expression A>
auto stft(A&& x, stft_options const& o = {}) {
    using s = shape_t<A>;
    if constexpr (s::rank() == 0) return needs_signals<"stft", s>{};
    else {
        auto signal = fft::detail::as_floating(std::forward<A>(x));
        using E = value_t<decltype(signal)>;
        using T = element::real_t<E>;
        detail::frame_places const places{detail::hop_of("stft", o.hop_length, NFft), o.center ? NFft / 2 : 0,
                                          o.pad_mode};
        auto frames = detail::make_array(detail::frame_rule<E, s, NFft>{places}, std::move(signal)) *
                      detail::centred_window<T, NFft>("stft", o.window, o.win_length);
        fft::options const norm{o.normalized ? fft::norm::ortho : fft::norm::backward};
        if constexpr (Onesided && !element::is_complex<E>)
            return transpose<-2, -1>(fft::rfft<-1>(std::move(frames), norm));
        else return transpose<-2, -1>(fft::fft<-1>(std::move(frames), norm));
    }
}

/// The signal of such spectra, [… , n_fft/2 + 1, frames] to [… , length]: their frames times the window, added up and divided by the
/// sum of the windows' squares; torch.istft. Spectra of real signals are half ones, or with `istft<400, false>` whole ones.
/// Compile errors `needs_signals` and `spectra_do_not_fit`; std::invalid_argument where the windows leave a gap.
template <std::size_t NFft, bool Onesided = true, expression A>
auto istft(A&& z, istft_options const& o = {}) {
    using s = shape_t<A>;
    constexpr std::size_t bins = Onesided ? NFft / 2 + 1 : NFft;
    if constexpr (s::rank() < 2) return needs_signals<"istft", s>{};
    else if constexpr (s::static_extents[s::rank() - 2] != bins && !is_dynamic(s::static_extents[s::rank() - 2]))
        return spectra_do_not_fit<bins, s>{};
    else {
        auto const extents = z.shape();
        std::size_t const count = extents[s::rank() - 1], hop = detail::hop_of("istft", o.hop_length, NFft);
        if (extents[s::rank() - 2] != bins || count == 0)
            throw shape_error(text_of({"istft: spectra of ", NFft, " elements don't fit ", to_string(extents)}));
        using T = element::real_t<floating_t<value_t<A>>>;
        auto window = detail::centred_window<T, NFft>("istft", o.window, o.win_length);
        std::size_t const whole = NFft + hop * (count - 1), start = o.center ? NFft / 2 : 0;
        std::size_t const end = o.length != 0 ? start + o.length : o.center ? whole - NFft / 2 : whole;
        detail::frame_places const places{hop, start, signal_padding::constant};
        // What the windows' squares add up to, of which 0 cannot be divided by.
        std::size_t const length = end - start, covered = std::min(end, whole) - start;
        tensor<T, dyn> squares(length);
        for (std::size_t t = 0; t != count; ++t)
            for (std::size_t j = 0; j != NFft; ++j)
                if (std::size_t const p = places.at(t, j, length); p < length) squares(p) += window(j) * window(j);
        for (std::size_t p = 0; p != length; ++p) {
            if (p < covered && !(squares(p) > T(1e-11)))
                throw std::invalid_argument(text_of({"istft: the windows leave a gap at element ", p}));
            if (p >= covered) squares(p) = T(1);
        }
        fft::options const norm{o.normalized ? fft::norm::ortho : fft::norm::backward};
        auto frames = [&] {
            if constexpr (Onesided) return fft::irfft<-1, NFft>(transpose<-2, -1>(std::forward<A>(z)), norm);
            else return real(fft::ifft<-1>(transpose<-2, -1>(std::forward<A>(z)), norm));
        }() * std::move(window);
        using rule = detail::overlap_rule<T, shape_t<decltype(frames)>>;
        return detail::make_array(rule{places, length}, std::move(frames)) / std::move(squares);
    }
}

}  // namespace tenon::inline TENON_TARGET
