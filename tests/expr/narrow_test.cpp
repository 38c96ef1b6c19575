// bfloat16 and float16 among tensors: computed with as floats, rounded where they are stored.
#include <sstream>

#include "../catch.hpp"
#include "tenon/tenon.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

/// Whether two tensors have the same elements, as floats.
bool same(auto const& a, auto const& b) { return tn::array_equal(tn::cast<float>(a), tn::cast<float>(b)); }

template <class X>
using value = tn::value_t<X>;

/// A float tensor, rounded to T and seen as floats again.
template <class T>
auto rounded(auto const& x) {
    return tn::tensor(tn::cast<float>(tn::tensor(tn::cast<T>(x))));
}

template <class T>
void regions() {
    tn::generator gen{3};
    tn::tensor const a = tn::cast<T>(tn::randn<float, 5, 37>(gen));
    tn::tensor const b = tn::cast<T>(tn::randn<float, 37>(gen));
    auto const fa = tn::tensor(tn::cast<float>(a));
    auto const fb = tn::tensor(tn::cast<float>(b));
    tn::tensor const y = a * b + tn::exp(-tn::abs(a)) / 3;
    static_assert(std::is_same_v<decltype(y), tn::tensor<T, 5, 37> const>);
    CHECK(same(y, rounded<T>(fa * fb + tn::exp(-tn::abs(fa)) / 3)));
    // A cast rounds at once; what is stored in between is rounded there.
    CHECK(same(tn::cast<float>(tn::cast<T>(fa * fb)), rounded<T>(fa * fb)));
    tn::tensor const stored = a * b;
    CHECK(same(tn::tensor(stored + a), rounded<T>(rounded<T>(fa * fb) + fa)));
    // Comparing, choosing, views.
    CHECK(same(tn::tensor(tn::where(a > 0, a, b)), tn::tensor(tn::where(fa > 0, fa, fb))));
    CHECK(same(tn::tensor(tn::transpose(a)), tn::tensor(tn::transpose(fa))));
    CHECK(same(tn::tensor(tn::slice<1, 3, 30, 4>(a)), tn::tensor(tn::slice<1, 3, 30, 4>(fa))));
    CHECK(same(tn::tensor(tn::concat<0>(a, a)), tn::tensor(tn::concat<0>(fa, fa))));
    CHECK(same(tn::tensor(tn::pad<1, 1, 2>(a)), tn::tensor(tn::pad<1, 1, 2>(fa))));
    CHECK(same(tn::tensor(tn::roll<1>(a, 3)), tn::tensor(tn::roll<1>(fa, 3))));
    tn::tensor<std::int64_t, 3> const rows({4, 0, 4});
    CHECK(same(tn::tensor(tn::index_select<0>(a, rows)), tn::tensor(tn::index_select<0>(fa, rows))));
    tn::tensor<T, tn::dyn, 37> open(5);
    open = a + b;
    CHECK(same(open, rounded<T>(fa + fb)));
    CHECK(a(1, 2) == fa(1, 2));
}

template <class T>
void reductions() {
    tn::generator gen{5};
    tn::tensor const a = tn::cast<T>(tn::randn<float, 7, 300>(gen));
    auto const f = tn::tensor(tn::cast<float>(a));
    auto const agrees = [](auto const& narrow, auto const& wide) {
        static_assert(std::is_same_v<value<decltype(narrow)>, T>);
        return same(tn::tensor(narrow), rounded<T>(wide));
    };
    CHECK(agrees(tn::sum(a), tn::sum(f)));
    CHECK(agrees(tn::sum<1>(a), tn::sum<1>(f)));
    CHECK(agrees(tn::mean<0>(a), tn::mean<0>(f)));
    CHECK(agrees(tn::var<1>(a), tn::var<1>(f)));
    CHECK(agrees(tn::max<1>(a, tn::keepdim), tn::max<1>(f, tn::keepdim)));
    CHECK(agrees(tn::logsumexp<1>(a), tn::logsumexp<1>(f)));
    CHECK(agrees(tn::softmax<1>(a), tn::softmax<1>(f)));
    CHECK(agrees(tn::log_softmax<0>(a), tn::log_softmax<0>(f)));
    CHECK(agrees(tn::layer_norm<300>(a), tn::layer_norm<300>(f)));
    CHECK(tn::array_equal(tn::argmax<1>(a), tn::argmax<1>(f)));
    CHECK(tn::any(a > 2).item() == tn::any(f > 2).item());
    tn::tensor<std::int64_t, 7> const classes({1, 2, 3, 4, 5, 6, 299});
    CHECK(agrees(tn::cross_entropy(a, classes), tn::cross_entropy(f, classes)));
    CHECK(agrees(tn::mse_loss(a, a * 2), tn::mse_loss(f, f * 2)));
    // A mean of numbers whose sum is beyond float16.
    tn::tensor const large = tn::full<T, 1000>(1000);
    CHECK(tn::mean(large).item() == 1000.f);
}

template <class T>
void contractions() {
    tn::generator gen{7};
    tn::tensor const a = tn::cast<T>(tn::randn<float, 9, 20>(gen));
    tn::tensor const b = tn::cast<T>(tn::randn<float, 20, 33>(gen));
    auto const fa = tn::tensor(tn::cast<float>(a));
    auto const fb = tn::tensor(tn::cast<float>(b));
    tn::tensor const p = tn::matmul(a, b);
    static_assert(std::is_same_v<decltype(p), tn::tensor<T, 9, 33> const>);
    CHECK(same(p, rounded<T>(tn::matmul(fa, fb))));
    CHECK(same(tn::tensor(tn::einsum<"ij,jk->k">(a, b)), rounded<T>(tn::einsum<"ij,jk->k">(fa, fb))));
    tn::tensor const x = tn::cast<T>(tn::randn<float, 2, 3, 9, 9>(gen));
    tn::tensor const w = tn::cast<T>(tn::randn<float, 4, 3, 3, 3>(gen));
    auto const fx = tn::tensor(tn::cast<float>(x));
    auto const fw = tn::tensor(tn::cast<float>(w));
    CHECK(same(tn::tensor(tn::conv2d(x, w)), rounded<T>(tn::conv2d(fx, fw))));
    CHECK(same(tn::tensor(tn::max_pool2d<2>(x)), rounded<T>(tn::max_pool2d<2>(fx))));
    CHECK(same(tn::tensor(tn::avg_pool2d<3>(x)), rounded<T>(tn::avg_pool2d<3>(fx))));
    CHECK(same(tn::tensor(tn::adaptive_avg_pool2d<1>(x)), rounded<T>(tn::adaptive_avg_pool2d<1>(fx))));
}

template <class T>
struct network {
    nn::conv2d<1, 4, 3> conv;
    nn::batch_norm2d<4> norm;
    nn::linear<36, 12> fc1;
    nn::layer_norm<12> ln;
    nn::linear<12, 5> fc2;
    auto operator()(auto const& x) const {
        auto const image = tn::relu(norm(conv(tn::cast<T>(x))));
        return tn::cast<float>(fc2(tn::relu(ln(fc1(tn::flatten<1>(tn::max_pool2d<2>(image)))))));
    }
};

/// The loss of a network that computes with T, trained for some steps.
template <class T>
std::vector<float> losses() {
    tn::manual_seed(11);
    network<T> model;
    tn::generator gen{13};
    auto const x = tn::randn<float, 16, 1, 8, 8>(gen);
    auto const y = tn::randint<std::int64_t, 16>(0, 5, gen);
    tn::optim::adam optimizer(model, {.lr = 1e-2f});
    std::vector<float> all;
    for (int i = 0; i != 20; ++i) {
        optimizer.zero_grad();
        all.push_back(tn::backward(tn::cross_entropy(model(x), y)));
        optimizer.step();
    }
    return all;
}

}  // namespace

TEST_CASE("regions of narrow numbers are rounded once", "[expr]") {
    regions<tn::bfloat16>();
    regions<tn::float16>();
}

TEST_CASE("reductions of narrow numbers are those of floats", "[expr]") { reductions<tn::float16>(); }

TEST_CASE("products of narrow numbers are summed as floats", "[expr]") { contractions<tn::bfloat16>(); }

TEST_CASE("narrow numbers meet others as in PyTorch", "[expr]") {
    tn::tensor<tn::bfloat16, 2> const b({1.5f, -2.f});
    tn::tensor<tn::float16, 2> const h({1.f, 2.f});
    tn::tensor const f({0.25f, 4.f});
    tn::tensor const i({1, 2});
    static_assert(std::is_same_v<value<decltype(b + f)>, float>);
    static_assert(std::is_same_v<value<decltype(b + h)>, float>);
    static_assert(std::is_same_v<value<decltype(b * 2.5)>, tn::bfloat16>);
    static_assert(std::is_same_v<value<decltype(h + i)>, tn::float16>);
    static_assert(std::is_same_v<value<decltype(b > h)>, bool>);
    static_assert(std::is_same_v<value<decltype(tn::exp(b))>, tn::bfloat16>);
    static_assert(std::is_same_v<value<decltype(tn::cast<double>(h))>, double>);
    CHECK(same(tn::tensor(b + f), tn::tensor({1.75f, 2.f})));
    CHECK(same(tn::tensor(h + i), tn::tensor({2.f, 4.f})));
    CHECK(tn::array_equal(tn::cast<int>(b), tn::tensor({1, -2})));
    CHECK(tn::array_equal(tn::cast<bool>(b), tn::tensor({true, true})));
    CHECK(tn::to_string(b) == "[ 1.5 -2. ]");
    std::ostringstream text;
    text << tn::sum(b * h);
    CHECK(text.str() == "-2.5");
}

TEST_CASE("gradients pass through narrow numbers", "[expr]") {
    tn::variable<float, 3> w(tn::tensor({0.1f, 0.2f, 0.3f}));
    tn::tensor<tn::bfloat16, 2, 3> const x({{1, 2, 3}, {4, 5, 6}});
    tn::backward(tn::sum(tn::cast<float>(x * tn::cast<tn::bfloat16>(w))));
    CHECK(tn::array_equal(w.grad(), tn::tensor({5.f, 7.f, 9.f})));
    // A variable of narrow numbers has a gradient of them.
    tn::variable<tn::float16, 4> v(tn::tensor<tn::float16, 4>({1, 2, 3, 4}));
    auto const loss = tn::backward(tn::sum(tn::square(v)));
    static_assert(std::is_same_v<value<decltype(v.grad())>, tn::float16>);
    CHECK(loss == 30.f);
    CHECK(same(v.grad(), tn::tensor({2.f, 4.f, 6.f, 8.f})));
    tn::optim::sgd optimizer(v, {.lr = 0.5f, .momentum = 0.9f});
    optimizer.step();
    CHECK(same(v.value(), tn::tensor({0.f, 0.f, 0.f, 0.f})));
}

TEST_CASE("layers compute in their input's narrow type, with parameters of floats", "[expr]") {
    network<tn::bfloat16> model;
    tn::tensor<tn::bfloat16, 2, 1, 8, 8> const x;
    static_assert(std::is_same_v<value<decltype(model.conv(x))>, tn::bfloat16>);
    static_assert(std::is_same_v<value<decltype(model.norm(model.conv(x)))>, tn::bfloat16>);
    tn::tensor<tn::bfloat16, 2, 12> const h;
    static_assert(std::is_same_v<value<decltype(model.fc2(model.ln(h)))>, tn::bfloat16>);
    nn::multihead_attention<12, 3> attention;
    tn::tensor<tn::float16, 2, 4, 12> const s;
    static_assert(std::is_same_v<value<decltype(attention(s))>, tn::float16>);
    nn::lstm_cell<12, 6> cell;
    tn::tensor<tn::float16, 2, 12> const step;
    CHECK(tn::tensor(cell(step).first).size() == 12);
    auto const wide = losses<float>(), brain = losses<tn::bfloat16>(), half = losses<tn::float16>();
    for (std::size_t i = 0; i != wide.size(); ++i) {
        CHECK(brain[i] == Approx(wide[i]).epsilon(0.1).margin(0.02));
        CHECK(half[i] == Approx(wide[i]).epsilon(0.02).margin(0.005));
    }
    CHECK(wide.back() < 0.5f * wide.front());
}

TEST_CASE("functions take narrow numbers", "[expr]") {
    CHECK(tn::array_equal(tn::arange<tn::bfloat16>(1, 3, 0.5f), tn::tensor<tn::bfloat16, 4>({1, 1.5f, 2, 2.5f})));
    auto l = tn::linspace<tn::float16, 5>(0, 1);
    CHECK(l(3) == 0.75f);
    auto r = tn::randn<tn::bfloat16, 4, 5>();
    auto u = tn::rand<tn::float16, 400>();
    CHECK(tn::min(u).item() >= 0.f);
    CHECK(tn::max(u).item() < 1.f);
    CHECK(tn::allclose(r, r));
    auto t = tn::softmax<1>(r);
    tn::tensor logits = r;
    CHECK(tn::cross_entropy(logits, t).item() > 0.f);
    CHECK(tn::eye<tn::bfloat16, 3>()(1, 1) == 1.f);
    CHECK(tn::full<tn::bfloat16, 3>(2)(1) == 2.f);
    CHECK(tn::ones_like(r)(0, 0) == 1.f);
    CHECK(tn::norm(tn::tensor<tn::float16, 2>({300, 400})).item() == 500.f);
    CHECK(tn::nll_loss(tn::log_softmax<1>(logits), tn::tensor<std::int64_t, 4>({1, 2, 3, 4})).item() > 0.f);
    CHECK(tn::binary_cross_entropy_with_logits(r, tn::cast<tn::bfloat16>(r > 0)).item() > 0.f);
    CHECK(tn::huber_loss(r, r * 2).item() > 0.f);
    tn::tensor<tn::bfloat16, 4> const s = 2.f * tn::ones<tn::bfloat16, 4>();
    CHECK(tn::dot(s, s).item() == 16.f);
    CHECK(tn::sum(tn::outer(s, s)).item() == 64.f);
    CHECK(tn::prod(s).item() == 16.f);
    CHECK(tn::max_pool1d<2>(tn::randn<tn::bfloat16, 2, 3, 8>()).eval().size() == 24);
    CHECK(tn::pow(s, 2.f).eval()(0) == 4.f);
    CHECK(tn::dropout(s, 0.0f).eval()(0) == 2.f);
    CHECK(tn::round(s * 1.3f).eval()(0) == 3.f);
    CHECK(tn::isnan(s).eval()(0) == false);
    CHECK((s && s).eval()(0) == true);
    CHECK(tn::where(s > 1, s, 0.f).eval()(0) == 2.f);
    tn::variable<tn::bfloat16, 4> v(s);
    tn::backward(tn::sum(tn::softmax<0>(v) * s));
    CHECK(v.grad()(0) == 0.f);
    tn::tensor<tn::bfloat16> one(3);
    float f = one.item();
    CHECK(f == 3.f);
    CHECK(tn::map([](auto x) { return x * x + 1; }, s).eval()(0) == 5.f);
}
