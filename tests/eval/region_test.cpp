// Regions whose rows are made alike share their loops: every row has to be met, under any broadcasting and in any remainder.
#include <cstddef>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {
/// relu(x + row) · column, where `row` serves every row and `column` every element of one: values and gradients against sums by hand.
template <std::size_t Blocks, std::size_t Rows, std::size_t Columns>
void check_broadcast() {
    CAPTURE(Blocks, Rows, Columns);
    tn::manual_seed(3);
    auto const x0 = tn::randn<float, Blocks, Rows, Columns>();
    auto const row0 = tn::randn<float, Columns>();
    auto const layer0 = tn::randn<float, Rows, Columns>();
    auto const column0 = tn::randn<float, Blocks, 1, 1>();
    tn::variable<float, Blocks, Rows, Columns> x(x0);
    tn::variable<float, Columns> row(row0);
    tn::variable<float, Rows, Columns> layer(layer0);
    tn::variable<float, Blocks, 1, 1> column(column0);

    tn::tensor<float, Blocks, Rows, Columns> const y = tn::relu(x0 + row0) * 2.f + layer0;
    tn::backward(tn::sum(tn::square(tn::relu(x + row) * 2.f + layer) * column));

    tn::tensor<double, Columns> row_gradient = tn::zeros<double, Columns>();
    tn::tensor<double, Rows, Columns> layer_gradient = tn::zeros<double, Rows, Columns>();
    for (std::size_t b = 0; b < Blocks; ++b) {
        double column_gradient = 0;
        for (std::size_t r = 0; r < Rows; ++r)
            for (std::size_t c = 0; c < Columns; ++c) {
                double const before = double{x0(b, r, c)} + double{row0(c)}, at = before > 0 ? before : 0;
                double const value = at * 2 + double{layer0(r, c)}, slope = 2 * value * double{column0(b, 0, 0)};
                REQUIRE(y(b, r, c) == Approx(value).margin(1e-5));
                REQUIRE(x.grad()(b, r, c) == Approx(before > 0 ? 2 * slope : 0).margin(1e-4));
                if (before > 0) row_gradient(c) += 2 * slope;
                layer_gradient(r, c) += slope;
                column_gradient += value * value;
            }
        REQUIRE(column.grad()(b, 0, 0) == Approx(column_gradient).epsilon(1e-4));
    }
    for (std::size_t c = 0; c < Columns; ++c) {
        REQUIRE(row.grad()(c) == Approx(row_gradient(c)).epsilon(1e-4).margin(1e-3));
        for (std::size_t r = 0; r < Rows; ++r)
            REQUIRE(layer.grad()(r, c) == Approx(layer_gradient(r, c)).epsilon(1e-4).margin(1e-3));
    }
}
}  // namespace

TEST_CASE("rows of any length and number are met once, forward and backward", "[region]") {
    check_broadcast<1, 1, 16>();
    check_broadcast<3, 5, 17>();
    check_broadcast<2, 3, 150>();
    check_broadcast<7, 40, 19>();  // more rows than a part of a sum may have terms
}

namespace {
/// x + 2 yᵀ of matrices: large ones are written block by block.
template <class Matrices, class Transposed>
void check_transposed_sum(Matrices const& x, Transposed const& y, std::size_t rows, std::size_t columns) {
    Matrices const z = x + tn::transpose<-2, -1>(y) * 2.f;
    bool equal = true;
    for (std::size_t i = 0; i != x.size(); ++i) {
        std::size_t const matrix = i / (rows * columns), row = i / columns % rows, column = i % columns;
        equal = equal && z.data()[i] == x.data()[i] + y.data()[(matrix * columns + column) * rows + row] * 2.f;
    }
    CHECK(equal);
}
}  // namespace

TEST_CASE("a large region that reads transposes has every element once", "[region]") {
    check_transposed_sum(tn::rand<float, 367, 391>(), tn::rand<float, 391, 367>(), 367, 391);
    check_transposed_sum(tn::rand<float, 2, 300, 250>(), tn::rand<float, 2, 250, 300>(), 300, 250);
    tn::tensor<float, tn::dyn, tn::dyn> const x = tn::rand<float, 401, 333>(), y = tn::rand<float, 333, 401>();
    check_transposed_sum(x, y, 401, 333);
    tn::tensor<float, tn::dyn, tn::dyn> const small = tn::rand<float, 33, 5>(), other = tn::rand<float, 5, 33>();
    check_transposed_sum(small, other, 33, 5);
}

TEST_CASE("a region may read transposes and slices", "[region]") {
    tn::manual_seed(4);
    auto const a = tn::randn<float, 33, 21>();
    auto const b = tn::randn<float, 40, 33>();
    tn::variable<float, 40, 33> v(b);
    tn::tensor<float, 33, 21> const y = a - tn::transpose(tn::slice<0, 2, 23>(b));
    tn::backward(tn::sum(a * tn::transpose(tn::slice<0, 2, 23>(v))));
    for (std::size_t i = 0; i < 33; ++i)
        for (std::size_t j = 0; j < 21; ++j) {
            REQUIRE(y(i, j) == a(i, j) - b(j + 2, i));
            REQUIRE(v.grad()(j + 2, i) == a(i, j));
        }
    REQUIRE(v.grad()(0, 0) == 0.f);
    REQUIRE(v.grad()(23, 0) == 0.f);
}
