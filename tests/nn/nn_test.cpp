#include <array>
#include <chrono>
#include <cmath>
#include <complex>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

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

// What can be in a model beside layers, and has no parameters.
struct data {
    struct settings {
        int width;
        std::string name;
    };
    int count = 3;
    float rates[2] = {};
    float (*function)(float) = nullptr;
    decltype([](float x) { return x; }) closure;
    std::string name = "net";
    std::vector<int> sizes = {1, 2};
    std::vector<bool> flags = {true};
    std::map<std::string, settings> table;
    std::variant<int, std::string> choice;
    std::unordered_map<int, std::vector<float>> history;
    std::optional<settings> maybe;
    std::unique_ptr<settings> owned;
    std::shared_ptr<settings const> shared;
    settings const* pointer = nullptr;
    void* anything = nullptr;
    std::mt19937 random;
    std::chrono::steady_clock::time_point start;
    std::filesystem::path file;
    std::complex<float> number;
    std::mutex guard;
    tn::generator generator{1};
    int const constant = 2;
};
static_assert(nn::parameter_count<data> == 0);

struct leaf {
    nn::linear<2, 1> fc;
    nn::dropout drop;
};
// Every place that a layer may stand in.
struct places {
    std::vector<leaf> blocks;
    std::array<leaf, 1> fixed;
    leaf plain[1];
    std::unique_ptr<leaf> owned, none;
    std::optional<nn::linear<1, 1, tn::cpu, nn::no_bias>> maybe, nothing;
    std::list<tn::variable<float, 2>> weights;
    std::vector<std::unique_ptr<leaf>> owners;
    std::vector<places> deeper;
};
// A class with private members says what it is made of.
class closed {
public:
    closed() = default;
    template <class F>
    void visit_children(F&& f) {
        f("fc", fc_);
        f("more", more_);
    }

private:
    nn::linear<2, 2> fc_;
    std::vector<nn::linear<2, 2>> more_ = std::vector<nn::linear<2, 2>>(1);
};
struct logger {
    logger() {}
};
struct stream {
    using holds_no_parameters = void;
    explicit stream(int first = 1) : state(first) {}
    int next() { return state++; }

private:
    int state;
};
struct logged {
    nn::linear<1, 2> fc;
    data settings;
    logger log;
    stream out;
};

}  // namespace
template <>
inline constexpr bool nn::holds_no_parameters<logger> = true;

TEST_CASE("parameters are found wherever a member can keep them") {
    places model;
    model.blocks.resize(2);
    model.owned = std::make_unique<leaf>();
    model.maybe.emplace();
    model.weights.resize(1);
    model.owners.resize(2);
    model.owners[1] = std::make_unique<leaf>();
    model.deeper.resize(1);
    std::string names;
    nn::visit_named_state(model, [&](std::string_view name, auto const&) { names += std::string(name) + ' '; });
    CHECK(names == "blocks.0.fc.weight blocks.0.fc.bias blocks.1.fc.weight blocks.1.fc.bias fixed.0.fc.weight "
                   "fixed.0.fc.bias plain.0.fc.weight plain.0.fc.bias owned.fc.weight owned.fc.bias maybe.weight "
                   "weights.0 owners.1.fc.weight owners.1.fc.bias deeper.0.fixed.0.fc.weight deeper.0.fixed.0.fc.bias "
                   "deeper.0.plain.0.fc.weight deeper.0.plain.0.fc.bias ");
    CHECK(nn::count_parameters(model) == 6 * 3 + 1 + 2 + 2 * 3);
    CHECK(nn::summary(model.owners) == "vector(\n  (1): leaf(\n    (fc): linear(in_features=2, out_features=1, "
                                       "bias=true)\n    (drop): dropout(p=0.5)\n  )\n)");
    nn::eval(model);
    CHECK((!model.blocks[1].drop.training && !model.owned->drop.training && !model.owners[1]->drop.training &&
           !model.deeper[0].plain[0].drop.training));
    tn::optim::sgd optimizer(model, {.lr = 1.f});
    nn::visit_parameters(model, [](auto& v) { v.grad().fill(2.f); });
    CHECK(nn::clip_grad_norm(model, 1e9f) == Approx(2 * std::sqrt(27.f)));
    float const before = model.deeper[0].plain[0].fc.bias.value()(0);
    optimizer.step();
    CHECK(model.deeper[0].plain[0].fc.bias.value()(0) == before - 2.f);
    // What an optimiser keeps for a model belongs to the parameters that were there at its first step.
    for (int change : {0, 1, 2}) {
        if (change == 0) model.blocks.emplace_back();
        if (change == 1) model.blocks.pop_back(), model.blocks.pop_back();
        if (change == 2) model.blocks.emplace_back(), model.owned.reset();
        CHECK_THROWS_AS(optimizer.step(), tn::shape_error);
    }
    std::vector<nn::linear<1, 1>> layers(2);
    tn::optim::adam over_vector(layers);
    over_vector.step();
    layers.resize(3);
    CHECK_THROWS_WITH(over_vector.step(), Catch::Contains("2.weight"));
}

TEST_CASE("classes that cannot be looked into say what they hold") {
    closed model;
    std::string names;
    nn::visit_named_parameters(model, [&](std::string_view name, auto const&) { names += std::string(name) + ' '; });
    CHECK(names == "fc.weight fc.bias more.0.weight more.0.bias ");
    tn::optim::sgd(model, {.lr = 1.f}).step();
    static_assert(nn::parameter_count<logged> == 4);
    auto pipeline = nn::linear<1, 2>{} | leaf{};
    static_assert(nn::parameter_count<decltype(pipeline)> == 4 + 3);
}

TEST_CASE("parameters are found by the names of members") {
    net model;
    std::string names;
    nn::visit_named_parameters(
        model, [&](std::string_view name, auto& v) { names += std::string(name) + tn::to_string(v.shape()) + " "; });
    CHECK(
        names ==
        "blocks.0.fc.weight[4, 4] blocks.0.fc.bias[4] blocks.1.fc.weight[4, 4] blocks.1.fc.bias[4] head.weight[3, 4] ");
    static_assert(nn::parameter_count<net> == 2 * (16 + 4) + 12);
    auto pipeline = nn::linear<10, 5>{} | nn::relu{} | nn::linear<5, 2>{};
    static_assert(nn::parameter_count<decltype(pipeline)> == 67);
    names.clear();
    nn::visit_named_parameters(pipeline, [&](std::string_view name, auto&) { names += std::string(name) + " "; });
    CHECK(names == "0.weight 0.bias 2.weight 2.bias ");
}

TEST_CASE("the elements of pairs and tuples belong to a model") {
    static_assert(nn::parameter_count<several> == 9 + 4 + 6);
    several model;
    std::string names;
    nn::visit_named_state(model, [&](std::string_view name, auto const&) { names += std::string(name) + ' '; });
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
