#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <tenon/tenon.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"

namespace tn = tenon;
using tn::dyn, tn::reduction;

namespace {

auto const& data() {
    static auto const file = tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/scatter.safetensors");
    return file;
}
bool has(std::string const& name) { return data().contains(name + ".y"); }

void check_close(std::string const& what, auto const& found, auto const& expected) {
    REQUIRE(found.shape() == expected.shape());
    for (std::size_t i = 0; i != expected.size(); ++i) {
        INFO(what << ' ' << i << ": " << found.data()[i] << ", PyTorch " << expected.data()[i]);
        double const a = found.data()[i], b = expected.data()[i];
        CHECK((std::isnan(a) ? std::isnan(b) : std::abs(a - b) <= 1e-12 * (1 + std::abs(b))));
    }
}

/// Compares f(x, index, src) of PyTorch's operands with its result and gradients.
template <std::size_t... Index, std::size_t... Source>
void check(std::string const& name, tn::shape<Index...>, tn::shape<Source...>, auto const& f) {
    tn::variable x(data().get<double, dyn, dyn>(name + ".x"));
    tn::variable src(data().get<double, Source...>(name + ".src"));
    auto const index = data().get<std::int64_t, Index...>(name + ".index");
    auto const y = f(x, index, src);
    check_close(name, y.eval(), data().get<double, dyn, dyn>(name + ".y"));
    tn::backward(tn::sum(y * data().get<double, dyn, dyn>(name + ".w")));
    check_close(name + ".gx", x.grad(), data().get<double, dyn, dyn>(name + ".gx"));
    check_close(name + ".gs", src.grad(), data().get<double, Source...>(name + ".gs"));
}

constexpr tn::shape<> none;
tn::shape<dyn, dyn> const matrix{};

struct named {
    reduction how;
    char const* name;
};
constexpr named reductions[] = {{reduction::sum, "sum"},
                                {reduction::prod, "prod"},
                                {reduction::mean, "mean"},
                                {reduction::amax, "amax"},
                                {reduction::amin, "amin"}};

template <std::ptrdiff_t Axis>
void check_axis() {
    std::string const axis = std::to_string(Axis);
    tn::shape<dyn> const vector{};
    for (std::size_t c = 0; c != 3; ++c) {
        std::string const at = axis + "." + std::to_string(c);
        if (has("scatter" + at))
            check("scatter" + at, matrix, matrix, [](auto& x, auto& i, auto& s) { return tn::scatter<Axis>(x, i, s); });
        check("scatter_add" + at, matrix, matrix,
              [](auto& x, auto& i, auto& s) { return tn::scatter_add<Axis>(x, i, s); });
        for (auto const& [how, name] : reductions)
            for (bool const self : {false, true})
                check(name + at + (self ? ".1" : ".0"), matrix, matrix, [&](auto& x, auto& i, auto& s) {
                    return tn::scatter_reduce<Axis - 2>(x, i, s, how, {.include_self = self});
                });
    }
    for (std::size_t c = 0; c != 2; ++c) {
        std::string const at = axis + "." + std::to_string(c);
        check("index_add" + at, vector, matrix,
              [](auto& x, auto& i, auto& s) { return tn::index_add<Axis>(x, i, s, {.alpha = 1.5}); });
        for (auto const& [how, name] : reductions)
            for (bool const self : {false, true})
                if (how != reduction::sum)
                    check(std::string("index_") + name + at + (self ? ".1" : ".0"), vector, matrix,
                          [&](auto& x, auto& i, auto& s) {
                              return tn::index_reduce<Axis>(x, i, s, how, {.include_self = self});
                          });
        if (!has("index_copy" + at)) continue;
        check("index_copy" + at, vector, matrix,
              [](auto& x, auto& i, auto& s) { return tn::index_copy<Axis>(x, i, s); });
        check("index_fill" + at, vector, none, [](auto& x, auto& i, auto& s) { return tn::index_fill<Axis>(x, i, s); });
    }
}

std::string text_of(auto const& e) {
    std::ostringstream out;
    out << e.eval();
    return out.str();
}

}  // namespace

TEST_CASE("writing at indices, and its gradients, are PyTorch's") {
    check_axis<0>();
    check_axis<1>();
}

TEST_CASE("elements put at places, by masks and through views are PyTorch's") {
    tn::shape<dyn> const vector{};
    check("put", matrix, matrix, [](auto& x, auto& i, auto& s) { return tn::put(x, i, s); });
    check("put_add", matrix, matrix, [](auto& x, auto& i, auto& s) { return tn::put(x, i, s, true); });
    check("masked", matrix, matrix, [](auto& x, auto& m, auto& s) { return tn::masked_scatter(x, m != 0, s); });
    check("masked_row", tn::shape<1, dyn>{}, matrix,
          [](auto& x, auto& m, auto& s) { return tn::masked_scatter(x, m, s); });
    check("select", vector, vector, [](auto& x, auto&, auto& s) { return tn::select_scatter<1>(x, s, -2); });
    check("slice", vector, matrix, [](auto& x, auto&, auto& s) { return tn::slice_scatter<-1, 1, -1, 2>(x, s); });
    check("diagonal", vector, vector, [](auto& x, auto&, auto& s) { return tn::diagonal_scatter<2>(x, s); });
    check("diagonal_below", vector, vector,
          [](auto& x, auto&, auto& s) { return tn::diagonal_scatter<-1, 1, 0>(x, s); });
    check("diagonal_empty", vector, vector, [](auto& x, auto&, auto& s) { return tn::diagonal_scatter<-4>(x, s); });
}

TEST_CASE("numbers, integers, bools and NaN can be written") {
    tn::tensor<float, 2, 3> x({{1, 2, 3}, {4, 5, 6}});
    tn::tensor const k({{0, 2}});
    CHECK(tn::tensor(tn::scatter<1>(x, k, 9)).flat()[2] == 9);
    CHECK(tn::tensor(tn::index_fill<0>(x, tn::tensor({-1}), 7.))(1, 0) == 7);
    float const nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(tn::tensor(tn::scatter_reduce<1>(x, k, nan, reduction::amax))(0, 0)));
    x(0, 0) = nan;
    CHECK(std::isnan(tn::tensor(tn::scatter_reduce<1>(x, k, 5, reduction::amin))(0, 0)));

    tn::tensor<int, 3> n({7, -7, 5});
    tn::tensor<std::uint8_t, 4> const twice({0, 1, 1, 0});
    tn::tensor<int, 4> const v({2, -2, 3, 4});
    auto const joined = [&](reduction how, bool self) {
        return text_of(tn::scatter_reduce<0>(n, twice, v, how, {.include_self = self}));
    };
    CHECK(joined(reduction::mean, true) == "[ 4 -2  5]");
    CHECK(joined(reduction::mean, false) == "[3 0 5]");
    CHECK(joined(reduction::prod, true) == "[56 42  5]");
    CHECK(joined(reduction::amax, false) == "[4 3 5]");
    CHECK(joined(reduction::amin, false) == "[ 2 -2  5]");
    tn::tensor<std::uint8_t, 2> const five({5, 5}), taken({3, 1});
    CHECK(text_of(tn::index_add<0>(five, tn::tensor({1, 1}), taken, {.alpha = -1})) == "[5 1]");
    tn::tensor<bool, 3> b({true, false, false});
    CHECK(text_of(tn::scatter_add<0>(b, tn::tensor({1}), tn::tensor<bool, 1>({true}))) == "[ True  True False]");
    // Without axes a tensor counts as one element.
    CHECK(tn::scatter<0>(tn::tensor<float>(2), tn::tensor<int>(0), 5.f).item() == 5);
    CHECK(tn::index_add<-1>(tn::tensor<float>(2), tn::tensor<int>(0), tn::tensor<float>(3)).item() == 5);
    static_assert(std::is_same_v<decltype(tn::scatter<1>(x, k, 9).eval()), tn::tensor<float, 2, 3>>);
    // Numbers among what isn't one of the language's own types.
    tn::tensor<std::complex<float>, 2> const z;
    CHECK(tn::tensor(tn::index_fill<0>(z, tn::tensor({1, 1}), 7.))(1) == std::complex<float>(7));
    tn::tensor<tn::float16, 2> const small({1, 2});
    CHECK(float(tn::tensor(tn::scatter<0>(small, tn::tensor({1, 1}), 0.5))(1)) == 0.5f);
    // Elements of 16 bits, whose arithmetic is that of floats.
    tn::variable<tn::float16, 3> h(tn::tensor<tn::float16, 3>({1, 2, 3}));
    tn::tensor<tn::float16, 2> const others({5, 2});
    auto const half = tn::scatter_reduce<0>(h, tn::tensor({1, 0}), others, reduction::mean);
    CHECK(text_of(tn::cast<float>(half)) == "[1.5 3.5 3. ]");
    tn::backward(tn::sum(tn::cast<float>(half)));
    CHECK(text_of(tn::cast<float>(h.grad())) == "[0.5 0.5 1. ]");
}

TEST_CASE("results don't depend on the number of threads") {
    auto const x = tn::rand<float, 64, 2048>(), src = tn::rand<float, 64, 2048>();
    tn::tensor<std::int64_t, 64, 2048> const i = tn::cast<std::int64_t>(src * 97.f);
    auto const all = [&] {
        return tn::tensor(tn::scatter_add<1>(x, i, src) + tn::scatter_reduce<0>(x, i % 64, src, reduction::mean));
    };
    auto const threads = tn::num_threads();
    tn::set_num_threads(1);
    auto const one = all();
    tn::set_num_threads(3);
    auto const three = all();
    tn::set_num_threads(threads);
    CHECK(std::equal(one.begin(), one.end(), three.begin()));
}

TEST_CASE("places that aren't there and shapes that don't fit are errors") {
    tn::tensor<float, dyn, dyn> const x(3, 4);
    tn::tensor<float, dyn, dyn> const src(2, 4);
    tn::tensor<int, dyn, dyn> index(2, 4);
    index(1, 2) = 3;
    CHECK(error_of<tn::index_error>([&] { (void)tn::scatter<0>(x, index, src).eval(); }) ==
          "scatter: index 3 is outside axis 0, whose extent is 3");
    CHECK(error_of<tn::index_error>([&] { (void)tn::index_add<0>(x, tn::tensor({-1}), src[tn::range(1)]).eval(); }) ==
          "index_add: index -1 is outside axis 0, whose extent is 3");
    CHECK(error_of<tn::index_error>([&] { (void)tn::put(x, tn::tensor({12}), 1.f).eval(); }) ==
          "put: index 12 is outside axis 0, whose extent is 12");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::put(x, tn::tensor({1}), src); }) ==
          "put: shapes [1] and [2, 4] do not fit");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::scatter<1>(x, tn::tensor<int, dyn, dyn>(4, 1), src); }) ==
          "scatter: shapes [3, 4] and [4, 1] and [2, 4] do not fit");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::index_copy<0>(x, tn::tensor({0, 1, 2}), src); }) ==
          "index_copy: shapes [3, 4] and [3] and [2, 4] do not fit");
    CHECK(error_of<tn::shape_error>([&] { (void)tn::masked_scatter(x, x == 0.f, src).eval(); }) ==
          "masked_scatter: the mask is true at 12 places, and the source has 8 elements");
    CHECK(error_of<std::invalid_argument>([&] { (void)tn::scatter_reduce<0>(x, index, src, reduction::none); }) ==
          "scatter_reduce: takes sum, prod, mean, amax or amin");
}
