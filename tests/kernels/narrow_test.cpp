// bfloat16 and float16 on the device: memory of 16 bits, registers of floats, products by the library.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

namespace {

/// Whether elements differ by no more than a rounding to T.
template <class T, class U>
bool near(std::vector<U> const& a, std::vector<U> const& b) {
    double const place = std::ldexp(1, -T::fraction_bits);
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [place](U const& p, U const& q) {
        double const x = static_cast<double>(p), y = static_cast<double>(q);
        return x == y || std::abs(x - y) <= place * (0.5 + std::abs(y));
    });
}

/// Whether f gives the same on both, up to a rounding.
template <class T>
bool agree(auto const& f, auto const&... x) {
    tn::tensor const expected = f(x...);
    auto const check = [&](auto const&... d) {
        tn::cuda::tensor const found = f(d...);
        static_assert(std::is_same_v<tn::value_t<decltype(found)>, tn::value_t<decltype(expected)>>);
        return found.shape() == expected.shape() && near<T>(elements(found), elements(expected));
    };
    return check(tn::to<tn::cuda::device>(x)...);
}

template <class T>
void values() {
    tn::generator gen{3};
    tn::tensor const a = tn::cast<T>(tn::randn<float, 9, 37>(gen));
    tn::tensor const b = tn::cast<T>(tn::randn<float, 37>(gen));
    tn::tensor const c = tn::cast<T>(tn::randn<float, 37, 24>(gen));
    tn::tensor const f = tn::randn<float, 9, 37>(gen);
    auto const make_same = [](auto const& x) { return x; };
    CHECK(agree<T>(make_same, a));
    CHECK(agree<T>([](auto const& x, auto const& y) { return x * y + tn::exp(-tn::abs(x)); }, a, b));
    CHECK(agree<T>([](auto const& x, auto const& y) { return x * y; }, a, f));
    CHECK(agree<T>([](auto const& x) { return tn::cast<T>(x) + tn::cast<T>(x * 3); }, f));
    // Views and copies, which round nothing.
    CHECK(
        agree<T>([](auto const& x) { return tn::slice<0, 3, 30, 2>(tn::transpose(tn::concat<0>(x, x * 2)) * 2); }, a));
    CHECK(agree<T>([](auto const& x) { return tn::softmax<1>(x); }, a));
    CHECK(agree<T>([](auto const& x, auto const& y) { return tn::matmul(x, y); }, a, c));
    tn::tensor const images = tn::cast<T>(tn::randn<float, 2, 3, 9, 9>(gen));
    tn::tensor const weight = tn::cast<T>(tn::randn<float, 4, 3, 3, 3>(gen));
    CHECK(agree<T>([](auto const& x, auto const& w) { return tn::relu(tn::conv2d(x, w)); }, images, weight));
    // What reads and writes as one of these does, for one of the types.
    if constexpr (std::is_same_v<T, tn::bfloat16>) {
        CHECK(agree<T>([](auto const& x) { return tn::sum<0>(x); }, a));
        CHECK(agree<T>([](auto const& x) { return tn::argmax<1>(x); }, a));
        CHECK(agree<T>([](auto const& x, auto const& y) { return tn::matmul(tn::transpose(y), tn::transpose(x)); }, a,
                       c));
    } else {
        CHECK(agree<T>([](auto const& x) { return tn::layer_norm<37>(x); }, a));
        CHECK(agree<T>([](auto const& x) { return tn::max_pool2d<2>(x); }, images));
        // Operands without a unit stride.
        CHECK(agree<T>(
            [](auto const& x, auto const& y) { return tn::matmul(tn::slice<1, 0, 36, 2>(x), tn::slice<0, 0, 18>(y)); },
            a, c));
    }
}

template <class T, class Device = tn::cpu>
struct network {
    nn::linear<20, 16, Device> fc1;
    nn::basic_layer_norm<tn::shape<16>, Device> norm;
    nn::linear<16, 5, Device> fc2;
    auto operator()(auto const& x) const { return tn::cast<float>(fc2(tn::relu(norm(fc1(tn::cast<T>(x)))))); }
};

/// Whether a network that computes with T learns on the device as on the processor.
template <class T>
void training() {
    tn::generator gen{5};
    network<T> host;
    network<T, tn::cuda::device> device;
    tn::copy(host, device);
    auto const x = tn::randn<float, 16, 20>(gen);
    auto const y = tn::randint<std::int64_t, 16>(0, 5, gen);
    auto const dx = tn::to<tn::cuda::device>(x);
    auto const dy = tn::to<tn::cuda::device>(y);
    tn::optim::adam a(host, {.lr = 1e-2f});
    tn::optim::adam b(device, {.lr = 1e-2f});
    tn::optim::grad_scaler scaler_a(a);
    tn::optim::grad_scaler scaler_b(b);
    for (int i = 0; i != 10; ++i) {
        a.zero_grad();
        b.zero_grad();
        float const expected = tn::backward(scaler_a.scale(tn::cross_entropy(host(x), y)));
        auto const loss = scaler_b.scale(tn::cross_entropy(device(dx), dy));
        auto const plan = tn::plan_backward(loss);
        auto const before = calls::launches;
        tn::cuda::tensor<float> const value = tn::backward(loss);
        CHECK(launched(calls::launches - before, plan.launches()));
        CHECK(value.item() == Approx(expected).epsilon(0.03));
        scaler_a.step();
        scaler_b.step();
        scaler_a.update();
        scaler_b.update();
        CHECK(scaler_b.get_scale().item() == scaler_a.get_scale().item());
    }
}

}  // namespace

TEST_CASE("narrow numbers on the device are the processor's", "[kernels]") {
    values<tn::bfloat16>();
    values<tn::float16>();
}

TEST_CASE("a network of narrow numbers learns on the device", "[kernels]") {
    training<tn::bfloat16>();
    training<tn::float16>();
}

TEST_CASE("gradients of narrow variables on the device", "[kernels]") {
    tn::tensor<tn::float16, 4, 6> const x(
        {{1, 2, 3, 4, 5, 6}, {1, 1, 1, 1, 1, 1}, {0, 1, 0, 1, 0, 1}, {2, 2, 2, 2, 2, 2}});
    tn::cuda::variable<tn::float16, 4, 6> v(x);
    tn::cuda::variable<tn::float16, 6> w(tn::tensor<tn::float16, 6>({1, 2, 3, 4, 5, 6}));
    // w is met by every row, v twice: their gradients are added up atomically.
    tn::backward(tn::sum(v * w + v));
    tn::tensor const expected_w = tn::sum<0>(x);
    CHECK(elements(w.grad()) == elements(expected_w));
    tn::tensor const grad = tn::to<tn::cpu>(v.grad());
    bool exact = true;
    for (std::size_t i = 0; i != 4; ++i)
        for (std::size_t j = 0; j != 6; ++j) exact = exact && grad(i, j) == float(j + 2);
    CHECK(exact);
    tn::optim::sgd optimizer(v, {.lr = 1});
    optimizer.step();
    CHECK(tn::to<tn::cpu>(v.value())(0, 0) == -1.f);
}

TEST_CASE("random narrow numbers are the processor's", "[kernels]") {
    tn::generator a{9}, b{9};
    CHECK(tn::array_equal(tn::to<tn::cpu>(tn::cuda::randn<tn::bfloat16, 333>(a)), tn::randn<tn::bfloat16, 333>(b)));
    CHECK(tn::array_equal(tn::to<tn::cpu>(tn::cuda::rand<tn::float16, 333>(a)), tn::rand<tn::float16, 333>(b)));
}
