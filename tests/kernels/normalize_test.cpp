// Normalisation within samples.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

TEST_CASE("layer_norm and rms_norm of rows of any length", "[kernels]") {
    tn::generator gen{81};
    // Values and gradients of both in one loss: of the rows themselves, and of something that is computed.
    auto const agree = [&]<std::size_t Length>(std::integral_constant<std::size_t, Length>, auto x) {
        using T = tn::value_t<decltype(x)>;
        auto const w = tn::randn<T, Length>(gen), b = tn::randn<T, Length>(gen);
        return gradients_agree(
            [](auto const& a, auto const& u, auto const& v) {
                return tn::sum(tn::square(tn::layer_norm(a, u, v) + tn::rms_norm(tn::exp(a) + u, v)));
            },
            x, w, b);
    };
    // An odd length and one of packs, for a warp; doubles for a block.
    CHECK(agree(std::integral_constant<std::size_t, 7>{}, tn::randn<float, 5, 7>(gen)));
    CHECK(agree(std::integral_constant<std::size_t, 128>{}, tn::randn<float, 3, 2, 128>(gen)));
    CHECK(agree(std::integral_constant<std::size_t, 300>{}, tn::randn<double, 4, 300>(gen)));
    auto const value = [](auto const& a) { return tn::layer_norm<128>(a) + tn::rms_norm<128>(tn::tanh(a)) * 2; };
    CHECK(values_agree(value, tn::randn<float, 3, 2, 128>(gen)));
}

TEST_CASE("rows that registers do not hold, and rows of a length that is known at run time", "[kernels]") {
    tn::generator gen{82};
    auto const agree = [](auto const& x) {
        return squares_agree(
            [](auto const& a) {
                constexpr std::size_t length = tn::inner_extent<tn::shape_t<decltype(a)>>;
                return tn::layer_norm<length>(a * a) + tn::rms_norm<length>(a);
            },
            x);
    };
    for (std::size_t const rows : {2u, 0u}) CHECK(agree(tn::randn<float, tn::dyn, 6000>(rows, gen)));
    // A warp or a block, whose registers may hold them or not.
    for (std::size_t const length : {1u, 40u, 513u, 5001u}) CHECK(agree(tn::randn<float, 2, tn::dyn>(length, gen)));
}

TEST_CASE("normalisation of several axes, of groups and of channels", "[kernels]") {
    tn::generator gen{83};
    auto const x = tn::randn<float, 3, 6, 5, 4>(gen);
    auto const w = tn::randn<float, 6>(gen), b = tn::randn<float, 6>(gen);
    on_both const g(tn::randn<float, 3, 6, 5, 4>(gen));
    CHECK(gradients_agree(
        [&](auto const& a) {
            auto const axes = tn::layer_norm<5, 4>(a) + tn::rms_norm<6, 5, 4>(a * 2.f);
            auto const groups = tn::group_norm<1>(a) + tn::group_norm<3>(a) + tn::instance_norm(a);
            return tn::sum((axes + groups) * g.where(a));
        },
        x));
    CHECK(gradients_agree([&](auto const& a, auto const& u,
                              auto const& v) { return tn::sum(tn::group_norm<2>(a, u, v) * tn::sigmoid(g.where(a))); },
                          x, w, b));
    CHECK(values_agree([](auto const& a) { return tn::group_norm<2>(a); },
                       tn::randn<float, tn::dyn, 4, tn::dyn>(3, 7, gen)));
    CHECK(values_agree([](auto const& a) { return tn::layer_norm<4>(a); }, tn::randn<float, 0, 4>(gen)));
}

TEST_CASE("rows far from 0 keep their variance", "[kernels]") {
    tn::generator gen{84};
    // Rows for a warp, for a block's registers, and longer ones.
    for (std::size_t const length : {100u, 1024u, 9000u}) {
        tn::tensor const x = tn::randn<float, 2, tn::dyn>(length, gen) * 0.5f + 1e4f;
        tn::tensor const exact = tn::layer_norm<tn::dyn>(tn::cast<double>(x));
        tn::cuda::tensor const found = tn::layer_norm<tn::dyn>(tn::to<tn::cuda::device>(x));
        // A few roundings of the mean, 5e-4 each, in standard deviations of 0.5; E[x²] − E[x]² would be wrong by several.
        auto const near = elements(found);
        CHECK(same_elements(std::vector<double>(near.begin(), near.end()), elements(exact),
                            {.rtol = 1e-4, .atol = 1e-3}));
    }
}

TEST_CASE("normalisation as layers, in place and captured", "[kernels]") {
    tn::generator gen{85};
    auto const x = tn::randn<float, 4, 8>(gen);
    nn::basic_layer_norm<tn::shape<8>, tn::cuda::device> layer;
    nn::basic_rms_norm<tn::shape<8>, tn::cuda::device> rms;
    nn::group_norm<2, 8, tn::cuda::device> groups;
    auto const dx = tn::to<tn::cuda::device>(x);
    tn::cuda::tensor const found = layer(dx) + rms(dx) + groups(dx);
    tn::tensor const expected = nn::layer_norm<8>{}(x) + nn::rms_norm<8>{}(x) + nn::group_norm<2, 8>{}(x);
    CHECK(same(found, expected));
    static_assert(nn::parameter_count<decltype(layer)> == 16);

    auto y = dx;
    y = tn::layer_norm<8>(y);
    CHECK(same(y, tn::layer_norm<8>(x).eval()));

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
    CHECK(same(layer.weight.grad(), grad));
}

TEST_CASE("what lies far from 0, and queries that see nothing", "[kernels]") {
    tn::tensor<float, 300, 2> far;
    far.fill(1e6f + .5f);
    auto const on_device = tn::to<tn::cuda::device>(far);
    CHECK(tn::norm(tn::to<tn::cpu>(tn::cuda::tensor<float, 300, 2>(tn::layer_norm<300, 2>(on_device)))).item() == 0.f);
    tn::tensor<bool, 3, 3> see;
    see.fill(true);
    for (std::size_t j = 0; j != 3; ++j) see(1, j) = false;
    on_both const mask(see);
    tn::generator gen{84};
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::sum(tn::square(tn::scaled_dot_product_attention(a, a, a, mask.where(a)))); },
        tn::randn<float, 2, 3, 4>(gen)));
}
