#include <filesystem>
#include <string>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

namespace {

/// A batch in training mode, another one that is only evaluated, and one in evaluation mode.
template <class Layer, std::size_t... E>
void check_layer(std::string const& name) {
    auto layer = load<Layer>(name);
    tn::variable x(get<float, E...>(name + ".x"));
    auto const loss = [&](auto const& y) { return tn::sum(y * get<float, E...>(name + ".w")); };
    tn::backward(loss(layer(x)));
    check(name + ".grad.x", x.grad(), 1e-4f);
    check_parameters(name, layer);
    CHECK(layer.num_batches_tracked.item() == 1);
    check(name + ".running_mean", layer.running_mean);
    check(name + ".running_var", layer.running_var);

    auto fresh = load<Layer>(name);
    (void)output(name, fresh(x));
    CHECK(fresh.num_batches_tracked.item() == 1);

    (void)layer(get<float, E...>(name + ".second")).eval();
    check(name + ".running_mean2", layer.running_mean);
    check(name + ".running_var2", layer.running_var);

    nn::eval(layer);
    auto const saved = load<Layer>(name + "_eval");
    CHECK(layer.num_batches_tracked.item() == saved.num_batches_tracked.item());
    CHECK(tn::allclose(layer.running_var, saved.running_var));
    tn::variable z(get<float, E...>(name + "_eval.x"));
    nn::visit_named_parameters(layer, [](std::string_view, auto& v) { v.zero_grad(); });
    tn::backward(output(name + "_eval", layer(z)));
    check(name + "_eval.grad.x", z.grad());
    check_parameters(name + "_eval", layer);
    CHECK(layer.num_batches_tracked.item() == saved.num_batches_tracked.item());
}

struct net {
    nn::linear<3, 4> fc;
    nn::batch_norm1d<4> bn;
    auto operator()(auto const& x) const { return bn(fc(x)); }
};

}  // namespace

TEST_CASE("PyTorch: batch_norm1d and batch_norm2d") {
    check_layer<nn::batch_norm1d<18>, 7, 18>("batch_norm1d");
    check_layer<nn::batch_norm1d<3>, 4, 3, 5>("batch_norm1d_rows");
    check_layer<nn::batch_norm2d<3>, 2, 3, 4, 5>("batch_norm2d");
    CHECK(nn::summary(nn::batch_norm2d<3>{.momentum = 0.2}) == "batch_norm2d(3, eps=1e-05, momentum=0.2)");
}

TEST_CASE("running statistics are no parameters, but are saved and loaded") {
    static_assert(nn::parameter_count<net> == 16 + 8);
    net model;
    std::string parameters, buffers;
    nn::visit_named_parameters(model, [&](std::string_view name, auto&) { parameters += std::string(name) + " "; });
    nn::visit_named_buffers(model, [&](std::string_view name, auto&) { buffers += std::string(name) + " "; });
    CHECK(parameters == "fc.weight fc.bias bn.weight bn.bias ");
    CHECK(buffers == "bn.running_mean bn.running_var bn.num_batches_tracked ");

    (void)model(tn::randn<float, 9, 3>()).eval();
    auto const file = std::filesystem::temp_directory_path() / "tenon-batch-norm.safetensors";
    tn::io::save_safetensors(file, model);
    net other;
    tn::io::load_safetensors(file, other);
    std::filesystem::remove(file);
    CHECK(tn::all(other.bn.running_mean == model.bn.running_mean).item());
    CHECK(other.bn.num_batches_tracked.item() == 1);
}

TEST_CASE("training needs two elements for each channel") {
    nn::batch_norm1d<4> layer;
    auto const one = tn::ones<float, 1, 4>();
    bool refused = false;
    try {
        (void)layer(one).eval();
    } catch (tn::shape_error const&) { refused = true; }
    CHECK(refused);
    CHECK(layer.num_batches_tracked.item() == 0);
    nn::eval(layer);
    CHECK(layer(one).eval()(0, 3) > 0.99f);
}

TEST_CASE("gradients of batch_norm agree with differences, also of run-time extents") {
    tn::generator gen{3};
    tn::variable x(tn::randn<double, 5, 9>(gen));
    tn::variable p(tn::randn<double, 3, 2, 4, 3>(gen));
    tn::variable w(tn::randn<double, 9>(gen)), b(tn::randn<double, 9>(gen));
    tn::variable w2(tn::randn<double, 2>(gen));
    auto const g = tn::randn<double, 5, 9>(gen);
    auto const h = tn::randn<double, 3, 2, 4, 3>(gen);
    CHECK(tn::gradcheck(tn::sum(tn::batch_norm(tn::exp(x), w, b) * g)));
    CHECK(tn::gradcheck(tn::sum(tn::batch_norm(p, w2, w2 * 2.0) * h)));
    tn::tensor<double, tn::dyn, tn::dyn, 4, tn::dyn> open(3, 2, 3);
    open = p;
    CHECK(tn::allclose(tn::batch_norm(open, w2, w2), tn::batch_norm(p, w2, w2)));
    auto mean = tn::zeros<double, 9>(), var = tn::ones<double, 9>();
    (void)tn::batch_norm(x, mean, var, w, b, {.training = true, .momentum = 1}).eval();
    CHECK(tn::allclose(mean, tn::mean<0>(x)));
    CHECK(tn::allclose(var, tn::var<0>(x)));
    CHECK(tn::gradcheck(tn::sum(tn::batch_norm(x, mean, var, w, b) * g)));
    CHECK_THROWS_AS(tn::batch_norm(x, w, b, -1e-5), std::invalid_argument);
    CHECK_THROWS_AS(tn::layer_norm(x, w, b, -1e-5), std::invalid_argument);
}

TEST_CASE("channels far from 0 keep their differences") {
    nn::batch_norm1d<3> layer;
    nn::batch_norm2d<3> planes;
    tn::tensor<float, 300, 3> x;
    for (float const far : {1234.1f, 1e6f + .5f}) {
        x.fill(far);
        CHECK(tn::norm(layer(x)).item() == 0.f);
        CHECK(tn::norm(planes(tn::reshape<10, 3, 6, 5>(x))).item() == 0.f);
    }
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = 1e6f + static_cast<float>(i * 7919 % 17) / 16;
    tn::tensor<double, 300, 3> const exact = tn::cast<double>(x);
    auto const right = (exact - tn::mean<0>(exact)) / tn::sqrt(tn::var<0>(exact, {.correction = 0}) + 1e-5);
    CHECK(tn::max(tn::abs(tn::cast<double>(layer(x)) - right)).item() < 1e-6);
}

TEST_CASE("weights and biases of normalisations may be left out") {
    auto const x = tn::randn<float, 4, 3, 5>();
    tn::tensor<float, 3> const mean({0.5f, -1, 2}), var({1, 4, 0.25f}), ones({1, 1, 1}), zeros({0, 0, 0});
    auto same = [](auto const& a, auto const& b) { return tn::allclose(a, b); };
    tn::tensor<float, 3> m = mean, v = var, m2 = mean, v2 = var;
    CHECK(same(tn::batch_norm(x, m, v, {.training = true}), tn::batch_norm(x, m2, v2, ones, zeros, {.training = true})));
    CHECK(same(m, m2));
    CHECK(same(v, v2));
    CHECK(same(tn::batch_norm(x), tn::batch_norm(x, ones, zeros)));
    tn::tensor<float, tn::dyn> means(3), variances(2);
    CHECK_THROWS_AS(tn::batch_norm(x, means, variances, {.training = true}), tn::shape_error);
    CHECK(same(tn::instance_norm(x, ones * 2.f, zeros + 1.f), tn::instance_norm(x) * 2.f + 1.f));
}
