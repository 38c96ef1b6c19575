// Normalisation within samples.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

TEST_CASE("layer_norm and rms_norm of rows of any length", "[kernels]") {
    tn::generator gen{81};
    auto const agree = [&]<std::size_t Length>(std::integral_constant<std::size_t, Length>, auto x) {
        using T = tn::value_t<decltype(x)>;
        auto const w = tn::randn<T, Length>(gen), b = tn::randn<T, Length>(gen);
        on_both const rows(tn::randn<T, 1, Length>(gen));
        CHECK(values_agree([](auto const& a) { return tn::layer_norm<Length>(a); }, x));
        CHECK(values_agree([](auto const& a) { return tn::rms_norm<Length>(tn::tanh(a)) * 2; }, x));
        CHECK(gradients_agree([&](auto const& a, auto const& u,
                                  auto const& v) { return tn::sum(tn::layer_norm(a, u, v) * rows.where(a)); },
                              x, w, b));
        CHECK(gradients_agree(
            [&](auto const& a, auto const& u) { return tn::sum(tn::square(tn::rms_norm(tn::exp(a) + u, u))); }, x, w));
    };
    agree(std::integral_constant<std::size_t, 1>{}, tn::randn<float, 5, 1>(gen));
    agree(std::integral_constant<std::size_t, 7>{}, tn::randn<float, 5, 7>(gen));
    agree(std::integral_constant<std::size_t, 128>{}, tn::randn<float, 3, 2, 128>(gen));
    agree(std::integral_constant<std::size_t, 513>{}, tn::randn<float, 2, 513>(gen));
    agree(std::integral_constant<std::size_t, 768>{}, tn::randn<float, tn::dyn, 768>(3, gen));
    agree(std::integral_constant<std::size_t, 300>{}, tn::randn<double, 4, 300>(gen));
}

TEST_CASE("rows that registers do not hold", "[kernels]") {
    tn::generator gen{82};
    auto const agree = [&](auto const& x, auto const& weight) {
        on_both const w(weight);
        CHECK(values_agree([](auto const& a) { return tn::layer_norm<tn::inner_extent<tn::shape_t<decltype(a)>>>(a); },
                           x));
        CHECK(gradients_agree(
            [&](auto const& a) {
                return tn::sum(tn::layer_norm<tn::inner_extent<tn::shape_t<decltype(a)>>>(a) * w.where(a));
            },
            x));
        CHECK(gradients_agree(
            [&](auto const& a) {
                return tn::sum(tn::rms_norm<tn::inner_extent<tn::shape_t<decltype(a)>>>(a) * w.where(a));
            },
            x));
    };
    agree(tn::randn<float, 2, 6000>(gen), tn::randn<float, 2, 6000>(gen));
    agree(tn::randn<float, 2, 5001>(gen), tn::randn<float, 2, 5001>(gen));
    agree(tn::randn<double, 1, 2051>(gen), tn::randn<double, 1, 2051>(gen));
    agree(tn::randn<float, 2, tn::dyn>(5000, gen), tn::randn<float, 2, tn::dyn>(5000, gen));
    agree(tn::randn<float, 3, tn::dyn>(40, gen), tn::randn<float, 3, tn::dyn>(40, gen));
}

TEST_CASE("normalisation of several axes, of groups and of channels", "[kernels]") {
    tn::generator gen{83};
    auto const x = tn::randn<float, 3, 6, 5, 4>(gen);
    on_both const g(tn::randn<float, 3, 6, 5, 4>(gen));
    auto const w = tn::randn<float, 6>(gen), b = tn::randn<float, 6>(gen);
    auto const agree = [&](auto const& f) {
        return values_agree(f, x) && gradients_agree([&](auto const& a) { return tn::sum(f(a) * g.where(a)); }, x);
    };
    CHECK(agree([](auto const& a) { return tn::layer_norm<5, 4>(a); }));
    CHECK(agree([](auto const& a) { return tn::rms_norm<6, 5, 4>(a * 2.f); }));
    CHECK(agree([](auto const& a) { return tn::group_norm<1>(a); }));
    CHECK(agree([](auto const& a) { return tn::group_norm<3>(a); }));
    CHECK(agree([](auto const& a) { return tn::instance_norm(a); }));
    CHECK(gradients_agree([&](auto const& a, auto const& u,
                              auto const& v) { return tn::sum(tn::group_norm<2>(a, u, v) * tn::sigmoid(g.where(a))); },
                          x, w, b));
    CHECK(values_agree([](auto const& a) { return tn::group_norm<2>(a); },
                       tn::randn<float, tn::dyn, 4, tn::dyn>(3, 7, gen)));
    CHECK(values_agree([](auto const& a) { return tn::layer_norm<4>(a); }, tn::randn<float, 0, 4>(gen)));
}

TEST_CASE("rows far from 0 keep their variance", "[kernels]") {
    tn::generator gen{84};
    auto const check = [](auto const& x) {
        constexpr std::size_t n = tn::inner_extent<tn::shape_t<decltype(x)>>;
        tn::tensor const exact = tn::layer_norm<n>(tn::cast<double>(x));
        tn::cuda::tensor const found = tn::layer_norm<n>(tn::to<tn::cuda::device>(x));
        // A few roundings of the mean, 5e-4 each, in standard deviations; E[x²] − E[x]² would be wrong by several.
        return tn::allclose(tn::cast<double>(tn::to<tn::cpu>(found)), exact, {.rtol = 1e-4, .atol = 4 * 5e-4 / 0.5});
    };
    auto const shifted = [](auto const& x) { return tn::tensor(x * 0.5f + 1e4f); };
    CHECK(check(shifted(tn::randn<float, 4, 100>(gen))));
    CHECK(check(shifted(tn::randn<float, 2, 1024>(gen))));
    CHECK(check(shifted(tn::randn<float, 1, 9000>(gen))));
}

TEST_CASE("normalisation as layers, in place and captured", "[kernels]") {
    tn::generator gen{85};
    auto const x = tn::randn<float, 4, 8>(gen);
    nn::layer_norm_on<tn::cuda::device, 8> layer;
    nn::rms_norm_on<tn::cuda::device, 8> rms;
    nn::group_norm<2, 8, tn::cuda::device> groups;
    auto const dx = tn::to<tn::cuda::device>(x);
    CHECK(same(tn::to<tn::cpu>(layer(dx).eval()), nn::layer_norm<8>{}(x).eval()));
    CHECK(same(tn::to<tn::cpu>(rms(dx).eval()), nn::rms_norm<8>{}(x).eval()));
    CHECK(same(tn::to<tn::cpu>(groups(dx).eval()), nn::group_norm<2, 8>{}(x).eval()));
    static_assert(nn::parameter_count<decltype(layer)> == 16);

    auto y = dx;
    y = tn::layer_norm<8>(y);
    CHECK(same(tn::to<tn::cpu>(y), tn::layer_norm<8>(x).eval()));

    auto const launches = calls::launches;
    y = tn::layer_norm<8>(dx);
    CHECK(launched(calls::launches - launches, 1));

    tn::cuda::variable<float, 4, 8> v(x);
    auto const loss = [&] { return tn::backward(tn::sum(tn::square(layer(v) + 1.f))); };
    float const value = loss().item();
    auto const grad = tn::to<tn::cpu>(layer.weight.grad());
    tn::cuda::tensor<float> kept;
    auto const step = tn::cuda::capture([&] {
        layer.weight.zero_grad();
        kept = loss();
    });
    for (int i = 0; i != 2; ++i) step();
    CHECK(std::abs(kept.item() - value) < 1e-4f);
    CHECK(same(tn::to<tn::cpu>(layer.weight.grad()), grad));
}
