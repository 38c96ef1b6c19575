// Convolutions and their transposes, values and gradients.
#include "device.hpp"

#include <limits>

using namespace device_test;

namespace {

constexpr tn::conv_options same_size{.padding = 1};

/// A convolution with options, as a function of image, weight and perhaps bias.
template <tn::conv_options O, bool Transposed = false>
struct convolved {
    template <class X, class... W>
    auto operator()(X const& x, W const&... w) const {
        if constexpr (Transposed) return tn::conv_transpose2d<O>(x, w...);
        else return tn::conv2d<O>(x, w...);
    }
};

}  // namespace

TEST_CASE("convolutions of every kind of step", "[kernels]") {
    tn::generator gen{71};
    auto const x = tn::randn<float, 2, 3, 11, 9>(gen);
    auto const w = tn::randn<float, 5, 3, 3, 2>(gen);
    auto const b = tn::randn<float, 5>(gen);
    CHECK(both_agree(convolved<tn::conv_options{}>{}, x, w));
    CHECK(squares_agree(convolved<tn::conv_options{.stride = {4, 3}, .dilation = {2, 3}}>{}, x, w));
    CHECK(
        squares_agree(convolved<tn::conv_options{.stride = {2, 5}, .padding = {3, 1}, .dilation = {4, 1}}>{}, x, w, b));
}

TEST_CASE("convolutions in groups", "[kernels]") {
    tn::generator gen{72};
    auto const x = tn::randn<float, 3, 6, 7, 8>(gen);
    CHECK(squares_agree(convolved<tn::conv_options{.stride = 2, .padding = 1, .groups = 2}>{}, x,
                        tn::randn<float, 4, 3, 3, 3>(gen), tn::randn<float, 4>(gen)));
    CHECK(both_agree(convolved<tn::conv_options{.stride = {1, 2}, .groups = 6}>{}, x,
                     tn::randn<float, 12, 1, 2, 3>(gen), tn::randn<float, 12>(gen)));
}

TEST_CASE("convolutions of many channels and of few", "[kernels]") {
    tn::generator gen{73};
    // More rows, columns and depth than one tile has, and parts of the depth.
    CHECK(squares_agree(convolved<tn::conv_options{.padding = 1}>{}, tn::randn<float, 2, 67, 13, 12>(gen),
                        tn::randn<float, 70, 67, 1, 3>(gen), tn::randn<float, 70>(gen)));
    CHECK(squares_agree(convolved<tn::conv_options{}>{}, tn::randn<double, 1, 20, 5, 6>(gen),
                        tn::randn<double, 33, 20, 3, 3>(gen)));
    CHECK(squares_agree(convolved<tn::conv_options{}>{}, tn::randn<float, 1, 1, 19, 31>(gen),
                        tn::randn<float, 1, 1, 5, 7>(gen), tn::randn<float, 1>(gen)));
    CHECK(squares_agree(convolved<tn::conv_options{}>{}, tn::randn<float, 5, 2, 1, 1>(gen),
                        tn::randn<float, 3, 2, 1, 1>(gen)));
    CHECK(values_agree(convolved<tn::conv_options{.stride = 2, .padding = 1}>{},
                       tn::randint<int, 2, 3, 6, 6>(-9, 9, gen), tn::randint<int, 4, 3, 3, 3>(-9, 9, gen)));
}

TEST_CASE("convolutions of images whose extents are known at run time", "[kernels]") {
    tn::generator gen{74};
    auto const w = tn::randn<float, 4, 2, 3, 3>(gen);
    auto const b = tn::randn<float, 4>(gen);
    constexpr convolved<tn::conv_options{.stride = 2, .padding = 1}> f;
    for (std::size_t const images : {3u, 0u})
        CHECK(squares_agree(f, tn::randn<float, tn::dyn, 2, 6, 7>(images, gen), w, b));
    for (std::size_t const height : {8u, 1u})
        CHECK(squares_agree(f, tn::randn<float, tn::dyn, tn::dyn, tn::dyn, tn::dyn>(1, 2, height, 5, gen), w, b));
}

TEST_CASE("transposed convolutions", "[kernels]") {
    tn::generator gen{75};
    auto const x = tn::randn<float, 2, 4, 3, 5>(gen);
    CHECK(both_agree(convolved<tn::conv_options{}, true>{}, x, tn::randn<float, 4, 3, 3, 2>(gen),
                     tn::randn<float, 3>(gen)));
    CHECK(squares_agree(
        convolved<tn::conv_options{
                      .stride = {2, 3}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2, .output_padding = {1, 2}},
                  true>{},
        x, tn::randn<float, 4, 3, 3, 2>(gen), tn::randn<float, 6>(gen)));
    // An element that is no number reaches the outputs of its kernel alone.
    auto one = tn::ones<float, 1, 1, 3, 3>();
    one(0, 0, 1, 1) = std::numeric_limits<float>::quiet_NaN();
    tn::cuda::tensor const spread = tn::conv_transpose2d<tn::conv_options{.stride = 3}>(
        tn::to<tn::cuda::device>(one), tn::cuda::ones<float, 1, 2, 2, 2>());
    tn::tensor const there = tn::isnan(tn::to<tn::cpu>(spread));
    bool alone = true;
    for (std::size_t c = 0; c != 2; ++c)
        for (std::size_t i = 0; i != 8; ++i)
            for (std::size_t j = 0; j != 8; ++j)
                alone = alone && there(0, c, i, j) == ((i == 3 || i == 4) && (j == 3 || j == 4));
    CHECK(alone);
}

TEST_CASE("convolutions along one axis", "[kernels]") {
    tn::generator gen{76};
    CHECK(squares_agree(
        [](auto const& a, auto const& v, auto const& c, auto const& u) {
            constexpr tn::conv_options strided{.stride = 2, .padding = 2, .dilation = 3};
            return tn::conv_transpose1d<tn::conv_options{.stride = 2}>(tn::conv1d<strided>(a, v, c), u);
        },
        tn::randn<float, 2, 3, 11>(gen), tn::randn<float, 4, 3, 3>(gen), tn::randn<float, 4>(gen),
        tn::randn<float, 4, 2, 4>(gen)));
}

TEST_CASE("operands of convolutions that are computed, and several uses of one", "[kernels]") {
    tn::generator gen{77};
    auto const x = tn::randn<float, 2, 3, 6, 5>(gen);
    auto const w = tn::randn<float, 3, 3, 3, 3>(gen);
    auto const b = tn::randn<float, 3>(gen);
    CHECK(squares_agree(
        [&](auto const& a, auto const& v, auto const& c) {
            auto const once = tn::relu(tn::conv2d<same_size>(tn::tanh(a), v * 0.5f, c));
            return tn::conv2d<same_size>(once + tn::flip<-1>(a), tn::flip<0>(v), c + 1.f) + a;
        },
        x, w, b));
    CHECK(squares_agree([](auto const& v) { return tn::conv2d(v, v); }, tn::randn<float, 3, 3, 3, 3>(gen)));

    auto device = tn::to<tn::cuda::device>(x);
    auto const dw = tn::to<tn::cuda::device>(w);
    auto before = calls::launches;
    tn::cuda::tensor const y = tn::conv2d<same_size>(device, dw);
    CHECK(launched(calls::launches - before, 1));
    device = tn::conv2d<same_size>(device, dw);  // not while it is read
    CHECK(same(device, y));
}

TEST_CASE("small images of many channels, whose sums are found in parts", "[kernels]") {
    tn::generator gen{80};
    constexpr convolved<tn::conv_options{.padding = 1}> f;
    auto const many = tn::randn<float, 64, 65, 3, 3>(gen);
    auto const bias = tn::randn<float, 64>(gen);
    CHECK(values_agree(f, tn::randn<float, 65, 5, 4>(gen), many, bias));
    CHECK(squares_agree(f, tn::randn<float, 65, 5, 4>(gen), many, bias));
    // Small sums, at which the slope of sigmoid is not.
    for (std::size_t const images : {1u, 0u})
        CHECK(squares_agree([&](auto const&... a) { return tn::sigmoid(f(a...)); },
                            tn::tensor(tn::randn<float, tn::dyn, 65, 3, 3>(images, gen) * 0.05f), many, bias));
    CHECK(squares_agree([&](auto const& a, auto const& v) { return f(tn::relu(f(a, v)), v) + a; },
                        tn::randn<double, 1, 64, 3, 2>(gen), tn::randn<double, 64, 64, 3, 3>(gen)));
    CHECK(squares_agree(convolved<tn::conv_options{.stride = 2, .padding = 1}, true>{},
                        tn::randn<float, 1, 64, 3, 4>(gen), tn::randn<float, 64, 65, 3, 3>(gen),
                        tn::randn<float, 65>(gen)));
    CHECK(squares_agree(convolved<tn::conv_options{.padding = 1, .groups = 2}>{}, tn::randn<float, 1, 130, 2, 3>(gen),
                        tn::randn<float, 6, 65, 3, 3>(gen), tn::randn<float, 6>(gen)));
    CHECK(values_agree([&](auto const&... a) { return tn::relu(f(a...)); }, tn::randint<int, 1, 65, 4, 4>(-9, 9, gen),
                       tn::randint<int, 4, 65, 3, 3>(-9, 9, gen)));
}
