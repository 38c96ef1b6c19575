#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// What PyTorch computed: data/conv.txt, written by conv.py beside it.
std::vector<double> const& torch_numbers(std::string const& wanted) {
    static auto const table = [] {
        std::map<std::string, std::vector<double>> read;
        std::ifstream file(TENON_TESTS_DIR "/expr/data/conv.txt");
        if (!file) throw std::runtime_error("expr/data/conv.txt cannot be read");
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::string name, word;
            words >> name;
            while (words >> word) read[name].push_back(std::strtod(word.c_str(), nullptr));
        }
        return read;
    }();
    return table.at(wanted);
}

template <std::size_t... E>
tn::variable<double, E...> operand(std::string const& name) {
    tn::tensor<double, E...> t;
    auto const& numbers = torch_numbers(name);
    REQUIRE(numbers.size() == t.size());
    std::copy(numbers.begin(), numbers.end(), t.data());
    return tn::variable<double, E...>(t);
}

template <class Tensor>
void check(std::string const& name, Tensor const& found) {
    auto const& expected = torch_numbers(name);
    REQUIRE(expected.size() == found.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        double const a = found.data()[i], b = expected[i];
        wrong += !(a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= 1e-12 * (1 + std::abs(b)));
    }
    INFO(name);
    CHECK(wrong == 0);
}

/// Compares a value with PyTorch's, and the gradients of half its sum of squares.
template <class E, class... V>
void check_case(std::string const& name, E const& e, V&... v) {
    tn::tensor const y = e;
    check(name + ".y", y);
    tn::backward(tn::sum(tn::square(tn::where(tn::isfinite(e), e, 0.0))) / 2.0);
    char const* names[] = {".dx", ".dw", ".db"};
    std::size_t i = 0;
    (check(name + names[i++], v.grad()), ...);
}

/// The definition, in plain loops; the bias is not counted in.
template <class X, class W>
double element(X const& x, W const& w, tn::conv_options const& o, std::size_t n, std::size_t channel, std::size_t i,
               std::size_t j) {
    std::size_t const in = w.extent(1), out = w.extent(0) / o.groups;
    double sum = 0;
    for (std::size_t c = 0; c < in; ++c)
        for (std::size_t k = 0; k < w.extent(2); ++k)
            for (std::size_t l = 0; l < w.extent(3); ++l) {
                std::size_t const y = i * o.stride.height + k * o.dilation.height,
                                  z = j * o.stride.width + l * o.dilation.width;
                if (y < o.padding.height || z < o.padding.width) continue;
                if (y - o.padding.height >= x.extent(2) || z - o.padding.width >= x.extent(3)) continue;
                sum += static_cast<double>(x(n, channel / out * in + c, y - o.padding.height, z - o.padding.width)) *
                       static_cast<double>(w(channel, c, k, l));
            }
    return sum;
}
template <tn::conv_options O, class X, class W>
double worst_difference(X const& x, W const& w) {
    tn::tensor const y = tn::conv2d<O>(x, w);
    double worst = 0;
    for (std::size_t n = 0; n < y.extent(0); ++n)
        for (std::size_t o = 0; o < y.extent(1); ++o)
            for (std::size_t i = 0; i < y.extent(2); ++i)
                for (std::size_t j = 0; j < y.extent(3); ++j)
                    worst =
                        std::max(worst, std::abs(static_cast<double>(y(n, o, i, j)) - element(x, w, O, n, o, i, j)));
    return worst;
}

}  // namespace

TEST_CASE("convolutions agree with PyTorch") {
    {
        auto x = operand<2, 4, 7, 6>("grouped.x");
        auto w = operand<6, 2, 3, 2>("grouped.w");
        auto b = operand<6>("grouped.b");
        check_case(
            "grouped",
            tn::conv2d<tn::conv_options{.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2}>(x, w, b),
            x, w, b);
    }
    {
        auto x = operand<2, 3, 6, 9>("depthwise.x");
        auto w = operand<3, 1, 3, 3>("depthwise.w");
        auto b = operand<3>("depthwise.b");
        check_case("depthwise", tn::conv2d<tn::conv_options{.padding = 1, .groups = 3}>(x, w, b), x, w, b);
    }
    {
        auto x = operand<2, 3, 11>("line.x");
        auto w = operand<4, 3, 3>("line.w");
        auto b = operand<4>("line.b");
        check_case("line", tn::conv1d<tn::conv_options{.stride = 2, .padding = 2}>(x, w, b), x, w, b);
    }
    {
        auto x = operand<2, 4, 3, 5>("transposed.x");
        auto w = operand<4, 3, 3, 2>("transposed.w");
        auto b = operand<6>("transposed.b");
        constexpr tn::conv_options options{
            .stride = {2, 3}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2, .output_padding = {1, 0}};
        check_case("transposed", tn::conv_transpose2d<options>(x, w, b), x, w, b);
    }
}

TEST_CASE("pools agree with PyTorch, ties and NaN included") {
    auto x = operand<1, 2, 7, 6>("greatest.x");
    check_case(
        "greatest",
        tn::max_pool2d<tn::extent2{3, 2},
                       tn::pool_options{.stride = {2, 1}, .padding = 1, .dilation = {1, 2}, .ceil_mode = true}>(x),
        x);
    auto x2 = operand<2, 1, 9, 23>("greatest2.x");
    check_case("greatest2", tn::max_pool2d<2>(x2), x2);
    auto x3 = operand<1, 2, 8, 19>("greatest3.x");
    check_case("greatest3", tn::max_pool2d<3, tn::pool_options{.stride = 2, .padding = 1}>(x3), x3);
    auto m = operand<2, 1, 7, 6>("mean.x");
    check_case("mean",
               tn::avg_pool2d<tn::extent2{3, 2}, tn::pool_options{.stride = 2, .padding = 1, .ceil_mode = true}>(m), m);
    auto inside = operand<1, 2, 8, 7>("mean_inside.x");
    check_case("mean_inside",
               tn::avg_pool2d<3, tn::pool_options{.padding = 1, .ceil_mode = true, .count_include_pad = false}>(inside),
               inside);
    auto a = operand<2, 1, 7, 6>("adaptive.x");
    check_case("adaptive", tn::adaptive_avg_pool2d<3, 4>(a), a);
    auto l = operand<2, 2, 10>("line_mean.x");
    check_case("line_mean", tn::avg_pool1d<3, tn::pool_options{.stride = 2, .padding = 1}>(l), l);
    auto g = operand<2, 2, 10>("line_greatest.x");
    check_case("line_greatest", tn::max_pool1d<3, tn::pool_options{.stride = 3, .padding = 1}>(g), g);
}

TEST_CASE("convolutions of more than fits a block or a register") {
    tn::generator gen{5};
    CHECK(worst_difference<tn::conv_options{.padding = 1}>(tn::randn<float, 1, 40, 12, 11>(gen),
                                                           tn::randn<float, 35, 40, 3, 3>(gen)) < 1e-3);
    CHECK(worst_difference<tn::conv_options{.stride = 2, .padding = 2, .dilation = 2}>(
              tn::randn<float, 2, 9, 13, 8>(gen), tn::randn<float, 17, 9, 3, 2>(gen)) < 1e-4);
    CHECK(worst_difference<tn::conv_options{.padding = 2}>(tn::randn<float, 1, 1, 9, 37>(gen),
                                                           tn::randn<float, 8, 1, 5, 5>(gen)) < 1e-4);
    CHECK(worst_difference<tn::conv_options{}>(tn::randn<float, 3, 300, 1, 1>(gen),
                                               tn::randn<float, 10, 300, 1, 1>(gen)) < 1e-3);
    // Panels that hold rows of several small pictures, groups of channels, and products of matrices as they stand.
    CHECK(worst_difference<tn::conv_options{.padding = 1, .groups = 2}>(tn::randn<float, 5, 34, 3, 3>(gen),
                                                                        tn::randn<float, 70, 17, 3, 3>(gen)) < 1e-3);
    CHECK(worst_difference<tn::conv_options{.stride = 2, .padding = 3}>(tn::randn<float, 3, 3, 15, 21>(gen),
                                                                        tn::randn<float, 66, 3, 7, 7>(gen)) < 1e-3);
    CHECK(worst_difference<tn::conv_options{.groups = 2}>(tn::randn<float, 2, 10, 9, 8>(gen),
                                                          tn::randn<float, 14, 5, 1, 1>(gen)) < 1e-4);
    CHECK(worst_difference<tn::conv_options{.padding = {0, 1}}>(tn::randn<float, 3, 5, 9, 10>(gen),
                                                                tn::randn<float, 7, 5, 4, 3>(gen)) < 1e-4);
}

TEST_CASE("3x3 kernels by squares of outputs") {
    tn::generator gen{8};
    auto const check = [&]<tn::conv_options O>(auto const& x, auto const& w) {
        CHECK(worst_difference<O>(x, w) < 2e-4);
        // The transpose is the convolution with kernels turned around, channels for outputs, and the rest of the margin.
        constexpr tn::conv_options back{.padding = {2 - O.padding.height, 2 - O.padding.width}};
        tn::tensor const y = tn::conv2d<O>(x, w);
        tn::tensor const turned = tn::transpose<0, 1>(tn::flip<2, 3>(w));
        tn::tensor const dx = tn::conv_transpose2d<O>(y, w);
        CHECK(worst_difference<back>(y, turned) < 5e-3);
        CHECK(tn::allclose(dx, tn::conv2d<back>(y, turned), {.rtol = 1e-4, .atol = 1e-3}));
    };
    check.template operator()<tn::conv_options{.padding = 1}>(tn::randn<float, 1, 32, 13, 15>(gen),
                                                              tn::randn<float, 48, 32, 3, 3>(gen));
    check.template operator()<tn::conv_options{.padding = {0, 2}}>(tn::randn<float, 3, 48, 7, 10>(gen),
                                                                   tn::randn<float, 32, 48, 3, 3>(gen));
    // An infinite element stays in its windows.
    auto x = tn::zeros<float, 1, 32, 14, 14>();
    x(0, 3, 4, 4) = INFINITY;
    tn::tensor const y =
        tn::conv2d<tn::conv_options{.padding = 1}>(x, tn::ones<float, 32, 32, 3, 3>(), tn::ones<float, 32>());
    CHECK(std::isinf(y(0, 7, 5, 5)));
    CHECK(y(0, 7, 6, 5) == 1.f);
}

TEST_CASE("depthwise convolutions whose windows move by several columns") {
    tn::generator gen{7};
    auto const check = [&]<tn::conv_options O, std::size_t Width, std::size_t Columns>() {
        CAPTURE(Width, Columns);
        CHECK(worst_difference<O>(tn::randn<float, 2, 3, 7, 4 * Width>(gen), tn::randn<float, 3, 1, 3, Columns>(gen)) <
              1e-5);
        // Several outputs of one channel.
        constexpr auto single = [] {
            auto o = O;
            o.groups = 1;
            return o;
        }();
        CHECK(worst_difference<single>(tn::randn<float, 1, 1, 6, 4 * Width>(gen),
                                       tn::randn<float, 7, 1, 2, Columns>(gen)) < 1e-5);
        tn::variable x(tn::randn<double, 1, 3, 4, Width>(gen));
        tn::variable w(tn::randn<double, 3, 1, 3, Columns>(gen));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::conv2d<O>(x, w)))));
    };
    check.template operator()<tn::conv_options{.stride = 2, .padding = 1, .groups = 3}, 24, 3>();
    check.template operator()<tn::conv_options{.stride = {1, 2}, .groups = 3}, 23, 4>();
    check.template operator()<tn::conv_options{.stride = {2, 1}, .padding = {0, 2}, .groups = 3}, 9, 3>();
    check.template
    operator()<tn::conv_options{.stride = {1, 2}, .padding = 2, .dilation = {1, 2}, .groups = 3}, 19, 3>();
    check.template
    operator()<tn::conv_options{.stride = {1, 3}, .padding = {0, 3}, .dilation = {1, 2}, .groups = 3}, 29, 5>();
    check.template operator()<tn::conv_options{.stride = {2, 5}, .padding = {1, 4}, .groups = 3}, 31, 3>();
    tn::variable x(tn::randn<double, 2, 2, 3, 11>(gen));
    tn::variable w(tn::randn<double, 2, 1, 2, 3>(gen));
    CHECK(tn::gradcheck(
        tn::sum(tn::square(tn::conv_transpose2d<tn::conv_options{.stride = 2, .padding = 1, .groups = 2}>(x, w)))));
}

TEST_CASE("gradients of convolutions agree with differences") {
    tn::generator gen{6};
    {
        tn::variable x(tn::randn<double, 2, 10, 5, 4>(gen));
        tn::variable w(tn::randn<double, 9, 10, 3, 2>(gen));
        tn::variable b(tn::randn<double, 9>(gen));
        CHECK(tn::gradcheck(tn::sum(
            tn::square(tn::conv2d<tn::conv_options{.stride = {2, 1}, .padding = {2, 1}}>(tn::tanh(x), w * 0.5, b)))));
    }
    {
        // Rows and columns that no window reaches, windows that see padding alone, and depthwise kernels with holes.
        tn::variable x(tn::randn<double, 1, 2, 6, 8>(gen));
        tn::variable w(tn::randn<double, 2, 1, 2, 3>(gen));
        CHECK(tn::gradcheck(
            tn::sum(tn::square(tn::conv2d<tn::conv_options{.stride = 3, .padding = {3, 0}, .groups = 2}>(x, w)))));
        CHECK(tn::gradcheck(tn::sum(
            tn::square(tn::conv2d<tn::conv_options{.padding = {1, 2}, .dilation = {1, 2}, .groups = 2}>(x, w)))));
    }
    {
        // Fewer windows than output channels, windows that move by more than one, and products of matrices as they stand.
        tn::variable x(tn::randn<double, 3, 4, 3, 3>(gen));
        tn::variable w(tn::randn<double, 74, 2, 2, 2>(gen));
        CHECK(tn::gradcheck(
            tn::sum(tn::square(tn::conv2d<tn::conv_options{.stride = 2, .padding = 1, .groups = 2}>(x, w)))));
        tn::variable v(tn::randn<double, 22, 4, 3, 3>(gen));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::conv2d(x, v)))));
        tn::variable p(tn::randn<double, 5, 4, 1, 1>(gen));
        tn::variable z(tn::randn<double, 2, 4, 8, 9>(gen));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::conv2d(z, p)))));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::conv2d<tn::conv_options{.stride = 3}>(z, p)))));
    }
    {
        tn::variable x(tn::randn<double, 2, 3, 4>(gen));
        tn::variable w(tn::randn<double, 3, 2, 3>(gen));
        CHECK(tn::gradcheck(
            tn::sum(tn::square(tn::conv_transpose1d<tn::conv_options{.stride = 2, .padding = 1}>(x, w)))));
    }
    {
        tn::variable x(tn::randn<double, 3, 7, 9>(gen));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::max_pool2d<3, tn::pool_options{.stride = 2}>(tn::exp(x))))));
        CHECK(tn::gradcheck(tn::sum(tn::square(tn::adaptive_avg_pool2d<1>(tn::sin(x))))));
    }
}

TEST_CASE("batches of run-time extent, of none and of one") {
    tn::generator gen{7};
    tn::tensor<float, tn::dyn, 2, 8, 9> x(3);
    for (auto& v : x.flat()) v = tn::randn<float>(gen).item();
    auto const w = tn::randn<float, 3, 2, 3, 3>(gen);
    tn::tensor y = tn::conv2d(x, w);
    static_assert(std::is_same_v<decltype(y), tn::tensor<float, tn::dyn, 3, 6, 7>>);
    CHECK(std::abs(static_cast<double>(y(2, 1, 3, 4)) - element(x, w, {}, 2, 1, 3, 4)) < 1e-5);
    tn::tensor one = tn::conv2d(tn::select<0>(x, 2), w);
    static_assert(std::is_same_v<decltype(one), tn::tensor<float, 3, 6, 7>>);
    CHECK(one(1, 3, 4) == y(2, 1, 3, 4));
    CHECK(tn::tensor(tn::max_pool2d<2>(y)).extent(0) == 3);
    x = tn::tensor<float, tn::dyn, 2, 8, 9>(0);
    CHECK(tn::tensor(tn::avg_pool2d<2>(tn::conv2d(x, w))).extent(0) == 0);
    tn::variable v(w);
    CHECK(static_cast<float>(tn::backward(tn::sum(tn::max_pool2d<2>(tn::conv2d(x, v))))) == 0.f);

    tn::tensor<float, 1, 2, tn::dyn, 9> tall(11);
    CHECK(tn::tensor(tn::conv2d(tall, w)).extent(2) == 9);
    std::string text;
    tn::tensor<float, 1, 2, tn::dyn, 9> flat(2);
    try {
        (void)tn::conv2d(flat, w);
    } catch (tn::shape_error const& e) { text = e.what(); }
    CHECK(text == "conv: shapes [1, 2, 2, 9] and [3, 2, 3, 3] do not fit");
    // Padding alone makes no image.
    tn::tensor<float, 1, 2, tn::dyn, 9> none(0);
    CHECK_THROWS_AS((tn::conv2d<tn::conv_options{.padding = 3}>(none, w)), tn::shape_error);
    CHECK_THROWS_AS((tn::max_pool2d<2, tn::pool_options{.padding = 1}>(none)), tn::shape_error);
    CHECK_THROWS_AS((tn::adaptive_avg_pool2d<2>(none)), tn::shape_error);
}

TEST_CASE("an infinite gradient stays where its window is") {
    tn::variable x(tn::zeros<float, 1, 3, 1, 12>());
    tn::tensor<float, 1, 2, 1, 10> seed;
    seed(0, 0, 0, 2) = INFINITY;
    tn::backward(tn::sum(tn::conv2d(x, tn::ones<float, 2, 3, 1, 3>()) * seed));
    for (std::size_t j = 0; j < 12; ++j) CHECK(std::isinf(x.grad()(0, 1, 0, j)) == (j >= 2 && j < 5));
    CHECK(x.grad()(0, 2, 0, 11) == 0.f);
}

TEST_CASE("an infinite element reaches the taps that see it") {
    tn::tensor<float, 1, 1, 3, 9> x;
    x(0, 0, 0, 0) = INFINITY;
    tn::variable w(tn::ones<float, 1, 1, 2, 2>());
    tn::backward(tn::sum(tn::conv2d(x, w)));
    CHECK(std::isinf(w.grad()(0, 0, 0, 0)));
    CHECK(w.grad()(0, 0, 0, 1) == 0.f);
    CHECK(w.grad()(0, 0, 1, 0) == 0.f);
}

TEST_CASE("mixed element types, integers and second derivatives") {
    tn::tensor y = tn::conv2d(tn::ones<float, 1, 1, 3, 3>(), tn::ones<double, 1, 1, 2, 2>(), tn::ones<float, 1>());
    static_assert(std::is_same_v<decltype(y), tn::tensor<double, 1, 1, 2, 2>>);
    CHECK(y(0, 0, 1, 1) == 5.0);
    tn::tensor z = tn::max_pool2d<2>(tn::conv2d(tn::ones<int, 1, 3, 3>(), tn::ones<int, 1, 1, 2, 2>()));
    static_assert(std::is_same_v<decltype(z), tn::tensor<int, 1, 1, 1>>);
    CHECK(z(0, 0, 0) == 4);
    auto f = [](auto const& x) {
        return tn::sum(tn::pow<3>(tn::avg_pool2d<2>(
            tn::max_pool2d<2, tn::pool_options{.stride = 1}>(tn::conv2d(x, tn::ones<double, 1, 1, 2, 2>())))));
    };
    // The mean of four sums that all take the same value 4 t, cubed: 3 · 4 t · (4 · 1)² · 2 along ones.
    auto const curvature = tn::hvp(f, tn::ones<double, 1, 1, 4, 4>(), tn::ones<double, 1, 1, 4, 4>());
    CHECK(std::abs(tn::sum(curvature).item() - 6 * 4 * 16) < 1e-9);
}

namespace {
constexpr double constant() {
    tn::tensor<double, 1, 3, 3> x({{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}, {7.0, 8.0, 9.0}}});
    tn::tensor<double, 1, 1, 2, 2> w({{{{1.0, 0.0}, {0.0, 1.0}}}});
    return tn::sum(tn::max_pool2d<2>(tn::conv2d(x, w))).item() + tn::sum(tn::avg_pool2d<3>(x)).item();
}
}  // namespace

TEST_CASE("convolutions and pools in constant expressions") { static_assert(constant() == 19.0); }
