#include <cmath>
#include <cstddef>
#include <limits>
#include <tuple>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

using matrices = tn::tensor<double, tn::dyn, tn::dyn, tn::dyn>;
using variables = tn::variable<double, tn::dyn, tn::dyn, tn::dyn>;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Queries, keys and values of one batch after another.
struct operands {
    variables q, k, v;
    operands(std::size_t n, std::size_t queries, std::size_t keys, std::size_t depth, std::size_t width)
        : q(random(n, queries, depth)), k(random(n, keys, depth)), v(random(n, keys, width)) {}
    static matrices random(std::size_t a, std::size_t b, std::size_t c) {
        static tn::generator gen(7);
        return tn::randn<double, tn::dyn, tn::dyn, tn::dyn>(a, b, c, gen);
    }
};
/// Scores under which later keys are hidden.
auto causal(auto const& scores, bool is_causal) {
    auto const e = scores.shape();
    tn::tensor<bool, tn::dyn, tn::dyn> see(e[1], e[2]);
    for (std::size_t i = 0; i != e[1]; ++i)
        for (std::size_t j = 0; j != e[2]; ++j) see(i, j) = !is_causal || j <= i;
    return tn::where(std::move(see), scores, -infinity);
}
/// Attention by its formula; `after` is what happens to the weights.
auto by_formula(operands const& o, double scale, bool is_causal, auto const& mask, auto const& after) {
    auto const scores = causal(tn::matmul(o.q, tn::transpose(o.k)) * scale, is_causal);
    return tn::matmul(after(tn::softmax<2>(mask(scores))), o.v);
}
constexpr auto unchanged = [](auto const& x) { return x; };

bool close(matrices const& a, matrices const& b) { return tn::allclose(a, b, {.rtol = 1e-9, .atol = 1e-11}); }

/// Compares values and gradients.
/// @param more the gradients of other variables
template <class Ours, class Formula, class... Variables>
void check_same(operands& o, Ours const& ours, Formula const& formula, Variables&... more) {
    std::vector<matrices> results[2];
    auto const run = [&](auto const& e, std::vector<matrices>& to) {
        for (auto* x : {&o.q, &o.k, &o.v}) x->zero_grad();
        (more.zero_grad(), ...);
        to.emplace_back(e());
        tn::backward(tn::sum(tn::sin(e())));
        for (auto* x : {&o.q, &o.k, &o.v}) to.emplace_back(x->grad());
        (to.emplace_back(tn::unsqueeze<0>(more.grad())), ...);
    };
    run(ours, results[0]);
    run(formula, results[1]);
    for (std::size_t i = 0; i != results[0].size(); ++i) {
        CAPTURE(i);
        CHECK(close(results[0][i], results[1][i]));
    }
}

}  // namespace

TEST_CASE("attention of any lengths is that of its formula") {
    // Tiles are 96 queries by 128 keys; the last ones are smaller, and so are those of columns.
    for (auto [n, queries, keys, depth, width] : std::vector<std::array<std::size_t, 5>>{{1, 1, 1, 1, 1},
                                                                                         {2, 7, 9, 5, 6},
                                                                                         {1, 3, 300, 8, 33},
                                                                                         {2, 100, 130, 20, 70},
                                                                                         {1, 260, 259, 37, 16},
                                                                                         {1, 97, 40, 64, 64}})
        for (bool is_causal : {false, true}) {
            CAPTURE(n, queries, keys, depth, width, is_causal);
            operands o(n, queries, keys, depth, width);
            double const scale = 1 / std::sqrt(static_cast<double>(depth));
            check_same(
                o, [&] { return tn::scaled_dot_product_attention(o.q, o.k, o.v, {.is_causal = is_causal}); },
                [&] { return by_formula(o, scale, is_causal, unchanged, unchanged); });
        }
    operands o(2, 50, 140, 9, 4);
    check_same(
        o, [&] { return tn::scaled_dot_product_attention(o.q, o.k, o.v, {.is_causal = true, .scale = -0.8}); },
        [&] { return by_formula(o, -0.8, true, unchanged, unchanged); });
}

TEST_CASE("attention without queries, keys or features") {
    operands none(2, 0, 4, 3, 2), no_keys(2, 3, 0, 3, 2), no_depth(2, 3, 4, 0, 2), no_width(2, 3, 4, 3, 0),
        no_batch(0, 3, 4, 3, 2);
    for (auto* o : {&none, &no_keys, &no_depth, &no_width, &no_batch}) {
        auto const y = [&] { return tn::scaled_dot_product_attention(o->q, o->k, o->v, {.scale = 1.}); };
        tn::backward(tn::sum(y()));
        matrices const value = y();
        CHECK(value.shape() == tn::shape<tn::dyn, tn::dyn, tn::dyn>(o->q.shape()[0], o->q.shape()[1], o->v.shape()[2]));
        if (o == &no_keys) CHECK(tn::all(value == 0.).item());
        if (o == &no_depth) CHECK(tn::allclose(value, tn::mean<1>(o->v, tn::keepdim) + tn::zeros<double, 2, 3, 2>()));
    }
    CHECK_THROWS_AS(tn::scaled_dot_product_attention(none.q, no_depth.k, none.v), tn::shape_error);
    CHECK_THROWS_AS(tn::scaled_dot_product_attention(none.q, none.k, no_keys.v), tn::shape_error);
    CHECK_THROWS_AS(tn::scaled_dot_product_attention(none.q, none.k, no_batch.v), tn::shape_error);
}

TEST_CASE("masks of attention are broadcast, hide keys or are added with their gradient") {
    operands o(2, 100, 133, 6, 5);
    double const scale = 1 / std::sqrt(6.);
    tn::generator gen(3);
    tn::tensor<bool, 2, 1, 133> see = tn::rand<float, 2, 1, 133>(gen) < 0.7f;
    for (std::size_t b = 0; b != 2; ++b) see(b, 0, 0) = true;
    check_same(
        o, [&] { return tn::scaled_dot_product_attention(o.q, o.k, o.v, see, {.is_causal = true}); },
        [&] {
            return by_formula(o, scale, true, [&](auto const& s) { return tn::where(see, s, -infinity); }, unchanged);
        });
    // One bias for all queries, and one for each pair.
    tn::variable row(tn::randn<double, 1, 133>(gen));
    tn::variable all(tn::randn<double, 100, 133>(gen));
    check_same(
        o, [&] { return tn::scaled_dot_product_attention(o.q, o.k, o.v, row, {.is_causal = true}); },
        [&] { return by_formula(o, scale, true, [&](auto const& s) { return s + row; }, unchanged); }, row);
    check_same(
        o, [&] { return tn::scaled_dot_product_attention(o.q, o.k, o.v, all); },
        [&] { return by_formula(o, scale, false, [&](auto const& s) { return s + all; }, unchanged); }, all);
    // Queries that are hidden from all keys give zeros, others what they give without a mask.
    tn::tensor<bool, 100, 1> asks = tn::rand<float, 100, 1>(gen) < 0.5f;
    CHECK(close(tn::scaled_dot_product_attention(o.q, o.k, o.v, asks),
                tn::where(asks, tn::scaled_dot_product_attention(o.q, o.k, o.v), 0.)));
    tn::backward(tn::sum(tn::scaled_dot_product_attention(o.q, o.k, o.v, asks)));
    CHECK(tn::all(tn::isfinite(o.q.grad())).item());
}

TEST_CASE("leading axes of attention are broadcast") {
    tn::generator gen(5);
    // Three heads of queries for each of keys and values, and a query for all batches.
    tn::variable q(tn::randn<double, 2, 3, 12, 4>(gen));
    tn::variable k(tn::randn<double, 2, 1, 11, 4>(gen));
    tn::variable v(tn::randn<double, 3, 11, 2>(gen));
    auto const y = [&] { return tn::scaled_dot_product_attention(q, k, v, {.is_causal = true}); };
    static_assert(std::is_same_v<decltype(tn::tensor(y())), tn::tensor<double, 2, 3, 12, 2>>);
    CHECK(tn::gradcheck(tn::sum(tn::square(y()))));
    for (std::ptrdiff_t b = 0; b != 2; ++b)
        for (std::ptrdiff_t h = 0; h != 3; ++h)
            CHECK(tn::allclose(tn::select<0>(tn::select<0>(y(), b), h),
                               tn::scaled_dot_product_attention(tn::select<0>(tn::select<0>(q, b), h),
                                                                tn::select<0>(tn::select<0>(k, b), 0),
                                                                tn::select<0>(v, h), {.is_causal = true})));
    // One row for all queries, one key for all: elements of an operand that are in several places of it.
    tn::variable one(tn::randn<double, 1, 4>(gen));
    CHECK(tn::gradcheck(tn::sum(tn::square(
        tn::scaled_dot_product_attention(tn::broadcast_to<2, 3, 12, 4>(one), k, tn::broadcast_to<2, 1, 11, 4>(one))))));
    // A few positions are composed of products and a softmax.
    auto const few = tn::slice<2, 0, 5>(q);
    CHECK(tn::plan(tn::scaled_dot_product_attention(few, few, few)).kernel_count() > 1);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::scaled_dot_product_attention(few, few, few, {.is_causal = true})))));
    // An operand may be all three.
    CHECK(tn::gradcheck(
        tn::sum(tn::square(tn::scaled_dot_product_attention(q, q, tn::transpose<0, 1>(tn::transpose<0, 1>(q)))))));
}

TEST_CASE("attention drops the weights that dropout of them drops") {
    operands o(2, 30, 150, 5, 4);
    double const scale = 1 / std::sqrt(5.);
    for (double p : {0.3, 1., 0.}) {
        // What draws once for the value and once for its gradients does so alike on both sides.
        tn::generator ours(11), others(11);
        check_same(
            o,
            [&] {
                return tn::scaled_dot_product_attention(o.q, o.k, o.v, {.is_causal = true}, {.p = p, .gen = &ours});
            },
            [&] {
                return by_formula(o, scale, true, unchanged,
                                  [&](auto const& w) { return tn::dropout(w, p, true, others); });
            });
        CHECK(ours.counter() == others.counter());
        CHECK((ours.counter() == 0) == (p == 0));
    }
    CHECK(close(tn::scaled_dot_product_attention(o.q, o.k, o.v, {}, {.training = false}),
                tn::scaled_dot_product_attention(o.q, o.k, o.v)));
    CHECK_THROWS_AS(tn::scaled_dot_product_attention(o.q, o.k, o.v, {}, {.p = 1.5}), std::invalid_argument);
    // Each of many equal weights is kept with probability 1 − p, and the mean stays.
    tn::tensor<float, 400, 1> const same;
    tn::generator gen(12);
    tn::tensor const y =
        tn::scaled_dot_product_attention(same, same, tn::ones<float, 400, 1>(), {}, {.p = 0.25, .gen = &gen});
    CHECK(tn::mean(y).item() == Approx(1).margin(0.01));
    CHECK(tn::var(y).item() == Approx(0.25 / 0.75 / 400).epsilon(0.3));
}

TEST_CASE("attention of great, infinite and missing scores") {
    tn::tensor<float, 3, 2> const q({{1e4f, 0}, {-1e4f, 1}, {0, 0}});
    tn::tensor<float, 200, 2> k;
    tn::tensor<float, 200, 1> v;
    for (std::size_t j = 0; j != 200; ++j) {
        k(j, 0) = static_cast<float>(j);
        v(j, 0) = static_cast<float>(j);
    }
    // All weight is on the greatest score, wherever it is, and even otherwise.
    CHECK(tn::allclose(tn::scaled_dot_product_attention(q, k, v), tn::tensor<float, 3, 1>({{199}, {0}, {99.5f}})));
    k(150, 1) = std::numeric_limits<float>::infinity();
    tn::tensor const y = tn::scaled_dot_product_attention(tn::ones<float, 3, 2>(), k, v);
    CHECK(tn::all(tn::isnan(y)).item());
    // A key that is hidden does no harm.
    tn::tensor<bool, 200> see = tn::arange<float, 200>() != 150.f;
    CHECK(tn::all(tn::isfinite(tn::scaled_dot_product_attention(tn::ones<float, 3, 2>(), k, v, see))).item());
    CHECK(tn::all(tn::isfinite(tn::scaled_dot_product_attention(tn::ones<float, 3, 2>(), k, v, {.is_causal = true})))
              .item());
}

TEST_CASE("attention in forward mode and of higher order is composed") {
    tn::generator gen(6);
    auto const x = tn::randn<double, 4, 3>(gen), d = tn::randn<double, 4, 3>(gen);
    auto const f = [](auto const& a) {
        return tn::sum(tn::square(tn::scaled_dot_product_attention(a, a, a, {.is_causal = true})));
    };
    double const h = 1e-6;
    auto const slope = tn::jvp(f, x, d);
    CHECK(slope.second.item() == Approx((f(x + h * d).item() - f(x - h * d).item()) / (2 * h)).epsilon(1e-6));
    auto const gradient = [&](auto const& at) { return tn::tensor(tn::grad(f)(tn::tensor(at))); };
    CHECK(tn::allclose(tn::hvp(f, x, d), (gradient(x + h * d) - gradient(x - h * d)) / (2 * h),
                       {.rtol = 1e-5, .atol = 1e-7}));
}

TEST_CASE("attention has no matrix of scores in memory") {
    tn::tensor<float, 2048, 64> const q, k, v;
    auto const plan = tn::plan(tn::scaled_dot_product_attention(q, k, v, {.is_causal = true}));
    REQUIRE(plan.kernel_count() == 1);
    CHECK(plan[0].kind == "attention");
    CHECK(plan.workspace() < 2048 * 2048);
    tn::variable a(q);
    auto const backward = tn::plan_backward(tn::sum(tn::scaled_dot_product_attention(a, a, a)));
    CHECK(backward.workspace() < 2 * 2048 * 2048);
    CHECK(tn::plan(tn::scaled_dot_product_attention(q, k, v, {.is_causal = true})).operations() ==
          2048 * 2049 / 2 * (4 * 64 + 5));
}

TEST_CASE("attention is the same for any number of threads") {
    tn::generator gen(8);
    tn::variable x(tn::randn<float, 3, 400, 192>(gen));
    tn::variable w(tn::randn<float, 3, 400, 64>(gen));
    std::size_t const before = tn::num_threads();
    std::vector<tn::tensor<float, 3, 400, 192>> gradients;
    std::vector<tn::tensor<float, 3, 400, 64>> values, of_one;
    for (std::size_t threads : {1u, 2u, 3u, 5u}) {
        tn::set_num_threads(threads);
        x.zero_grad();
        w.zero_grad();
        auto const h = tn::let(x * 1.f);
        // Parts of one array, as multihead_attention makes them.
        auto const y = tn::let(tn::scaled_dot_product_attention(tn::slice<2, 0, 64>(h), tn::slice<2, 64, 128>(h),
                                                                tn::slice<2, 128, 192>(h), {.is_causal = true}));
        tn::backward(tn::sum(tn::sin(y)));
        tn::backward(tn::sum(tn::sin(tn::scaled_dot_product_attention(w, tn::flip<0>(w), w))));
        gradients.emplace_back(x.grad());
        values.emplace_back(y);
        of_one.emplace_back(w.grad());
    }
    tn::set_num_threads(before);
    for (std::size_t t = 1; t != values.size(); ++t) {
        CHECK(tn::array_equal(values[t], values[0]));
        CHECK(tn::array_equal(gradients[t], gradients[0]));
        CHECK(tn::array_equal(of_one[t], of_one[0]));
    }
}
