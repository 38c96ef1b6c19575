// Assignments to views of tensors, against loops.
#include <tenon/tenon.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>

#include <catch.hpp>

namespace tn = tenon;
using tn::dyn;

namespace {
using matrix = tn::tensor<float, 4, 4>;

matrix numbered() { return tn::reshape<4, 4>(tn::arange<float>(0, 16)).eval(); }

/// A matrix whose elements are those of f(row, column).
template <class F>
matrix made(F f) {
    matrix m;
    for (std::size_t i = 0; i != 4; ++i)
        for (std::size_t j = 0; j != 4; ++j) m(i, j) = f(i, j);
    return m;
}
/// Whether a change to the numbered matrix `a` makes it f(i, j).
template <class Change, class F>
bool changes(Change change, F f) {
    matrix a = numbered();
    change(a);
    return tn::array_equal(a, made(f));
}
float number(std::size_t i, std::size_t j) { return static_cast<float>(4 * i + j); }

/// A view's elements, set and moved while the program is compiled.
constexpr float in_constant_expression() {
    tn::tensor<float, 2, 3> m({{1, 2, 3}, {4, 5, 6}});
    m[0] = m[1];
    m[1] = 2.f;
    m[1][2] += 7.f;
    tn::flip<0>(m) = m;
    tn::transpose(m)[0] *= tn::tensor({10.f, 100.f});
    return m(0, 0) + m(0, 2) + m(1, 0);
}
static_assert(in_constant_expression() == 20 + 9 + 400);
}  // namespace

TEST_CASE("rows, columns and parts of a tensor can be assigned to") {
    auto const row = tn::tensor({1.f, 2.f, 3.f, 4.f});
    CHECK(changes([](auto& a) { a[0] = a[1]; }, [](auto i, auto j) { return number(i == 0 ? 1 : i, j); }));
    CHECK(changes([](auto& a) { a.template select<0>(-1) = 3.f; },
                  [](auto i, auto j) { return i == 3 ? 3.f : number(i, j); }));
    CHECK(changes([&](auto& a) { a[2] = row; }, [](auto i, auto j) { return i == 2 ? 1.f + float(j) : number(i, j); }));
    CHECK(changes([&](auto& a) { a[1] += row; },
                  [](auto i, auto j) { return number(i, j) + (i == 1 ? 1.f + float(j) : 0.f); }));
    CHECK(
        changes([](auto& a) { tn::slice<0, 0, 2>(a) = 7; }, [](auto i, auto j) { return i < 2 ? 7.f : number(i, j); }));
    CHECK(changes([&](auto& a) { tn::select<1>(a, 3) = row; },
                  [](auto i, auto j) { return j == 3 ? 1.f + float(i) : number(i, j); }));
    CHECK(changes([&](auto& a) { a.template slice<1, 1, 4, 2>() -= tn::unsqueeze<1>(row); },
                  [](auto i, auto j) { return number(i, j) - (j % 2 == 1 ? 1.f + float(i) : 0.f); }));
    CHECK(changes([&](auto& a) { tn::diagonal(a) = row; },
                  [](auto i, auto j) { return i == j ? 1.f + float(i) : number(i, j); }));
    CHECK(changes([&](auto& a) { tn::flip<0>(a) = row; }, [](auto, auto j) { return 1.f + float(j); }));
    CHECK(changes([&](auto& a) { a[2] = matmul(a, row); },
                  [](auto i, auto j) {
                      return i == 2 ? number(j, 0) + 2 * number(j, 1) + 3 * number(j, 2) + 4 * number(j, 3)
                                    : number(i, j);
                  }));
}

TEST_CASE("a view of a view is assigned to down to an element") {
    CHECK(changes([](auto& a) { a[1][2] = 5; }, [](auto i, auto j) { return i == 1 && j == 2 ? 5.f : number(i, j); }));
    CHECK(changes([](auto& a) { a[1][2] *= a[3][3]; },
                  [](auto i, auto j) { return i == 1 && j == 2 ? 90.f : number(i, j); }));
    CHECK(changes([](auto& a) { tn::slice<0, 0, 2>(a[3]).fill(5); },
                  [](auto i, auto j) { return i == 3 && j < 2 ? 5.f : number(i, j); }));
    CHECK(changes([](auto& a) { a.transpose()[1].template slice<0, 2>() = 5.0; },
                  [](auto i, auto j) { return j == 1 && i > 1 ? 5.f : number(i, j); }));
    CHECK(changes([](auto& a) { tn::select<0>(tn::reshape<2, 2, 2, 2>(a), 1) = 1.f; },
                  [](auto i, auto j) { return i > 1 ? 1.f : number(i, j); }));
    CHECK(changes([](auto& a) { a[2].flatten().template reshape<2, 2>()[1] = 1.f; },
                  [](auto i, auto j) { return i == 2 && j > 1 ? 1.f : number(i, j); }));
    CHECK(changes([](auto& a) { a.flatten().transpose() = tn::arange<float>(16, 32); },
                  [](auto i, auto j) { return number(i, j) + 16; }));
    CHECK(changes(
        [](auto& a) {
            auto [first, second] = tn::split<1, 1, 3>(a);
            first = 1.f;
            std::get<2>(tn::unbind(second))[0] = 2.f;
        },
        [](auto i, auto j) { return j == 0             ? 1.f
                                    : i == 2 && j == 1 ? 2.f
                                                       : number(i, j); }));
    // A view that has a name writes to the tensor too, and reads what the tensor has then.
    CHECK(changes(
        [](auto& a) {
            auto first = a[0], last = a[3];
            first = last;
            last += first;
            float const corner = a[3][3];
            first[0] = corner;
        },
        [](auto i, auto j) {
            return i == 0 && j == 0 ? 30.f : i == 0 ? number(3, j) : i == 3 ? 2 * number(3, j) : number(i, j);
        }));
}

TEST_CASE("what is assigned to a view is read before it is overwritten") {
    CHECK(changes([](auto& a) { tn::transpose(a) = a; }, [](auto i, auto j) { return number(j, i); }));
    CHECK(changes([](auto& a) { tn::flip<0, 1>(a) = a; }, [](auto i, auto j) { return number(3 - i, 3 - j); }));
    CHECK(changes([](auto& a) { tn::slice<0, 1>(a) = tn::slice<0, 0, -1>(a); },
                  [](auto i, auto j) { return number(i == 0 ? 0 : i - 1, j); }));
    CHECK(changes([](auto& a) { tn::slice<1, 0, 3>(a) = tn::slice<1, 1>(a) + 1.f; },
                  [](auto i, auto j) { return j < 3 ? number(i, j + 1) + 1 : number(i, j); }));
    CHECK(changes([](auto& a) { tn::select<1>(a, 2) = a[2]; },
                  [](auto i, auto j) { return j == 2 ? number(2, i) : number(i, j); }));
    CHECK(changes([](auto& a) { a[1] += tn::select<1>(a, 1); },
                  [](auto i, auto j) { return number(i, j) + (i == 1 ? number(j, 1) : 0.f); }));
    CHECK(changes([](auto& a) { a[0] = tn::softmax<0>(a[0] * 0.f) + tn::sum<0>(a); },
                  [](auto i, auto j) { return i == 0 ? 24.25f + 4.f * float(j) : number(i, j); }));
    CHECK(changes([](auto& a) { tn::transpose(a) = matmul(a, tn::eye<float, 4>()); },
                  [](auto i, auto j) { return number(j, i); }));
    auto a = tn::tensor({1.f, 2.f, 3.f});
    tn::flip<0>(a) = a;
    CHECK(tn::array_equal(a, tn::tensor({3.f, 2.f, 1.f})));
}

TEST_CASE("views with extents of run time refuse what does not fit, and stay as they were") {
    tn::tensor<float, dyn, 3> a(4);
    a[0] = tn::tensor({1.f, 2.f, 3.f});
    tn::slice<0, 1, 3>(a) = a[0];
    tn::transpose(a)[2] += 1.f;
    CHECK(tn::array_equal(a, tn::tensor({{1.f, 2.f, 4.f}, {1.f, 2.f, 4.f}, {1.f, 2.f, 4.f}, {0.f, 0.f, 1.f}})));
    tn::tensor const before = a;
    tn::tensor<float, dyn> const longer(5);
    CHECK_THROWS_AS(a[0] = longer, tn::shape_error);
    CHECK_THROWS_AS((tn::slice<0, 1, 3>(a) = before), tn::shape_error);
    CHECK_THROWS_AS((tn::slice<0, 0, 0>(a) += before), tn::shape_error);
    CHECK_THROWS_AS(a[4] = 1.f, tn::index_error);
    CHECK(tn::array_equal(a, before));
    tn::slice<0, 4>(a) = 7.f;  // no elements
    tn::slice<0, 0, 0>(a) = a[0];
    CHECK(tn::array_equal(a, before));
    a.flatten() = 2.f;
    CHECK(tn::all(a == 2).item());
}

TEST_CASE("views of integers, of narrow elements, and of variables' values and gradients") {
    tn::tensor<std::int64_t, 2, 2> k;
    k[0] = tn::tensor({1, 2});
    k[1] += k[0];
    k[1][0] = true;
    CHECK(tn::array_equal(k, tn::tensor({{1, 2}, {1, 2}})));
    tn::tensor<tn::bfloat16, 2, 2> b;
    b[0] = 1.5f;
    b[0][1] += b[0][0];
    CHECK(tn::array_equal(tn::cast<float>(b), tn::tensor({{1.5f, 3.f}, {0.f, 0.f}})));
    tn::tensor<bool, 2, 2> t;
    t[1] = true;
    tn::transpose(t)[0] = k[0] == 2;
    CHECK(tn::array_equal(t, tn::tensor({{false, false}, {true, true}})));
    tn::variable<float, 2, 2> w(tn::ones<float, 2, 2>());
    w.value()[0] = 3.f;
    tn::backward(tn::sum(w * w));
    w.grad()[1] = w.value()[0] * 2;
    CHECK(tn::array_equal(w.value(), tn::tensor({{3.f, 3.f}, {1.f, 1.f}})));
    CHECK(tn::all(w.grad() == 6).item());
}
