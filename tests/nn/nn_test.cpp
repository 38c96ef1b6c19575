#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

struct block {
    nn::linear<4, 4> fc;
    nn::gelu act;
    auto operator()(auto const& x) const { return act(fc(x)) + x; }
};
struct net {
    std::array<block, 2> blocks;
    nn::linear<4, 3, tn::cpu, nn::no_bias> head;
    auto operator()(auto const& x) const { return head(blocks[1](blocks[0](x))); }
};

struct several {
    std::pair<nn::linear<2, 3>, nn::linear<3, 1>> ends;
    std::tuple<nn::batch_norm1d<3>, nn::dropout> between;
    auto operator()(auto const& x) const {
        return ends.second(std::get<1>(between)(std::get<0>(between)(ends.first(x))));
    }
};

}  // namespace

TEST_CASE("parameters are found by the names of members") {
    net model;
    std::string names;
    nn::for_each_parameter(
        model, [&](std::string_view name, auto& v) { names += std::string(name) + tn::to_string(v.shape()) + " "; });
    CHECK(
        names ==
        "blocks.0.fc.weight[4, 4] blocks.0.fc.bias[4] blocks.1.fc.weight[4, 4] blocks.1.fc.bias[4] head.weight[3, 4] ");
    static_assert(nn::parameter_count<net> == 2 * (16 + 4) + 12);
    auto pipeline = nn::linear<10, 5>{} | nn::relu{} | nn::linear<5, 2>{};
    static_assert(nn::parameter_count<decltype(pipeline)> == 67);
    names.clear();
    nn::for_each_parameter(pipeline, [&](std::string_view name, auto&) { names += std::string(name) + " "; });
    CHECK(names == "0.weight 0.bias 2.weight 2.bias ");
}

TEST_CASE("the elements of pairs and tuples belong to a model") {
    static_assert(nn::parameter_count<several> == 9 + 4 + 6);
    several model;
    std::string names;
    nn::for_each_state(model, [&](std::string_view name, auto const&) { names += std::string(name) + ' '; });
    CHECK(names == "ends.0.weight ends.0.bias ends.1.weight ends.1.bias between.0.weight between.0.bias "
                   "between.0.running_mean between.0.running_var between.0.num_batches_tracked ");
    nn::eval(model);
    CHECK((!std::get<0>(model.between).training && !std::get<1>(model.between).training));
    tn::optim::sgd optimizer(model, {.lr = 0.5f});
    tn::tensor const before = model.ends.second.bias.value();
    optimizer.zero_grad();
    tn::backward(tn::mean(model(tn::ones<float, 4, 2>())));
    optimizer.step();
    CHECK(model.ends.second.bias.value()(0) == before(0) - 0.5f);
}

TEST_CASE("summaries nest as PyTorch's do") {
    net model;
    CHECK(nn::summary(model.blocks[0]) ==
          "block(\n  (fc): linear(in_features=4, out_features=4, bias=true)\n  (act): gelu()\n)");
    CHECK(nn::summary(nn::linear<2, 3>{} | nn::tanh{}) ==
          "pipeline(\n  (0): linear(in_features=2, out_features=3, bias=true)\n  (1): tanh()\n)");
}

TEST_CASE("gradients of a model with residual blocks agree with differences") {
    tn::manual_seed(3);
    net model;
    auto const x = tn::randn<float, 5, 4>();
    tn::tensor<std::int64_t, 5> t({0, 1, 2, 0, 1});
    CHECK(tn::gradcheck(tn::cross_entropy(model(x), t), {.eps = 1e-2, .atol = 2e-3, .rtol = 2e-2}));
}

TEST_CASE("linear takes vectors, batches and run-time rows") {
    nn::linear<3, 2> fc;
    static_assert(std::is_same_v<decltype(fc(tn::zeros<float, 3>()).eval()), tn::tensor<float, 2>>);
    static_assert(std::is_same_v<decltype(fc(tn::zeros<float, 7, 5, 3>()).eval()), tn::tensor<float, 7, 5, 2>>);
    tn::tensor<float, tn::dyn, 3> x(4);
    tn::tensor y = fc(x);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, tn::dyn, 2>>);
    for (std::size_t j = 0; j != 2; ++j) CHECK(y(3, j) == fc.bias.value()(j));
    CHECK(static_cast<bool>(tn::all(tn::abs(fc.weight.value()) <= 1.f / std::sqrt(3.f))));
}
