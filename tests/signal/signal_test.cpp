#include <cmath>
#include <complex>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/signal.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace windows = tenon::signal::windows;
using cd = std::complex<double>;
using tn::dyn;

// What PyTorch and SciPy computed: tests/signal/data/signal.safetensors, written by make.py there.
namespace {

auto const& torch_data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/signal/data/signal.safetensors");
    return file;
}
void compare(std::string const& name, double const* found, std::size_t n, double const* expected, std::size_t count) {
    INFO(name);
    REQUIRE(n == count);
    double worst = 0;
    for (std::size_t i = 0; i != n; ++i) worst = std::max(worst, std::abs(found[i] - expected[i]));
    CHECK(worst < 1e-13);
}
/// Values of a window for the lengths and kinds of the file.
template <class F>
void window(std::string const& name, F f) {
    for (std::size_t const n : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{10}})
        for (bool const sym : {true, false}) {
            std::string const key = name + std::to_string(n) + (sym ? "s" : "p");
            auto const e = torch_data().get<double, dyn>(key);
            auto const w = f(n, sym);
            compare(key, w.data(), w.size(), e.data(), e.size());
        }
    CHECK(f(0, false).size() == 0);
}
/// Values and gradients of a short-time transform of real signals, or of spectra.
template <class F>
void transform(std::string const& name, F f) {
    constexpr bool back = std::is_invocable_v<F, tn::variable<cd, dyn, dyn, dyn> const&>;
    using X = std::conditional_t<back, tn::variable<cd, dyn, dyn, dyn>, tn::variable<double, dyn, dyn>>;
    X x([] {
        if constexpr (back) return tn::tensor(tn::view_as_complex(torch_data().get<double, dyn, dyn, dyn, 2>("z")));
        else return torch_data().get<double, dyn, dyn>("x");
    }());
    auto const parts = [](auto const& y) {
        if constexpr (tn::element::is_complex<tn::value_t<decltype(y)>>) return tn::flatten(tn::view_as_real(y));
        else return tn::flatten(y);
    };
    auto const expected = [&](std::string const& key, auto rank) {
        if constexpr (rank == 2) return tn::tensor(tn::flatten(torch_data().get<double, dyn, dyn>(key)));
        else return tn::tensor(tn::flatten(torch_data().get<double, dyn, dyn, dyn, 2>(key)));
    };
    std::integral_constant<int, 2> const of_signals;
    std::integral_constant<int, 4> const of_spectra;
    auto const y = parts(f(x));
    tn::tensor found = y;
    auto const e = [&] {
        if constexpr (back) return expected(name, of_signals);
        else return expected(name, of_spectra);
    }();
    compare(name, found.data(), found.size(), e.data(), e.size());
    double const weights[] = {0.5, -1, 2, 0.25};
    for (std::size_t i = 0; i != found.size(); ++i) found(i) = weights[i % 4];
    tn::backward(tn::sum(y * found));
    auto const g = [&] {
        if constexpr (back) return expected(name + "_grad", of_spectra);
        else return expected(name + "_grad", of_signals);
    }();
    tn::tensor const grad = parts(x.grad());
    compare(name + "_grad", grad.data(), grad.size(), g.data(), g.size());
}

}  // namespace

TEST_CASE("windows have PyTorch's values, symmetric and periodic, from none to many points") {
#define WINDOW(name) window(#name, [](std::size_t n, bool sym) { return windows::name<double, dyn>(n, {.sym = sym}); });
    WINDOW(bartlett)
    WINDOW(blackman)
    WINDOW(cosine)
    WINDOW(exponential)
    WINDOW(gaussian)
    WINDOW(general_hamming)
    WINDOW(hamming)
    WINDOW(hann)
    WINDOW(kaiser)
    WINDOW(nuttall)
#undef WINDOW
#define WINDOW(name) window(#name, [](std::size_t n, bool sym) { return tn::name<double, dyn>(n, !sym); });
    WINDOW(bartlett_window)
    WINDOW(blackman_window)
    WINDOW(hamming_window)
    WINDOW(hann_window)
    WINDOW(kaiser_window)
#undef WINDOW
    window("general_cosine", [](std::size_t n, bool sym) {
        return windows::general_cosine<double, dyn>(n, {.a = {0.46, 0.23, 0.31, 0.1, 0.05}, .sym = sym});
    });
    window("exponential_tau", [](std::size_t n, bool sym) {
        if (sym) return windows::exponential<double, dyn>(n, {.tau = 2.5});
        return windows::exponential<double, dyn>(n, {.center = 1.5, .tau = 2.5, .sym = false});
    });
    static_assert(std::is_same_v<decltype(windows::hann<16>()), tn::tensor<float, 16>>);
    static_assert(std::is_same_v<decltype(tn::hann_window<double, 16>()), tn::tensor<double, 16>>);
    CHECK(tn::hann_window<dyn>(4)(1) == 0.5f);
    CHECK_THROWS_AS(windows::gaussian<4>({.std = 0}), std::invalid_argument);
    CHECK_THROWS_AS(windows::exponential<4>({.tau = -1}), std::invalid_argument);
    CHECK_THROWS_AS(windows::exponential<4>({.center = 1}), std::invalid_argument);
    CHECK_THROWS_AS(windows::general_cosine<4>({.a = {}}), std::invalid_argument);
}

TEST_CASE("short-time transforms have PyTorch's values and gradients") {
    auto const hann = tn::hann_window<double, 8>();
    using real_signals = tn::variable<double, dyn, dyn>;
    using spectra = tn::variable<cd, dyn, dyn, dyn>;
    using tn::signal_padding;
    transform("stft", [&](real_signals const& x) { return tn::stft<8>(x, {.hop_length = 3, .window = hann}); });
    transform("stft_replicate", [&](real_signals const& x) {
        return tn::stft<8>(x, {.hop_length = 3, .window = hann, .pad_mode = signal_padding::replicate});
    });
    transform("stft_circular", [&](real_signals const& x) {
        return tn::stft<8>(x, {.hop_length = 3, .window = hann, .pad_mode = signal_padding::circular});
    });
    transform("stft_plain", [&](real_signals const& x) { return tn::stft<8>(x); });
    transform("stft_short", [&](real_signals const& x) {
        return tn::stft<8>(x, {.hop_length = 2,
                               .win_length = 6,
                               .window = tn::hamming_window<double, 6>(),
                               .pad_mode = signal_padding::constant,
                               .normalized = true});
    });
    transform("stft_whole", [&](real_signals const& x) {
        return tn::stft<8, false>(x, {.hop_length = 3, .window = hann, .center = false});
    });
    transform("istft", [&](spectra const& z) { return tn::istft<8>(z, {.hop_length = 2, .window = hann}); });
    transform("istft_long", [&](spectra const& z) {
        return tn::istft<8>(z, {.hop_length = 2, .window = hann, .normalized = true, .length = 25});
    });
    transform("istft_plain", [&](spectra const& z) { return tn::istft<8>(z, {.hop_length = 3, .center = false}); });
}

TEST_CASE("a signal comes back from its short-time transform, and what cannot is refused") {
    tn::tensor<float, 40> x;
    for (std::size_t i = 0; i != 40; ++i) x(i) = static_cast<float>(i * 37 % 19) - 9;
    auto const window = tn::hann_window<16>();
    auto const z = tn::stft<16>(x, {.window = window});
    static_assert(std::is_same_v<tn::shape_t<decltype(z)>, tn::shape<9, dyn>>);
    CHECK(tn::allclose(tn::istft<16>(z, {.window = window, .length = 40}), x, {.atol = 1e-5}));
    CHECK_THROWS_AS(tn::stft<128>(x), tn::shape_error);
    CHECK_THROWS_AS(tn::stft<64>(x, {.center = false}), tn::shape_error);
    CHECK_THROWS_AS(tn::stft<8>(x, {.window = window}), std::invalid_argument);
    CHECK_THROWS_AS(tn::stft<16>(x, {.win_length = 8, .window = window}), std::invalid_argument);
    CHECK_THROWS_AS(tn::istft<16>(z, {.window = window, .center = false}), std::invalid_argument);
    CHECK_THROWS_AS(tn::istft<64>(tn::tensor<std::complex<float>, dyn, 3>(9)), tn::shape_error);
}

TEST_CASE("convolutions by spectra have SciPy's values, and gradients") {
    using tn::signal::convolution;
    auto const a = torch_data().get<double, 2, 19>("a");
    auto const b = torch_data().get<double, 2, 6>("b");
    auto const check = [](std::string const& name, auto const& y) {
        auto const e = torch_data().get<double, dyn, dyn>(name);
        tn::tensor const found = y;
        compare(name, found.data(), found.size(), e.data(), e.size());
    };
    check("convolve_full", tn::signal::fftconvolve(a, b));
    check("convolve_same", tn::signal::fftconvolve<convolution::same>(a, b));
    check("convolve_valid", tn::signal::fftconvolve<convolution::valid>(a, b));
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::signal::fftconvolve(a, b))>, tn::shape<2, 24>>);
    tn::variable<double, 2, 19> x(a);
    tn::variable<double, dyn> k(b[1]);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::signal::fftconvolve<convolution::same>(x, k)))));
    CHECK_THROWS_AS(tn::signal::fftconvolve(x, tn::tensor<double, dyn>(0)), tn::shape_error);
}
