#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "torch_cases.hpp"

namespace tn = tenon;
using tn::dyn;
using tn::interpolation;

namespace {
torch_cases::file const& data() {
    static torch_cases::file const cases("image");
    return cases;
}
constexpr std::array<std::pair<char const*, interpolation>, 5> modes{{{"nearest", interpolation::nearest},
                                                                      {"nearest-exact", interpolation::nearest_exact},
                                                                      {"bilinear", interpolation::bilinear},
                                                                      {"bicubic", interpolation::bicubic},
                                                                      {"area", interpolation::area}}};
}  // namespace

TEST_CASE("images at other resolutions are PyTorch's in every mode") {
    auto x = data().operand<dyn, dyn, dyn>("nearest_same.0");
    struct target {
        std::string name;
        std::array<std::size_t, 3> size;
    };
    for (auto const& [size_name, size] :
         {target{"smaller", {3, 4}}, {"larger", {8, 9}}, {"mixed", {1, 11}}, {"same", {5, 7}}})
        for (auto const& [mode_name, mode] : modes) {
            auto const name = std::string(mode_name) + "_" + size_name;
            data().check(name, tn::interpolate<dyn, dyn>(x, {.mode = mode, .size = size}), x);
            if (mode != interpolation::bilinear && mode != interpolation::bicubic) continue;
            data().check(name + "_corners",
                         tn::interpolate<dyn, dyn>(x, {.mode = mode, .align_corners = true, .size = size}), x);
            data().check(name + "_antialias",
                         tn::interpolate<dyn, dyn>(x, {.mode = mode, .antialias = true, .size = size}), x);
        }
    data().check("scaled", tn::interpolate<tn::scale_factor{1.7, 0.6}>(x, {.mode = interpolation::bilinear}), x);
    // Factors by which extents stay: 5 · 1.1 and 7 · 1.05.
    constexpr tn::scale_factor little{1.1, 1.05};
    for (bool const antialias : {false, true})
        CHECK(
            tn::array_equal(tn::interpolate<little>(x, {.mode = interpolation::bilinear, .antialias = antialias}), x));
    data().check("scaled_anew", tn::interpolate<tn::scale_factor{1.7}, true>(x, {.mode = interpolation::bicubic}), x);
    auto line = data().operand<dyn, dyn, dyn>("linear.0");
    data().check("linear", tn::interpolate<9>(line, {.mode = interpolation::linear}), line);
    auto volume = data().operand<dyn, dyn, dyn, dyn>("trilinear.0");
    data().check("trilinear",
                 tn::interpolate<4, 3, 5>(volume, {.mode = interpolation::trilinear, .align_corners = true}), volume);

    using image = tn::tensor<float, 3, 8, 6>;
    static_assert(
        std::is_same_v<decltype(tn::interpolate<tn::scale_factor{1.5}>(image()).eval()), tn::tensor<float, 3, 12, 9>>);
    CHECK_THROWS_AS(tn::interpolate<4>(image(), {.mode = interpolation::bilinear}), std::invalid_argument);
    CHECK_THROWS_AS((tn::interpolate<4, 4>(image(), {.align_corners = true})), std::invalid_argument);
    CHECK_THROWS_AS((tn::interpolate<dyn, 4>(image())), tn::shape_error);
    CHECK(tn::interpolate<2, 2>(tn::tensor<float, dyn, 3, 3>(0)).eval().size() == 0);
}

TEST_CASE("columns are resized as rows are, also where each is made of many") {
    tn::tensor<double, dyn, dyn, dyn> wide(1, 2, 100), high(1, 100, 2);
    for (std::size_t i = 0; i < 200; ++i)
        wide(0, i / 100, i % 100) = high(0, i % 100, i / 100) = std::sin(static_cast<double>(i * i));
    for (auto const mode : {interpolation::bilinear, interpolation::bicubic, interpolation::area}) {
        bool const antialias = mode != interpolation::area;
        tn::tensor const a = tn::interpolate<dyn, dyn>(wide, {.mode = mode, .antialias = antialias, .size = {2, 7}}),
                         b = tn::interpolate<dyn, dyn>(high, {.mode = mode, .antialias = antialias, .size = {7, 2}});
        for (std::size_t i = 0; i < 14; ++i) CHECK(a(0, i / 7, i % 7) == Approx(b(0, i % 7, i / 7)).margin(1e-12));
    }
}

TEST_CASE("elements take nothing of neighbours whose weight is 0") {
    tn::tensor<float, dyn> x(2);
    x(0) = std::numeric_limits<float>::infinity();
    x(1) = 2;
    for (std::size_t const n : {std::size_t{2}, std::size_t{3}}) {
        tn::tensor const y =
            tn::interpolate<dyn>(x, {.mode = interpolation::linear, .align_corners = true, .size = {n}});
        CHECK(y(0) == x(0));
        CHECK(y(n - 1) == 2);
    }
}

TEST_CASE("the nearest element is PyTorch's for all pairs of extents") {
    for (auto const& [name, mode] : {modes[0], modes[1]}) {
        auto const expected = data().get<std::uint8_t, dyn>(std::string(name) + "_places");
        std::size_t at = 0, wrong = 0;
        for (std::size_t n = 1; n < 40; ++n)
            for (std::size_t m = 1; m < 40; ++m) {
                tn::tensor<float, dyn> positions(n);
                for (std::size_t i = 0; i < n; ++i) positions(i) = static_cast<float>(i);
                tn::tensor const found = tn::interpolate<dyn>(positions, {.mode = mode, .size = {m}});
                for (std::size_t i = 0; i < m; ++i) wrong += static_cast<float>(expected(at++)) != found(i);
            }
        INFO(name);
        CHECK(wrong == 0);
    }
}

TEST_CASE("nearest elements of double are those of float") {
    // 41 · (2 / 82) and 20.5 · (2 / 41) are 1 in double, and less in float.
    tn::tensor<double, dyn, dyn, dyn> image(1, 2, 1);
    image(0, 0, 0) = 0;
    image(0, 1, 0) = 1;
    CHECK(tn::interpolate<dyn, dyn>(image, {.size = {82, 1}}).eval()(0, 41, 0) == 0);
    CHECK(tn::interpolate<dyn, dyn>(image, {.mode = interpolation::nearest_exact, .size = {41, 1}}).eval()(0, 20, 0) ==
          0);
}

TEST_CASE("nearest elements of 64 bits are not rounded") {
    constexpr std::int64_t large = (std::int64_t{1} << 53) + 1;
    tn::tensor const found = tn::interpolate<3>(tn::tensor<std::int64_t, 2>({large, -large}));
    CHECK(found(1) == large);
    CHECK(found(2) == -large);
}

TEST_CASE("bytes are resized as PyTorch does, to a unit") {
    auto const image = data().get<std::uint8_t, 3, 9, 13>("bytes");
    for (auto const& [name, mode] : {modes[2], modes[3]})
        for (bool const antialias : {false, true}) {
            tn::tensor const found = tn::interpolate<5, 17>(image, {.mode = mode, .antialias = antialias});
            auto const expected =
                data().get<std::uint8_t, 3, 5, 17>(std::string("bytes_") + name + (antialias ? "_True" : "_False"));
            CHECK(tn::max(tn::abs(tn::cast<int>(found) - tn::cast<int>(expected))).item() <= 1);
        }
}

TEST_CASE("samples at places of a grid are PyTorch's") {
    auto x = data().operand<dyn, dyn, dyn, dyn>("sample_nearest_zeros_0.0"),
         grid = data().operand<dyn, dyn, dyn, dyn>("sample_nearest_zeros_0.1");
    constexpr std::pair<char const*, tn::sampling> modes_of_samples[] = {
        {"bilinear", tn::sampling::bilinear}, {"nearest", tn::sampling::nearest}, {"bicubic", tn::sampling::bicubic}};
    constexpr std::pair<char const*, tn::sampling_padding> paddings[] = {
        {"zeros", tn::sampling_padding::zeros},
        {"border", tn::sampling_padding::border},
        {"reflection", tn::sampling_padding::reflection}};
    for (auto const& [mode_name, mode] : modes_of_samples)
        for (auto const& [padding_name, padding] : paddings)
            for (bool const corners : {false, true})
                data().check(
                    std::string("sample_") + mode_name + "_" + padding_name + (corners ? "_1" : "_0"),
                    tn::grid_sample(x, grid, {.mode = mode, .padding_mode = padding, .align_corners = corners}), x,
                    grid);
    auto volume = data().operand<dyn, dyn, dyn, dyn, dyn>("sample_volume.0"),
         places = data().operand<dyn, dyn, dyn, dyn, dyn>("sample_volume.1");
    data().check(
        "sample_volume",
        tn::grid_sample(volume, places, {.padding_mode = tn::sampling_padding::reflection, .align_corners = true}),
        volume, places);
    auto const nowhere = tn::full<float, 1, 1, 1, 2>(std::numeric_limits<float>::quiet_NaN());
    CHECK(tn::grid_sample(tn::ones<float, 1, 1, 3, 3>(), nowhere).eval()(0, 0, 0, 0) == 0);
    CHECK_THROWS_AS(tn::grid_sample(volume, places, {.mode = tn::sampling::bicubic}), std::invalid_argument);

    auto theta = data().operand<dyn, 2, 3>("affine.0");
    data().check("affine", tn::affine_grid<3, 4>(theta), theta);
    auto turn = data().operand<dyn, 3, 4>("affine_volume.0");
    data().check("affine_volume", tn::affine_grid<2, 3, 4>(turn, true), turn);
}

TEST_CASE("pixels and channels change places as PyTorch's") {
    auto x = data().operand<dyn, 8, 3, 2>("pixel_shuffle.0");
    data().check("pixel_shuffle", tn::pixel_shuffle<2>(x), x);
    auto channels = data().operand<dyn, 8, 3, 2>("channel_shuffle.0");
    data().check("channel_shuffle", tn::channel_shuffle<4>(channels), channels);
    auto y = data().operand<dyn, 8, 4, 2>("pixel_unshuffle.0");
    data().check("pixel_unshuffle", tn::pixel_unshuffle<2>(y), y);
    static_assert(std::is_same_v<decltype(tn::pixel_shuffle<2>(tn::tensor<float, 8, 3, 2>()).eval()),
                                 tn::tensor<float, 2, 6, 4>>);
    CHECK_THROWS_AS(tn::pixel_unshuffle<2>(tn::tensor<float, 1, dyn, 2>(3)), tn::shape_error);
}
