// Plans for the device: as many launches as evaluation makes, for all kinds of nodes, and what they are called.
#include <string>
#include <thread>
#include <vector>

#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

namespace {

using words = std::vector<std::string>;

words kinds(tn::execution_plan const& p) {
    words w;
    for (auto const& k : p) w.push_back(k.kind + (k.gradient ? " gradient" : ""));
    return w;
}

/// Whether a plan has as many launches as were made, or else what it has.
bool kept(tn::execution_plan const& p, std::size_t made) {
    if (launched(made, p.launches())) return true;
    WARN("planned " + std::to_string(p.launches()) + ", made " + std::to_string(made) + '\n' + tn::explain(p).text());
    return false;
}

/// Whether the tapes of a node and of all below it fulfil the contract of a device's.
template <class Node>
constexpr bool fulfils_contract();
template <class... A>
constexpr bool fulfil_contract(tn::node_list<A...>) {
    return (fulfils_contract<A>() && ...);
}
template <class Node>
constexpr bool fulfils_contract() {
    return tn::eval::is_device_tape<tn::eval::device_tape<Node, true>> &&
           tn::eval::is_device_tape<tn::eval::device_tape<Node, false>> && fulfil_contract(tn::operand_list<Node>{});
}

/// The launches of forward and of backward, or -1 where evaluation makes others than are planned.
using both_ways = std::vector<int>;
both_ways launches(tn::execution_plan const& p, called<void> evaluate) {
    auto const before = calls::launches;
    evaluate();
    if (!kept(p, calls::launches - before)) return {-1, -1};
    return {static_cast<int>(p.launches() - p.gradient_launches()), static_cast<int>(p.gradient_launches())};
}

/// The launches of an assignment, as planned, or -1 where it makes others.
template <class A>
int launches(A const& e) {
    static_assert(fulfils_contract<tn::node_t<A const&>>());
    auto const n = launches(tn::plan(e), [&] {
        tn::cuda::tensor_of_t<tn::value_t<A>, tn::shape_t<A>> to(tn::uninitialized, e.shape());
        to = e;
    });
    return n[1] == 0 ? n[0] : -1;
}

/// The same of `backward`. Plans are for gradients of zero: those of the models are set to that.
template <class A, class... Model>
both_ways launches_back(A const& loss, Model&... models) {
    (nn::visit_parameters(models, [](auto& v) { v.zero_grad(); }), ...);
    return launches(tn::plan_backward(loss), [&] { tn::backward(loss); });
}

/// What LeNet is made of, on smaller images.
struct lenet {
    nn::conv2d<1, 6, 3, nn::conv_options{.padding = 1}, tn::cuda::device> conv1;
    nn::conv2d<6, 8, 3, nn::conv_options{}, tn::cuda::device> conv2;
    nn::linear<32, 20, tn::cuda::device> fc1;
    nn::linear<20, 10, tn::cuda::device> fc2;
    auto operator()(auto const& x) const {
        auto const y = tn::max_pool2d<2>(tn::relu(conv1(x)));
        auto const z = tn::max_pool2d<2>(tn::relu(conv2(y)));
        return fc2(tn::relu(fc1(tn::flatten<1>(z))));
    }
};

struct network {
    nn::linear<784, 128, tn::cuda::device> fc1;
    nn::linear<128, 10, tn::cuda::device> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

/// A variable with elements that need no care.
template <class T, std::size_t... E>
tn::cuda::variable<T, E...> variable() {
    return tn::cuda::variable<T, E...>(tn::cuda::full<T, E...>(T(0.5)));
}

}  // namespace

TEST_CASE("an elementwise region of any size is planned as one launch, and so is its backward", "[kernels]") {
    auto a = variable<float, 4, 6>(), b = variable<float, 4, 6>();
    auto c = variable<float, 6>();
    auto d = variable<float, 4, 1>();
    auto const e = a * b + c * tn::exp(-d);
    CHECK(launches(e) == 1);
    CHECK(launches_back(tn::sum(e)) == both_ways{1, 1});
    auto const p = tn::plan(e);
    REQUIRE(p.kernel_count() == 1);
    CHECK(p.on_device());
    CHECK(p[0].operators == words{"mul", "neg", "exp", "mul", "add"});
    CHECK(p[0].reads.size() == 4);
    CHECK(launches(tn::transpose(a + b) * 2.f) == 1);
    CHECK(launches(tn::triu(tn::matmul(a, tn::transpose(b)) + 1.f)) == 2);
    CHECK(launches(tn::dropout(a, 0.5f)) == 1);
}

TEST_CASE("reductions, softmax and losses read a region in their own launch", "[kernels]") {
    auto a = variable<float, 4, 6>();
    auto b = variable<float, 6, 4>();
    auto const x = tn::square(a) - tn::transpose(b);
    CHECK(launches(tn::sum<1>(x)) == 1);
    CHECK(launches(tn::softmax<1>(x) + 1.f) == 2);
    CHECK(launches(tn::argmax<0>(x)) == 1);
    CHECK(launches_back(tn::sum(tn::cumsum<1>(x))) == both_ways{2, 2});
    CHECK(launches_back(tn::mean(tn::log_softmax<1>(x))) == both_ways{2, 3});
    CHECK(launches_back(tn::sum(tn::prod<1>(x))) == both_ways{2, 4});
    CHECK(launches_back(tn::max(x)) == both_ways{1, 2});
    CHECK(launches_back(tn::sum(x) * 2.f) == both_ways{1, 2});
    CHECK(launches_back(tn::sum(tn::var<1>(x))).front() > 0);
    auto const y = tn::cuda::randint<std::int64_t, 4>(0, 6);
    CHECK(launches_back(tn::cross_entropy(x, y)) == both_ways{1, 1});
    CHECK(launches_back(tn::nll_loss(tn::log_softmax<1>(x), y)).front() > 0);
    CHECK(launches_back(tn::sum(tn::cross_entropy<tn::reduction::none>(x, y))) == both_ways{2, 2});
    auto s = variable<float>();
    CHECK(launches_back(s) == both_ways{0, 1});
    CHECK(launches_back(s * s) == both_ways{0, 1});
    CHECK(launches(tn::sum(tn::cuda::ones<float, 3>())) == 1);
}

TEST_CASE("products are calls, with a bias and an activation in them", "[kernels]") {
    auto x = variable<float, 4, 6>();
    auto const input = tn::cuda::full<float, 4, 6>(1);
    auto w = variable<float, 6, 5>();
    auto v = variable<float, 5, 3>();
    auto bias = variable<float, 5>();
    nn::linear<6, 5, tn::cuda::device> fc;
    CHECK(launches(tn::relu(fc(x))) == 1);
    CHECK(kinds(tn::plan(tn::relu(fc(x)))) == words{"product"});
    CHECK(tn::plan(tn::relu(fc(x)))[0].operators == words{"matmul", "add", "relu"});
    CHECK(launches(tn::matmul(x + 1.f, w)) == 2);
    CHECK(launches_back(tn::sum(tn::matmul(x, w))) == both_ways{2, 3});
    CHECK(launches_back(tn::sum(fc(input)), fc) == both_ways{2, 2});
    CHECK(launches_back(tn::sum(tn::matmul(input, tn::transpose(fc.weight.value())) + bias), bias) == both_ways{2, 2});
    CHECK(launches_back(tn::sum(tn::matmul(tn::gelu_tanh(tn::matmul(x, w) + bias * 2.f), v)), bias).front() == 4);
    CHECK(launches_back(tn::sum(tn::matmul(tn::transpose(v), tn::transpose(tn::relu(fc(x))))), fc).front() > 0);
    // Nothing applies the slope on the way: a launch does.
    tn::tensor<std::int64_t, 3> const chosen({2, 0, 2});
    auto const index = tn::to<tn::cuda::device>(chosen);
    auto const rows = tn::sum(tn::index_select<0>(tn::relu(fc(x)), index));
    CHECK(launches_back(rows, fc) == both_ways{2, 4});
    CHECK(kinds(tn::plan_backward(rows)) == words{"product", "reduction", "reduction gradient", "elementwise gradient",
                                                  "product gradient", "product gradient"});
    auto dx = variable<double, 4, 6>();
    auto dw = variable<double, 6, 5>();
    auto db = variable<double, 5>();
    CHECK(launches_back(tn::sum(tn::relu(tn::matmul(dx, dw) + db))) == both_ways{2, 3});
    auto const i = tn::cuda::full<int, 3, 3>(2);
    CHECK(launches(tn::matmul(i, i)) == 1);
}

TEST_CASE("products of many matrices are as many calls as their arrangement needs", "[kernels]") {
    auto a = variable<float, 3, 4, 6>();
    auto one = variable<float, 1, 4, 6>();
    auto b = variable<float, 3, 6, 5>();
    auto w = variable<float, 6, 5>();
    auto const pairs = tn::cuda::full<float, 2, 1, 4, 6>(1);
    auto const others = tn::cuda::full<float, 1, 3, 6, 5>(1);
    auto bias = variable<float, 5>();
    auto const i = tn::cuda::full<int, 3, 3, 3>(2);
    CHECK(launches(tn::matmul(pairs, others)) == 6);
    CHECK(launches(tn::matmul(i, i)) == 3);
    CHECK(launches(tn::relu(tn::matmul(a, w) + bias)) == 1);
    CHECK(launches_back(tn::sum(tn::matmul(one, b))).front() == 2);
    CHECK(launches_back(tn::sum(tn::matmul(tn::gelu_tanh(tn::matmul(a, b) + bias), tn::transpose(w))), bias).front() ==
          5);
    tn::cuda::tensor<float, tn::dyn, 4, 6> rows = tn::cuda::full<float, 3, 4, 6>(1);
    CHECK(launches(tn::matmul(rows, b)) == 1);
    // One letter is one axis, so the factors are read where they lie; a vector is a matrix of one row.
    auto k = variable<float, 5, 6>();
    CHECK(launches(tn::einsum<"ik,jk->ij">(tn::transpose(w), k)) == 1);
    CHECK(launches(tn::einsum<"bik,bjk->bij">(a, a)) == 1);
    CHECK(launches_back(tn::sum(tn::einsum<"ki,kj->ij">(w, w))) == both_ways{2, 3});
    auto v = variable<float, 6>();
    CHECK(launches_back(tn::einsum<"i,i->">(v, v)) == both_ways{1, 2});
    auto const named = tn::let(tn::einsum<"ki,k->i">(w, v));
    CHECK(launches_back(tn::sum(named * named)) == both_ways{2, 4});
}

TEST_CASE("what is chosen, joined or put in order costs a launch where it has to be in memory", "[kernels]") {
    auto a = variable<float, 4, 6>(), b = variable<float, 4, 6>();
    auto w = variable<float, 6, 5>();
    tn::tensor<std::int64_t, 2, 6> const places{};
    auto const where = tn::to<tn::cuda::device>(places);
    CHECK(launches_back(tn::sum(tn::gather<0>(a, where))).front() == 1);
    CHECK(launches(tn::roll<1>(a, 2)) == 2);
    CHECK(launches_back(tn::sum(tn::concat<1>(tn::matmul(a, w), b))) == both_ways{2, 3});
    CHECK(launches(tn::pad<1, 1, 2>(a)) == 1);
    CHECK(launches_back(tn::sum(tn::reshape<24>(tn::transpose(a * b)) * 2.f)) == both_ways{2, 2});
}

TEST_CASE("a named node is planned once", "[kernels]") {
    auto a = variable<float, 4, 6>();
    auto w = variable<float, 6, 5>();
    auto const region = tn::let(a * a);
    CHECK(launches_back(tn::sum(region * region) + tn::sum(tn::exp(region))) == both_ways{3, 4});
    auto const product = tn::let(tn::matmul(a, w));
    CHECK(launches_back(tn::sum(product * product)) == both_ways{2, 4});
    auto const activated = tn::let(tn::relu(tn::matmul(a, w)));
    CHECK(launches_back(tn::sum(activated * activated)) == both_ways{2, 4});
    CHECK(launches_back(tn::let(tn::sum(region))) == both_ways{2, 4});
    auto const p = tn::plan_backward(tn::sum(product * product));
    CHECK(kinds(p) ==
          words{"product", "reduction", "reduction gradient", "copy gradient", "product gradient", "product gradient"});
    CHECK(p[3].reads[0].from == std::vector<std::size_t>{2});
    CHECK(p[4].reads[0].from == std::vector<std::size_t>{3});
}

TEST_CASE("convolutions take a launch for each gradient, and one more where parts are added up", "[kernels]") {
    auto x = variable<float, 2, 3, 6, 5>();
    auto large = variable<float, 2, 1, 40, 40>();
    auto w = variable<float, 3, 3, 3, 3>();
    auto tall = variable<float, 1, 1, 3, 3>();
    auto across = variable<float, 3, 2, 2, 2>();
    auto b = variable<float, 3>();
    auto const image = tn::cuda::full<float, 2, 3, 6, 5>(1);
    constexpr tn::conv_options same{.padding = 1}, strided{.stride = 2, .padding = 1};
    // The sum's two, and one each for image and weight.
    CHECK(launches_back(tn::sum(tn::conv2d<same>(image, w.value(), b))) == both_ways{2, 3});
    CHECK(launches_back(tn::sum(tn::conv2d(large, tall))) == both_ways{2, 4});
    CHECK(launches_back(tn::sum(tn::conv2d<same>(x * 2.f, w + w, b + b))) == both_ways{5, 8});
    CHECK(launches_back(tn::sum(tn::conv_transpose2d<strided>(x, across))) == both_ways{2, 3});
    CHECK(launches_back(tn::sum(tn::conv2d<same>(x, w, b))) == both_ways{2, 5});
    auto const p = tn::plan_backward(tn::sum(tn::conv2d<same>(x, w, b)));
    CHECK(kinds(p) == words{"convolution", "reduction", "reduction gradient", "convolution gradient",
                            "convolution gradient", "convolution gradient"});
    CHECK(p[0].operators == words{"conv", "add"});
    // 2 images of 3 channels of 6 by 5 pixels from windows of 27 elements
    CHECK(p[0].operations == 2 * 2 * 3 * 6 * 5 * 27);
    CHECK(p[0].bytes_read == sizeof(float) * (180 + 81 + 3));
    CHECK(p[5].writes.front().shape == std::vector<std::size_t>{3});
    CHECK(p[5].launches == 2);
    CHECK(p[4].bytes_read == sizeof(float) * (180 + 180 + 81));
    CHECK(p[5].bytes_read == sizeof(float) * (180 + 3));
    CHECK(p[5].operations == 180);
    tn::cuda::tensor<float, tn::dyn, 3, 6, 5> batch = tn::cuda::full<float, 2, 3, 6, 5>(1);
    CHECK(launches_back(tn::sum(tn::conv2d<same>(batch, w, b)), b) == both_ways{2, 4});
    batch = tn::cuda::full<float, 1, 3, 6, 5>(1);
    CHECK(launches_back(tn::sum(tn::conv2d<same>(batch, w, b)), b) == both_ways{2, 3});
}

TEST_CASE("a convolution's launch applies a function of it", "[kernels]") {
    auto x = variable<float, 2, 3, 6, 5>();
    auto w = variable<float, 3, 3, 3, 3>();
    auto b = variable<float, 3>();
    auto line = variable<float, 2, 3, 9>();
    auto taps = variable<float, 4, 3, 3>();
    auto across = variable<float, 3, 3, 3>();
    constexpr tn::conv_options same{.padding = 1};
    auto const y = tn::conv2d<same>(x, w, b);
    CHECK(launches(tn::gelu(y * 0.5f) + 1.f) == 1);
    tn::cuda::tensor<float, tn::dyn, 3, 9> const lines = tn::cuda::full<float, 2, 3, 9>(1);
    CHECK(launches(tn::relu(tn::conv1d(lines, taps))) == 1);
    CHECK(launches(tn::relu(y) + x) == 2);
    auto const p = tn::plan(tn::gelu(y * 0.5f) + 1.f);
    CHECK(kinds(p) == words{"convolution"});
    CHECK(p[0].operators == words{"conv", "add", "mul", "gelu", "add"});
    // With gradients, one whose slope follows from its value: the second convolution's launch applies that too.
    CHECK(launches_back(tn::sum(tn::relu(y)), b) == both_ways{2, 5});
    CHECK(launches_back(tn::sum(tn::conv2d<same>(tn::relu(tn::conv2d<same>(x, w)), w))) == both_ways{3, 5});
    CHECK(launches_back(tn::sum(tn::conv_transpose2d<same>(tn::relu(tn::conv2d<same>(x, w)), w))) == both_ways{3, 5});
    CHECK(launches_back(tn::sum(tn::conv2d<same>(tn::gelu(tn::conv2d<same>(x, w)), w))) == both_ways{4, 6});
    CHECK(launches_back(tn::sum(tn::conv1d(tn::relu(tn::conv1d<same>(line, across)), taps)), across) ==
          both_ways{3, 6});
    auto const once = tn::let(tn::relu(tn::conv2d<same>(x, w)));
    CHECK(launches_back(tn::sum(once * once)) == both_ways{2, 4});
    auto const back = tn::plan_backward(tn::sum(tn::conv2d<same>(tn::relu(tn::conv2d<same>(x, w)), w)));
    CHECK(kinds(back) == words{"convolution", "convolution", "reduction", "reduction gradient", "convolution gradient",
                               "convolution gradient", "convolution gradient", "convolution gradient"});
    CHECK(back[0].operators == words{"conv", "relu"});
}

TEST_CASE("sums over many channels of a small image are a launch for their parts and one that adds these up",
          "[kernels]") {
    auto image = variable<float, 1, 64, 5, 4>();
    auto narrow = variable<float, 4, 64, 3, 3>();
    auto wide = variable<float, 64, 4, 3, 3>();
    auto four = variable<float, 1, 4, 5, 4>();
    constexpr tn::conv_options same{.padding = 1};
    CHECK(launches(tn::relu(tn::conv2d<same>(image, narrow))) == 2);
    CHECK(launches_back(tn::sum(tn::conv2d<same>(image, narrow))) == both_ways{3, 3});
    CHECK(launches_back(tn::sum(tn::conv2d<same>(four, wide))) == both_ways{2, 4});
    auto const p = tn::plan_backward(tn::sum(tn::conv2d<same>(four, wide)));
    CHECK(p[3].launches == 2);
    CHECK(p[3].scratch == 4 * four.size() * sizeof(float));
    tn::cuda::tensor<float, tn::dyn, 64, 5, 4> batch = tn::cuda::full<float, 1, 64, 5, 4>(1);
    CHECK(launches(tn::conv2d<same>(batch, narrow)) == 2);
    tn::cuda::tensor<float, tn::dyn, 64, 5, 4> const enough(tn::uninitialized, tn::shape<tn::dyn, 64, 5, 4>(4000));
    CHECK(tn::plan(tn::conv2d<same>(enough, narrow)).launches() == 1);
}

TEST_CASE("pools read a region in their launch, and their backward goes on into it", "[kernels]") {
    auto x = variable<float, 2, 3, 6, 5>();
    auto const y = tn::relu(x * 2.f);
    CHECK(launches(tn::adaptive_avg_pool2d<2>(y)) == 1);
    CHECK(launches_back(tn::sum(tn::max_pool2d<2>(y))) == both_ways{2, 2});
    CHECK(launches_back(tn::sum(tn::avg_pool2d<3>(y))) == both_ways{2, 2});
    auto const p = tn::plan(tn::max_pool2d<2>(y));
    CHECK(p[0].kind == "pooling");
    CHECK(p[0].operators == words{"mul", "relu", "max_pool"});
}

TEST_CASE("normalisation takes two launches where statistics are a batch's", "[kernels]") {
    auto x = variable<float, 4, 3, 5, 2>();
    auto row = variable<float, 6>();
    auto channel = variable<float, 3>();
    auto a = variable<float, 4, 6>(), b = variable<float, 4, 6>();
    CHECK(launches(tn::layer_norm(a, row, row)) == 2);
    CHECK(launches(tn::group_norm<3>(x)) == 1);
    CHECK(launches_back(tn::sum(tn::layer_norm<6>(a * b))) == both_ways{2, 2});
    CHECK(launches_back(tn::sum(tn::batch_norm(tn::exp(x), channel, channel))) == both_ways{3, 3});
    tn::cuda::tensor<float, 3> mean = tn::cuda::zeros<float, 3>(), var = tn::cuda::ones<float, 3>();
    auto const p = tn::plan(tn::batch_norm(x, mean, var, channel, channel, {.training = true}));
    CHECK(kinds(p) == words{"normalization", "elementwise"});
    CHECK(p[0].operators == words{"batch_norm"});
    CHECK(p[0].launches == 2);
}

TEST_CASE("blocks with normalisation", "[kernels]") {
    auto const x = tn::cuda::full<float, 2, 3, 6, 5>(1);
    nn::conv2d<3, 4, 3, nn::conv_options{.padding = 1}, tn::cuda::device> conv;
    nn::batch_norm2d<4, tn::cuda::device> norm;
    auto const block = [&] { return tn::mean(tn::relu(norm(conv(x)))); };
    CHECK(launches_back(block(), conv, norm) == both_ways{4, 7});
    norm.training = false;
    CHECK(launches_back(block(), conv, norm) == both_ways{3, 6});

    auto const rows = tn::cuda::full<float, 7, 6>(1);
    nn::basic_layer_norm<tn::shape<6>, tn::cuda::device> before;
    nn::linear<6, 8, tn::cuda::device> up;
    nn::linear<8, 6, tn::cuda::device> down;
    auto const loss = tn::mean(rows + down(tn::gelu_tanh(up(before(rows)))));
    CHECK(launches_back(loss, before, up, down) == both_ways{5, 7});
}

TEST_CASE("the weights of a loss are no launch", "[kernels]") {
    auto a = variable<float, 4, 6>();
    auto const b = tn::cuda::full<float, 4, 6>(1);
    tn::tensor<float, 6> const host({1, 2, 3, 4, 5, 6});
    auto const there = tn::to<tn::cuda::device>(host);
    CHECK(launches_back(tn::binary_cross_entropy_with_logits(a, b, {.weight = host})) == both_ways{1, 2});
    auto const y = tn::cuda::randint<std::int64_t, 4>(0, 6);
    CHECK(launches_back(tn::cross_entropy(a, y, {.weight = host})) == both_ways{1, 1});
    nn::basic_cross_entropy_loss<tn::reduction::mean, tn::cuda::device> const kept{.weight = host};
    CHECK(tn::plan_backward(kept(a, y)).workspace() ==
          tn::plan_backward(tn::cross_entropy(a, y, {.weight = there})).workspace());
}

TEST_CASE("a training step of a convolutional network is planned", "[kernels]") {
    lenet model;
    auto const x = tn::cuda::full<float, 5, 1, 12, 12>(0.01f);
    auto const y = tn::cuda::randint<std::int64_t, 5>(0, 10);
    auto const loss = tn::cross_entropy(model(x), y);
    // Convolutions and pools, which apply relu, then the products and the loss.
    CHECK(launches_back(loss, model).front() == 7);
    CHECK(kinds(tn::plan_backward(loss)).front() == "convolution");
}

TEST_CASE("a training step takes eight launches", "[kernels]") {
    network model;
    auto const x = tn::cuda::full<float, 5, 784>(0.01f);
    auto const y = tn::cuda::randint<std::int64_t, 5>(0, 10);
    auto const loss = tn::cross_entropy(model(x), y);
    CHECK(launches_back(loss, model) == both_ways{3, 4});
    tn::optim::adam optimizer(model);
    auto const before = calls::launches;
    optimizer.step();
    CHECK(tn::plan_backward(loss).launches() + (calls::launches - before) == 8);
}

TEST_CASE("a plan says how many blocks of memory are taken", "[kernels]") {
    auto const blocks = [](auto const& f) {
        std::size_t n = 0;
        std::thread([&] {
            tn::cuda::detail::blas::local();
            auto const before = calls::allocations;
            f();
            n = calls::allocations - before;
        }).join();
        return n;
    };
    network model;
    auto const x = tn::cuda::full<float, 5, 784>(0.01f);
    auto const y = tn::cuda::randint<std::int64_t, 5>(0, 10);
    auto a = variable<float, 30, 200>();
    auto w = variable<float, 200, 3>();
    auto const back = [&](auto const& loss) {
        // One more is the value's.
        CHECK(tn::plan_backward(loss).buffer_count() + 1 == blocks([&] { tn::backward(loss); }));
    };
    back(tn::cross_entropy(model(x), y));
    back(tn::max(a));
    back(tn::sum(tn::softmax<1>(a) * a) * 2.f);
    back(tn::sum(tn::matmul(tn::exp(a), w)));
    auto b = variable<float, 4, 6>(), c = variable<float, 4, 6>();
    auto v = variable<float, 6, 5>();
    auto const named = tn::let(tn::matmul(b, v));
    back(tn::sum(named * named));
    back(tn::sum(tn::layer_norm<6>(b * c)));
    // One picture: scratch of two sizes, for the weight's gradient and the bias's, would be two blocks in turn.
    auto pictures = variable<float, 1, 3, 30, 30>();
    auto filters = variable<float, 4, 3, 3, 3>();
    auto offsets = variable<float, 4>();
    offsets.zero_grad();
    back(tn::sum(tn::max_pool2d<2>(tn::relu(tn::conv2d(pictures, filters, offsets)))));
    auto image = variable<float, 1, 64, 5, 4>();
    auto narrow = variable<float, 4, 64, 3, 3>();
    back(tn::sum(tn::conv2d<tn::conv_options{.padding = 1}>(image, narrow)));
    auto planes = variable<float, 4, 3, 5, 2>();
    auto channel = variable<float, 3>();
    back(tn::sum(tn::batch_norm(tn::exp(planes), channel, channel)));
    tn::tensor<float, 3> const weights({1, 2, 3});
    auto const classes = tn::cuda::randint<std::int64_t, 30>(0, 3);
    back(tn::cross_entropy(tn::matmul(a, w), classes, {.weight = weights}));
    tn::cuda::tensor<float, 30, 3> to;
    CHECK(tn::plan(tn::softmax<1>(tn::matmul(a + 1.f, w))).buffer_count() ==
          blocks([&] { to = tn::softmax<1>(tn::matmul(a + 1.f, w)); }));
}

TEST_CASE("a plan for the device can be printed and drawn", "[kernels]") {
    auto a = variable<float, 4, 5>();
    auto w = variable<float, 5, 3>();
    CHECK(tn::explain(tn::relu(tn::matmul(a * 2.f, w))).text() ==
          "1  elementwise  [4, 5] -> [4, 5]          mul           reads 80 B, writes 80 B   20 operations   workspace "
          "80 B\n"
          "2  product      [4, 5], [5, 3] -> [4, 3]  matmul, relu  reads 140 B, writes 48 B  120 operations\n"
          "2 launches: reads 220 B, writes 128 B, 140 operations, workspace 80 B in 1 buffer");
    auto const back = tn::explain(tn::plan_backward(tn::max(a)));
    CHECK(back.text() == "1  reduction                         [4, 5] -> []          max  reads 80 B, writes 4 B    "
                         "20 operations  workspace 4 B\n"
                         "2  reduction gradient in 2 launches  [], [4, 5] -> [4, 5]  max  reads 164 B, writes 80 B  "
                         "20 operations\n"
                         "3 launches, 2 of them backward: reads 244 B, writes 84 B, 40 operations, workspace 4 B "
                         "in 1 buffer");
    CHECK(tn::explain(tn::relu(tn::matmul(a * 2.f, w))).graphviz().find("k1 -> k2") != std::string::npos);
}

namespace tenon::inline TENON_TARGET {
namespace {
/// A node from elsewhere.
template <class A>
struct doubled_node : expression_base<doubled_node<A>, value_t<A>, shape_t<A>> {
    using device = device_of_t<A>;
    static constexpr char const *name = "doubled", *kind = "doubled";
    explicit doubled_node(A a) : operand(a) {}
    auto shape() const { return operand.shape(); }
    auto operands() const { return references(operand); }
    A operand;
};
}  // namespace
namespace eval {
template <class A, bool Grad>
struct device_tape<doubled_node<A>, Grad> : result_on_device<device_tape<doubled_node<A>, Grad>, value_t<A>, shape_t<A>,
                                                             device_tape<A, Grad>::differentiable> {};
}  // namespace eval
}  // namespace tenon::inline TENON_TARGET

TEST_CASE("a plan takes operands, names and cost from the node", "[kernels]") {
    auto a = variable<float, 4, 6>();
    auto const sum = a + a;
    tn::doubled_node<std::remove_const_t<decltype(sum)>> const doubled(sum);
    auto const p = tn::plan_backward(tn::sum(tn::exp(doubled)));
    CHECK(kinds(p) == words{"doubled", "reduction", "reduction gradient", "doubled gradient"});
    CHECK(p[0].operators == words{"add", "doubled"});
    CHECK(p[1].reads[0].from == std::vector<std::size_t>{0});
}
