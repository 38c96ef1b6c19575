#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "torch_cases.hpp"

namespace tn = tenon;
using tn::conv3d_options;
using tn::conv_options;
using tn::dyn;
using tn::extent2;
using tn::extent3;
using tn::pool3d_options;
using tn::pool_options;

namespace {
torch_cases::file const& data() {
    static torch_cases::file const cases("window");
    return cases;
}
}  // namespace

TEST_CASE("convolutions of volumes are PyTorch's") {
    auto x = data().operand<dyn, dyn, dyn, dyn, dyn>("conv3d.0");
    auto w = data().operand<6, 2, 3, 2, 3>("conv3d.1");
    auto b = data().operand<6>("conv3d.2");
    data().check(
        "conv3d",
        tn::conv3d<conv3d_options{.stride = {2, 1, 2}, .padding = {1, 0, 2}, .dilation = {1, 2, 1}, .groups = 2}>(x, w,
                                                                                                                  b),
        x, w, b);
    data().check("conv3d_same", tn::conv3d<conv_options{.padding = tn::same_padding, .groups = 2}>(x, w, b), x, w, b);
    auto y = data().operand<dyn, dyn, dyn, dyn, dyn>("conv_transpose3d.0");
    auto v = data().operand<6, 2, 3, 2, 3>("conv_transpose3d.1");
    auto c = data().operand<4>("conv_transpose3d.2");
    data().check(
        "conv_transpose3d",
        tn::conv_transpose3d<conv_options{.stride = 2, .padding = 1, .groups = 2, .output_padding = 1}>(y, v, c), y, v,
        c);

    using volume = tn::tensor<float, 4, 3, 4, 5>;
    auto const f = tn::ones<float, 6, 2, 3, 2, 3>();
    static_assert(std::is_same_v<decltype(tn::conv3d<conv_options{.groups = 2}>(volume(), f).eval()),
                                 tn::tensor<float, 6, 1, 3, 3>>);
    CHECK_THROWS_AS((tn::conv3d(tn::zeros<float, 2, dyn, 3, 4, 5>(3), tn::zeros<float, 6, 4, 3, 2, 3>())),
                    tn::shape_error);
}

TEST_CASE("padding may keep the extents of an image for windows of an even span") {
    auto const x = data().get<double, 2, 3, 5, 6>("conv2d_same.0");
    auto const w = data().get<double, 4, 3, 2, 4>("conv2d_same.1");
    data().compare("conv2d_same.out",
                   tn::conv2d<conv_options{.padding = tn::same_padding, .dilation = {1, 3}}>(x, w).eval());
    auto const l = data().get<double, 3, 7>("conv1d_same.0");
    auto const v = data().get<double, 2, 3, 4>("conv1d_same.1");
    data().compare("conv1d_same.out", tn::conv1d<conv_options{.padding = tn::same_padding}>(l, v).eval());
}

TEST_CASE("windows of images are columns, and columns add up to images") {
    constexpr tn::unfold_options options{.dilation = {2, 1}, .padding = {1, 2}, .stride = {1, 2}};
    auto x = data().operand<dyn, dyn, dyn, dyn>("unfold.0");
    data().check("unfold", tn::unfold<extent2{2, 3}, options>(x), x);
    auto y = data().operand<dyn, dyn, dyn>("fold.0");
    data().check("fold", tn::fold<extent2{5, 6}, extent2{2, 3}, options>(y), y);
    tn::tensor<std::int64_t, 1, 2, 2> const few({{{1, 2}, {3, 4}}});
    tn::tensor const columns = tn::unfold<2>(few);
    static_assert(std::is_same_v<decltype(columns), tn::tensor<std::int64_t, 4, 1> const>);
    CHECK(columns(3, 0) == 4);
    CHECK_THROWS_AS((tn::fold<extent2{5, 6}, extent2{2, 3}>(y)), tn::shape_error);
    CHECK_THROWS_AS((tn::unfold<3>(tn::zeros<float, 1, dyn, 4>(2))), tn::shape_error);
}

TEST_CASE("pools along three axes are PyTorch's") {
    auto x = data().operand<dyn, dyn, dyn, dyn, dyn>("avg_pool3d.0");
    data().check(
        "max_pool3d",
        tn::max_pool3d<2, pool3d_options{.stride = {2, 1, 2}, .padding = 1, .dilation = {1, 2, 1}, .ceil_mode = true}>(
            x),
        x);
    data().check("avg_pool3d",
                 tn::avg_pool3d<extent3{2, 3, 2}, pool_options{.stride = 2, .padding = 1, .ceil_mode = true}>(x), x);
    data().check("avg_pool3d_inside", tn::avg_pool3d<3, pool_options{.padding = 1, .count_include_pad = false}>(x), x);
    data().check("avg_pool3d_divisor", tn::avg_pool3d<2, pool_options{.divisor_override = 3}>(x), x);
    data().check("adaptive_avg3", tn::adaptive_avg_pool3d<2, dyn, 5>(x), x);
    data().check("adaptive_max3", tn::adaptive_max_pool3d<3, 4, 5>(x), x);
    auto const [values, indices] = tn::adaptive_max_pool3d<3, 4, 5, true>(x);
    data().compare("adaptive_max3.indices", indices.eval());
    auto plane = data().operand<dyn, dyn, dyn, dyn>("adaptive_max2.0");
    data().check("adaptive_max2", tn::adaptive_max_pool2d<4, 3>(plane), plane);
    data().check("avg_pool2d_divisor",
                 tn::avg_pool2d<2, pool_options{.stride = 1, .padding = 1, .divisor_override = 3}>(plane), plane);
    // The only window reaches beyond the input.
    constexpr pool_options beyond{.stride = 2, .ceil_mode = true};
    tn::tensor<float, 1, 2> const few({{5, 6}});
    CHECK(tn::max_pool1d<3, beyond>(few).eval()(0, 0) == 6);
    CHECK(tn::avg_pool1d<3, beyond>(few).eval()(0, 0) == 5.5f);
    CHECK(tn::avg_pool3d<3, beyond>(tn::ones<double, 1, dyn, dyn, dyn>(2, 2, 2)).eval().size() == 1);
    auto line = data().operand<dyn, dyn, dyn>("adaptive_max1.0");
    data().check("adaptive_max1", tn::adaptive_max_pool1d<5>(line), line);
}

TEST_CASE("pools of powers are PyTorch's") {
    auto x = data().operand<dyn, dyn, dyn, dyn>("lp_pool3.0");
    data().check("lp_pool3", tn::lp_pool3d<2, pool_options{.stride = 1}>(x + 0.5, 3), x);
    auto y = data().operand<dyn, dyn, dyn>("lp_pool2.0");
    data().check("lp_pool2", tn::lp_pool2d<2, pool_options{.stride = 1}>(y + 0.5, 3), y);
    auto z = data().operand<dyn, dyn>("lp_pool1.0");
    data().check("lp_pool1", tn::lp_pool1d<2, pool_options{.stride = 1}>(z + 0.5, 3), z);
}

TEST_CASE("pools say where they found their values, and those can be put back") {
    auto x = data().operand<dyn, dyn, dyn>("max_pool2d_values.0");
    auto const [values, indices] =
        tn::max_pool2d<3, pool_options{.stride = 2, .padding = 1, .return_indices = true}>(x);
    data().compare("max_pool2d_values.out", values.eval());
    data().check("max_pool2d_values", values, x);
    data().compare("max_pool2d_values.indices", indices.eval());
    auto const [of_line, at] = tn::max_pool1d<3, pool_options{.stride = 2, .return_indices = true}>(
        data().get<double, dyn, dyn, dyn>("adaptive_max1.0"));
    data().compare("max_pool1d.indices", at.eval());
    data().compare("unpool1.0", of_line.eval());

    auto line = data().operand<dyn, dyn, dyn>("unpool1.0");
    data().check(
        "unpool1",
        tn::max_unpool1d<3, pool_options{.stride = 2}>(line, data().get<std::int64_t, dyn, dyn, dyn>("unpool1.1")),
        line);
    auto plane = data().operand<dyn, dyn, dyn, dyn>("unpool2.0");
    data().check(
        "unpool2",
        tn::max_unpool2d<2, pool_options{}, 5, 6>(plane, data().get<std::int64_t, dyn, dyn, dyn, dyn>("unpool2.1")),
        plane);
    auto volume = data().operand<dyn, dyn, dyn, dyn, dyn>("unpool3.0");
    data().check("unpool3",
                 tn::max_unpool3d<2, pool_options{}, 4, 5, 6>(
                     volume, data().get<std::int64_t, dyn, dyn, dyn, dyn, dyn>("unpool3.1")),
                 volume);
    CHECK_THROWS_AS(tn::max_unpool1d<2>(tn::zeros<float, 1, 2>(), tn::full<std::int64_t, 1, 2>(4)).eval(),
                    tn::index_error);
    // The two elements of a window lie on either side of a column.
    CHECK_THROWS_AS((tn::max_pool2d<2, pool_options{.stride = 1, .padding = 1, .dilation = 2, .return_indices = true}>(
                        tn::zeros<float, 1, 3, 1>())),
                    tn::shape_error);
    tn::tensor<std::int64_t, 1, dyn> before(2);
    before.fill(-1);
    CHECK_THROWS_AS(tn::max_unpool1d<2>(tn::zeros<float, 1, 2>(), before).eval(), tn::index_error);
}
