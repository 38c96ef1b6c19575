#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

namespace {
template <std::size_t... E, class Layer>
void check_layer(std::string const& name, Layer& layer) {
    tn::variable x(get<float, E...>(name + ".x"));
    tn::backward(output(name, layer(x)));
    check(name + ".grad.x", x.grad());
    check_parameters(name, layer);
}
}  // namespace

TEST_CASE("PyTorch: layer_norm") {
    auto layer = load<nn::layer_norm<19>>("layer_norm");
    check_layer<3, 2, 19>("layer_norm", layer);
    CHECK(nn::summary(layer) == "layer_norm((19,), eps=1e-05)");
    auto two = load("layer_norm2", nn::layer_norm<2, 5>{.eps = 1e-3});
    check_layer<3, 2, 5>("layer_norm2", two);
    CHECK(nn::summary(two) == "layer_norm((2, 5), eps=0.001)");
    static_assert(nn::parameter_count<nn::layer_norm<2, 5>> == 20);
}

TEST_CASE("PyTorch: rms_norm, group_norm, instance_norm2d") {
    auto rms = load<nn::rms_norm<19>>("rms_norm");
    check_layer<3, 2, 19>("rms_norm", rms);
    auto group = load<nn::group_norm<2, 6>>("group_norm");
    check_layer<3, 6, 2, 4>("group_norm", group);
    nn::instance_norm2d<3> instance;
    check_layer<2, 3, 4, 4>("instance_norm2d", instance);
    CHECK(nn::summary(group) == "group_norm(2, 6, eps=1e-05)");
}

TEST_CASE("run-time extents normalise as static ones do") {
    tn::tensor<float, tn::dyn, 2, tn::dyn> x(3, 19);
    x = get<float, 3, 2, 19>("layer_norm.x");
    auto layer = load<nn::layer_norm<19>>("layer_norm");
    tn::tensor<float, 3, 2, 19> y = layer(x);
    check("layer_norm.out", y);
    CHECK(tn::allclose(tn::layer_norm<tn::dyn>(x), tn::layer_norm<19>(x)));
    bool refused = false;
    try {
        (void)nn::layer_norm<18>{}(x);
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
    tn::tensor<float, 0, 4> none;
    CHECK(tn::sum(tn::layer_norm<4>(none)).item() == 0.f);
}

TEST_CASE("gradients of normalisations agree with differences") {
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 3, 4, 5>(gen));
    tn::variable w(tn::randn<double, 4, 5>(gen)), b(tn::randn<double, 4, 5>(gen));
    auto const g = tn::randn<double, 3, 4, 5>(gen);
    CHECK(tn::gradcheck(tn::sum(tn::layer_norm(tn::exp(x), w, b) * g)));
    CHECK(tn::gradcheck(tn::sum(tn::layer_norm<5>(x) * g) + tn::sum(tn::rms_norm(x, w) * g)));
    CHECK(tn::gradcheck(tn::sum(tn::group_norm<2>(x) * g) + tn::sum(tn::instance_norm(x) * g)));
    // Forward mode through the same code.
    auto const f = [&](auto const& v) { return tn::sum(tn::layer_norm<5>(v) * g); };
    auto const [value, slope] = tn::jvp(f, x.value(), g);
    x.zero_grad();
    tn::backward(f(x));
    CHECK(std::abs(slope.item() - tn::sum(x.grad() * g).item()) < 1e-10);
}

TEST_CASE("rows far from 0 keep their differences") {
    tn::tensor<float, 2, 4, 1024> x;
    for (float const far : {1234.1f, 1e6f + .5f}) {
        x.fill(far);
        CHECK(tn::norm(tn::layer_norm<1024>(x)).item() == 0.f);
        CHECK(tn::norm(tn::group_norm<2>(x)).item() + tn::norm(tn::instance_norm(x)).item() == 0.f);
    }
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = 1e6f + static_cast<float>(i * 7919 % 17) / 16;
    tn::tensor<double, 2, 4, 1024> const exact = tn::cast<double>(x);
    CHECK(tn::max(tn::abs(tn::cast<double>(tn::layer_norm<1024>(x)) - tn::layer_norm<1024>(exact))).item() < 1e-6);
    tn::variable v(x);
    tn::variable e(exact);
    auto const loss = [](auto const& a) { return tn::sum(tn::square(tn::layer_norm<1024>(a) + 1)); };
    tn::backward(loss(v));
    tn::backward(loss(e));
    CHECK(tn::max(tn::abs(tn::cast<double>(v.grad()) - e.grad())).item() < 1e-5);
}
