#include <tenon/scalar/shuffle.hpp>

#include <cstddef>

#include "../catch.hpp"

namespace element = tenon::element;
namespace math = tenon::math;

namespace {

/// The most lanes that one register holds.
template <class T>
constexpr std::size_t native = TENON_VECTOR_BYTES / sizeof(T);

/// Lanes first, first + 1, …
template <class T, std::size_t N>
element::pack<T, N> counted(int first) {
    return element::pack<T, N>::generate(
        [first](std::size_t l) { return static_cast<T>(first + static_cast<int>(l)); });
}

template <class T, std::size_t N, std::size_t Count>
void check_totals() {
    element::pack<T, N> rows[Count];
    for (std::size_t r = 0; r != Count; ++r) rows[r] = counted<T, N>(static_cast<int>(10 * r + r * r));
    auto const totals = math::totals(rows);
    for (std::size_t r = 0; r != Count; ++r) {
        CAPTURE(N, Count, r);
        CHECK(totals[r] == static_cast<T>(N * (10 * r + r * r) + N * (N - 1) / 2));
    }
}

template <class T, std::size_t N>
void check_transpose() {
    element::pack<T, N> rows[N];
    for (std::size_t r = 0; r != N; ++r) rows[r] = counted<T, N>(static_cast<int>(100 * r));
    math::transpose(rows);
    std::size_t wrong = 0;
    for (std::size_t r = 0; r != N; ++r)
        for (std::size_t l = 0; l != N; ++l) wrong += rows[r][l] != static_cast<T>(100 * l + r);
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("a square of lanes is transposed") {
    check_transpose<float, 2>();
    check_transpose<float, 4>();
    check_transpose<float, native<float>>();
    check_transpose<double, native<double>>();
}

TEST_CASE("totals of several rows of lanes come as lanes of one") {
    check_totals<float, 2, 1>();
    check_totals<float, 4, 3>();
    check_totals<float, native<float>, 1>();
    check_totals<float, native<float>, 2>();
    check_totals<float, native<float>, native<float> / 2 + 1>();
    check_totals<float, native<float>, native<float>>();
    check_totals<double, native<double>, native<double> - 1>();
    check_totals<int, native<int>, native<int> - 1>();
}

TEST_CASE("lanes are interleaved and taken apart again") {
    constexpr std::size_t n = native<float>;
    auto const a = counted<float, n>(0), b = counted<float, n>(100);
    auto const low = math::interleave<false>(a, b), high = math::interleave<true>(a, b);
    CHECK(low[0] == 0.f);
    CHECK(low[1] == 100.f);
    CHECK(high[n - 2] == static_cast<float>(n - 1));
    CHECK(high[n - 1] == static_cast<float>(100 + n - 1));
    auto const even = math::every_second<0>(low, high), odd = math::every_second<1>(low, high);
    for (std::size_t l = 0; l != n; ++l) {
        CHECK(even[l] == a[l]);
        CHECK(odd[l] == b[l]);
    }
}
