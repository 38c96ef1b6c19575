// Sorts and elements of a rank, against std::sort and PyTorch's values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../holds.hpp"

namespace tn = tenon;

namespace {

using tn::dyn;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN(),
                 infinity = std::numeric_limits<double>::infinity();

template <class T>
bool before(T a, T b) {
    if constexpr (std::is_integral_v<T>) return a < b;
    else return float(a) < float(b) || (std::isnan(float(b)) && !std::isnan(float(a)));
}
template <class T>
bool same(T a, T b) {
    return a == b || (a != a && b != b);
}
/// Elements among which many are equal, with all that is special in their type.
template <class T>
tn::tensor<T, dyn, dyn> elements(std::size_t rows, std::size_t n, std::mt19937& random) {
    tn::tensor<T, dyn, dyn> x(rows, n);
    for (auto& v : x.flat()) {
        auto const k = static_cast<int>(random() % 64);
        if constexpr (std::is_integral_v<T>) {
            v = static_cast<T>(k < 4 ? static_cast<T>(random()) : static_cast<T>(k));
            if (k == 4) v = std::numeric_limits<T>::max();
            if (k == 5) v = std::numeric_limits<T>::lowest();
        } else {
            v = T(static_cast<float>(k - 32) / 8);
            if (k < 4) v = T(static_cast<float>(random()) / 1e9f - 2.f);
            if (k == 4) v = T(static_cast<float>(not_a_number));
            if (k == 5) v = T(static_cast<float>(infinity));
            if (k == 6) v = T(-static_cast<float>(infinity));
            if (k == 7) v = T(-0.f);
        }
    }
    return x;
}
/// Whether rows are in their order, equal elements as they were, and values are those at the positions.
template <class T>
bool sorts(std::size_t n, bool descending) {
    std::mt19937 random(static_cast<unsigned>(n));
    auto const x = elements<T>(2, n, random);
    auto const [values, indices] = tn::sort<1>(x, {.descending = descending});
    tn::tensor const v = values;
    tn::tensor const at = indices;
    for (std::size_t r = 0; r != 2; ++r) {
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            T const p = descending ? x(r, b) : x(r, a), q = descending ? x(r, a) : x(r, b);
            return before(p, q) || (!before(q, p) && a < b);
        });
        for (std::size_t i = 0; i != n; ++i) {
            if (at(r, i) != static_cast<std::int64_t>(order[i])) return false;
            if (!same(v(r, i), x(r, order[i]))) return false;
            if constexpr (std::is_floating_point_v<T>)
                if (std::signbit(v(r, i)) != std::signbit(x(r, order[i])) && !std::isnan(v(r, i))) return false;
        }
    }
    return true;
}
template <class T>
bool sorts_all() {
    for (std::size_t const n : {0U, 1U, 2U, 3U, 47U, 48U, 100U, 300U, 5000U})
        if (!sorts<T>(n, false) || !sorts<T>(n, true)) return false;
    return true;
}
tn::tensor<float, 2, 5> const numbers({{3, 1, 2, static_cast<float>(not_a_number), 1}, {0, 0, 5, -1, 2}});

}  // namespace

TEMPLATE_TEST_CASE("sort is stable, with NaN last", "", float, double, std::int8_t, std::int64_t, tn::bfloat16) {
    CHECK(sorts_all<TestType>());
}

TEST_CASE("sort along any axis, and what is made of it") {
    tn::tensor<int, 3, 2, 2> const x(tn::tensor<int, 3, 2, 2>({{{3, 0}, {1, 5}}, {{2, 0}, {1, 4}}, {{9, 1}, {0, 6}}}));
    auto const [values, indices] = tn::sort<0>(x);
    CHECK(holds(values, {2, 0, 0, 4, 3, 0, 1, 5, 9, 1, 1, 6}));
    static_assert(std::is_same_v<tn::value_t<decltype(indices)>, std::int64_t>);
    CHECK(holds(indices, {1, 0, 2, 1, 0, 1, 0, 0, 2, 2, 1, 2}));
    CHECK(tn::array_equal(tn::msort(x), values));
    CHECK(holds(tn::argsort<-1>(x * 2, {.descending = true}), {0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0}));
    CHECK(holds(tn::sort(tn::tensor({true, false, true})).values, {false, true, true}));
    // Both are found in one evaluation.
    auto const [v, at] = tn::compute(values, indices);
    CHECK(tn::array_equal(v, values));
    CHECK(tn::array_equal(tn::gather<0>(x, at), values));
    // In place.
    tn::tensor y({3.f, 1.f, 2.f});
    y = tn::sort(y, {.descending = true}).values;
    CHECK(holds(y, {3.f, 2.f, 1.f}));

    tn::variable<double, 2, 4> w(tn::tensor<double, 2, 4>({{3, 1, 2, 1}, {0, -5, 7, 0}}));
    tn::backward(tn::sum(tn::sort<1>(w * 2.).values * tn::tensor({1., 10., 100., 1000.})));
    CHECK(holds(w.grad(), {2000, 2, 200, 20, 20, 2, 2000, 200}));
    CHECK(tn::gradcheck(tn::sum(tn::square(tn::sort<0>(w, {.descending = true}).values) * tn::arange<double, 4>())));
    auto const squares = [](auto const& a) {
        return tn::sum(tn::square(tn::sort<1>(a).values) * tn::arange<double, 4>());
    };
    CHECK(holds(tn::hvp(squares, w.value(), tn::ones<double, 2, 4>()), {6, 0, 4, 2, 2, 0, 6, 4}));
}

#if TENON_SORTS_BY_REGISTERS
TEST_CASE("quick_sort gives up where each pivot is the least number left") {
    // The pivot is the median of three threes' medians: where two numbers in each of two threes are the least, so is it.
    std::size_t const n = 4000;
    std::vector<std::uint32_t> all(n + tn::detail::sort_padding), room(all.size()), left(n);
    std::iota(left.begin(), left.end(), 0U);
    std::uint32_t least = 0;
    for (; left.size() > 128; ++least)
        for (std::size_t const step = left.size() / 9; std::size_t const k : {4U, 3U, 1U, 0U}) {
            all[left[k * step]] = least;
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(k * step));
        }
    for (auto const i : left) all[i] = least++;
    auto expected = all;
    std::sort(expected.begin(), expected.begin() + n);
    std::size_t rest = 0;
    tn::detail::quick_sort(all.data(), room.data(), n, 16, [&](std::uint32_t* e, std::size_t count) {
        rest = count;
        std::sort(e, e + count);
    });
    CHECK(rest == n - 64);
    CHECK(std::equal(expected.begin(), expected.begin() + n, all.begin()));
}
#endif

TEST_CASE("a tensor without axes is sorted, reduced and scanned along axis 0 or -1") {
    tn::tensor<float> const x(3.f);
    CHECK(tn::sort<0>(x).values.item() == 3.f);
    CHECK(tn::sort<-1>(x).indices.item() == 0);
    CHECK((tn::topk<0, 1>(x).values.item() == 3.f && tn::kthvalue<-1>(x, 1).indices.item() == 0));
    CHECK(
        (tn::median<0>(x).values.item() == 3.f && tn::median(x).item() == 3.f && tn::mode<0>(x).values.item() == 3.f));
    CHECK((tn::sum<0>(x).item() == 3.f && tn::prod<-1>(x).item() == 3.f && tn::mean<0>(x, tn::keepdim).item() == 3.f));
    CHECK((tn::max<0>(x).item() == 3.f && tn::min<-1>(x).item() == 3.f && tn::argmax<0>(x).item() == 0));
    CHECK((tn::any<0>(x).item() && tn::all<0>(x).item() && tn::softmax<0>(x).item() == 1.f));
    CHECK((tn::log_softmax<-1>(x).item() == 0.f && tn::logsumexp<0>(x).item() == 3.f && tn::norm<0>(-x).item() == 3.f));
    CHECK((tn::cumsum<0>(x).item() == 3.f && tn::cumprod<-1>(x).item() == 3.f && tn::cummax<0>(x).indices.item() == 0));
    CHECK((std::isnan(tn::var<0>(x).item()) && tn::std<0>(x, {.correction = 0}).item() == 0.f));
    CHECK((tn::count_nonzero<0>(x).item() == 1 && tn::nanmean<0>(x).item() == 3.f &&
           tn::aminmax<0>(x).max.item() == 3.f));
    CHECK(tn::logsumexp(tn::tensor({0, 0})).item() == Approx(std::log(2.)));
    tn::variable<double> w(2.);
    tn::backward(tn::sum<0>(w) * tn::sort<0>(w).values);
    CHECK(w.grad().item() == 4.);
}

TEST_CASE("topk is the beginning of a sort") {
    std::mt19937 random(7);
    for (std::size_t const n : {5U, 40U, 300U, 3000U}) {
        auto const x = elements<float>(3, n, random);
        tn::tensor const sorted = tn::sort<1>(x, {.descending = true}).values;
        tn::tensor const order = tn::argsort<1>(x, {.descending = true}), rising = tn::argsort<1>(x);
        auto const [top, at] = tn::topk<1, 5>(x);
        tn::tensor const values = top;
        tn::tensor const positions = at, least = tn::topk<1, 5>(x, {.largest = false}).indices,
                         unsorted = tn::sort<1>(tn::topk<1, 5>(x, {.sorted = false}).indices).values,
                         chosen = tn::sort<1>(at).values;
        tn::tensor const down = tn::topk<0, 5>(tn::transpose(x)).indices;
        for (std::size_t r = 0; r != 3; ++r)
            for (std::size_t i = 0; i != 5; ++i) {
                CHECK(same(values(r, i), sorted(r, i)));
                CHECK(positions(r, i) == order(r, i));
                CHECK(least(r, i) == rising(r, i));
                CHECK(unsorted(r, i) == chosen(r, i));
                CHECK(down(i, r) == order(r, i));
            }
        for (std::size_t const k : {std::size_t{1}, n / 2, n}) {
            auto const [value, position] = tn::kthvalue<1>(x, k);
            tn::tensor const v = value;
            tn::tensor const p = position;
            for (std::size_t r = 0; r != 3; ++r) {
                CHECK(p(r) == rising(r, k - 1));
                CHECK(same(v(r), x(r, static_cast<std::size_t>(p(r)))));
            }
        }
    }
    auto const [top, at] = tn::topk<-1, 2>(numbers);
    CHECK(holds(top, {not_a_number, 3., 5., 2.}));
    CHECK(holds(at, {3, 0, 2, 4}));
    CHECK(tn::topk<1, 0>(numbers).values.eval().size() == 0);
    tn::tensor<float, dyn> const few(2);
    CHECK_THROWS_WITH((tn::topk<0, 3>(few)), "topk: k = 3 where axis 0 has the extent 2");
    CHECK_THROWS_WITH(tn::kthvalue(few, 0), "kthvalue: k = 0 where axis 0 has the extent 2");
    CHECK_THROWS_AS(tn::kthvalue(few, 3), tn::index_error);

    tn::variable<double, 2, 4> w(tn::tensor<double, 2, 4>({{3, 1, 2, 4}, {0, -5, 7, 1}}));
    tn::backward(tn::sum(tn::topk<1, 2>(w).values * tn::tensor({10., 1.})) + tn::sum(tn::kthvalue<0>(w, 2).values) +
                 tn::median(w) + tn::sum(tn::mode<1>(w).values));
    // The median of all is 1, which is there twice.
    CHECK(holds(w.grad(), {2, 2.5, 0, 11, 0, 1, 11, 1.5}));
}

TEST_CASE("median, nanmedian and mode") {
    auto const [middle, at] = tn::median<1>(numbers);
    CHECK(holds(middle, {not_a_number, 0.}));
    CHECK(holds(at, {3, 1}));
    CHECK(holds(tn::nanmedian<1>(numbers).values, {1.f, 0.f}));
    CHECK(holds(tn::nanmedian<1>(numbers, tn::keepdim).indices, {4, 1}));
    CHECK((tn::nanmedian(numbers).item() == 1.f && std::isnan(tn::median(numbers).item())));
    CHECK(std::isnan(tn::nanmedian(tn::tensor({not_a_number, not_a_number})).item()));
    auto const [most, last] = tn::mode<1>(numbers);
    CHECK(holds(most, {1.f, 0.f}));
    CHECK(holds(last, {4, 1}));
    auto const two_of_each = tn::mode(tn::tensor({2, 2, 1, 1, 3}));
    CHECK((two_of_each.values.item() == 1 && two_of_each.indices.item() == 3));
    CHECK(tn::mode(tn::tensor({not_a_number, not_a_number, 5.})).values.item() == 5.);
    CHECK_THROWS_AS(tn::median(tn::zeros<float, 0>()), tn::shape_error);
    // Without an axis equal elements share the gradient, and so do those that are NaN.
    tn::variable<double, 5> w(tn::tensor({2., not_a_number, 2., 5., not_a_number}));
    tn::backward(tn::median(w) * 3. + tn::nanmedian(w) * 5.);
    CHECK(holds(w.grad(), {2.5, 1.5, 2.5, 0, 1.5}));
    CHECK(tn::median(tn::tensor({{3, 1}, {2, 4}})).item() == 2);
    CHECK_THROWS_AS((tn::mode<1>(tn::zeros<float, 2, 0>())), tn::shape_error);
}
