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

TEST_CASE("numbers of distributions are the processor's on the device", "[kernels]") {
    constexpr tn::close_options exactly{.rtol = 0, .atol = 0};
    tn::generator a{7}, b{7};
    tn::tensor<float, 5, 3> const rates = tn::rand<float, 5, 3>(a) * 30.f;
    auto const on_device = tn::to<tn::cuda::device>(rates);
    b = a;
    CHECK(same(tn::poisson(on_device, b), tn::poisson(rates, a), exactly));
    CHECK(same(tn::gamma<double, 7>(tn::cuda::device{}, 0.5, b), tn::gamma<double, 7>(0.5, a), exactly));
    tn::tensor<float, 3> const weights({1, 2, 3});
    CHECK(same(tn::multinomial<2>(tn::to<tn::cuda::device>(weights), {}, b), tn::multinomial<2>(weights, {}, a), exactly));
    CHECK(a.counter() == b.counter());
}

TEST_CASE("a captured step draws at each replay what it would draw if it ran anew", "[kernels]") {
    tn::generator host{43}, device{43}, other{5};
    auto const x = tn::randn<float, 4, 5>(other);
    tn::cuda::tensor<float, 4, 5> y;
    tn::cuda::tensor<double, 3> z;
    tn::cuda::variable<float, 4, 5> dv(x);
    tn::variable<float, 4, 5> v(x);
    auto const work = [](auto const& u, auto& gen, auto& masked) {
        masked = (u * 2.f).eval();  // memory that is free again when the first numbers are drawn
        masked = tn::dropout(u, 0.5, true, gen);
        tn::backward(tn::sum(tn::dropout(tn::square(u), 0.25, true, gen)));
    };
    auto const step = tn::cuda::capture([&] {
        work(dv, device, y);
        z = tn::cuda::randn<double, 3>(device) + tn::cuda::rand<double, 3>(other);
    });
    CHECK(device.counter() == 0);
    tn::generator host_other = other;
    for (int i = 0; i != 6; ++i) {
        // Others draw in between, and the generator starts anew.
        if (i == 3) CHECK(same(tn::to<tn::cpu>(tn::cuda::rand<float, 7>(device)), tn::rand<float, 7>(host)));
        if (i == 4) host = device = tn::generator{44};
        auto const launches = calls::launches;
        step();
        CHECK(launched(calls::launches - launches, i == 0 ? 2 : i == 3 || i == 4 ? 1 : 0));
        tn::tensor<float, 4, 5> expected;
        work(v, host, expected);
        CHECK(same(tn::to<tn::cpu>(y), expected));
        CHECK(same(tn::to<tn::cpu>(dv.grad()), v.grad()));
        tn::tensor const a = tn::randn<double, 3>(host), b = tn::rand<double, 3>(host_other);
        CHECK(same(tn::to<tn::cpu>(z), tn::tensor(a + b)));
        CHECK(device.counter() == host.counter());
    }
    CHECK_THROWS_AS(tn::cuda::capture([&] { step(); }), tn::cuda::error);
    CHECK_THROWS_AS(tn::cuda::capture([&] {
                        y = tn::dropout(dv, 0.5, true, device);
                        return tn::sum(dv).item();
                    }),
                    tn::cuda::error);
    CHECK(device.counter() == host.counter());

    nn::dropout layer(0.5);
    layer.training = false;
    auto const passes = tn::cuda::capture([&] { y = layer(dv); });
    passes();
    CHECK(same(tn::to<tn::cpu>(y), x));
}

TEST_CASE("triangles of matrices", "[kernels]") {
    tn::generator gen{42};
    CHECK(values_agree([](auto const& a) { return tn::tril(a) + tn::triu(a, 1); }, tn::randn<float, 5, 7>(gen)));
    CHECK(values_agree([](auto const& a) { return tn::triu(a, -2); }, tn::randn<float, 2, tn::dyn, 3>(6, gen)));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::square(tn::tril(tn::exp(a), -1))); },
                          tn::randn<float, 3, 6, 6>(gen)));
}
