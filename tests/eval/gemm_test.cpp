#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <tenon/tenon.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "../catch.hpp"

namespace tn = tenon;
using tn::eval::matrix;

namespace {

/// Small whole numbers, so that every sum is exact.
template <class T>
std::vector<T> numbers(std::size_t n, std::size_t seed) {
    std::vector<T> v(n);
    for (std::size_t i = 0; i != n; ++i)
        v[i] = static_cast<T>(static_cast<int>((i * 7 + seed * 13 + i * i % 11) % 9) - 4);
    return v;
}

/// A matrix of the given extents in an order: rows contiguous, columns contiguous, or every second element of rows.
template <class T>
constexpr matrix<T> laid(T* p, std::size_t rows, std::size_t columns, int order) {
    auto const r = static_cast<std::ptrdiff_t>(rows), c = static_cast<std::ptrdiff_t>(columns);
    if (order == 0) return {p, c, 1};
    if (order == 1) return {p, 1, r};
    return {p, 2 * c, 2};
}

/// Computes with `product(A, B, C)` and compares with sums of products.
template <class T, class F>
void check(std::size_t m, std::size_t n, std::size_t k, int order_a, int order_b, int order_c, bool accumulate,
           F const& product) {
    CAPTURE(m, n, k, order_a, order_b, order_c, accumulate);
    // No element more than there are: who reads or writes beyond is found by the sanitizers.
    auto const room = [](std::size_t elements, int order) { return order == 2 ? 2 * elements : elements; };
    auto const a = numbers<T>(room(m * k, order_a), 1), b = numbers<T>(room(k * n, order_b), 2);
    auto c = numbers<T>(room(m * n, order_c), 3);
    auto const before = c;
    matrix<T const> const A = laid(a.data(), m, k, order_a), B = laid(b.data(), k, n, order_b);
    matrix<T> const C = laid(c.data(), m, n, order_c);
    product(A, B, C);
    std::size_t wrong = 0;
    std::vector<T> expected = before;
    for (std::size_t i = 0; i != m; ++i)
        for (std::size_t j = 0; j != n; ++j) {
            auto const o = static_cast<std::size_t>(C.at(i, j) - C.p);
            T s = accumulate ? before[o] : T(0);
            for (std::size_t q = 0; q != k; ++q) s = static_cast<T>(s + *A.at(i, q) * *B.at(q, j));
            expected[o] = s;
        }
    for (std::size_t o = 0; o != c.size(); ++o) wrong += !(c[o] == expected[o]);
    CHECK(wrong == 0);
}

template <class T>
void check(std::size_t m, std::size_t n, std::size_t k, int order_a, int order_b, int order_c, bool accumulate) {
    check<T>(m, n, k, order_a, order_b, order_c, accumulate, [&](auto const& a, auto const& b, auto const& c) {
        tn::eval::gemm<tn::dyn, tn::dyn, tn::dyn, T>(m, n, k, a, b, c, accumulate);
    });
}

template <class T>
void check_layouts(std::size_t m, std::size_t n, std::size_t k) {
    for (int a = 0; a != 3; ++a)
        for (int b = 0; b != 3; ++b)
            for (int c = 0; c != 3; ++c) check<T>(m, n, k, a, b, c, (a + b + c) % 2 == 0);
}

/// The same with extents and strides in the types.
template <class T, std::size_t Rows, std::size_t Columns, int Order>
auto fixed(T* p) {
    constexpr matrix<T> m = laid<T>(nullptr, Rows, Columns, Order);
    return tn::eval::fixed_matrix<T, m.rows, m.columns>{p};
}
template <class T, std::size_t M, std::size_t N, std::size_t K, int A, int B, int C>
void check_fixed() {
    for (bool accumulate : {false, true})
        check<T>(M, N, K, A, B, C, accumulate, [&](auto const& a, auto const& b, auto const& c) {
            auto fa = fixed<T const, M, K, A>(a.p);
            auto fb = fixed<T const, K, N, B>(b.p);
            auto fc = fixed<T, M, N, C>(c.p);
            constexpr bool in_rows = A == 0 && B == 0 && C == 0 && N % tn::eval::tile<T>::lanes == 0;
            static_assert(tn::eval::has_small_product<M, N, K, decltype(fa), decltype(fb), decltype(fc)> ==
                          (M * N * K <= (in_rows ? 32768 : 4096)));
            tn::eval::gemm<M, N, K, T>(M, N, K, fa, fb, fc, accumulate);
        });
}
template <class T, std::size_t M, std::size_t N, std::size_t K>
void check_fixed_layouts() {
    check_fixed<T, M, N, K, 0, 0, 0>();
    check_fixed<T, M, N, K, 0, 1, 0>();
    check_fixed<T, M, N, K, 1, 0, 1>();
    check_fixed<T, M, N, K, 1, 1, 0>();
    check_fixed<T, M, N, K, 1, 1, 1>();
    check_fixed<T, M, N, K, 2, 2, 2>();
}

}  // namespace

TEST_CASE("a product is right for any extents, strides and destination, and writes nothing else") {
    std::size_t const extents[] = {1, 2, 5, 6, 7, 13, 16, 17, 40};
    for (auto m : extents)
        for (auto n : extents)
            for (auto k : {1u, 3u, 8u, 37u}) check<float>(m, n, k, int(m % 3), int(n % 3), int(k % 3), m % 2 == 0);
    check_layouts<float>(7, 19, 9);
    check_layouts<float>(1, 21, 12);
    check_layouts<float>(23, 1, 17);
    check_layouts<double>(13, 11, 10);
    check_layouts<int>(8, 9, 5);
}

TEST_CASE("a small product is right for any extents and strides that are static") {
    check_fixed_layouts<float, 1, 1, 1>();
    check_fixed_layouts<float, 1, 5, 10>();
    check_fixed_layouts<float, 2, 17, 9>();
    check_fixed_layouts<float, 4, 2, 5>();
    check_fixed_layouts<float, 7, 21, 11>();
    check_fixed_layouts<float, 16, 16, 16>();
    check_fixed_layouts<float, 5, 40, 3>();
    check_fixed_layouts<double, 9, 7, 6>();
    check_fixed_layouts<double, 1, 3, 13>();
    check_fixed_layouts<int, 3, 9, 4>();
    check_fixed<float, 17, 16, 16, 0, 1, 0>();
    check_fixed<float, 32, 32, 32, 0, 0, 0>();
    check_fixed<double, 23, 16, 32, 0, 0, 0>();
}

TEST_CASE("columns that lie beside each other don't reach into each other") {
    float a[10], b[50], c[5] = {};
    for (std::size_t i = 0; i != 50; ++i) b[i] = 0.5f;
    for (float& v : a) v = 2;
    for (std::size_t i = 20; i != 30; ++i) b[i] = std::numeric_limits<float>::quiet_NaN();
    tn::eval::gemm<1, 5, 10, float>(1, 5, 10, tn::eval::fixed_matrix<float const, 10, 1>{a},
                                    tn::eval::fixed_matrix<float const, 1, 10>{b},
                                    tn::eval::fixed_matrix<float, 5, 1>{c}, false);
    for (std::size_t j = 0; j != 5; ++j) CHECK((j == 2 ? c[j] != c[j] : c[j] == 10));
}

TEST_CASE("blocks join without seams") {
    check_layouts<float>(150, 33, 515);
    check_layouts<double>(20, 300, 259);
    check<float>(14, 2100, 5, 0, 0, 0, false);
    check<float>(14, 2100, 5, 0, 1, 0, true);
}

TEST_CASE("blocks of any size join without seams") {
    // Caches so small that a block of B is one panel or a few, whether A fits beside it or not.
    for (std::size_t cache : {std::size_t{1} << 10, std::size_t{1} << 17, std::size_t{3} << 17, std::size_t{1} << 20})
        for (int a : {0, 1, 2})
            for (int b : {0, 1, 2})
                for (std::size_t n : {67u, 195u})
                    for (std::size_t m : {13u, 55u, 100u})
                        check<float>(m, n, 531, a, b, static_cast<int>(m + n) % 2, n % 2 == 0,
                                     [&](auto const& A, auto const& B, auto const& C) {
                                         tn::eval::gemm_blocked<float>(m, n, 531, A, B, C, n % 2 == 0, {},
                                                                       tn::eval::blocking<float>(cache));
                                     });
    // The tiles at the edges: every number of columns and rows that is left.
    for (std::size_t n = 1; n != 70; ++n) {
        check<float>(n % 29 + 2, n, 20, static_cast<int>(n % 2), 0, 0, n % 3 == 0);
        check<double>(n % 17 + 2, n, 12, static_cast<int>(n % 2), 1, static_cast<int>(n % 2), n % 3 == 0);
    }
}

TEST_CASE("a product that a BLAS may compute is right in any order") {
    for (int a : {0, 1, 2})
        for (int b : {0, 1, 2})
            for (int c : {0, 1, 2}) {
                check<float>(130, 140, 150, a, b, c, c % 2 == 0);
                check<double>(130, 141, 150, a, b, c, (a + c) % 2 == 0);
            }
    // Rows that overlap are no matrix of Fortran's.
    std::vector<float> const series = numbers<float>(400, 1), taps = numbers<float>(150 * 140, 2);
    std::vector<float> out(130 * 140);
    tn::eval::gemm_large<float>(130, 140, 150, {series.data(), 1, 1}, {taps.data(), 140, 1}, {out.data(), 140, 1},
                                false);
    float expected = 0;
    for (std::size_t q = 0; q != 150; ++q) expected += series[129 + q] * taps[q * 140 + 139];
    CHECK(out.back() == expected);
}

TEST_CASE("threads share a large product") {
#if defined(_OPENMP)
    int const before = omp_get_max_threads();
    for (int threads : {2, 3}) {
        omp_set_num_threads(threads);
        check<float>(300, 401, 303, 0, 1, 0, true);
        check<float>(401, 300, 303, 0, 0, 0, false);
    }
    omp_set_num_threads(before);
#endif
}

TEST_CASE("a product without depth is zero") {
    for (bool accumulate : {false, true}) {
        check<float>(3, 4, 0, 0, 0, 0, accumulate);
        check<float>(1, 4, 0, 0, 0, 0, accumulate);
    }
}

TEST_CASE("the gradient of a large parameter is zero after zero_grad, whoever reads it first") {
    tn::variable w(tn::ones<float, 40, 30>());
    auto const x = tn::ones<float, 5, 40>();
    tn::backward(tn::sum(tn::matmul(x, w)));
    CHECK(w.grad()(3, 3) == 5.f);
    tn::backward(tn::sum(tn::matmul(x, w)));
    CHECK(w.grad()(3, 3) == 10.f);
    w.zero_grad();
    CHECK(w.grad()(3, 3) == 0.f);
    w.zero_grad();
    tn::backward(tn::sum(tn::matmul(x, w)));
    CHECK(w.grad()(39, 29) == 5.f);
    w.zero_grad();
    tn::backward(tn::sum(tn::matmul(x, w)) + tn::sum(w) + tn::sum(tn::matmul(x, w * 2.f)));
    CHECK(w.grad()(0, 0) == 16.f);
    w.zero_grad();
    tn::variable copy = w;
    CHECK(copy.grad()(7, 7) == 0.f);
    w.zero_grad();
    tn::backward(tn::sum(tn::matmul(tn::slice<0, 0, 1>(w), tn::ones<float, 30, 2>())));
    CHECK(w.grad()(0, 4) == 2.f);
    CHECK(w.grad()(1, 4) == 0.f);
}
