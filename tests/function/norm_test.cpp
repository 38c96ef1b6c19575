#include <cmath>
#include <limits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {
auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/products.safetensors");
    return file;
}
}  // namespace

TEST_CASE("norms of every order and their gradients are PyTorch's, of zeros and of equals too") {
    auto const orders = data().get<double, 12>("orders");
    auto const norms = data().get<double, 12, 3, 2>("norms");
    auto const gradients = data().get<double, 12, 3, 4, 2>("gradients");
    auto const totals = data().get<double, 12>("totals");
    tn::variable<double, 3, 4, 2> x(data().get<double, 3, 4, 2>("x"));
    for (std::size_t i = 0; i != orders.size(); ++i) {
        INFO("order " << orders(i));
        auto const y = tn::norm<1>(x, orders(i));
        CHECK(tn::allclose(y, tn::select<0>(norms, static_cast<std::ptrdiff_t>(i))));
        x.zero_grad();
        tn::backward(tn::sum(y * data().get<double, 3, 2>("weights")));
        CHECK(tn::allclose(x.grad(), tn::select<0>(gradients, static_cast<std::ptrdiff_t>(i))));
        CHECK(tn::norm(x, orders(i)).item() == Approx(totals(i)));
    }
    CHECK(tn::norm<-1, 0>(x, 3, tn::keepdim).shape() == tn::shape<1, 4, 1>());
    tn::tensor<float, tn::dyn, tn::dyn> f(2, 2);
    f(0, 0) = -3;
    f(1, 0) = 4;
    CHECK(tn::norm<0>(f, 2).eval()(0) == 5.f);
    CHECK(tn::norm(f, std::numeric_limits<double>::infinity()).item() == 4.f);
}

TEST_CASE("the norm of one element along its axis") {
    tn::variable<double> x(-3.);
    tn::backward(tn::norm<-1>(x, 3));
    CHECK(x.grad().item() == -1);
    CHECK(tn::norm<0>(x, std::numeric_limits<double>::infinity(), tn::keepdim).eval().item() == 3);
}

TEST_CASE("norms of nothing, and of NaN") {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    tn::tensor<double, 2, 0> empty;
    CHECK(tn::norm<1>(empty, 3).eval()(1) == 0);
    CHECK(tn::norm<0>(empty, -infinity).eval().size() == 0);
    for (double p : {-1., infinity, -infinity}) CHECK_THROWS_AS(tn::norm<1>(empty, p), tn::shape_error);
    tn::tensor x({1., std::nan(""), 2.});
    for (double p : {1., 3., infinity, -infinity, -2.}) CHECK(std::isnan(tn::norm(x, p).item()));
    CHECK(tn::norm(x, 0).item() == 3);
}

TEST_CASE("distances") {
    tn::variable a(tn::tensor({{1., 2., 5.}, {0., -1., 2.}}));
    tn::tensor const b({0.5, 1., 1.});
    CHECK(tn::dist(a, b).item() == Approx(std::sqrt(0.25 + 1 + 16 + 0.25 + 4 + 1)));
    CHECK(tn::dist(a, b, 1).item() == 9);
    CHECK(tn::gradcheck(tn::dist(a, b, 4) + tn::dist(b, a)));
}
