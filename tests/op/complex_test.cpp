#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
using cf = std::complex<float>;
using cd = std::complex<double>;
using vector = tn::tensor<cd, tn::dyn>;

// What PyTorch computed: tests/op/data/complex.safetensors, written by complex.py there.
namespace {

auto const& torch_data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/op/data/complex.safetensors");
    return file;
}
vector expected(std::string const& name) { return tn::view_as_complex(torch_data().get<double, tn::dyn, 2>(name)); }
void compare(std::string const& name, vector const& f) {
    auto const e = expected(name);
    std::ostringstream wrong;
    if (f.size() != e.size()) FAIL(name << ": " << f.size() << " elements for " << e.size());
    for (std::size_t i = 0; i != e.size(); ++i) {
        auto const same = [](double x, double y, double scale) {
            return std::isfinite(y) ? std::abs(x - y) <= 1e-12 * (1 + scale) : !std::isfinite(x);  // poles
        };
        double const scale = std::abs(e(i));
        if (!same(f(i).real(), e(i).real(), scale) || !same(f(i).imag(), e(i).imag(), scale))
            wrong << name << '[' << i << "]: " << f(i) << ", PyTorch " << e(i) << '\n';
    }
    CHECK(wrong.str() == "");
}
/// Σ Re y a + Im y b, the real part of Σ y (a − ib).
template <class Y>
auto weighted(Y const& y) {
    constexpr bool is_real = !tn::element::is_complex<tn::value_t<Y>>;
    tn::tensor<std::conditional_t<is_real, double, cd>, tn::dyn> w(y.size());
    double const a[] = {0.5, -1, 2}, b[] = {1, 0.25, -1, 3};
    for (std::size_t i = 0; i != y.size(); ++i)
        if constexpr (is_real) w(i) = a[i % 3];
        else w(i) = cd(a[i % 3], -b[i % 4]);
    if constexpr (is_real) return tn::sum(y * std::move(w));
    else return tn::sum(tn::real(y * std::move(w)));
}
template <class F>
void unary(std::string const& name, F f) {
    tn::variable<cd, tn::dyn> z(expected("z"));
    auto const y = f(z);
    compare(name, y);
    tn::backward(weighted(y));
    compare(name + "_grad", z.grad());
}
template <class F>
void binary(std::string const& name, F f) {
    tn::variable<cd, tn::dyn> z(expected("z")), w(expected("w"));
    auto const y = f(z, w);
    compare(name, y);
    tn::backward(weighted(y));
    compare(name + "_grad", z.grad());
    compare(name + "_grad2", w.grad());
}

}  // namespace

TEST_CASE("functions of complex numbers have PyTorch's values and gradients") {
#define UNARY(name) unary(#name, [](auto const& z) { return tn::name(z); });
    UNARY(abs)
    UNARY(angle)
    UNARY(real) UNARY(imag) UNARY(conj) UNARY(sgn) UNARY(exp) UNARY(exp2) UNARY(expm1) UNARY(log) UNARY(log2)
        UNARY(log10) UNARY(log1p) UNARY(sqrt) UNARY(rsqrt) UNARY(square) UNARY(reciprocal) UNARY(sin) UNARY(cos)
            UNARY(tan) UNARY(asin) UNARY(acos) UNARY(atan) UNARY(sinh) UNARY(cosh) UNARY(tanh) UNARY(asinh) UNARY(acosh)
                UNARY(atanh) UNARY(sigmoid)
#undef UNARY
                    unary("sinc", [](auto const& z) { return tn::sinc(z); });
    unary("tanhshrink", [](auto const& z) { return tn::tanhshrink(z); });
    unary("neg", [](auto const& z) { return -z; });
    unary("pow3", [](auto const& z) { return tn::pow<3>(z); });
    unary("pow_real", [](auto const& z) { return tn::pow(z, 1.5); });
}

TEST_CASE("operators on complex numbers have PyTorch's values and gradients") {
    binary("add", [](auto const& z, auto const& w) { return z + w; });
    binary("sub", [](auto const& z, auto const& w) { return z - w; });
    binary("mul", [](auto const& z, auto const& w) { return z * w; });
    binary("div", [](auto const& z, auto const& w) { return z / w; });
    binary("pow", [](auto const& z, auto const& w) { return tn::pow(z, w); });
    binary("lerp", [](auto const& z, auto const& w) { return tn::lerp(z, w, 0.25); });
    binary("real_times", [](auto const& z, auto const& w) { return tn::real(z) * w; });
    binary("polar", [](auto const& z, auto const& w) { return tn::polar(tn::abs(tn::real(z)), tn::real(w)); });
    binary("complex", [](auto const& z, auto const& w) { return tn::complex(tn::real(z), tn::imag(w)); });
}

TEST_CASE("sums, products and views of complex numbers have PyTorch's values and gradients") {
    unary("cumsum", [](auto const& z) { return tn::cumsum<0>(z); });
    unary("cumprod", [](auto const& z) { return tn::cumprod<0>(z); });
    unary("sum", [](auto const& z) { return tn::sum(z, tn::keepdim); });
    unary("mean", [](auto const& z) { return tn::mean(z, tn::keepdim); });
    unary("prod", [](auto const& z) { return tn::prod(z + 1.1, tn::keepdim); });
    unary("prod_zero", [](auto const& z) { return tn::prod(tn::slice<0, 20, 24>(z), tn::keepdim); });
    unary("var", [](auto const& z) { return tn::var(z, tn::keepdim); });
    unary("norm", [](auto const& z) { return tn::norm(z, tn::keepdim); });
    unary("as_real", [](auto const& z) { return tn::flatten(tn::view_as_real(z)); });
    binary("dot", [](auto const& z, auto const& w) { return tn::unsqueeze<0>(tn::dot(z, w)); });
    binary("vdot", [](auto const& z, auto const& w) { return tn::unsqueeze<0>(tn::vdot(z, w)); });
    binary("outer", [](auto const& z, auto const& w) {
        return tn::flatten(tn::matmul(tn::reshape<9, 4>(z), tn::reshape<4, 9>(w)));
    });
    binary("adjoint", [](auto const& z, auto const& w) {
        return tn::flatten(tn::matmul(tn::adjoint(tn::reshape<9, 4>(z)), tn::reshape<9, 4>(w)));
    });
}

TEST_CASE("element types with complex numbers are promoted as PyTorch's") {
    tn::tensor<cf, 3> z;
    tn::tensor<float, 3> x;
    tn::tensor<double, 3> d;
    tn::tensor<int, 3> i;
    using tn::value_t;
    static_assert(std::is_same_v<value_t<decltype(z * x)>, cf> && std::is_same_v<value_t<decltype(z * d)>, cd>);
    static_assert(std::is_same_v<value_t<decltype(z * i)>, cf> && std::is_same_v<value_t<decltype(z * 2.)>, cf>);
    static_assert(std::is_same_v<value_t<decltype(x * cd(1))>, cf> && std::is_same_v<value_t<decltype(d * cf(1))>, cd>);
    static_assert(std::is_same_v<value_t<decltype(i * cd(1))>, cf> && std::is_same_v<value_t<decltype(z * cd(1))>, cf>);
    static_assert(std::is_same_v<value_t<decltype(x * tn::tensor<cd>())>, cf>);
    static_assert(std::is_same_v<value_t<decltype(tn::cast<tn::bfloat16>(x) * z)>, cf>);
    static_assert(std::is_same_v<value_t<decltype(tn::abs(z))>, float> &&
                  std::is_same_v<value_t<decltype(tn::var(z))>, float>);
    CHECK(tn::is_complex(z));
    CHECK(!tn::is_complex(x));
}

TEST_CASE("complex tensors are made, compared, chosen, joined, assigned and printed") {
    tn::tensor<cd, 2, 2> const z({{{1, 2}, {3, -4}}, {{0.5, 0}, {-1, 1e-3}}});
    CHECK(tn::to_string(z) == "[[ 1. +2.e+00j  3. -4.e+00j]\n [ 0.5+0.e+00j -1. +1.e-03j]]");
    tn::tensor<cf, 3> const few({{1, 2}, {0.5f, -1}, {std::numeric_limits<float>::quiet_NaN(), 0}});
    CHECK(tn::to_string(few) == "[1. +2.j 0.5-1.j nan+0.j]");
    tn::tensor<cd> one = cd(1, -2);
    CHECK(tn::to_string(one) == "(1-2j)");
    CHECK(tn::to_string(tn::tensor<cd>(cd(0, 2.5))) == "2.5j");
    CHECK(one.item() == cd(1, -2));
    CHECK(tn::to_string(tn::tensor(tn::isnan(few))) == "[False False  True]");
    CHECK(tn::array_equal(tn::where(tn::real(z) > 0, z, 0.),
                          tn::tensor<cd, 2, 2>({{{1, 2}, {3, -4}}, {{0.5, 0}, {0, 0}}})));
    CHECK(tn::array_equal(tn::select<0>(tn::concat<0>(z, z), 3), z[1]));
    CHECK(tn::evaluate(tn::all(z == z)));
    CHECK(!tn::evaluate(tn::any(z != z)));
    CHECK(tn::allclose(z, z + cd(0, 1e-9)));
    CHECK(!tn::allclose(z, z + cd(0, 1e-3)));
    auto w = tn::full<cd, 2, 2>(cd(0, 1));
    w[0] = z[1];
    w += tn::ones<double, 2, 2>();
    CHECK(w(0, 0) == cd(1.5, 0));
    CHECK(w(1, 1) == cd(1, 1));
    tn::tensor<cd, 2, 2> const widened = tn::tensor<float, 2, 2>({{1, 2}, {3, 4}});
    CHECK(widened(1, 0) == cd(3, 0));
    CHECK(tn::cast<float>(z).eval()(0, 1) == 3);
    tn::tensor<cf, tn::dyn> const none(0);
    CHECK(tn::sum(none).item() == cf(0));
    CHECK(tn::prod(none).item() == cf(1));
    auto const drawn = tn::randn<cf, 4000>();
    CHECK(std::abs(tn::mean(tn::square(tn::abs(drawn))).item() - 1) < 0.1f);
    CHECK(std::abs(tn::mean(tn::imag(tn::rand<cf, 4000>())).item() - 0.5f) < 0.05f);
    CHECK_THROWS_AS(tn::view_as_complex(tn::tensor<double, tn::dyn>(3)).eval(), tn::shape_error);
}

TEST_CASE(
    "large sums and products of complex floats are exact to a few roundings, and vectors agree with single lanes") {
    std::size_t const n = 100'003;
    tn::tensor<cf, tn::dyn> z(n);
    for (std::size_t i = 0; i != n; ++i) z(i) = cf(0.1f, -0.3f);
    auto const total = tn::sum(z).item();
    CHECK(std::abs(total.real() - 10000.3f) < 0.01f);
    CHECK(std::abs(total.imag() + 30000.9f) < 0.01f);
    tn::tensor const product = z * cf(2, 1) + 1.f;
    CHECK(product(0) == cf(0.1f * 2 + 0.3f * 1 + 1, 0.1f * 1 - 0.3f * 2));
    CHECK(tn::evaluate(tn::all(product == product(0))));
    // More than 512 products go through real matrices.
    tn::tensor<cf, 17, 33> a;
    tn::tensor<cf, 33, 9> b;
    for (std::size_t i = 0; i != a.size(); ++i)
        a.data()[i] = cf(static_cast<float>(i % 7) - 3, static_cast<float>(i % 5));
    for (std::size_t i = 0; i != b.size(); ++i)
        b.data()[i] = cf(static_cast<float>(i % 3), 2 - static_cast<float>(i % 11));
    tn::tensor const c = tn::matmul(a, b);
    cf s = 0;
    for (std::size_t k = 0; k != 33; ++k) s += a(5, k) * b(k, 8);
    CHECK(c(5, 8) == s);
    tn::variable<cd, 17, 33> v(tn::cast<cd>(a));
    tn::backward(tn::sum(tn::real(tn::matmul(v, b) * cd(1, 2))));
    cd g = 0;
    for (std::size_t j = 0; j != 9; ++j) g += cd(1, -2) * std::conj(cd(b(3, j)));
    CHECK(v.grad()(2, 3) == g);
}

TEST_CASE("float_power of complex numbers keeps their imaginary parts") {
    tn::tensor<cf, 2> const z({cf(1, 1), cf(0, 2)});
    tn::tensor<cd, 2> const y = tn::float_power(z, 2);
    CHECK(std::abs(y(0) - cd(0, 2)) < 1e-12);
    CHECK(std::abs(y(1) + 4.) < 1e-12);
}

TEST_CASE("complex functions work in constant expressions") {
    static constexpr auto z = [] {
        tn::tensor<cf, 2> const x({{1, 2}, {3, 4}});
        return tn::tensor(x * x + tn::conj(x));
    }();
    static_assert(z(0) == cf(-2, 2) && z(1) == cf(-4, 20));
}
