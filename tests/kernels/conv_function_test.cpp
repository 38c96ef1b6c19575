// Functions of a convolution that its launch applies, and what reads them.
#include "device.hpp"

using namespace device_test;

namespace {

constexpr tn::conv_options same_size{.padding = 1};

}  // namespace

TEST_CASE("functions of a convolution, which its launch applies", "[kernels]") {
    tn::generator gen{78};
    auto const x = tn::randn<float, 2, 3, 6, 5>(gen);
    auto const w = tn::randn<float, 4, 3, 3, 3>(gen);
    auto const b = tn::randn<float, 4>(gen);
    auto const agree = [&](auto const& f) {
        return both_agree([&](auto const&... a) { return f(tn::conv2d<tn::conv_options{.padding = 1}>(a...)); }, x, w,
                          b) &&
               both_agree(
                   [&](auto const& a, auto const& v) { return f(tn::conv_transpose2d(a, tn::transpose<0, 1>(v))); }, x,
                   w);
    };
    // Their values say their slopes, with and without numbers of their own.
    CHECK(agree([](auto const& y) { return tn::relu(y); }));
    CHECK(agree([](auto const& y) { return tn::sigmoid(y); }));
    CHECK(agree([](auto const& y) { return tn::hardtanh(y, -0.5, 2.0); }));
    // Others, and functions of several steps.
    CHECK(agree([](auto const& y) { return tn::gelu(y); }));
    CHECK(agree([](auto const& y) { return tn::leaky_relu(y, 0.1); }));
    CHECK(agree([](auto const& y) { return tn::clamp(2.f * y - 1.f, -3.f, 2.f); }));
    CHECK(agree([](auto const& y) { return tn::relu(tn::tanh(y)) + 1.f; }));
    CHECK(agree([](auto const& y) { return tn::floor(y) * 0.5f + tn::detach(y); }));
    CHECK(agree([](auto const& y) { return tn::where(y > 0.f, tn::exp(-y), y); }));
    CHECK(values_agree([](auto const& a, auto const& v) { return tn::relu(tn::conv2d(a, v)) + 2; },
                       tn::randint<int, 2, 3, 6, 6>(-9, 9, gen), tn::randint<int, 4, 3, 3, 3>(-9, 9, gen)));
    CHECK(values_agree([](auto const& a, auto const& v) { return tn::conv2d(a, v) > 0.5f; }, x, w));
    CHECK(both_agree([](auto const&... a) { return tn::relu(tn::conv1d(a...)); }, tn::randn<float, 2, 3, 7>(gen),
                     tn::randn<float, 4, 3, 3>(gen), b));
    CHECK(
        both_agree([](auto const&... a) { return tn::tanh(tn::conv2d(a...)); }, tn::randn<float, 3, 6, 5>(gen), w, b));
    CHECK(both_agree([](auto const&... a) { return tn::relu(tn::conv2d(a...)); },
                     tn::randn<float, tn::dyn, 3, tn::dyn, 5>(3, 4, gen), w, b));
}

TEST_CASE("what reads a function of a convolution sends its gradient through the slope", "[kernels]") {
    tn::generator gen{79};
    auto const x = tn::randn<float, 2, 3, 6, 5>(gen);
    auto const w = tn::randn<float, 3, 3, 3, 3>(gen);
    auto const b = tn::randn<float, 3>(gen);
    auto const v = tn::randn<float, 90, 4>(gen);
    auto const read_by = [&](auto const& f) {
        return both_agree(
            [&](auto const& a, auto const& u, auto const& c) { return f(tn::conv2d<same_size>(a, u, c), u); }, x, w, b);
    };
    CHECK(read_by([](auto const& y, auto const& u) { return tn::conv2d<same_size>(tn::relu(y), u); }));
    CHECK(read_by([](auto const& y, auto const& u) { return tn::conv_transpose2d(tn::sigmoid(y), u); }));
    CHECK(read_by([](auto const& y, auto const& u) { return tn::conv2d<same_size>(tn::silu(y), u); }));
    CHECK(read_by([](auto const& y, auto const&) { return tn::max_pool2d<2>(tn::relu(y)); }));
    CHECK(read_by([](auto const& y, auto const&) { return tn::avg_pool2d<3>(tn::tanh(y)); }));
    CHECK(read_by([](auto const& y, auto const&) { return tn::softmax<1>(tn::relu(y)); }));
    CHECK(read_by([](auto const& y, auto const& u) {
        return tn::matmul(tn::relu(y), tn::slice<0, 0, 5>(tn::reshape<9, 9>(u)));
    }));
    CHECK(read_by([](auto const& y, auto const&) { return tn::slice<-1, 1, 4>(tn::transpose(tn::relu(y))); }));
    CHECK(read_by([](auto const& y, auto const&) {
        auto const once = tn::let(tn::relu(y));
        return once * once + tn::exp(-once);
    }));
    CHECK(both_agree([](auto const& a, auto const& u,
                        auto const& c) { return tn::matmul(tn::flatten<1>(tn::relu(tn::conv2d<same_size>(a, u))), c); },
                     x, w, v));
    CHECK(both_agree(
        [](auto const& a, auto const& u) {
            return tn::conv1d(tn::relu(tn::conv1d<same_size>(a, u)), tn::slice<0, 0, 2>(u));
        },
        tn::randn<float, tn::dyn, 3, 7>(2, gen), tn::randn<float, 3, 3, 3>(gen)));
    // A product's activation before a convolution.
    CHECK(both_agree(
        [](auto const& a, auto const& u, auto const& c) {
            return tn::conv2d<same_size>(tn::relu(tn::matmul(a, tn::slice<0, 0, 5>(tn::reshape<9, 9>(c)))), u);
        },
        x, w, w));

    auto const image = tn::to<tn::cuda::device>(x);
    auto const filter = tn::to<tn::cuda::device>(w);
    auto const before = calls::launches;
    tn::cuda::tensor const y = tn::relu(tn::conv2d<same_size>(tn::relu(tn::conv2d<same_size>(image, filter)), filter));
    CHECK(launched(calls::launches - before, 2));
}
