// Distributions by the test of Kolmogorov and Smirnov and by their moments, with fixed seeds; values that may never change.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include <tenon/special.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace s = tn::special;

namespace {

constexpr std::size_t count = 20000;
using numbers = tn::tensor<double, tn::dyn>;
using function = std::function<double(double)>;

/// Whether numbers come from the distribution with this function of probability: √n times the largest distance between it and theirs
/// is below 1.95, which it exceeds once in a thousand times. @param whole whether the distribution has whole numbers alone
bool fits(numbers const& x, function const& below, bool whole = false) {
    std::vector<double> v(x.data(), x.data() + x.size());
    std::sort(v.begin(), v.end());
    auto const n = static_cast<double>(v.size());
    double distance = 0;
    for (std::size_t i = 0, next = 0; i != v.size(); i = next) {
        while (next != v.size() && v[next] == v[i]) ++next;
        double const p = below(v[i]), before = whole ? below(v[i] - 1) : p;
        distance = std::max(
            {distance, std::abs(static_cast<double>(next) / n - p), std::abs(static_cast<double>(i) / n - before)});
    }
    INFO("distance " << distance * std::sqrt(n));
    CHECK(distance * std::sqrt(n) < 1.95);
    return distance * std::sqrt(n) < 1.95;
}
double binomial_below(double k, double n, double p) {
    double sum = 0;
    for (double j = 0; j <= k; ++j)
        sum += std::exp(std::lgamma(n + 1) - std::lgamma(j + 1) - std::lgamma(n - j + 1) + j * std::log(p) +
                        (n - j) * std::log1p(-p));
    return sum;
}
std::uint64_t hash_of(numbers const& x) {
    std::uint64_t h = 14695981039346656037U;
    for (std::size_t i = 0; i != x.size() * sizeof(double); ++i)
        h = (h ^ reinterpret_cast<unsigned char const*>(x.data())[i]) * 1099511628211U;
    return h;
}
template <class F>
bool refuses(F f) {
    try {
        f();
    } catch (std::invalid_argument const&) { return true; }
    return false;
}

}  // namespace

TEST_CASE("continuous distributions") {
    tn::generator gen(11);
    using tn::dyn;
    CHECK(fits(tn::uniform<double, dyn>(count, -2, 3, gen), [](double x) { return (x + 2) / 5; }));
    CHECK(fits(tn::normal<double, dyn>(count, 1, 2, gen), [](double x) { return s::ndtr((x - 1) / 2); }));
    CHECK(fits(tn::normal(tn::full<double, dyn>(count, 1.), 2, gen), [](double x) { return s::ndtr((x - 1) / 2); }));
    CHECK(fits(tn::log_normal<double, dyn>(count, 0.5, 1.5, gen),
               [](double x) { return s::ndtr((std::log(x) - 0.5) / 1.5); }));
    CHECK(fits(tn::exponential<double, dyn>(count, 3, gen), [](double x) { return 1 - std::exp(-3 * x); }));
    CHECK(fits(tn::laplace<double, dyn>(count, 1, 2, gen),
               [](double x) { return x < 1 ? std::exp((x - 1) / 2) / 2 : 1 - std::exp((1 - x) / 2) / 2; }));
    CHECK(
        fits(tn::cauchy<double, dyn>(count, 1, 2, gen), [](double x) { return 0.5 + std::atan((x - 1) / 2) / M_PI; }));
    CHECK(fits(tn::gumbel<double, dyn>(count, 1, 2, gen), [](double x) { return std::exp(-std::exp((1 - x) / 2)); }));
    for (double const a : {0.3, 1., 2.5, 80.})
        CHECK(fits(tn::gamma<double, dyn>(count, a, 2, gen), [a](double x) { return s::gammainc(a, 2 * x); }));
    for (double const a : {0.2, 3.}) {
        CHECK(fits(tn::beta<double, dyn>(count, a, 1, gen), [a](double x) { return std::pow(x, a); }));
        CHECK(fits(tn::beta<double, dyn>(count, 1, a, gen), [a](double x) { return 1 - std::pow(1 - x, a); }));
    }
    // A third cumulant tells 2 + 3 from 3 + 2.
    auto const b = tn::beta<double, dyn>(count, 2, 3, gen);
    CHECK(fits(b, [](double x) { return x * x * (6 - 8 * x + 3 * x * x); }));
    // So small that both gammas vanish: ones with probability 1/3.
    auto const ends = tn::beta<double, dyn>(count, 1e-5, 2e-5, gen);
    CHECK(std::abs(tn::mean(ends).item() - 1. / 3) < 0.015);
}

TEST_CASE("distributions of whole numbers") {
    tn::generator gen(12);
    using tn::dyn;
    for (double const rate : {0.7, 9.5, 10.5, 300.})
        CHECK(fits(
            tn::poisson<double, dyn>(count, rate, gen),
            [rate](double k) { return k < 0 ? 0. : s::gammaincc(std::floor(k) + 1, rate); }, true));
    for (double const p : {0.01, 0.3, 0.8})
        CHECK(fits(
            tn::binomial<double, dyn>(count, 100, p, gen), [p](double k) { return binomial_below(k, 100, p); }, true));
    CHECK(fits(tn::geometric<double, dyn>(count, 0.2, gen), [](double k) { return 1 - std::pow(0.8, k); }, true));
    CHECK(tn::all(tn::geometric<double, dyn>(9, 1, gen) == 1.).item());
    CHECK(fits(
        tn::bernoulli(tn::full<double, dyn>(count, 0.3), gen), [](double k) { return k < 0   ? 0
                                                                                     : k < 1 ? 0.7
                                                                                             : 1; },
        true));
    auto const whole = tn::poisson<std::int64_t, 4>(1e6, gen);
    for (auto const k : whole) CHECK(std::abs(static_cast<double>(k) - 1e6) < 6e3);
    CHECK(tn::all(tn::poisson<int, 5>(0, gen) == 0).item());
    CHECK(tn::all(tn::binomial<float, 5>(7, 1, gen) == 7.f).item());
    CHECK(tn::all(tn::binomial<float, 5>(1e9, 1e-30, gen) == 0.f).item());
}

TEST_CASE("a seed gives the same numbers of a distribution with every compiler, instruction set and flag") {
    tn::generator gen(42);
    using tn::dyn;
    CHECK(hash_of(tn::exponential<double, dyn>(999, 3, gen)) == 0xdcba23aa64c20567U);
    CHECK(gen.counter() == 500);
    CHECK(hash_of(tn::cauchy<double, dyn>(999, 0, 1, gen)) == 0x847a7c6af982bdccU);
    CHECK(hash_of(tn::log_normal<double, dyn>(999, 0, 1, gen)) == 0xae9d13f212b4eafeU);
    CHECK(hash_of(tn::gamma<double, dyn>(999, 0.7, 1, gen)) == 0x99a313e61b039f99U);
    CHECK(hash_of(tn::poisson<double, dyn>(999, 45, gen)) == 0xc09ba923b7fad558U);
    CHECK(hash_of(tn::binomial<double, dyn>(999, 200, 0.4, gen)) == 0x45227d9c958da975U);
    // Element i does not depend on the shape, nor on the parameters of others.
    tn::generator a(5), b(5);
    tn::tensor<double, 5, 7> rates;
    for (std::size_t i = 0; i != 35; ++i) rates.data()[i] = i == 3 ? 20 : 2;
    auto const flat = tn::exponential<double, dyn>(35, 2, a);
    auto const square = tn::exponential(rates, b);
    for (std::size_t i = 0; i != 35; ++i) CHECK(square.data()[i] == (i == 3 ? flat(i) / 10 : flat(i)));
}

TEST_CASE("tensors of parameters broadcast, integers give floats, and what are none give NaN") {
    tn::generator gen(3);
    tn::tensor<int, 3, 1> const n({{1}, {10}, {0}});
    auto const y = tn::binomial(n, tn::tensor<float, 2>({1, 0}), gen);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, 3, 2> const>);
    CHECK(y(1, 0) == 10.f);
    CHECK(y(1, 1) == 0.f);
    CHECK(y(2, 0) == 0.f);
    auto const z = tn::poisson(tn::tensor({-1., 3., std::nan("")}), gen);
    CHECK(std::isnan(z(0)));
    CHECK(z(1) >= 0);
    CHECK(std::isnan(z(2)));
    tn::tensor<float, 4> filled;
    tn::exponential_(filled, 2, gen);
    CHECK(tn::all(filled > 0.f).item());
    tn::geometric_(filled, 0.5, gen);
    CHECK(tn::all(tn::floor(filled) == filled && filled >= 1.f).item());
    auto const d = tn::dirichlet(tn::ones<double, 6, 3>(), gen);
    CHECK(tn::allclose(tn::sum<-1>(d), tn::ones<double, 6>()));
    auto const like = tn::randint_like(filled, 3, 5, gen);
    CHECK(tn::all(like == 3.f || like == 4.f).item());
    CHECK(tn::uniform<float, 2, 3>().size() == 6);
    CHECK(refuses([&] { (void)tn::exponential<float, 3>(-1); }));
    CHECK(refuses([&] { (void)tn::gamma<float, 3>(0.); }));
    CHECK(refuses([&] { (void)tn::binomial<float, 3>(3, 1.5); }));
    CHECK(refuses([&] { tn::cauchy_(filled, 0, std::nan("")); }));
}

TEST_CASE("Dirichlet's numbers of small concentrations are numbers") {
    tn::generator gen(6);
    auto const d = tn::dirichlet(tn::full<float, 200, 2>(1e-3f), gen);
    static_assert(std::is_same_v<decltype(d), tn::tensor<float, 200, 2> const>);
    CHECK(tn::allclose(tn::sum<-1>(d), tn::ones<float, 200>()));
}

TEST_CASE("uniform numbers of 16 bits are below the end of their range") {
    tn::generator gen(8);
    auto const x = tn::uniform<tn::bfloat16, tn::dyn>(count, 0, 1, gen);
    CHECK(tn::all(x >= 0.f && x < 1.f).item());
}

TEST_CASE("a gamma number of an infinite concentration is infinite") {
    tn::generator gen(4);
    double const infinity = std::numeric_limits<double>::infinity();
    CHECK(tn::all(tn::gamma<double, 3>(infinity, 2., gen) == infinity).item());
}

TEST_CASE("multinomial draws by weights, choice and permutation rows") {
    tn::generator gen(21);
    tn::tensor const w({1.f, 0.f, 3.f, 6.f});
    auto const many = tn::multinomial<10000>(w, {.replacement = true}, gen);
    double found[4] = {};
    for (auto const i : many) found[i] += 1e-4;
    for (std::size_t i = 0; i != 4; ++i) CHECK(std::abs(found[i] - static_cast<double>(w(i)) / 10) < 0.02);
    CHECK(found[1] == 0);
    // The first drawn without replacement has the same probabilities.
    double first[4] = {};
    for (int i = 0; i != 2000; ++i) {
        auto const three = tn::multinomial<3>(w, {}, gen);
        first[three(0)] += 1. / 2000;
        REQUIRE(three(0) + three(1) + three(2) == 5);
    }
    CHECK(std::abs(first[3] - 0.6) < 0.05);
    auto const rows = tn::multinomial<2>(tn::tensor<double, 2, 2>({{1, 0}, {0, 1}}), true, gen);
    CHECK(rows(0, 0) == 0);
    CHECK(rows(1, 1) == 1);
    CHECK(refuses([&] { (void)tn::multinomial<4>(w); }));
    CHECK(refuses([&] { (void)tn::multinomial<1>(-w); }));
    CHECK(refuses([&] { (void)tn::multinomial<1>(w * 0.f, {.replacement = true}); }));
    CHECK(refuses([&] { (void)tn::multinomial<1>(w / 0.f); }));

    tn::tensor<float, 4, 2> x({{0, 1}, {2, 3}, {4, 5}, {6, 7}});
    auto const chosen = tn::choice<3>(x, {.replacement = false}, gen);
    for (std::size_t i = 0; i != 3; ++i) CHECK(chosen(i, 1) == chosen(i, 0) + 1);
    CHECK(chosen(0, 0) != chosen(1, 0));
    auto const heavy = tn::choice<5>(x, tn::tensor({0, 0, 1, 0}), {.replacement = true}, gen);
    CHECK(tn::all(tn::select<1>(heavy, 0) == 4.f).item());
    tn::shuffle(x, gen);
    CHECK(tn::sum(x).item() == 28.f);
    CHECK(tn::all(tn::select<1>(x, 1) == tn::select<1>(x, 0) + 1.f).item());
    CHECK(tn::sum(tn::randperm(7, gen)).item() == 21);
    CHECK(tn::sum(tn::randperm<7>(gen)).item() == 21);
}
