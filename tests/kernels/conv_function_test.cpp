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
    // Of a convolution, and of a transposed one of the same shape.
    auto const of_both = [](auto const& f) {
        return [f](auto const& a, auto const& v, auto const& c) {
            return f(tn::conv2d<same_size>(a, v, c), tn::conv_transpose2d<same_size>(a, tn::transpose<0, 1>(v)));
        };
    };
    // Their values say their slopes, with and without numbers of their own.
    CHECK(squares_agree(of_both([](auto const& y, auto const& z) {
                            return tn::relu(y) * tn::relu(z) + tn::sigmoid(z) + tn::hardtanh(y, -0.5, 2.0);
                        }),
                        x, w, b));
    // Others, and functions of several steps.
    CHECK(both_agree(of_both([](auto const& y, auto const& z) {
                         return tn::gelu(y) + tn::leaky_relu(y, 0.1) + tn::clamp(2.f * z - 1.f, -3.f, 2.f);
                     }),
                     x, w, b));
    CHECK(both_agree(of_both([](auto const& y, auto const& z) {
                         return tn::relu(tn::tanh(z)) + 1.f + (tn::floor(y) * 0.5f + tn::detach(y)) +
                                tn::where(z > 0.f, tn::exp(-z), z);
                     }),
                     x, w, b));
    CHECK(values_agree([](auto const& a, auto const& v) { return tn::relu(tn::conv2d(a, v)) + 2; },
                       tn::randint<int, 2, 3, 6, 6>(-9, 9, gen), tn::randint<int, 4, 3, 3, 3>(-9, 9, gen)));
    CHECK(values_agree([](auto const& a, auto const& v) { return tn::conv2d(a, v) > 0.5f; }, x, w));
    // Where tanh is steep: 1 − y² has few digits left near 1.
    CHECK(squares_agree([](auto const&... a) { return tn::tanh(tn::conv2d(a...)); }, tn::randn<float, 3, 6, 5>(gen),
                        tn::tensor(w * 0.2f), b));
    CHECK(values_agree([](auto const&... a) { return tn::relu(tn::conv2d(a...)); },
                       tn::randn<float, tn::dyn, 3, tn::dyn, 5>(3, 4, gen), w, b));
}

TEST_CASE("what reads a function of a convolution sends its gradient through the slope", "[kernels]") {
    tn::generator gen{79};
    auto const x = tn::randn<float, 2, 3, 6, 5>(gen);
    auto const w = tn::randn<float, 3, 3, 3, 3>(gen);
    auto const b = tn::randn<float, 3>(gen);
    auto const v = tn::randn<float, 90, 4>(gen);
    auto const read_by = [&](auto const& f) {
        return squares_agree(
            [&](auto const& a, auto const& u, auto const& c) { return f(tn::conv2d<same_size>(a, u, c), u); }, x, w, b);
    };
    // Convolutions, whose launches apply a slope that follows from the value.
    CHECK(read_by([](auto const& y, auto const& u) {
        return tn::conv2d<same_size>(tn::relu(y), u) + tn::conv_transpose2d<same_size>(tn::sigmoid(y), u) +
               tn::conv2d<same_size>(tn::silu(y), u);
    }));
    // Pools, and a view.
    CHECK(read_by([](auto const& y, auto const&) {
        return tn::max_pool2d<2>(tn::relu(y)) + tn::avg_pool2d<2>(tn::tanh(y)) +
               tn::slice<-1, 1, 3>(tn::slice<-2, 0, 3>(tn::transpose(tn::relu(y))));
    }));
    // Rows, a product, a node that is read twice.
    CHECK(read_by([](auto const& y, auto const& u) {
        auto const once = tn::let(tn::relu(y));
        auto const square = tn::slice<1, 0, 5>(tn::slice<0, 0, 5>(tn::reshape<9, 9>(u)));
        return tn::softmax<1>(tn::relu(y)) + tn::matmul(tn::relu(y), square) + once * once + tn::exp(-once);
    }));
    CHECK(squares_agree(
        [](auto const& a, auto const& u, auto const& c) {
            return tn::matmul(tn::flatten<1>(tn::relu(tn::conv2d<same_size>(a, u))), c);
        },
        x, w, v));
    CHECK(squares_agree(
        [](auto const& a, auto const& u) {
            return tn::conv1d(tn::relu(tn::conv1d<same_size>(a, u)), tn::slice<0, 0, 2>(u));
        },
        tn::randn<float, tn::dyn, 3, 7>(2, gen), tn::randn<float, 3, 3, 3>(gen)));
    // A product's activation before a convolution.
    CHECK(squares_agree(
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
