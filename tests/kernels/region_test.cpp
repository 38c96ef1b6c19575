// Elementwise regions and views: values, gradients, and how many launches they take.
#include "device.hpp"

#include <limits>

using namespace device_test;

namespace {

/// A function of one's own: nvcc takes no lambda into a kernel.
struct bell {
    template <class V>
    __host__ __device__ auto operator()(V v) const {
        return exp(-v * v);
    }
};

}  // namespace

TEST_CASE("a region of any size is one launch", "[kernels]") {
    tn::generator gen{3};
    auto const formula = [](auto const& a, auto const& b) {
        return a * b + tn::exp(-tn::abs(a)) / (tn::square(b) + 1.f);
    };
    CHECK(values_agree(formula, tn::randn<float, 37, 41>(gen), tn::randn<float, 41>(gen)));
    CHECK(values_agree(formula, tn::randn<float, 5, 1, 8>(gen), tn::randn<float, 3, 8>(gen)));
    CHECK(values_agree(formula, tn::randn<float, 64, 32>(gen), tn::randn<float, 64, 1>(gen)));
    CHECK(values_agree(formula, tn::randn<double, 3>(gen), tn::tensor<double>(0.5)));
    for (std::size_t const rows : {7u, 1u, 0u})
        CHECK(values_agree(formula, tn::randn<float, tn::dyn, 6>(rows, gen), tn::randn<float, 6>(gen)));

    tn::tensor<double, 4> const edges({-std::numeric_limits<double>::infinity(), -0., 4., -1.});
    CHECK(values_agree(
        [](auto const& x) {
            auto const root = tn::pow(x, 0.5);
            return tn::where(tn::isnan(root), -1., root) + tn::where(tn::isnan(tn::pow(x, tn::exp(x))), 9., 0.);
        },
        edges));

    auto const a = tn::to<tn::cuda::device>(tn::randn<float, 37, 41>(gen));
    auto const b = tn::to<tn::cuda::device>(tn::randn<float, 41>(gen));
    auto const before = calls::launches;
    tn::cuda::tensor const y = formula(a, b);
    CHECK(launched(calls::launches - before, 1));
    CHECK(y.size() == 37 * 41);
}

TEST_CASE("a region's gradients reach every operand, also the broadcast ones", "[kernels]") {
    tn::generator gen{4};
    // Of terms that are all positive: none cancel, whatever their order.
    auto const loss = [](auto const& a, auto const& b) { return tn::sum(tn::tanh(a * b) * a * b); };
    // Rows of no whole packs and of some; an operand for all rows, one for each of them, and one for all elements.
    auto const rows = tn::randn<float, 37, 41>(gen);
    CHECK(gradients_agree(loss, rows, tn::randn<float, 41>(gen)));
    auto const packs = tn::randn<float, 64, 32>(gen);
    CHECK(gradients_agree(loss, packs, tn::randn<float, 32>(gen)));
    CHECK(gradients_agree(loss, packs, tn::randn<float, 64, 1>(gen)));
    CHECK(gradients_agree(loss, rows, tn::randn<float, 37, 1>(gen)));
    CHECK(gradients_agree(loss, rows, tn::tensor<float>(0.5f)));
    CHECK(gradients_agree(loss, tn::randn<float, 4, 1, 6>(gen), tn::randn<float, 5, 1>(gen)));
    CHECK(gradients_agree([](auto const& x) { return tn::sum(x * x + tn::where(x > 0.f, x, 0.1f * x)); },
                          tn::randn<double, 33>(gen)));
    CHECK(gradients_agree([](auto const& x) { return tn::mean(tn::pow(tn::abs(x) + 1.f, 2.5f) + tn::map(bell{}, x)); },
                          tn::randn<float, 129>(gen)));
}

TEST_CASE("views read and write the device's memory by strides", "[kernels]") {
    tn::generator gen{5};
    auto const x = tn::randn<float, 6, 9>(gen);
    // Values of each alone: what is read by strides. All together in the gradients, which are written by them.
    CHECK(values_agree([](auto const& a) { return tn::transpose(a) * 2.f; }, x));
    CHECK(values_agree([](auto const& a) { return tn::slice<1, 1, 8, 3>(tn::flip<0>(tn::exp(a))) + 1.f; }, x));
    CHECK(values_agree([](auto const& a) { return tn::select<0>(a, 3) - tn::select<0>(a, -1); }, x));
    CHECK(squares_agree(
        [](auto const& a) {
            return tn::transpose(a) * tn::reshape<9, 6>(tn::transpose(a)) + tn::reshape<9, 6>(a * tn::flip<1>(a));
        },
        x));
    CHECK(squares_agree([](auto const& a) { return tn::slice<1, 1, 8, 3>(tn::exp(a)); }, x));
    CHECK(gradients_agree(
        [](auto const& a) { return tn::sum(tn::diagonal(tn::slice<1, 0, 6>(a)) * tn::select<1>(a, 2)); }, x));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::exp(tn::broadcast_to<4, 6, 9>(a))); }, x));
}

TEST_CASE("views of reshaped elements, and with axes of one element put in or left out", "[kernels]") {
    tn::generator gen{7};
    auto const x = tn::randn<float, 6, 4>(gen);
    auto const y = tn::randn<float, 3, 1, 8>(gen);
    CHECK(gradients_agree(
        [](auto const& a) { return tn::sum(tn::square(tn::slice<0, 1, 3>(tn::reshape<3, 8>(a)))) + tn::sum(a); }, x));
    CHECK(gradients_agree(
        [](auto const& a, auto const& b) {
            return tn::sum(tn::square(tn::reshape<24>(tn::squeeze<1>(b)) * tn::reshape<24>(tn::unsqueeze<1>(a))));
        },
        x, y));
    CHECK(gradients_agree(
        [](auto const& a) { return tn::sum(tn::square(tn::reshape<-1>(tn::unsqueeze<0>(tn::unsqueeze<-1>(a))))); },
        tn::randn<float, tn::dyn, 4>(5, gen)));
    CHECK(gradients_agree(
        [](auto const& a) { return tn::sum(tn::square(tn::unsqueeze<1>(tn::relu(tn::matmul(a, tn::transpose(a)))))); },
        x));
    auto const there = tn::to<tn::cuda::device>(y);
    auto const before = calls::launches;
    tn::cuda::tensor const line = tn::reshape<24>(tn::squeeze<1>(there)) + 1.f;
    CHECK(launched(calls::launches - before, 1));
    CHECK(line.size() == 24);
}

TEST_CASE("a tensor may be assigned what reads it", "[kernels]") {
    tn::generator gen{6};
    auto host = tn::randn<float, 8, 8>(gen);
    auto device = tn::to<tn::cuda::device>(host);
    host = host + tn::transpose(host);
    device = device + tn::transpose(device);
    CHECK(same(device, host));
    host *= 2.f;
    device *= 2.f;
    CHECK(same(device, host));
    CHECK(std::abs((tn::sum(device) + 1.f).item() - (tn::sum(host).item() + 1.f)) < 1e-3f);
}

TEST_CASE("a named node is evaluated once", "[kernels]") {
    tn::generator gen{7};
    auto const residual = [](auto const& x, auto const& w) {
        auto h = tn::let(tn::tanh(tn::matmul(x, w)));
        return tn::sum(h * h + tn::matmul(h, w));
    };
    CHECK(gradients_agree(residual, tn::randn<float, 5, 6>(gen), tn::randn<float, 6, 6>(gen)));
}

TEST_CASE("views of device tensors can be assigned to", "[kernels]") {
    tn::generator gen{8};
    auto const host = tn::randn<float, 5, 7>(gen);
    auto const row = tn::randn<float, 7>(gen);
    // The same assignments there and here.
    auto const assign = [](auto& m, auto const& v) {
        tn::select<0>(m, 1) = v;
        tn::select<1>(m, 2) = 3.f;
        tn::slice<0, 2, 5, 2>(m) += v;
        tn::flip<0>(m) = m;
        tn::slice<1, 1>(m) = tn::slice<1, 0, -1>(m);
        tn::transpose(m).template select<0>(6) = tn::sum<1>(m) * 0.5f;
        tn::select<0>(tn::select<0>(m, 0), 1) -= 2.f;
        tn::flatten(m).template slice<0, 0, 3>() = tn::relu(v).template slice<0, 2, 5>();
    };
    auto expected = host.eval();
    assign(expected, row);
    auto m = tn::to<tn::cuda::device>(host);
    auto const before = calls::launches;
    assign(m, tn::to<tn::cuda::device>(row));
    CHECK(launched(calls::launches - before, 11));
    CHECK(tn::allclose(tn::to<tn::cpu>(m), expected, {.rtol = 1e-5, .atol = 1e-6}));
}
