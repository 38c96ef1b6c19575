// Gradients of device models that are kept from growing too large.
#include "device.hpp"

#include <limits>

using namespace device_test;
namespace nn = tenon::nn;

namespace {

template <class Device>
struct mixed {
    typename Device::template variable<float, 70, 61> large;  // more than one block
    typename Device::template variable<double, 3> wide;
    typename Device::template variable<float, 1> one[70];  // more than one list
};
using host_model = mixed<tn::cpu>;
using device_model = mixed<tn::cuda::device>;

/// Both models with the same gradients, of norm 1 or so times a size.
struct pair_of_models {
    host_model host;
    device_model device;

    explicit pair_of_models(float size) {
        tn::generator gen{101};
        nn::visit_parameters(host, [&](auto& v) {
            using T = tn::value_t<decltype(v)>;
            tn::normal_(v.grad(), T(0), static_cast<T>(size), gen);
        });
        send();
    }
    void send() {
        auto const to = [](auto const& from, auto& v) { v.grad() = tn::to<tn::cuda::device>(from.grad()); };
        to(host.large, device.large);
        to(host.wide, device.wide);
        for (std::size_t i = 0; i != 70; ++i) to(host.one[i], device.one[i]);
    }
    bool agree() const {
        auto const equal = [](auto const& a, auto const& b) {
            return tn::allclose(tn::to<tn::cpu>(b.grad()), a.grad(), {.rtol = 1e-6, .atol = 0, .equal_nan = true});
        };
        bool good = equal(host.large, device.large) && equal(host.wide, device.wide);
        for (std::size_t i = 0; i != 70; ++i) good = good && equal(host.one[i], device.one[i]);
        return good;
    }
};

}  // namespace

TEST_CASE("clip_grad_norm on the device", "[kernels]") {
    double const infinity = std::numeric_limits<double>::infinity();
    for (double const p : {1., 2., 3., 0.5, infinity})
        for (float const size : {1e-4f, 1.f}) {
            pair_of_models m(size);
            double const norm = nn::clip_grad_norm(m.device, 2., p);
            CHECK(norm == Approx(nn::clip_grad_norm(m.host, 2., p)));
            CHECK(m.agree());
        }
    pair_of_models m(1);
    static_assert(std::is_same_v<decltype(nn::clip_grad_norm(m.device, 1)), tn::cuda::tensor<float>>);
    CHECK_THROWS_AS(nn::clip_grad_norm(m.device, 1., 0), std::invalid_argument);
    m.host.large.grad()(3, 4) = -std::numeric_limits<float>::infinity();
    m.send();
    CHECK(std::isinf(nn::clip_grad_norm(m.device, 1.).item()));
    nn::clip_grad_norm(m.host, 1.);
    CHECK(m.agree());
    for (double const p : {1., 2., infinity}) CHECK(std::isnan(nn::clip_grad_norm(m.device, 1., p).item()));
}

TEST_CASE("clip_grad_value on the device", "[kernels]") {
    pair_of_models m(1);
    m.host.wide.grad()(1) = std::numeric_limits<double>::quiet_NaN();
    m.send();
    nn::clip_grad_value(m.device, 0.5);
    nn::clip_grad_value(m.host, 0.5);
    CHECK(m.agree());
}

TEST_CASE("a captured step clips what it finds at each replay", "[kernels]") {
    nn::linear<5, 3, tn::cuda::device> layer;
    auto const launches = calls::launches;
    nn::clip_grad_norm(layer, 1.f);
    CHECK(launched(calls::launches - launches, 2));
    tn::cuda::tensor<float> norm;
    auto const step = tn::cuda::capture([&] { norm = nn::clip_grad_norm(layer, 1.f); });
    layer.weight.grad() = tn::cuda::full<float, 3, 5>(2.f);
    step();
    CHECK(norm.item() == Approx(2 * std::sqrt(15.f)));
    step();
    CHECK(norm.item() == Approx(1.f));
    layer.weight.zero_grad();
    CHECK(nn::clip_grad_norm(layer, 1.f).item() == 0.f);
}
