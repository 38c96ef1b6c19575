#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "../one_line.hpp"

namespace tn = tenon;
using tn::dyn, tn::ellipsis, tn::full_extent, tn::newaxis, tn::range;

namespace {

/// Elements 0 … 23, and the same as a variable.
auto numbers() { return tn::arange<double, 24>().reshape<2, 3, 4>().eval(); }

}  // namespace

TEST_CASE("ranges cut an axis as Python's slices do") {
    for (std::ptrdiff_t n : {0, 1, 5}) {
        tn::tensor<int, dyn> const x = tn::arange<int>(static_cast<int>(n));
        for (std::ptrdiff_t start = -7; start <= 7; ++start)
            for (std::ptrdiff_t stop = -7; stop <= 7; ++stop)
                for (std::ptrdiff_t step : {-3, -2, -1, 1, 2, 3}) {
                    // Python's rule, position by position.
                    std::string expected = "[";
                    auto const bound = [&](std::ptrdiff_t b) {
                        if (b < 0) b += n;
                        return step > 0 ? std::clamp<std::ptrdiff_t>(b, 0, n)
                                        : std::clamp<std::ptrdiff_t>(b, -1, n - 1);
                    };
                    for (auto i = bound(start); step > 0 ? i < bound(stop) : i > bound(stop); i += step)
                        expected += (expected.size() > 1 ? " " : "") + std::to_string(i);
                    REQUIRE(one_line(x[range(start, stop, step)]) == expected + "]");
                }
    }
    auto const x = numbers();
    CHECK(one_line(x(1, range(full_extent, full_extent, -2), range(1, -1))) == "[[21. 22.]  [13. 14.]]");
    CHECK(one_line(x(0, 0, range(2))) == "[0. 1.]");
    CHECK(one_line(x[0](0, range(-1, full_extent))) == "[3.]");
    static_assert(std::is_same_v<decltype(x(full_extent, range(0, 2)).eval()), tn::tensor<double, 2, dyn, 4>>);
    CHECK(error_of<std::invalid_argument>([] { (void)range(0, 3, 0); }) == "range: the step is 0");
}

TEST_CASE("new axes, ellipses and positions") {
    auto const x = numbers();
    static_assert(std::is_same_v<decltype(x[newaxis].eval()), tn::tensor<double, 1, 2, 3, 4>>);
    static_assert(std::is_same_v<decltype(x(ellipsis, newaxis, -1).eval()), tn::tensor<double, 2, 3, 1>>);
    static_assert(std::is_same_v<decltype(x(0, ellipsis, 1).eval()), tn::tensor<double, 3>>);
    static_assert(std::is_same_v<decltype(x(1, 2, ellipsis, 3).eval()), tn::tensor<double>>);
    CHECK(x(1, ellipsis, 2, -1).item() == 23);
    CHECK((x + 1.)(1, 2, 3).item() == 24);
    CHECK(one_line((x * 2.)[-1][0]) == "[24. 26. 28. 30.]");
    tn::variable const v(x);
    CHECK(v(1, -1, 0).item() == 20);
    CHECK(one_line(v[0][0]) == "[0. 1. 2. 3.]");
    CHECK(error_of<tn::index_error>([&] { (void)(x + 1.)[2]; }) == "select: position 2 is outside axis 0 of [2, 3, 4]");
}

TEST_CASE("several indices are broadcast, and their axes land where PyTorch puts them") {
    auto const x = numbers();
    tn::tensor<int, 2> const i({1, -1});
    tn::tensor<std::int64_t, 2, 1> const j({{0}, {-1}});
    CHECK(one_line(x[i](full_extent, 0, 0)) == "[12. 12.]");
    CHECK(one_line(x(0, i, j)) == "[[ 4.  8.]  [ 7. 11.]]");
    static_assert(std::is_same_v<decltype(x(full_extent, i, j).eval()), tn::tensor<double, 2, 2, 2>>);
    CHECK(one_line(x(full_extent, i, j)) == "[[[ 4.  8.]   [ 7. 11.]]   [[16. 20.]   [19. 23.]]]");
    // Another axis between them: theirs come first.
    static_assert(std::is_same_v<decltype(x(i, full_extent, j).eval()), tn::tensor<double, 2, 2, 3>>);
    CHECK(one_line(x(i, full_extent, j)[1]) == "[[15. 19. 23.]  [15. 19. 23.]]");
    CHECK(one_line(x(i, range(1, 2), j)[1]) == "[[19.]  [19.]]");
    CHECK(one_line(x(i - 1, newaxis, ellipsis, j)[0][0]) == "[[0. 4. 8.]]");
    // A position takes its axis away first.
    static_assert(std::is_same_v<decltype(x(0, full_extent, i).eval()), tn::tensor<double, 3, 2>>);
    // Indices without axes.
    tn::tensor<int> const last(-1);
    static_assert(std::is_same_v<decltype(x(full_extent, last).eval()), tn::tensor<double, 2, 4>>);
    CHECK(one_line(x(full_extent, last, i)) == "[[ 9. 11.]  [21. 23.]]");
    CHECK(one_line(x(last, last)) == "[20. 21. 22. 23.]");
    // They only take their axis away, and are nothing that others would have to stand beside.
    static_assert(std::is_same_v<decltype(x(last, full_extent, i).eval()), tn::tensor<double, 3, 2>>);
    CHECK(one_line(x(last, full_extent, i)) == "[[13. 15.]  [17. 19.]  [21. 23.]]");
    static_assert(std::is_same_v<decltype(x(newaxis, i, full_extent, last).eval()), tn::tensor<double, 1, 2, 3>>);
    CHECK(one_line(x(newaxis, i, full_extent, last)) == "[[[15. 19. 23.]   [15. 19. 23.]]]");
    CHECK(x[tn::tensor<int, 0>()].shape() == tn::shape<0, 3, 4>());
    CHECK(error_of<tn::index_error>([&] { (void)x(0, full_extent, i + 3).eval(); }) ==
          "index: index 4 is outside axis 2, whose extent is 4");
}

TEST_CASE("masks select the elements where they are true") {
    auto const x = numbers();
    CHECK(one_line(x[x > 20.]) == "[21. 22. 23.]");
    static_assert(std::is_same_v<decltype(x[x > 20.].eval()), tn::tensor<double, dyn>>);
    tn::tensor<bool, 3> const rows({true, false, true});
    CHECK(one_line(x(1, rows, range(1))) == "[[12.]  [20.]]");
    static_assert(std::is_same_v<decltype(x(full_extent, rows).eval()), tn::tensor<double, 2, dyn, 4>>);
    tn::tensor<bool, 2, 3> const some({{false, true, false}, {true, false, true}});
    CHECK(one_line(x(some, 0)) == "[ 4. 12. 20.]");
    CHECK(one_line(x(some, tn::tensor<int, 3>({0, 1, 2}))) == "[ 4. 13. 22.]");
    CHECK((x * 1.)[x < 0.].size() == 0);
    // A mask without axes takes all, or nothing, along a new one.
    CHECK(x[tn::tensor<bool>(true)].shape() == tn::shape<1, 2, 3, 4>());
    CHECK(one_line(x(1, tn::tensor<bool>(true), 2)) == "[[20. 21. 22. 23.]]");
    CHECK(x(full_extent, tn::tensor<bool>(false)).shape() == tn::shape<2, 0, 3, 4>());
    auto y = x;
    y[tn::tensor<bool>(false)] = 9.;
    CHECK(one_line(y) == one_line(x));
    y[tn::any(y > 20.)] = 9.;
    CHECK(one_line(y[1][2]) == "[9. 9. 9. 9.]");
    tn::tensor<bool, dyn> const wrong(2);
    CHECK(error_of<tn::shape_error>([&] { (void)x(0, wrong); }) == "mask: shapes [3, 4] and [2] do not fit");
}

TEST_CASE("subscripts of temporaries keep their elements") {
    auto const line = [](double first) -> tn::tensor<double, dyn> { return tn::arange<double>(first, first + 600); };
    auto const picked = line(0)[tn::tensor({599, 0})];
    auto const masked = line(1)[line(1) > 599.];
    auto const row = tn::unsqueeze<0>(line(0)).eval()(full_extent, tn::tensor({-1}));
    auto const other = line(7000);  // where the temporaries were
    CHECK(one_line(picked) == "[599.   0.]");
    CHECK(one_line(masked) == "[600.]");
    CHECK(one_line(row) == "[[599.]]");
    CHECK(other[0] == 7000);
}

TEST_CASE("what subscripts name can be assigned to") {
    auto x = numbers();
    x(0, range(0, 2), 1) = 5;
    x(1, range(0, 2)) += x(0, range(1, 3));
    CHECK(one_line(x(0, full_extent, 1)) == "[5. 5. 9.]");
    CHECK(one_line(x(1, 0, ellipsis)) == "[16. 18. 20. 22.]");
    x[range(full_extent, full_extent, -1)] = numbers();
    CHECK(one_line(x(0, 0, ellipsis)) == "[12. 13. 14. 15.]");

    tn::tensor<int, 2> const i({1, -1});
    tn::tensor<int, 2, 1> const j({{0}, {3}});
    x(full_extent, i, j) = -1.;
    CHECK(one_line(x(0, range(1, 3))) == "[[-1. 17. 18. -1.]  [-1. 21. 22. -1.]]");
    x(i - 1, full_extent, j) *= 10.;
    CHECK(one_line(x[0][1]) == "[-10.  17.  18. -10.]");
    x[x < 0.] = 0.5;
    CHECK(one_line(x[0][1]) == "[ 0.5 17.  18.   0.5]");
    x(1, tn::tensor<bool, 3>({true, false, true})) = tn::tensor<double, 2, 4>({{1, 2, 3, 4}, {5, 6, 7, 8}});
    CHECK(one_line(x[1]) == "[[1.  2.  3.  4. ]  [0.5 5.  6.  0.5]  [5.  6.  7.  8. ]]");
    x[1](1, range(1, 3)) = x(1, 0, range(2));
    CHECK(one_line(x[1][1]) == "[0.5 1.  2.  0.5]");
    x(full_extent, full_extent, tn::tensor<int>(2)) = tn::tensor<double, 3>({1, 2, 3});
    CHECK(one_line(x(full_extent, full_extent, 2)) == "[[1. 2. 3.]  [1. 2. 3.]]");
    // What is written is read first, and of two values for one place the last one counts.
    tn::tensor<int, 4> line({0, 1, 2, 3});
    line[tn::tensor({1, 2, 3, 1})] = line[range(0, 4)];
    CHECK(one_line(line) == "[0 3 1 2]");
    line[tn::tensor({0, 0})] += 1;
    CHECK(one_line(line) == "[1 3 1 2]");
    CHECK(error_of<tn::index_error>([&] { line[tn::tensor({0, 4})] = 7; }) ==
          "index: index 4 is outside axis 0, whose extent is 4");
    CHECK(one_line(line) == "[1 3 1 2]");
    CHECK(error_of<tn::shape_error>([&] { line[range(0, 2)] = line[range(0, 3)]; }) ==
          "assignment to a view: shapes [2] and [3] do not fit");
}

TEST_CASE("an assignment through strides is index_put's result") {
    auto x = numbers();
    tn::tensor<int, 2, 1> const i({{3}, {-4}});
    tn::tensor<int, 3> const j({0, 2, 1});
    tn::tensor<double, 2, 3, 2> const v = tn::arange<double, 12>().reshape<2, 3, 2>() - 100.;
    tn::tensor<bool, 4, 2> mask;
    mask(1, 0) = mask(3, 1) = true;
    auto const both = [&](auto const& write, auto const& expected) {
        auto y = x;
        auto view = tn::permute<2, 0, 1>(y);
        tn::tensor const after = expected(tn::permute<2, 0, 1>(x));
        write(view);
        CHECK(one_line(view) == one_line(after));
    };
    both([&](auto& view) { view(i, full_extent, j) = v; },
         [&](auto const& e) { return tn::index_put(e, std::tie(i, full_extent, j), v); });
    both([&](auto& view) { view[mask] = v[0](range(2), tn::newaxis, 0); },
         [&](auto const& e) { return tn::index_put(e, std::tie(mask), v[0](range(2), tn::newaxis, 0)); });
    both([&](auto& view) { view(range(full_extent, full_extent, -1), 1, j) = 7; },
         [&](auto const& e) { return tn::index_put(e, std::tuple(full_extent, tn::tensor<int>(1), j), 7.); });
    tn::tensor<int> const last(-1);
    both([&](auto& view) { view(last, full_extent, j) = tn::transpose(v[0]); },
         [&](auto const& e) { return tn::index_put(e, std::tie(last, full_extent, j), tn::transpose(v[0])); });
}

TEST_CASE("index_put is the assignment as an expression") {
    auto const x = numbers();
    tn::tensor<int, 2> const i({1, 1}), k({0, -1});
    auto const v = tn::tensor<double, 2, 4>({{1, 2, 3, 4}, {5, 6, 7, 8}});
    CHECK(one_line(tn::index_put(x, {i, k}, v)[1][2]) == "[5. 6. 7. 8.]");
    CHECK(one_line(tn::index_put(x, std::tie(i), 100., true)[1][0]) == "[212. 213. 214. 215.]");
    CHECK(one_line(tn::index_put(x, std::tuple(x > 20.), 0.)[1][2]) == "[20.  0.  0.  0.]");
    CHECK(one_line(tn::index_put(x, std::tuple(i, full_extent, k), -1.)[1][0]) == "[-1. 13. 14. -1.]");
}

TEST_CASE("gradients of subscripts") {
    tn::variable x(numbers());
    tn::variable v(tn::tensor<double, 2, 4>({{1, 2, 3, 4}, {5, 6, 7, 8}}));
    tn::tensor<int, 2> const i({1, -1});
    tn::tensor<int, 2, 1> const j({{0}, {3}});
    auto const holds = [](auto const& e) { return tn::gradcheck(tn::sum(tn::square(e))); };
    CHECK(holds(x(range(full_extent, full_extent, -1), 1, range(0, 4, 3))));
    CHECK(holds((x * 2.)(0, range(2, 0, -1), newaxis)));
    CHECK(holds(x(full_extent, i, j)));
    CHECK(holds(x(i - 1, range(1, 3), j)));
    CHECK(holds(x[x.value() > 7.]));
    CHECK(holds(tn::index_put(x, std::tuple(i, i - 1), v)));
    CHECK(holds(tn::index_put(x, std::tuple(full_extent, i), v, true)));
}
