// Dropout on the device leaves out what it leaves out on the processor; triangles.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

TEST_CASE("dropout draws the processor's numbers, forward and back", "[kernels]") {
    auto const agrees = [](auto const& x, double p, bool training = true) {
        // Each memory has a generator of its own, at the same place.
        auto const made = [&](auto const& f) {
            tn::generator a{7}, b{7};
            return f([&](auto const& y) -> tn::generator& {
                       return std::is_same_v<tn::device_of_t<decltype(y)>, tn::cpu> ? a : b;
                   }) &&
                   a.counter() == b.counter();
        };
        return made([&](auto const& gen) {
                   return values_agree([&](auto const& y) { return tn::dropout(y, p, training, gen(y)) + 1.f; }, x);
               }) &&
               made([&](auto const& gen) {
                   return gradients_agree(
                       [&](auto const& y) {
                           return tn::sum(tn::square(tn::dropout(tn::tanh(y), p, training, gen(y))));
                       },
                       x);
               });
    };
    tn::generator gen{41};
    CHECK(agrees(tn::randn<float, 7, 16>(gen), 0.5));
    CHECK(agrees(tn::randn<float, 7, 13>(gen), 0.3));
    CHECK(agrees(tn::randn<float, 5, 3, 2>(gen), 0.3));
    CHECK(agrees(tn::randn<double, 9>(gen), 0.7));
    CHECK(agrees(tn::randn<float, 1>(gen), 0.5));
    CHECK(agrees(tn::randn<float>(gen), 0.5));
    CHECK(agrees(tn::randn<float, 3, 0>(gen), 0.5));
    CHECK(agrees(tn::randn<float, tn::dyn, 5>(11, gen), 0.5));
    CHECK(agrees(tn::randn<float, 300, 7>(gen), 0.1));
    for (double const p : {0., 1.}) CHECK(agrees(tn::randn<float, 6, 5>(gen), p));
    CHECK(agrees(tn::randn<float, 6, 5>(gen), 0.5, false));
}

TEST_CASE("a captured step cannot draw numbers for dropout", "[kernels]") {
    auto const x = tn::cuda::ones<float, 4, 5>();
    tn::cuda::tensor<float, 4, 5> y;
    nn::dropout layer(0.5);
    CHECK_THROWS_AS(tn::cuda::capture([&] { y = layer(x); }), tn::cuda::error);
    layer.training = false;
    auto const step = tn::cuda::capture([&] { y = layer(x); });
    step();
    CHECK(same(tn::to<tn::cpu>(y), tn::ones<float, 4, 5>()));
}

TEST_CASE("triangles of matrices", "[kernels]") {
    tn::generator gen{42};
    CHECK(values_agree([](auto const& a) { return tn::tril(a) + tn::triu(a, 1); }, tn::randn<float, 5, 7>(gen)));
    CHECK(values_agree([](auto const& a) { return tn::triu(a, -2); }, tn::randn<float, 2, tn::dyn, 3>(6, gen)));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::square(tn::tril(tn::exp(a), -1))); },
                          tn::randn<float, 3, 6, 6>(gen)));
}
