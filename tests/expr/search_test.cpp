// Searching, choosing and counting elements, with PyTorch's values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../holds.hpp"

namespace tn = tenon;

namespace {

using tn::dyn;
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

tn::tensor<float, 2, 5> const numbers({{3, 1, 2, not_a_number, 1}, {0, 0, 5, -1, 2}});

}  // namespace

TEST_CASE("searchsorted is std::lower_bound and std::upper_bound") {
    std::mt19937 random(3);
    for (std::size_t const n : {0U, 1U, 2U, 7U, 100U}) {
        tn::tensor<float, dyn> sorted(n), values(203);
        for (auto& v : sorted.flat()) v = static_cast<float>(random() % 50);
        for (auto& v : values.flat()) v = static_cast<float>(random() % 52) - 1;
        std::sort(sorted.begin(), sorted.end());
        tn::tensor const left = tn::searchsorted(sorted, values);
        tn::tensor const right = tn::searchsorted(sorted, values, {.side = tn::search_side::right});
        for (std::size_t i = 0; i != values.size(); ++i) {
            CHECK(left[i] == std::lower_bound(sorted.begin(), sorted.end(), values[i]) - sorted.begin());
            CHECK(right[i] == std::upper_bound(sorted.begin(), sorted.end(), values[i]) - sorted.begin());
        }
        CHECK(tn::array_equal(tn::bucketize(values, sorted, {.right = true}), right));
    }
    tn::tensor<float, 4> const edges({1, 2, 2, 5});
    CHECK(holds(tn::searchsorted(edges, numbers), {3, 0, 1, 4, 0, 0, 0, 3, 0, 1}));
    CHECK((tn::searchsorted(edges, 2).item() == 1 && tn::bucketize(3, edges, {.right = true}).item() == 3));
    // A sorted row for each row of values, integers among floats, and a vector that isn't sorted.
    tn::tensor<int, 2, 3> const rows({{1, 3, 5}, {2, 4, 6}});
    CHECK(holds(tn::searchsorted(rows, tn::tensor<float, 2, 2>({{3.5f, 0}, {4, 9}})), {2, 0, 1, 3}));
    CHECK(holds(tn::searchsorted(tn::tensor({5, 1, 3}), tn::tensor({4, 1}), tn::tensor({1, 2, 0}), {.right = true}),
                {2, 1}));
    CHECK_THROWS_AS(tn::searchsorted(tn::tensor<float, dyn, dyn>(2, 3), tn::tensor<float, dyn, dyn>(3, 2)),
                    tn::shape_error);
}

TEST_CASE("isin") {
    CHECK(holds(tn::isin(numbers, tn::tensor({2.f, 0.f, not_a_number, 2.f})),
                {false, false, true, false, false, true, true, false, false, true}));
    CHECK(holds(tn::isin(tn::tensor({1, 2, 3}), 2, {.invert = true}), {true, false, true}));
    CHECK(tn::isin(3, tn::tensor({1, 2, 3})).item());
    CHECK(!tn::isin(3, tn::tensor<int, 0>()).item());
    auto const many = tn::arange<std::int64_t>(0, 1000, 3);
    tn::tensor const found = tn::isin(tn::arange<std::int64_t>(0, 1000), many);
    CHECK(tn::sum(found).item() == static_cast<std::int64_t>(many.size()));
}

TEST_CASE("nonzero and what a mask or positions choose") {
    CHECK(holds(tn::nonzero(numbers), {0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 1, 2, 1, 3, 1, 4}));
    CHECK(holds(tn::argwhere(numbers > 2.f), {0, 0, 1, 2}));
    CHECK(holds(tn::flatnonzero(numbers > 2.f), {0, 7}));
    CHECK(holds(tn::nonzero_static<3>(numbers > 2.f), {0, 0, 1, 2, -1, -1}));
    CHECK(holds(tn::nonzero_static<1>(numbers), {0, 0}));
    CHECK(tn::nonzero(tn::tensor<float>(2.f)).shape() == tn::shape<1, 0>());
    CHECK(tn::nonzero(tn::zeros<bool, 0, 3>()).shape() == tn::shape<0, 2>());
    CHECK(holds(tn::count_nonzero<0>(numbers), {1, 1, 2, 2, 2}));
    CHECK((tn::count_nonzero(numbers).item() == 8 && tn::count_nonzero<0, 1>(numbers).item() == 8));

    CHECK(holds(tn::masked_select(numbers, numbers != 0.f), {3, 1, 2, not_a_number, 1, 5, -1, 2}));
    tn::tensor<float, 3> const x({1, 2, 3});
    CHECK(holds(tn::masked_select(x, tn::tensor<bool, 2, 1>({{false}, {true}})), {1, 2, 3}));
    CHECK(holds(tn::masked_select(tn::unsqueeze<1>(x), tn::tensor({true, false})), {1, 2, 3}));
    CHECK(holds(tn::masked_select(tn::tensor<float>(4.f), tn::tensor({true, true})), {4, 4}));
    CHECK(tn::masked_select(x, tn::tensor<bool>(false)).eval().size() == 0);
    CHECK_THROWS_AS(tn::masked_select(tn::tensor<float, dyn>(2), tn::tensor<bool, dyn>(3)), tn::shape_error);

    tn::tensor<std::int64_t, 2, 2> const at({{0, -1}, {2, 2}});
    CHECK(holds(tn::take(numbers, at), {3.f, 2.f, 2.f, 2.f}));
    CHECK((tn::take(x, tn::tensor<int>(-2)).item() == 2.f &&
           tn::take(x, tn::tensor<std::uint8_t>(std::uint8_t{2})).item() == 3.f));
    CHECK(holds(tn::take_along_dim<1>(numbers, at), {3.f, 1.f, 5.f, 5.f}));
    CHECK(holds(tn::take_along_dim<1>(numbers, tn::tensor<int, 1, 2>({{0, -1}})), {3.f, 1.f, 0.f, 2.f}));
    CHECK(holds(tn::take_along_dim<0>(tn::unsqueeze<1>(x), at), {1.f, 3.f, 3.f, 3.f}));
    CHECK(holds(tn::take_along_dim(numbers, at), {3, 2, 2, 2}));
    CHECK_THROWS_AS(tn::take(x, tn::tensor({3})).eval(), tn::index_error);
    tn::tensor<float, dyn, dyn> const rows(2, 5);
    CHECK_THROWS_AS(tn::take_along_dim<1>(rows, tn::tensor<int, dyn, dyn>(1, 2)), tn::shape_error);
    CHECK(tn::take_along_dim<1>(rows, tn::tensor<int, dyn, dyn>(2, 3)).eval().size() == 6);

    tn::variable<double, 2, 3> w(tn::linspace<double, 6>(-1, 4).reshape<2, 3>());
    auto const mask = tn::tensor(w.value() > 0.);
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::masked_select(w, mask))) + tn::sum(tn::exp(tn::take(w, at))) +
                        tn::sum(tn::square(tn::take_along_dim<1>(w, at)))));
    CHECK(tn::gradcheck(tn::sum(
        tn::square(tn::masked_select(w, tn::tensor<bool, 2, 1, 3>({{{true, false, true}}, {{true, true, false}}}))))));
}

TEST_CASE("unique and unique_consecutive") {
    auto const [values, inverse, counts] = tn::unique(tn::tensor<float, 6>({3, 1, -0.f, not_a_number, 1, 0}));
    CHECK(holds(values, {0, 1, 3, not_a_number}));
    CHECK(holds(inverse, {2, 1, 0, 3, 1, 0}));
    CHECK(holds(counts, {2, 2, 1, 1}));
    CHECK(tn::unique(tn::tensor({not_a_number, not_a_number})).values.size() == 2);
    CHECK(tn::unique(tn::zeros<int, 0, 3>()).counts.size() == 0);
    tn::tensor<int, 3, 2> const pairs({{2, 1}, {0, 1}, {2, 1}});
    CHECK(holds(tn::unique(pairs).inverse, {2, 1, 0, 1, 2, 1}));
    {
        auto const [rows, place, number] = tn::unique<0>(pairs);
        CHECK(holds(rows, {0, 1, 2, 1}));
        CHECK(holds(place, {1, 0, 1}));
        CHECK(holds(number, {1, 2}));
    }
    CHECK(holds(tn::unique<-1>(pairs).values, {1, 2, 1, 0, 1, 2}));
    CHECK(tn::unique<0>(tn::tensor<int, dyn, 2>(0)).values.shape() == tn::shape<0, 2>());
    {
        auto const [runs, place, number] = tn::unique_consecutive(tn::tensor({1, 1, 2, 2, 1}));
        CHECK(holds(runs, {1, 2, 1}));
        CHECK(holds(place, {0, 0, 1, 1, 2}));
        CHECK(holds(number, {2, 2, 1}));
    }
    CHECK(holds(tn::unique_consecutive<0>(pairs).values, {2, 1, 0, 1, 2, 1}));
    CHECK(holds(tn::unique_consecutive<1>(tn::tensor({{1, 1, 2}, {0, 0, 0}})).counts, {2, 1}));
    std::mt19937 random(1);
    tn::tensor<std::int64_t, dyn> many(3000);
    for (auto& v : many.flat()) v = static_cast<std::int64_t>(random() % 500) - 250;
    auto const each = tn::unique(many);
    CHECK(tn::array_equal(tn::index_select<0>(each.values, each.inverse), many));
    CHECK(std::is_sorted(each.values.begin(), each.values.end(), std::less_equal<>()));
    CHECK(tn::sum(each.counts).item() == 3000);
}

TEST_CASE("bincount, histc, histogram and histogramdd") {
    tn::tensor<int, 3, 2> const pairs({{2, 1}, {0, 1}, {2, 1}});
    CHECK(holds(tn::bincount(pairs), {1, 3, 2}));
    CHECK(holds(tn::bincount(pairs, {.minlength = 5}), {1, 3, 2, 0, 0}));
    CHECK(holds(tn::bincount(pairs, pairs), {0, 3, 4}));
    CHECK(holds(tn::bincount(tn::tensor({1, 3}), tn::tensor({.5f, .25f}), 5), {0, .5, 0, .25, 0}));
    CHECK(tn::bincount(tn::zeros<int, 0>()).size() == 0);
    CHECK_THROWS_AS(tn::bincount(tn::tensor({1, -1})), tn::index_error);
    CHECK_THROWS_AS(tn::bincount(tn::tensor({~std::uint64_t{0}})), tn::shape_error);
    CHECK_THROWS_AS(tn::bincount(tn::tensor<int, dyn>(2), tn::tensor<float, dyn>(3)), tn::shape_error);

    tn::tensor<float, 4> const x({.1f, .5f, .5f, 2.f});
    CHECK(holds(tn::histc<4>(x), {3.f, 0.f, 0.f, 1.f}));
    CHECK(holds(tn::histc(x, 3, 0, 1), {1.f, 2.f, 0.f}));
    CHECK(holds(tn::histc<2>(tn::tensor({1.f, 1.f})), {0.f, 2.f}));
    CHECK(holds(tn::histc<2>(tn::tensor({not_a_number, 1.f, 2.f}), 1, 2), {1.f, 1.f}));
    CHECK(tn::histc(tn::zeros<float, 0>()).size() == 100);
    CHECK_THROWS_WITH(tn::histc<2>(tn::tensor({not_a_number, 1.f})), "histc: the range of the bins isn't finite");
    CHECK_THROWS_AS(tn::histc<2>(x, 3, 1), std::invalid_argument);
    // A negative number of bins.
    CHECK_THROWS_AS(tn::histc(x, static_cast<std::size_t>(-1), 0, 1), tn::shape_error);

    auto const [hist, bin_edges] = tn::histogram<3>(x);
    CHECK(holds(hist, {3.f, 0.f, 1.f}));
    CHECK(holds(bin_edges, {.1f, .7333333f, 1.3666667f, 2.f}, 1e-6));
    CHECK(holds(tn::histogram(x, 3, {.density = true}).hist, {1.1842105f, 0.f, .3947369f}, 1e-6));
    CHECK(holds(tn::histogram(x, tn::tensor({0.f, .5f, 3.f}), {.density = true}).hist, {.5f, .3f}, 1e-6));
    CHECK(holds(tn::histogram<3>(x, tn::tensor({1, 2, 3, 4}), {.range = {0, 1}}).hist, {1.f, 5.f, 0.f}));
    CHECK(holds(tn::histogram(tn::tensor({1.f, 1.f}), 2).bin_edges, {.5f, 1.f, 1.5f}, 1e-6));
    CHECK(holds(tn::histogram(tn::zeros<float, 0>(), 2).bin_edges, {0.f, .5f, 1.f}));
    CHECK(holds(tn::histogram(x, 2, {.range = {2, 2}}).bin_edges, {1.5f, 2.f, 2.5f}));
    // Floats beside which 0.5 is nothing: all edges are equal.
    CHECK(holds(tn::histogram(tn::tensor({1e9f, 1e9f}), 2).hist, {0.f, 2.f}));
    CHECK_THROWS_AS(tn::histogram(x, 0), std::invalid_argument);

    tn::tensor<float, 3, 2> const points({{0, 1}, {1, 2}, {1, 1}});
    CHECK(holds(tn::histogramdd<2, 2>(points).hist, {1.f, 0.f, 1.f, 1.f}));
    auto const boxes =
        tn::histogramdd<2, 2>(points, tn::tensor({1.f, 2.f, 3.f}), {.range = {{{0, 1}, {0, 2}}}, .density = true});
    CHECK(holds(boxes.hist, {0.f, 1 / 3.f, 0.f, 5 / 3.f}, 1e-6));
    CHECK(holds(boxes.bin_edges[1], {0.f, 1.f, 2.f}));
    // Each value is in the bin whose edges are around it.
    std::mt19937 random(2);
    tn::tensor<double, dyn> many(2000);
    for (auto& v : many.flat()) v = static_cast<double>(random()) / 4294967295.;
    auto const even = tn::histogram(many, 17, {.range = {0.1, 0.9}});
    CHECK(tn::array_equal(even.hist, tn::histogram(many, even.bin_edges).hist));
    CHECK(tn::array_equal(tn::sum(even.hist), tn::count_nonzero((many >= 0.1) && (many <= 0.9))));
}
