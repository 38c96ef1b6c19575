// Pooling: the greatest and the mean values of windows, and a network of convolutions that learns.
#include "device.hpp"

#include <limits>

using namespace device_test;
namespace nn = tenon::nn;

namespace {

template <tn::extent2 Kernel, tn::pool_options O = tn::pool_options{}>
struct greatest_of_windows {
    auto operator()(auto const& x) const { return tn::max_pool2d<Kernel, O>(x); }
};
template <tn::extent2 Kernel, tn::pool_options O = tn::pool_options{}>
struct means {
    auto operator()(auto const& x) const { return tn::avg_pool2d<Kernel, O>(x); }
};
template <std::size_t... Output>
struct adapted_means {
    auto operator()(auto const& x) const { return tn::adaptive_avg_pool2d<Output...>(x); }
};

/// Whether values agree, and gradients where windows count differently.
template <class F, class X>
bool pooled_agree(F const& f, X const& x) {
    return values_agree(f, x) && gradients_agree([&](auto const& a) { return tn::sum(tn::square(f(a) + 1.f)); }, x);
}

/// LeNet, for smaller pictures.
template <class Device = tn::cpu>
struct lenet {
    nn::conv2d<1, 4, 3, nn::conv_options{.padding = 1}, Device> conv1;
    nn::conv2d<4, 6, 3, nn::conv_options{}, Device> conv2;
    nn::linear<6 * 2 * 2, 10, Device> fc1;
    nn::linear<10, 3, Device> fc2;
    auto operator()(auto const& pictures) const {
        auto edges = tn::max_pool2d<2>(tn::relu(conv1(tn::reshape<-1, 1, 12, 12>(pictures))));
        auto parts = tn::avg_pool2d<2>(tn::relu(conv2(edges)));
        return fc2(tn::relu(fc1(tn::flatten<1>(parts))));
    }
};

}  // namespace

TEST_CASE("the greatest values of windows", "[kernels]") {
    tn::generator gen{81};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(pooled_agree(greatest_of_windows<2>{}, x));
    CHECK(pooled_agree(greatest_of_windows<tn::extent2(3, 2), tn::pool_options{.stride = {2, 1}, .padding = 1}>{}, x));
    CHECK(pooled_agree(greatest_of_windows<3, tn::pool_options{.stride = 2, .dilation = {1, 2}, .ceil_mode = true}>{},
                       x));
    CHECK(pooled_agree(
        greatest_of_windows<tn::extent2(3, 2),
                            tn::pool_options{.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true}>{},
        x));
    CHECK(pooled_agree(greatest_of_windows<17, tn::pool_options{.stride = 3, .padding = 8}>{}, x));
    CHECK(pooled_agree(greatest_of_windows<1, tn::pool_options{.stride = 4}>{}, x));
    CHECK(pooled_agree(greatest_of_windows<2>{}, tn::randn<double, 3, 4, 5>(gen)));
    CHECK(pooled_agree(greatest_of_windows<2>{}, tn::randn<float, tn::dyn, 2, 4, tn::dyn>(3, 7, gen)));
    CHECK(pooled_agree(greatest_of_windows<2>{}, tn::randn<float, 0, 2, 4, 4>(gen)));
    CHECK(values_agree(greatest_of_windows<2, tn::pool_options{.stride = 1, .padding = 1}>{},
                       tn::randint<int, 1, 2, 5, 5>(-9, -1, gen)));
    CHECK(pooled_agree([](auto const& a) { return tn::max_pool1d<3, tn::pool_options{.stride = 2, .padding = 1}>(a); },
                       tn::randn<float, 2, 3, 13>(gen)));
    // An operand that is computed, whose gradient goes on into its own operands.
    CHECK(pooled_agree([](auto const& a) { return tn::max_pool2d<2>(tn::tanh(a) * a); }, x));
    CHECK(pooled_agree([](auto const& a) { return tn::max_pool2d<2>(a) * tn::slice<-1, 0, 4>(tn::slice<-2, 0, 5>(a)); },
                       x));
}

TEST_CASE("windows take the first of equal values, and NaN before all", "[kernels]") {
    tn::generator gen{82};
    auto const x = tn::randint<std::int64_t, 2, 2, 9, 8>(0, 3, gen);
    auto ties = tn::tensor<float, 2, 2, 9, 8>(tn::cast<float>(x));
    auto const pool = greatest_of_windows<3, tn::pool_options{.stride = 2, .padding = 1}>{};
    CHECK(pooled_agree(pool, ties));
    auto const gradient = [&](auto v) {
        tn::backward(tn::sum(pool(v) * 2.f));
        return v;
    };
    float const nan = std::numeric_limits<float>::quiet_NaN();
    ties(0, 0, 3, 3) = ties(0, 0, 3, 5) = ties(1, 1, 0, 0) = nan;
    ties(1, 0, 0, 0) = ties(1, 0, 0, 1) = ties(1, 0, 1, 0) = ties(1, 0, 1, 1) = -std::numeric_limits<float>::infinity();
    auto const host = gradient(tn::variable<float, 2, 2, 9, 8>(ties));
    auto const device = gradient(tn::cuda::variable<float, 2, 2, 9, 8>(ties));
    CHECK(same(tn::to<tn::cpu>(device.grad()), host.grad()));
    tn::tensor const expected = tn::isnan(pool(ties));
    tn::cuda::tensor const found = tn::isnan(pool(tn::to<tn::cuda::device>(ties)));
    CHECK(same(tn::to<tn::cpu>(found), expected));
    CHECK(expected(0, 0, 1, 1));
}

TEST_CASE("mean values of windows", "[kernels]") {
    tn::generator gen{83};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(pooled_agree(means<2>{}, x));
    CHECK(pooled_agree(means<tn::extent2(3, 2), tn::pool_options{.stride = {2, 1}, .padding = 1}>{}, x));
    CHECK(pooled_agree(means<3, tn::pool_options{.stride = 2, .padding = 1, .ceil_mode = true}>{}, x));
    CHECK(pooled_agree(
        means<3, tn::pool_options{.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false}>{}, x));
    CHECK(pooled_agree(means<2, tn::pool_options{.stride = 3}>{}, x));
    CHECK(pooled_agree(means<tn::extent2(8, 9), tn::pool_options{.stride = 1}>{}, x));
    CHECK(pooled_agree(means<2>{}, tn::randn<double, 3, 4, 5>(gen)));
    CHECK(pooled_agree(means<2>{}, tn::randn<float, 2, tn::dyn, tn::dyn, 4>(3, 7, gen)));
    CHECK(pooled_agree([](auto const& a) { return tn::avg_pool1d<3, tn::pool_options{.stride = 2, .padding = 1}>(a); },
                       tn::randn<float, 2, 3, 13>(gen)));
    CHECK(pooled_agree([](auto const& a) { return tn::avg_pool2d<2>(tn::exp(a) * 0.1f); }, x));
}

TEST_CASE("means of windows that cover an image", "[kernels]") {
    tn::generator gen{84};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(pooled_agree(adapted_means<1>{}, x));
    CHECK(pooled_agree(adapted_means<4, 2>{}, x));
    CHECK(pooled_agree(adapted_means<7, 9>{}, x));
    CHECK(pooled_agree(adapted_means<13, 20>{}, x));
    CHECK(pooled_agree(adapted_means<3>{}, tn::randn<float, tn::dyn, 2, tn::dyn, tn::dyn>(2, 10, 7, gen)));
    CHECK(pooled_agree([](auto const& a) { return tn::adaptive_avg_pool1d<5>(a); }, tn::randn<float, 3, 13>(gen)));
}

TEST_CASE("pooling needs one launch each way", "[kernels]") {
    tn::generator gen{85};
    tn::cuda::variable<float, 2, 3, 8, 8> const v(tn::randn<float, 2, 3, 8, 8>(gen));
    auto before = calls::launches;
    tn::cuda::tensor const y = tn::max_pool2d<2>(tn::relu(v.value()) + 1.f);
    CHECK(launched(calls::launches - before, 1));
    before = calls::launches;
    tn::cuda::tensor const loss = tn::backward(tn::sum(tn::avg_pool2d<2>(tn::max_pool2d<2>(tn::relu(v)))));
    CHECK(launched(calls::launches - before, 6));
}

TEST_CASE("a network of convolutions learns as on the processor", "[kernels]") {
    tn::generator gen{86};
    lenet<> host;
    lenet<tn::cuda::device> device;
    tn::copy(host, device);
    auto const x = tn::randn<float, tn::dyn, 12, 12>(9, gen);
    auto const y = tn::randint<std::int64_t, tn::dyn>(9, 0, 3, gen);
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    tn::optim::adam a(host, {.lr = 1e-2f});
    tn::optim::adam b(device, {.lr = 1e-2f});
    auto const step = [&] {
        b.zero_grad();
        auto loss = tn::backward(tn::cross_entropy(device(dx), dy));
        b.step();
        return loss;
    };
    float first = 0, last = 0;
    for (int i = 0; i != 4; ++i) {
        a.zero_grad();
        last = tn::backward(tn::cross_entropy(host(x), y)).item();
        a.step();
        if (i == 0) first = last;
        if (i != 3) CHECK(std::abs(step().item() - last) <= 1e-4f * last);
    }
    auto const recorded = tn::cuda::capture(step);
    recorded();
    CHECK(last < first);
    lenet<> result;
    tn::copy(device, result);
    CHECK(tn::allclose(result.conv1.weight.value(), host.conv1.weight.value(), {.rtol = 1e-3, .atol = 1e-4}));
    CHECK(tn::allclose(result.conv1.bias.value(), host.conv1.bias.value(), {.rtol = 1e-3, .atol = 1e-4}));
    CHECK(tn::allclose(result.conv2.weight.value(), host.conv2.weight.value(), {.rtol = 1e-3, .atol = 1e-4}));
    CHECK(tn::allclose(result.fc2.bias.value(), host.fc2.bias.value(), {.rtol = 1e-3, .atol = 1e-4}));
}
