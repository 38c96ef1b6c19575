// Expressions as ranges.
#include <algorithm>
#include <functional>
#include <numeric>
#include <ranges>
#include <type_traits>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

using matrix = tn::tensor<float, tn::dyn, 3>;
using row = tn::tensor<float, 3>;
using sum = decltype(std::declval<matrix&>() + std::declval<row&>());
using columns = decltype(tn::transpose(std::declval<matrix&>()));
using computed_columns = decltype(tn::transpose(std::declval<sum>()));

static_assert(std::ranges::contiguous_range<matrix> && std::ranges::contiguous_range<matrix const>);
static_assert(std::ranges::contiguous_range<tn::variable<float, 3>>);
static_assert(std::ranges::contiguous_range<decltype(std::declval<matrix&>()[0])>);
static_assert(std::ranges::random_access_range<sum> && std::ranges::random_access_range<computed_columns>);
static_assert(std::ranges::common_range<sum> && std::ranges::sized_range<sum> && std::ranges::viewable_range<sum>);
static_assert(std::ranges::random_access_range<columns> && std::ranges::output_range<columns, float>);
static_assert(std::ranges::viewable_range<columns> && !std::ranges::output_range<sum, float>);
static_assert(std::is_same_v<std::ranges::range_reference_t<sum>, float>);
static_assert(std::is_same_v<std::ranges::range_reference_t<columns>, float&>);
static_assert(std::is_same_v<std::ranges::range_reference_t<decltype(tn::transpose(std::declval<matrix const&>()))>,
                             float const&>);
static_assert(std::ranges::borrowed_range<sum> && std::ranges::borrowed_range<columns> &&
              !std::ranges::borrowed_range<matrix>);

/// Whether iterating gives the elements of the tensor that the expression makes, in both directions and by number.
template <class A>
bool iterates(A const& e) {
    tn::tensor const t = e;
    auto const n = static_cast<std::ptrdiff_t>(t.size());
    auto const begin = e.begin(), end = e.end();
    bool good = std::ranges::equal(e, t.flat()) && end - begin == n && std::ranges::size(e) == t.size();
    good = good && std::ranges::equal(e | std::views::reverse, t.flat() | std::views::reverse);
    for (std::ptrdiff_t i = 0; i != n; ++i)
        good = good && begin[i] == t.data()[i] && *(end - (n - i)) == t.data()[i] && begin + i < end;
    return good && std::vector<tn::value_t<A>>(begin, end) == std::vector<tn::value_t<A>>(t.begin(), t.end());
}

}  // namespace

TEST_CASE("an expression is a range of its elements", "[elements]") {
    matrix m = tn::arange<float>(0, 12).reshape<-1, 3>();
    row const r({5, -1, 2});
    CHECK((iterates(m + r) && iterates(tn::transpose(m + r)) && iterates(tn::transpose(m)) && iterates(m[1])));
    CHECK((iterates(tn::matmul(tn::transpose(m), m)) && iterates(tn::softmax<1>(m)) && iterates(tn::sum<0>(m))));
    CHECK((iterates(tn::flip<0, 1>(m)) && iterates(m.reshape<6, 2>()) && iterates(tn::sum(m)) && iterates(m > 3.f)));
    CHECK((iterates(matrix() * r) && iterates(tn::transpose(matrix())) &&
           iterates(tn::transpose<0, 1>(tn::zeros<float, 2, 0, 3>()) * 2.f) && iterates(tn::tensor<int>(3) + 1)));
    CHECK(iterates(tn::broadcast_to<2, 3>(r)));
}

TEST_CASE("algorithms take expressions, also temporaries", "[elements]") {
    matrix m = tn::arange<float>(0, 12).reshape<-1, 3>();
    row r({5, -1, 2});
    auto const top = std::ranges::max_element(m + r);
    CHECK((*top == 14 && top - (m + r).begin() == 9));
    CHECK(*std::ranges::max_element(tn::tensor<float, 3>(r) * 2.f) == 10);  // the temporary's elements live on
    CHECK(std::ranges::count_if(m, [](float x) { return x > 4; }) == 7);
    CHECK(std::reduce((m * 2.f).begin(), (m * 2.f).end()) == 132);
    auto const shifted = m - 6.f;
    CHECK(std::ranges::lower_bound(shifted, 0.5f) - shifted.begin() == 7);
    auto positive = (m - 6.f) | std::views::filter([](float x) { return x > 0; }) |
                    std::views::transform([](float x) { return x * x; });
    CHECK(std::accumulate(positive.begin(), positive.end(), 0.f) == 55);
    CHECK(std::ranges::equal(m + r, tn::tensor(m + r)));
    float total = 0;
    for (float const x : tn::transpose(m) + 1.f) total += x;
    CHECK(total == 78);

    std::ranges::sort(r);
    CHECK((r(0) == -1 && r(2) == 5));
    std::ranges::sort(tn::select<1>(m, 1), std::greater{});  // a column, where it lies
    CHECK((m(0, 1) == 10 && m(3, 1) == 1 && m(0, 0) == 0));
    std::ranges::copy(r, tn::transpose(m).begin());
    CHECK((m(0, 0) == -1 && m(1, 0) == 2 && m(2, 0) == 5));
    std::ranges::fill(tn::slice<0, 0, 4, 2>(m), 7.f);
    CHECK((m(0, 2) == 7 && m(2, 0) == 7 && m(1, 0) == 2));
    std::ranges::reverse(m[3]);
    CHECK((m(3, 0) == 11 && m(3, 2) == 9));
}

TEST_CASE("iterating evaluates nothing but what is read", "[elements]") {
    tn::tensor<float, 50, 80> const big = tn::ones<float, 50, 80>();
    int computed = 0;
    auto const e = tn::transpose(tn::map([&computed](auto v) { return ++computed, v + 1.f; }, big)) * 2.f;
    auto const begin = e.begin();
    CHECK((computed == 0 && begin[3999] == 4 && begin[7] == 4 && computed == 2));
    CHECK(std::accumulate(begin, e.end(), 0.f) == 16000);
    CHECK(computed == 4002);
    int const a[] = {3, 1, 2};
    static_assert([] {
        tn::tensor<int, 2, 2> t({{1, 2}, {3, 4}});
        int all = 0;
        for (int& x : tn::transpose(t)) all = 10 * all + x++;
        return all == 1324 && t(1, 1) == 5;
    }());
    CHECK(*std::ranges::min_element(tn::as_tensor(a) * tn::as_tensor(a)) == 1);
}
