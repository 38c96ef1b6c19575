// Fourier transforms by cuFFT against the processor's.
#include <tenon/cuda/fft.hpp>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;
namespace fft = tenon::fft;

namespace {

/// Real numbers that depend on every part of complex ones.
auto mixed(auto const& z) { return tn::real(z) * 2. + tn::square(tn::imag(z)); }

}  // namespace

TEST_CASE("transforms in the device's memory", "[kernels]") {
    for (std::size_t const n : {std::size_t{5}, std::size_t{6}}) {
        auto const x = tn::randn<double, 2, tn::dyn, 3>(n);
        CHECK(both_agree(
            [](auto const& a) { return mixed(fft::rfft<1>(a)) + mixed(fft::ihfft<1>(a, {.norm = fft::norm::ortho})); },
            x));
        CHECK(both_agree(
            [](auto const& a) {
                auto const z = tn::complex(a, a + 1.);
                return fft::irfft<1>(z) + fft::hfft<1>(fft::ifft<1>(fft::fft<1>(z, {.norm = fft::norm::ortho})));
            },
            x));
    }
    // The last axis, with points added and points left out.
    CHECK(both_agree(
        [](auto const& a) {
            auto const z = tn::complex(a, a * 2.);
            return tn::sum<1>(mixed(fft::rfft<-1, 9>(a))) + tn::sum<1>(mixed(fft::rfft<-1, 4>(a))) +
                   tn::sum<1>(tn::square(fft::irfft<-1, 15>(z))) + tn::sum<1>(tn::square(fft::irfft<-1, 7>(z)));
        },
        tn::randn<double, 3, 7>()));
    CHECK(
        values_agree([](auto const& a) { return tn::abs(fft::fft<-1>(tn::complex(a, a))); }, tn::randn<float, 3, 7>()));
}

TEST_CASE("transforms are calls of the library, which may be captured when they are planned", "[kernels]") {
    auto const x = cuda::ones<double, 4, 8>();
    auto const e = fft::rfft<1>(x);
    CHECK_THAT(tn::explain(e).text(), !Catch::Contains("on the host") && Catch::Contains("1 launch:"));
    cuda::tensor<std::complex<double>, 4, 5> to = e;
    auto const before = calls::launches;
    to = e;
    CHECK(calls::launches - before == 1);
    auto step = cuda::capture([&] { to = e; });
    step();
    CHECK(tn::to<tn::cpu>(to)(3, 0) == 8.);
    auto const other = cuda::ones<double, 4, 9>();
    CHECK_THROWS_WITH(cuda::capture([&] { to = fft::rfft<1>(other); }), Catch::Contains("planning"));
}
