#include <cmath>
#include <complex>
#include <cstddef>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/fft.hpp>

#include "../catch.hpp"

namespace tn = tenon;
using cd = std::complex<double>;
using cf = std::complex<float>;
using tn::dyn;
template <class T>
using volume = tn::tensor<T, dyn, dyn, dyn>;

// What PyTorch computed: tests/fft/data/fft.safetensors, written by make.py there.
namespace {

auto const& torch_data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/fft/data/fft.safetensors");
    return file;
}
template <class T>
volume<T> expected(std::string const& name) {
    if constexpr (std::is_same_v<T, double>) return torch_data().get<double, dyn, dyn, dyn>(name);
    else return tn::view_as_complex(torch_data().get<double, dyn, dyn, dyn, 2>(name));
}
template <class T>
void compare(std::string const& name, volume<T> const& found) {
    auto const e = expected<T>(name);
    if (!(found.shape() == e.shape()))
        FAIL(name << ": " << tn::to_string(found.shape()) << ", PyTorch " << tn::to_string(e.shape()));
    double worst = 0, greatest = 0;
    for (std::size_t i = 0; i != e.size(); ++i) {
        worst = std::max(worst, std::abs(found.data()[i] - e.data()[i]));
        greatest = std::max(greatest, std::abs(e.data()[i]));
    }
    INFO(name << " differs by " << worst << " of " << greatest);
    CHECK(worst <= 1e-13 * greatest);
}
/// Compares values and gradients for the arrays numbered `first` to `last`.
template <class From, class F>
void check(std::string const& name, int last, F f) {
    for (int i = 0; i != last; ++i) {
        std::string const number = std::to_string(i);
        tn::variable<From, dyn, dyn, dyn> x([&]() -> volume<From> {
            auto const z = expected<cd>("z" + number);
            if constexpr (std::is_same_v<From, double>) return tn::real(z);
            else return z;
        }());
        auto const y = f(x, tn::fft::options{static_cast<tn::fft::norm>(i % 3)});
        using To = tn::value_t<decltype(y)>;
        volume<To> w = y;
        compare(name + number, w);
        double const a[] = {0.5, -1, 2}, b[] = {1, 0.25, -1, 3};
        for (std::size_t k = 0; k != w.size(); ++k)
            if constexpr (std::is_same_v<To, double>) w.data()[k] = a[k % 3];
            else w.data()[k] = cd(a[k % 3], -b[k % 4]);
        tn::backward(tn::sum(tn::real(y * w)));
        compare(name + number + "_grad", x.grad());
    }
}
template <class T>
double largest_error(std::size_t n, std::size_t outer, std::size_t inner) {
    tn::tensor<std::complex<T>, dyn, dyn, dyn> x(outer, n, inner);
    for (std::size_t i = 0; i != x.size(); ++i)
        x.data()[i] = {static_cast<T>(i * 7919 % 101) - 50, static_cast<T>(i * 104729 % 97) - 48};
    tn::tensor const y = tn::fft::fft<1>(x);
    double error = 0, greatest = 0;
    for (std::size_t k = 0; k < n; k += 1 + n / 7)
        for (std::size_t o = 0; o != outer; ++o) {
            std::size_t const i = (o + k) % inner;
            cd sum = 0;
            for (std::size_t j = 0; j != n; ++j) sum += cd(x(o, j, i)) * tn::fft::detail::root_of_one(j * k, n);
            error = std::max(error, std::abs(cd(y(o, k, i)) - sum));
            greatest = std::max(greatest, std::abs(sum));
        }
    // There and back again.
    tn::tensor const back = tn::fft::ifft<1>(y);
    for (std::size_t i = 0; i != x.size(); ++i)
        error = std::max(error, static_cast<double>(std::abs(back.data()[i] - x.data()[i])));
    return error / greatest;
}

}  // namespace

TEST_CASE("transforms along an axis have PyTorch's values and gradients, for all norms") {
    check<cd>("fft", 10, [](auto const& x, auto o) { return tn::fft::fft<1>(x, o); });
    check<cd>("fft_first", 5, [](auto const& x, auto o) { return tn::fft::fft<0>(x, o); });
    check<cd>("fft_six", 5, [](auto const& x, auto o) { return tn::fft::fft<-1, 6>(x, o); });
    check<cd>("ifft", 5, [](auto const& x, auto o) { return tn::fft::ifft<1>(x, o); });
    check<double>("rfft", 10, [](auto const& x, auto o) { return tn::fft::rfft<1>(x, o); });
    check<double>("rfft_six", 5, [](auto const& x, auto o) { return tn::fft::rfft<1, 6>(x, o); });
    check<cd>("irfft", 10, [](auto const& x, auto o) { return tn::fft::irfft<1>(x, o); });
    check<cd>("irfft_seven", 5, [](auto const& x, auto o) { return tn::fft::irfft<1, 7>(x, o); });
    check<cd>("hfft", 5, [](auto const& x, auto o) { return tn::fft::hfft<1>(x, o); });
    check<double>("ihfft", 5, [](auto const& x, auto o) { return tn::fft::ihfft<1>(x, o); });
}

TEST_CASE("transforms along several axes have PyTorch's values and gradients") {
    check<cd>("fft2", 5, [](auto const& x, auto o) { return tn::fft::fft2(x, o); });
    check<cd>("ifftn", 5, [](auto const& x, auto o) { return tn::fft::ifftn(x, o); });
    check<double>("rfft2", 5, [](auto const& x, auto o) { return tn::fft::rfft2(x, o); });
    check<cd>("irfftn", 5, [](auto const& x, auto o) { return tn::fft::irfftn<tn::shape<4, 6>, 0, 1>(x, o); });
    check<cd>("hfft2", 5, [](auto const& x, auto o) { return tn::fft::hfft2<0, 1>(x, o); });
    check<double>("ihfftn", 5, [](auto const& x, auto o) { return tn::fft::ihfftn(x, o); });
}

TEST_CASE("every length is exact to a few roundings, alone, in batches and side by side") {
    for (std::size_t const n : std::vector<std::size_t>{1, 2, 5, 13, 47, 49, 97, 128, 1000, 1021, 2048, 2310})
        for (auto const& [outer, inner] :
             std::vector<std::pair<std::size_t, std::size_t>>{{1, 1}, {3, 1}, {70, 1}, {2, 21}}) {
            INFO(n << " points, " << outer << " times " << inner);
            CHECK(largest_error<double>(n, outer, inner) < 2e-14);
            CHECK(largest_error<float>(n, outer, inner) < 1e-5);
        }
    CHECK(largest_error<float>(1 << 17, 1, 1) < 1e-5);
}

TEST_CASE("real signals and half spectra go there and back, in float and double") {
    for (std::size_t const n : std::vector<std::size_t>{1, 2, 3, 16, 53, 97, 256, 1000, 1021, 4096}) {
        tn::tensor<float, dyn, dyn> x(3, n);
        for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = static_cast<float>(i * 7919 % 101) - 50;
        tn::tensor const half = tn::fft::rfft(x);
        CHECK(half.shape()[1] == n / 2 + 1);
        tn::tensor const whole = tn::fft::fft(x);
        for (std::size_t k = 0; k != n / 2 + 1; ++k)
            CHECK(std::abs(half(2, k) - whole(2, k)) < 1e-5f * 50 * static_cast<float>(n));
        if (n > 1 && n % 2 == 0) CHECK(tn::allclose(tn::fft::irfft(half), x, {.atol = 1e-3}));
        if (n == 53) CHECK(tn::allclose(tn::fft::irfft<-1, 53>(half), x, {.atol = 1e-3}));
        if (n == 97) CHECK(tn::allclose(tn::fft::irfft<-1, 97>(half), x, {.atol = 1e-3}));
        if (n == 1021) CHECK(tn::allclose(tn::fft::irfft<-1, 1021>(half), x, {.atol = 1e-3}));
    }
}

TEST_CASE("real signals of a batch leave each other alone: neither roundings nor NaN go from one to another") {
    for (std::size_t const n : std::vector<std::size_t>{8, 9}) {
        tn::tensor<float, dyn, dyn> x(40, n);
        auto const loudness = [](std::size_t row) { return row % 3 == 0 ? 1e9f : 1.f; };
        for (std::size_t i = 0; i != x.size(); ++i)
            x.data()[i] = (static_cast<float>(i * 7919 % 101) - 50) * loudness(i / n);
        x(3, 0) = std::nanf("");
        tn::tensor<cf, dyn, dyn> half = tn::fft::rfft(x);
        for (std::size_t r = 0; r != 40; ++r)
            for (std::size_t k = 0; k != n / 2 + 1; ++k) {
                cd sum = 0;
                for (std::size_t j = 0; j != n; ++j) sum += double(x(r, j)) * tn::fft::detail::root_of_one(j * k, n);
                if (r == 3) CHECK(std::isnan(half(r, k).real()));
                else CHECK(std::abs(cd(half(r, k)) - sum) <= 1e-3 * double(loudness(r)));
            }
        // An imaginary part that a real signal's spectrum does not have is not read.
        half(4, 0).imag(std::nanf(""));
        tn::tensor<float, dyn, dyn> back;
        if (n == 8) back = tn::fft::irfft(half);
        else back = tn::fft::irfft<-1, 9>(half);
        for (std::size_t i = 0; i != x.size(); ++i)
            if (i / n != 3) CHECK(std::abs(back.data()[i] - x.data()[i]) <= 1e-3f * loudness(i / n));
    }
}

TEST_CASE("extents and element types of transforms are known where the operand's are") {
    tn::tensor<float, 3, 8> x;
    using tn::shape, tn::shape_t, tn::value_t;
    static_assert(std::is_same_v<shape_t<decltype(tn::fft::rfft(x))>, shape<3, 5>>);
    static_assert(std::is_same_v<shape_t<decltype(tn::fft::rfft<0>(x))>, shape<2, 8>>);
    static_assert(std::is_same_v<shape_t<decltype(tn::fft::irfft(x))>, shape<3, 14>>);
    static_assert(std::is_same_v<shape_t<decltype(tn::fft::fft<-1, 16>(x))>, shape<3, 16>>);
    static_assert(std::is_same_v<shape_t<decltype(tn::fft::rfftn<shape<4, 6>>(x))>, shape<4, 4>>);
    static_assert(std::is_same_v<value_t<decltype(tn::fft::fft(x))>, cf>);
    static_assert(std::is_same_v<value_t<decltype(tn::fft::rfft(tn::tensor<int, 4>()))>, cf>);
    static_assert(std::is_same_v<value_t<decltype(tn::fft::hfft(tn::tensor<bool, 4>()))>, float>);
    CHECK_THROWS_AS(tn::fft::fft(tn::tensor<float, dyn>(0)), tn::shape_error);
    CHECK_THROWS_AS(tn::fft::irfft(tn::tensor<float, dyn>(1)), tn::shape_error);
    CHECK(tn::fft::fft<1>(tn::tensor<float, dyn, 4>(0)).eval().size() == 0);
    tn::tensor<int, 4> const ones({1, 1, 1, 1});
    CHECK(tn::array_equal(tn::fft::fft(ones), tn::tensor<cf, 4>({4, 0, 0, 0})));
}

TEST_CASE("frequencies and their order are PyTorch's") {
    CHECK(tn::array_equal(tn::fft::fftfreq<5>(), tn::tensor({0.f, 0.2f, 0.4f, -0.4f, -0.2f})));
    CHECK(tn::array_equal(tn::fft::fftfreq<double, 4>(0.5), tn::tensor({0., 0.5, -1., -0.5})));
    CHECK(tn::array_equal(tn::fft::rfftfreq<4>(), tn::tensor({0.f, 0.25f, 0.5f})));
    CHECK(tn::array_equal(tn::fft::rfftfreq<dyn>(5, 1), tn::tensor({0.f, 0.2f, 0.4f})));
    tn::tensor const x({0, 1, 2, 3, 4});
    CHECK(tn::array_equal(tn::fft::fftshift(x), tn::tensor({3, 4, 0, 1, 2})));
    CHECK(tn::array_equal(tn::fft::ifftshift(x), tn::tensor({2, 3, 4, 0, 1})));
    tn::tensor<int, 2, 2> const m({{1, 2}, {3, 4}});
    CHECK(tn::array_equal(tn::fft::fftshift(m), tn::tensor<int, 2, 2>({{4, 3}, {2, 1}})));
    CHECK(tn::array_equal(tn::fft::fftshift<0>(m), tn::tensor<int, 2, 2>({{3, 4}, {1, 2}})));
}
