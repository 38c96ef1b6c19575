// Quantiles and reductions that leave NaN out, with PyTorch's and NumPy's values.
#include <cmath>
#include <cstdint>
#include <limits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../holds.hpp"

namespace tn = tenon;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

template <class E>
bool close(E const& e, std::initializer_list<double> expected) {
    return holds(e, expected, 1e-6);
}

tn::tensor<double, 2, 5> const with_nan({{3, 1, 2, not_a_number, 1}, {0, 0, 5, -1, 2}});
tn::tensor<double, 2, 4> const numbers({{1, 4, 9, 16}, {1, 2, 4, 8}});

}  // namespace

TEST_CASE("quantile and nanquantile") {
    using enum tn::quantile_interpolation;
    CHECK(close(tn::quantile<1>(with_nan, .5), {not_a_number, 0.}));
    CHECK(close(tn::nanquantile<1>(with_nan, .4), {1.2, 0.}));
    CHECK(close(tn::nanquantile<1>(with_nan, tn::tensor({.2f, .5f, 1.f}), tn::keepdim), {1., -.2, 1.5, 0., 3., 5.}));
    CHECK(close(tn::quantile<0>(numbers, tn::tensor({0., .25})), {1., 2., 4., 8., 1., 2.5, 5.25, 10.}));
    auto const of = [](tn::quantile_interpolation how) {
        return tn::quantile(numbers, .4, {.interpolation = how}).item();
    };
    CHECK(of(linear) == Approx(3.6));
    CHECK((of(lower) == 2. && of(higher) == 4. && of(midpoint) == 3. && of(nearest) == 4.));
    CHECK(tn::quantile(tn::tensor({-infinity, 1., infinity}), 0).item() == -infinity);
    CHECK(std::isnan(tn::nanquantile(tn::tensor({not_a_number}), .5).item()));
    CHECK((tn::quantile<0>(tn::tensor<float>(3.f), .5).item() == 3.f &&
           tn::quantile(numbers, .5, tn::keepdim).rank() == 2));
    CHECK_THROWS_AS(tn::quantile(numbers, 1.5), std::invalid_argument);
    CHECK_THROWS_AS(tn::quantile(tn::zeros<float, 0>(), .5), tn::shape_error);
    CHECK_THROWS_AS(tn::quantile<0>(tn::broadcast_to<(1 << 24) + 1>(tn::tensor({1.f})), .5), tn::shape_error);
    tn::variable w(numbers);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::quantile<1>(w, tn::tensor({.3, .9})))) + tn::nanquantile(w, .9)));
    tn::variable u(with_nan);
    tn::backward(tn::sum(tn::nanquantile<1>(u, .5)));
    CHECK(close(u.grad(), {0, 0, .5, 0, .5, 0, 1, 0, 0, 0}));
    tn::variable q(tn::tensor({.3, .9, .5}));
    tn::backward(tn::sum(tn::quantile(tn::select<0>(numbers, 0), q) * tn::tensor({1., 2., 3.})));
    CHECK(close(q.grad(), {9., 42., 45.}));
}

TEST_CASE("reductions of what isn't NaN") {
    CHECK(close(tn::nansum<1>(with_nan), {7., 6.}));
    CHECK(tn::nansum(tn::tensor({1, 2})).item() == 3);
    CHECK(close(tn::nanprod<1>(with_nan), {6., 0.}));
    CHECK(close(tn::nanmean<0>(with_nan), {1.5, .5, 3.5, -1., 1.5}));
    CHECK(std::isnan(tn::nanmean(tn::tensor({not_a_number, not_a_number})).item()));
    CHECK((tn::nanmax(with_nan).item() == 5. && std::isnan(tn::nanmin(tn::tensor({not_a_number})).item())));
    CHECK(tn::nanmax<0>(tn::tensor({3, 5})).item() == 5);
    CHECK(close(tn::nanmin<1>(with_nan, tn::keepdim), {1., -1.}));
    CHECK(close(tn::nanvar<1>(with_nan), {.6875, 4.56}));
    CHECK(close(tn::nanstd<1>(with_nan, {.correction = 1}), {.9574271, 2.3874673}));
    CHECK(tn::nanstd<1>(with_nan, {.correction = 1}, tn::keepdim).eval().shape() == tn::shape<2, 1>());
    auto const [min, max] = tn::aminmax<1>(numbers);
    CHECK((close(min, {1., 1.}) && close(max, {16., 8.})));
    auto const [deviation, mean] = tn::std_mean<1>(numbers, {.correction = 0});
    CHECK((close(deviation, {5.6789083, 2.6809513}) && close(mean, {7.5, 3.75})));
    auto const [variance, middle] = tn::var_mean(numbers);
    CHECK((close(variance, {26.5535714}) && middle.item() == 5.625));
    tn::variable w(with_nan);
    tn::backward(tn::sum(tn::nanmean<1>(w)) + tn::sum(tn::nanmax<1>(w)) + tn::nansum(w));
    CHECK(close(w.grad(), {2.25, 1.25, 1.25, 0, 1.25, 1.2, 1.2, 2.2, 1.2, 1.2}));
    CHECK(std::isnan(tn::nanvar(tn::tensor({1., infinity})).item()));
    tn::variable v(numbers);
    CHECK(tn::gradcheck(tn::sum(tn::nanvar<1>(v)) + tn::nanstd(v)));
    tn::variable u(with_nan);
    tn::backward(tn::sum(tn::nanvar<1>(u)));
    CHECK(close(u.grad(), {.625, -.375, .125, 0, -.375, -.48, -.48, 1.52, -.88, .32}));
}
