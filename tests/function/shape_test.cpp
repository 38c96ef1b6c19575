#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "../one_line.hpp"

namespace tn = tenon;
using tn::dyn, tn::padding;

namespace {

auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/shape.safetensors");
    return file;
}
auto const& v() {
    static auto const values = data().get<double, 4>("v");
    return values;
}

/// Compares y with PyTorch's result.
template <std::size_t... E>
void check_values(std::string const& name, tn::tensor<double, E...> const& y) {
    auto const expected = data().get<double, (static_cast<void>(E), dyn)...>(name + ".y");
    INFO(name);
    REQUIRE(y.shape() == expected.shape());
    CHECK(std::equal(y.begin(), y.end(), expected.begin()));
}
/// Compares f(x) with PyTorch's result, and its gradient.
template <class F>
void check(std::string const& name, F const& f) {
    tn::variable x(data().get<double, 3, 4>("x"));
    auto const y = f(x);
    tn::tensor const values = y;
    check_values(name, values);
    auto weights = tn::empty_like(values);
    std::iota(weights.begin(), weights.end(), 1.);
    tn::backward(tn::sum(y * weights));
    auto const expected = data().get<double, 3, 4>(name + ".gx");
    for (std::size_t i = 0; i != expected.size(); ++i) {
        INFO(name << ' ' << i);
        CHECK(x.grad().data()[i] == Approx(expected.data()[i]));
    }
}

}  // namespace

TEST_CASE("margins of every kind are PyTorch's") {
    auto const kind = [](std::string const& name, padding mode) {
        check("pad." + name, [&](auto& x) { return tn::pad<1, 3, 2, 0, 1, 2>(x, {.mode = mode}); });
        check("crop." + name, [&](auto& x) { return tn::pad<-1, -1, 2, 0, 0, -1>(x, {.mode = mode}); });
    };
    kind("constant", padding::constant);
    kind("reflect", padding::reflect);
    kind("replicate", padding::replicate);
    kind("circular", padding::circular);
    check("pad.value", [](auto& x) { return tn::pad<1, 3, -2, 0, -1, 2>(x, 1.5); });
    auto const x = data().get<double, 3, 4>("x");
    check_values("pad.value", tn::tensor(tn::pad<1, 3, -2, 0, -1, 2>(x, {.value = 1.5})));
    static_assert(std::is_same_v<decltype(tn::pad<1, 3, -2>(x).eval()), tn::tensor<double, 3, 5>>);
    static_assert(
        std::is_same_v<decltype(tn::pad<1, 3, -2>(x, {.mode = padding::circular}).eval()), tn::tensor<double, 3, 5>>);
    tn::tensor<int, dyn> const line = tn::arange<int>(3);
    CHECK(one_line(tn::pad<0, 2, 1>(line, {.mode = padding::reflect})) == "[2 1 0 1 2 1]");
    CHECK(one_line(tn::pad<0, -1, -2>(line)) == "[]");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::pad<0, 3, 0>(line, {.mode = padding::reflect}); }) ==
          "pad: axis 0 of [3] has too few elements for 3 in front and 0 at the end, mirrored");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::pad<0, -2, -2>(line); }) ==
          "pad: axis 0 of [3] has too few elements for -2 in front and -2 at the end");
}

TEST_CASE("what is repeated, and windows, are PyTorch's") {
    check("repeat", [](auto& x) { return tn::repeat<2, 1, 3>(x); });
    check("tile", [](auto& x) { return tn::tile<3>(x); });
    check("interleave", [](auto& x) { return tn::repeat_interleave<-1>(x, 3); });
    check("interleave_counts",
          [](auto& x) { return tn::repeat_interleave<0>(x, tn::tensor<std::int8_t, 3>({2, 0, 3})); });
    check("interleave_all", [](auto& x) { return tn::repeat_interleave(x, 2); });
    check("unfold", [](auto& x) { return tn::unfold<1, 3, 1>(x); });
    check("unfold0", [](auto& x) { return tn::unfold<0, 2, 2>(x); });
    tn::tensor<double, dyn, dyn> const x(data().get<double, 3, 4>("x"));
    check_values("repeat", tn::tensor(tn::repeat<2, 1, 3>(x)));
    check_values("unfold", tn::tensor(tn::unfold<1, 3, 1>(x)));
    static_assert(
        std::is_same_v<decltype(tn::unfold<0, 2, 2>(tn::zeros<float, 7, 3>()).eval()), tn::tensor<float, 3, 3, 2>>);
    CHECK(tn::repeat<0, 2>(x).shape() == tn::shape<0, 8>());
    CHECK(tn::repeat_interleave<0>(x, 0).shape() == tn::shape<0, 4>());
    CHECK(error_of<std::invalid_argument>([&] { (void)tn::repeat_interleave<0>(x, tn::tensor({1, -1, 0})); }) ==
          "repeat_interleave: a count is -1");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::repeat_interleave<0>(x, tn::tensor({1, 1})); }) ==
          "repeat_interleave: shapes [3, 4] and [2] do not fit");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::unfold<0, 4, 1>(x); }) ==
          "unfold: shapes [3, 4] and [4] do not fit");
}

TEST_CASE("diagonals and blocks are PyTorch's") {
    check("diag_embed", [](auto& x) { return tn::diag_embed<1, 0, -1>(x); });
    check("diag_embed_below", [](auto& x) { return tn::diag_embed<-2>(x); });
    check("diagflat", [](auto& x) { return tn::diagflat<-1>(x); });
    check("diag", [](auto& x) { return tn::diag<1>(x); });
    check("diagonal", [](auto& x) { return tn::diagonal<-1, 2, 1>(tn::expand<2, -1, -1>(x)); });
    check("block_diag", [](auto& x) { return tn::block_diag(x, v(), x(0, 0)); });
    auto m = tn::zeros<int, 2, 3>();
    tn::diagonal<1>(m) = tn::tensor({5, 6});
    CHECK(one_line(m) == "[[0 5 0]  [0 0 6]]");
    CHECK(tn::diagonal<7>(m).size() == 0);
    CHECK(one_line(tn::diag(tn::tensor<int, dyn>(tn::tensor({1, 2})))) == "[[1 0]  [0 2]]");
}

TEST_CASE("axes, stacks and grids are PyTorch's") {
    check("rot90", [](auto& x) { return tn::rot90<3>(x); });
    check("movedim", [](auto& x) { return tn::movedim<std::array{0, 1}, std::array{2, 0}>(tn::expand<2, 3, 4>(x)); });
    check("hstack", [](auto& x) { return tn::hstack(x, x * 2.); });
    check("vstack", [](auto& x) { return tn::vstack(x, v()); });
    check("dstack", [](auto& x) { return tn::dstack(x, x * 2.); });
    check("column_stack", [](auto& x) { return tn::column_stack(x, x(tn::full_extent, 1)); });
    check("cartesian", [](auto& x) { return tn::cartesian_prod(x[0], v()[tn::range(3)], x(1, tn::range(2))); });
    check("combinations", [](auto& x) { return tn::combinations<3>(x[0]); });
    check("combinations_again", [](auto& x) { return tn::combinations<2, true>(x[0]); });

    tn::tensor const a({1, 2, 3});
    tn::tensor<int, dyn> const b(tn::tensor({7, 8}));
    auto const [i, j] = tn::meshgrid(a, b);
    CHECK(one_line(i) == "[[1 1]  [2 2]  [3 3]]");
    CHECK(one_line(j) == "[[7 8]  [7 8]  [7 8]]");
    auto const [p, q] = tn::meshgrid<tn::indexing::xy>(a, b);
    CHECK(one_line(p) == "[[1 2 3]  [1 2 3]]");
    CHECK(one_line(q) == "[[7 7 7]  [8 8 8]]");
    CHECK(tn::combinations<3>(b).shape() == tn::shape<0, 3>());
    auto const [first, second] = tn::broadcast_tensors(a, tn::unsqueeze<1>(b));
    CHECK(one_line(first + second) == "[[ 8  9 10]  [ 9 10 11]]");

    auto x = tn::arange<int, 12>().reshape<3, 4>().eval();
    auto [left, middle, right] = tn::tensor_split<3, 1>(x);
    CHECK(one_line(left) == "[[0 1]  [4 5]  [8 9]]");
    CHECK(one_line(right) == "[[ 3]  [ 7]  [11]]");
    middle = 0;
    auto const [top, rest] = tn::vsplit<std::array{-2}>(x);
    CHECK(one_line(top) == "[[0 1 0 3]]");
    static_assert(std::is_same_v<decltype(rest.eval()), tn::tensor<int, 2, 4>>);
    CHECK(one_line(tn::narrow<1, 2>(x, -3)) == "[[1 0]  [5 0]  [9 0]]");
    CHECK(one_line(tn::narrow<0>(x, 1, 1)) == "[[4 5 0 7]]");
    CHECK(error_of<tn::index_error>([&] { (void)tn::narrow<1, 2>(x, 3); }) ==
          "narrow: 2 elements from 3 on are not in axis 1 of [3, 4]");
    CHECK(tn::squeeze(tn::zeros<float, 1, 3, 1>()).shape() == tn::shape<3>());
    CHECK(tn::squeeze<1>(x).shape() == tn::shape<3, 4>());
    CHECK(tn::atleast_3d(a).shape() == tn::shape<1, 3, 1>());
    CHECK(tn::unflatten<1, 2, -1>(x).shape() == tn::shape<3, 2, 2>());
}

TEST_CASE("places by number, and numbers by place") {
    CHECK(one_line(tn::tril_indices(2, 3, 1)) == "[[0 0 1 1 1]  [0 1 0 1 2]]");
    CHECK(one_line(tn::triu_indices(3, 2, -1)) == "[[0 0 1 1 2]  [0 1 0 1 1]]");
    CHECK(tn::triu_indices(2, 2, 5).size() == 0);
    auto const [i, j] = tn::unravel_index<2, 3>(tn::tensor({5, 1, -3}));
    CHECK(one_line(i) == "[1 0 1]");
    CHECK(one_line(j) == "[2 1 0]");
    CHECK(one_line(tn::ravel_multi_index<2, 3>(i, j)) == "[5 1 3]");
    CHECK(error_of<tn::index_error>([&] { (void)std::get<0>(tn::unravel_index<2, 3>(tn::tensor({6}))).eval(); }) ==
          "index: index 6 is outside axis 0, whose extent is 6");
    CHECK(one_line(tn::one_hot(tn::tensor({0, 2}))) == "[[1 0 0]  [0 0 1]]");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::one_hot(tn::tensor<int, 0>()); }) ==
          "one_hot: [0] has no elements to count classes by");
    CHECK(error_of<tn::index_error>([&] { (void)tn::one_hot(tn::tensor({-1, -4})); }) ==
          "one_hot: class -1 is below 0");
    CHECK(one_line(tn::linspace<double>(0, 1, 5)) == "[0.   0.25 0.5  0.75 1.  ]");
    CHECK(one_line(tn::logspace<double>(0, 3, 4, 2)) == "[1. 2. 4. 8.]");
    CHECK(one_line(tn::eye<int>(2, 3)) == "[[1 0 0]  [0 1 0]]");
    CHECK(one_line(tn::full_like<int>(tn::zeros<double, 2>(), 3)) == "[3 3]");
}
