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

/// A convolution, pools of both kinds, and a layer that reads them.
template <class Device = tn::cpu>
struct network {
    nn::conv2d<1, 4, 3, nn::conv_options{.padding = 1}, Device> conv;
    nn::linear<4 * 3 * 3, 3, Device> fc;
    auto operator()(auto const& pictures) const {
        auto edges = tn::max_pool2d<2>(tn::relu(conv(tn::reshape<-1, 1, 12, 12>(pictures))));
        return fc(tn::flatten<1>(tn::avg_pool2d<2>(edges)));
    }
};

}  // namespace

TEST_CASE("the greatest values of windows", "[kernels]") {
    tn::generator gen{81};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(both_agree(greatest_of_windows<2>{}, x));
    // The last windows of each row reach beyond the image.
    constexpr tn::pool_options all{.stride = {2, 3}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true};
    CHECK(squares_agree(greatest_of_windows<tn::extent2(3, 2), all>{}, x));
    // So many elements that their numbers take two bytes.
    CHECK(squares_agree(greatest_of_windows<17, tn::pool_options{.stride = 3, .padding = 8}>{}, x));
    for (std::size_t const images : {3u, 1u, 0u})
        CHECK(squares_agree(greatest_of_windows<2>{}, tn::randn<float, tn::dyn, 2, 4, tn::dyn>(images, 7, gen)));
    CHECK(values_agree(greatest_of_windows<2, tn::pool_options{.stride = 1, .padding = 1}>{},
                       tn::randint<int, 1, 2, 5, 5>(-9, -1, gen)));
    // An operand that is computed, whose gradient goes on into its own operands, and one that is used twice.
    CHECK(squares_agree(
        [](auto const& a) { return tn::max_pool2d<2>(tn::tanh(a) * a) * tn::slice<-1, 0, 4>(tn::slice<-2, 0, 5>(a)); },
        x));
}

TEST_CASE("windows take the first of equal values, and NaN before all", "[kernels]") {
    tn::generator gen{82};
    auto const x = tn::randint<std::int64_t, 2, 2, 9, 8>(0, 3, gen);
    auto ties = tn::tensor<float, 2, 2, 9, 8>(tn::cast<float>(x));
    auto const pool = greatest_of_windows<3, tn::pool_options{.stride = 2, .padding = 1}>{};
    auto const loss = [&](auto const& v) { return tn::sum(pool(v) * 2.f); };
    CHECK(gradients_agree(loss, ties));
    float const nan = std::numeric_limits<float>::quiet_NaN();
    ties(0, 0, 3, 3) = ties(0, 0, 3, 5) = ties(1, 1, 0, 0) = nan;
    ties(1, 0, 0, 0) = ties(1, 0, 0, 1) = ties(1, 0, 1, 0) = ties(1, 0, 1, 1) = -std::numeric_limits<float>::infinity();
    variables all(ties);
    tn::backward(loss(std::get<0>(all.host)));
    tn::backward(loss(std::get<0>(all.device)));
    CHECK(all.same_gradients());
    auto const without_number = [&](auto const& v) {
        std::vector<bool> all_of_them;
        for (float const element : elements(pool(v).eval())) all_of_them.push_back(std::isnan(element));
        return all_of_them;
    };
    auto const expected = without_number(ties);
    CHECK(without_number(tn::to<tn::cuda::device>(ties)) == expected);
    CHECK(expected[5 + 1]);  // of the second row's second window
}

TEST_CASE("mean values of windows", "[kernels]") {
    tn::generator gen{83};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(both_agree(means<2>{}, x));
    static constexpr tn::pool_options padded{.stride = {2, 3}, .padding = 1, .ceil_mode = true};
    static constexpr tn::pool_options counted{
        .stride = {2, 3}, .padding = 1, .ceil_mode = true, .count_include_pad = false};
    CHECK(squares_agree(
        [](auto const& a) { return means<3, counted>{}(means<tn::extent2(2, 3), padded>{}(tn::exp(a) * 0.1f)); }, x));
    // Windows for a warp each.
    CHECK(squares_agree(means<tn::extent2(8, 9), tn::pool_options{.stride = 1}>{}, x));
    for (std::size_t const images : {2u, 0u})
        CHECK(squares_agree(means<2>{}, tn::randn<float, tn::dyn, 2, tn::dyn, 4>(images, 7, gen)));
}

TEST_CASE("means of windows that cover an image", "[kernels]") {
    tn::generator gen{84};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    CHECK(squares_agree(adapted_means<1>{}, x));
    // Windows that overlap, and more of them than the image has columns.
    CHECK(both_agree(adapted_means<7, 20>{}, x));
    CHECK(squares_agree(adapted_means<4, 2>{}, tn::randn<float, tn::dyn, 2, tn::dyn, tn::dyn>(2, 10, 7, gen)));
}

TEST_CASE("pools of pools, along one axis, and with gaps between windows", "[kernels]") {
    tn::generator gen{85};
    CHECK(squares_agree(
        [](auto const& a) {
            constexpr tn::pool_options strided{.stride = 2, .padding = 1};
            return tn::adaptive_avg_pool1d<5>(tn::avg_pool1d<3, strided>(tn::max_pool1d<3, strided>(a)));
        },
        tn::randn<float, 2, 3, 27>(gen)));
    CHECK(squares_agree(
        [](auto const& a) {
            return means<2, tn::pool_options{.stride = 3}>{}(
                greatest_of_windows<1, tn::pool_options{.stride = 2}>{}(a));
        },
        tn::randn<double, 3, 9, 11>(gen)));
}

TEST_CASE("a network with pools learns as on the processor", "[kernels]") {
    tn::generator gen{86};
    network<> host;
    network<tn::cuda::device> device;
    tn::copy(host, device);
    auto const x = tn::randn<float, tn::dyn, 12, 12>(9, gen);
    auto const y = tn::randint<std::int64_t, tn::dyn>(9, 0, 3, gen);
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    tn::optim::sgd a(host, {.lr = 0.1f});
    tn::optim::sgd b(device, {.lr = 0.1f});
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
    constexpr tn::close_options near{.rtol = 1e-4, .atol = 1e-5};
    CHECK(same(device.conv.weight.value(), host.conv.weight.value(), near));
    CHECK(same(device.conv.bias.value(), host.conv.bias.value(), near));
    CHECK(same(device.fc.bias.value(), host.fc.bias.value(), near));
}
