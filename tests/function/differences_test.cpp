// Differences, areas, covariances and distances, with PyTorch's values.
#include <cmath>
#include <cstdint>
#include <limits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../holds.hpp"

namespace tn = tenon;

namespace {

using tn::dyn;
constexpr double infinity = std::numeric_limits<double>::infinity();

template <class E>
bool close(E const& e, std::initializer_list<double> expected) {
    return holds(e, expected, 1e-6);
}

tn::tensor<double, 2, 4> const numbers({{1, 4, 9, 16}, {1, 2, 4, 8}});

}  // namespace

TEST_CASE("diff, gradient and trapezoid") {
    CHECK(close(tn::diff(numbers), {3., 5., 7., 1., 2., 4.}));
    CHECK(close(tn::diff<1, 2>(numbers), {2., 2., 1., 2.}));
    tn::tensor const front({{1., 1., 1., 1.}});
    CHECK(close(tn::diff<0>(numbers, front, front * 2.), {0., 3., 8., 15., 0., -2., -5., -8., 1., 0., -2., -6.}));
    CHECK(close(tn::diff<1>(numbers, {}, tn::zeros<double, 2, 1>()), {3., 5., 7., -16., 1., 2., 4., -8.}));
    CHECK(close(tn::diff(tn::tensor({true, true, false})), {false, true}));
    CHECK((tn::diff<0, 0>(numbers).eval().shape() == numbers.shape() && tn::diff<0, 5>(numbers).size() == 0));

    tn::tensor<double, 4> const at({0, 1, 3, 4});
    auto const [down, across] = tn::gradient(numbers);
    CHECK(close(down, {0., -2., -5., -8., 0., -2., -5., -8.}));
    CHECK(close(across, {3., 4., 6., 7., 1., 1.5, 3., 4.}));
    CHECK(close(tn::gradient<1>(numbers, {.spacing = 2, .edge_order = 2}), {1., 2., 3., 4., .25, .75, 1.5, 2.5}));
    CHECK(close(tn::gradient<-1>(numbers, {.edge_order = 2}, at), {19 / 6., 17 / 6., 5.5, 8.5, 1., 1., 3., 5.}));
    CHECK(close(tn::gradient<1>(numbers, at), {3., 17 / 6., 5.5, 7., 1., 1., 3., 4.}));
    CHECK(close(std::get<1>(tn::gradient<0, 1>(numbers, 2., .5)), {6., 8., 12., 14., 2., 3., 6., 8.}));
    CHECK(close(tn::gradient(tn::tensor({1, 2, 4})), {1.f, 1.5f, 2.f}));
    CHECK_THROWS_AS(tn::gradient<0>(numbers, {.edge_order = 2}), tn::shape_error);
    // At the ends too only differences count: infinity is no NaN, and what elements have in common loses nothing.
    CHECK(close(tn::gradient<0>(tn::tensor({0., infinity, 0.})), {infinity, 0., -infinity}));
    tn::tensor<float, 3> const far({1000.f + 1 / 1024.f, 1000.f + 2 / 1024.f, 1000.f + 4 / 1024.f});
    CHECK(close(tn::gradient<0>(far, {.spacing = .1}), {.009765625, .0146484375, .01953125}));
    CHECK_THROWS_AS(tn::gradient<1>(numbers, tn::tensor({0., 1., 3.})), tn::shape_error);
    CHECK_THROWS_AS(tn::trapezoid(numbers, tn::tensor({0., 1.})), tn::shape_error);

    CHECK(close(tn::trapezoid(numbers), {21.5, 10.5}));
    CHECK(close(tn::trapezoid<0>(numbers, {.dx = 2}), {2., 6., 13., 24.}));
    CHECK(close(tn::trapezoid<1>(numbers, at), {28., 13.5}));
    CHECK(close(tn::trapezoid<0>(numbers, tn::tensor({0., 3.})), {3., 9., 19.5, 36.}));
    CHECK(close(tn::cumulative_trapezoid(numbers, numbers), {7.5, 40., 127.5, 1.5, 7.5, 31.5}));
    CHECK(close(tn::cumulative_trapezoid<0>(tn::tensor({1, 2, 3}), {.dx = 2}), {3.f, 8.f}));
    CHECK(tn::trapezoid(tn::zeros<float, 3, 0>()).eval().shape() == tn::shape<3>());
    tn::variable w(numbers);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::diff<1, 2>(w))) +
                        tn::sum(tn::square(tn::gradient<1>(w, {.edge_order = 2}, at))) +
                        tn::sum(tn::square(tn::gradient<0>(w))) + tn::sum(tn::trapezoid(w, w))));
}

TEST_CASE("cov and corrcoef") {
    tn::tensor const frequencies({1, 2, 1, 3});
    tn::tensor const weights({.5, .2, 1., 1.});
    CHECK(close(tn::cov(numbers), {43., 121 / 6., 121 / 6., 115 / 12.}));
    CHECK(close(tn::cov(numbers, frequencies), {43.2857143, 20.9761905, 20.9761905, 10.2380952}));
    CHECK(close(tn::cov(numbers, weights, {.correction = 0}), {31.3031550, 14.9794239, 14.9794239, 7.2839506}));
    CHECK(close(tn::cov(numbers, frequencies, weights), {35.625, 17.5050813, 17.5050813, 8.6890244}));
    CHECK(close(tn::corrcoef(numbers), {1., .9934399, .9934399, 1.}));
    CHECK((tn::cov(tn::tensor({1.f, 2.f})).item() == .5f && tn::corrcoef(tn::tensor({1, 2})).item() == 1.f));
    // One row is one variable, whose covariance has no axes, and a weight isn't stretched.
    tn::tensor const row({{1., 2., 4.}});
    CHECK((tn::cov(row).item() == Approx(7 / 3.) && tn::corrcoef(row).item() == 1.));
    CHECK(tn::cov(row, tn::tensor({1, 2, 1})).item() == Approx(19 / 12.));
    CHECK_THROWS_AS(tn::cov(numbers, tn::tensor({2.})), tn::shape_error);
    tn::tensor const c =
        tn::cov(tn::complex(tn::tensor({{1., 2., 0.}, {1., 0., 3.}}), tn::tensor({{1., -1., .5}, {0., 2., -2.}})));
    CHECK(
        (close(tn::real(c), {2.0833333, -3., -3., 6.3333333}) && close(tn::imag(c), {0., -1.0833333, 1.0833333, 0.})));
    tn::variable w(numbers);
    CHECK(tn::gradcheck(tn::sum(tn::cov(w, frequencies)) + tn::sum(tn::square(tn::corrcoef(w))) + tn::sum(tn::cov(w))));
}

TEST_CASE("cdist, pdist and renorm") {
    tn::tensor<double, 2, 4> const doubled = numbers * 2.;
    CHECK(close(tn::cdist(numbers, doubled), {18.8148877, 1.4142136, 28.4429253, 9.2195445}));
    CHECK(close(tn::cdist(numbers, numbers + 1., 3), {1.5874011, 7.4229142, 9.9091778, 1.5874011}));
    CHECK(close(tn::cdist(numbers, doubled, 1), {30., 2., 45., 15.}));
    CHECK(close(tn::cdist(numbers, doubled, 0), {4., 2., 4., 4.}));
    CHECK(close(tn::cdist(numbers, doubled, infinity), {16., 1., 24., 8.}));
    CHECK(close(tn::cdist(tn::unsqueeze<0>(numbers), tn::zeros<double, 2, 1, 4>()),
                {18.8148877, 9.2195445, 18.8148877, 9.2195445}));
    CHECK(tn::cdist(tn::zeros<float, 0, 4>(), tn::zeros<float, 3, 4>()).eval().shape() == tn::shape<0, 3>());
    CHECK(tn::cdist(tn::zeros<float, 2, 0>(), tn::zeros<float, 1, 0>(), .5).eval()(1, 0) == 0.f);
    CHECK(close(tn::pdist(tn::concat<0>(numbers, doubled), infinity), {8., 16., 1., 24., 8., 16.}));
    CHECK(tn::pdist(tn::zeros<float, 1, 4>()).eval().size() == 0);
    CHECK(close(tn::renorm<0>(numbers, 2, 10), {.5314940, 2.1259760, 4.7834460, 8.5039039, 1., 2., 4., 8.}));
    CHECK(close(tn::renorm<1>(numbers, 1, 3), {1., 2., 2.0769231, 2., 1., 1., .9230769, 1.}));
    CHECK_THROWS_AS(tn::cdist(numbers, numbers, -1), std::invalid_argument);
    CHECK_THROWS_AS(tn::cdist(tn::tensor<float, 2, dyn>(3), tn::tensor<float, 2, dyn>(4)), tn::shape_error);
    tn::variable w(numbers);
    for (double const p : {0., .5, 1., 1.5, 2., 3., infinity})
        CHECK(tn::gradcheck(
            tn::sum(
                tn::square(tn::cdist(w, tn::tensor({{.5, 1., 3., 2.}, {7., 1.5, -1., 2.5}, {0., 0., 3., 4.}}), p))) +
            tn::sum(tn::pdist(w * tn::tensor({{1.}, {3.}}), p)) + tn::sum(tn::square(tn::renorm<0>(w, p, 3)))));
    // Where a distance is 0 its slope counts as 0.
    tn::backward(tn::sum(tn::cdist(w, tn::select<0>(numbers, 1).unsqueeze<0>())));
    CHECK(tn::select<0>(w.grad(), 1).eval()(0) == 0.);
}
