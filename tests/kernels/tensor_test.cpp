// Tensors on the device as values: made from a shape, moved from, and gradients that follow them.
#include <cmath>
#include <tuple>
#include <utility>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;

namespace {

template <class A, class B>
bool equals_host(A const& device, B const& host) {
    auto const x = tn::to<tn::cpu>(device);
    return x.shape() == host.shape() && std::equal(x.begin(), x.end(), host.begin());
}

template <class Tensor, class Make>
void use_after_move(Make const& make) {
    Tensor a = make();
    auto const size = a.size();
    auto const sum = [](Tensor const& x) { return tn::sum(x).item(); };
    Tensor b = std::move(a);
    a = b + 1.f;
    CHECK(sum(a) == 3.f * static_cast<float>(size));
    Tensor c = std::move(a);
    a = c;
    CHECK(sum(a) == 3.f * static_cast<float>(size));
    Tensor d = std::move(a);
    a = std::move(d);
    CHECK(sum(a) == 3.f * static_cast<float>(size));
    Tensor e = std::move(a);
    Tensor const copy = a;
    CHECK((sum(copy) == 0.f && sum(a) == 0.f));
    b = std::move(a);
    CHECK(sum(b) == 0.f);
    a.clear();
    a = make();
    CHECK(sum(a) == 2.f * static_cast<float>(size));
}

struct growing {
    cuda::variable<float, tn::dyn> w{cuda::ones<float, tn::dyn>(300)};
    cuda::variable<float, 2> b;
};

}  // namespace

TEST_CASE("a device tensor that was moved from is a tensor", "[kernels]") {
    use_after_move<cuda::tensor<float, 30, 40>>([] { return cuda::full<float, 30, 40>(2.f); });
    use_after_move<cuda::tensor<float, tn::dyn>>([] { return cuda::full<float, tn::dyn>(100, 2); });
    cuda::tensor<float> one;
    one = 3;
    CHECK(one.item() == 3.f);
}

TEST_CASE("what makes a tensor makes it on any device, of the same numbers", "[kernels]") {
    auto const make = []<class Device>(Device device) {
        tn::generator gen{4};
        typename Device::template tensor<float, tn::dyn, 3> x = tn::full<float, tn::dyn, 3>(device, 2, 7);
        auto normal = tn::zeros<double, 5>(device);
        tn::normal_(normal, 3, 2, gen);
        return std::tuple(x, tn::arange<int>(device, 2, 9, 3), tn::eye<float, 2, 3>(device),
                          tn::linspace<double, 4>(device, 0, 1), tn::randint<int, 5>(device, 9, gen),
                          tn::bernoulli<bool, 9>(device, 0.5, gen), normal, tn::ones_like(x), tn::full_like(x, 3),
                          tn::zeros_like(x + 1.f), tn::rand_like(x, gen), tn::randn_like(x, gen));
    };
    auto const host = make(tn::cpu{});
    auto const device = make(cuda::device{});
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        CHECK((equals_host(std::get<I>(device), std::get<I>(host)) && ...));
    }(std::make_index_sequence<std::tuple_size_v<decltype(host)>>{});
    static_assert(std::is_same_v<decltype(tn::rand_like(std::get<0>(device))), cuda::tensor<float, tn::dyn, 3>>);
}

TEST_CASE("gradients and optimisers follow their values' extents", "[kernels]") {
    growing m;
    m.w += 1.f;
    CHECK(tn::sum(m.w).item() == 600.f);
    m.w.value() = cuda::ones<float, tn::dyn>(500);
    CHECK((m.w.grad().size() == 500 && tn::sum(m.w.grad()).item() == 0.f));
    tn::optim::sgd sgd(m, {.lr = 0.5f, .momentum = 0.9f});
    auto const train = [&] {
        sgd.zero_grad();
        tn::backward(tn::sum(m.w * m.w) + tn::sum(m.b));
        sgd.step();
    };
    train();
    CHECK(tn::sum(m.w).item() == 0.f);
    auto const before = m.w * 2.f;
    m.w.value() = cuda::ones<float, tn::dyn>(1000);
    CHECK_THROWS_AS(before.eval(), tn::shape_error);
    CHECK_THROWS_AS(train(), tn::shape_error);
    CHECK((tn::sum(m.w).item() == 1000.f && tn::sum(m.w.grad()).item() == 2000.f));
    auto const moved = std::move(m);
    CHECK_THROWS_AS(train(), tn::shape_error);
}

TEST_CASE("device tensors from a shape are the processor's", "[kernels]") {
    CHECK(equals_host(cuda::arange<float>(0, .3f, .1f), tn::arange<float>(0, .3f, .1f)));
    CHECK(equals_host(cuda::arange<int>(5, -3, -2), tn::arange<int>(5, -3, -2)));
    CHECK(equals_host(cuda::linspace<float, 7>(-1.f, 2.f), tn::linspace<float, 7>(-1.f, 2.f)));
    CHECK(equals_host(cuda::eye<int, 3, 5>(), tn::eye<int, 3, 5>()));
    CHECK(equals_host(cuda::full<float, tn::dyn, 3>(2, 7), tn::full<float, tn::dyn, 3>(2, 7)));
    CHECK_THROWS_AS(cuda::arange<float>(0, INFINITY), std::invalid_argument);
    CHECK_THROWS_AS(cuda::arange<int>(5, 0), std::invalid_argument);
    int const negative = -1;
    CHECK_THROWS_AS((cuda::zeros<float, tn::dyn>(negative)), tn::shape_error);
    CHECK_THROWS_AS((cuda::ones<float, tn::dyn>((std::size_t{1} << 62) + 4)), tn::shape_error);
    CHECK_THROWS_AS((cuda::randn<float, tn::dyn>(negative)), tn::shape_error);
    CHECK_THROWS_AS((cuda::full<std::uint8_t, 2>(300)), std::invalid_argument);
    CHECK_THROWS_AS((cuda::tensor<float, tn::dyn>(tn::shape<tn::dyn>(std::size_t{1} << 62))), tn::shape_error);
}

TEST_CASE("several computations of the device are evaluated together", "[kernels]") {
    auto const x = tn::randn<float, 6, 70>();
    auto const on_device = tn::to<cuda::device>(x);
    auto const mean = tn::let(tn::mean<0>(on_device));
    auto const [m, centred] = tn::compute(mean, on_device - mean);
    tn::tensor const expected = tn::mean<0>(x);
    CHECK(tn::allclose(tn::to<tn::cpu>(m), expected));
    CHECK(tn::allclose(tn::to<tn::cpu>(centred), x - expected));
}
