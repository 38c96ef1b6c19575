// Row operations that are computed when their rows are read: the same numbers as from memory, whatever the shape, and no
// operand is overwritten before its last reading. And results so large that they are written past the caches.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <tenon/tenon.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// Whether elements differ by less than rounding does.
bool are_close(std::span<float const> a, std::span<float const> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](float x, float y) { return std::abs(x - y) <= 1e-5f * (1 + std::abs(y)); });
}
template <class A, class B>
void check_close(A const& a, B const& b, int line = __builtin_LINE()) {
    CAPTURE(line, tn::to_string(a.shape()));
    REQUIRE(a.shape() == b.shape());
    CHECK(are_close({a.data(), a.size()}, {b.data(), b.size()}));
}

/// Layer normalisation without weights.
auto normalized(auto const& x) {
    using s = tn::shape_t<decltype(x)>;
    constexpr std::size_t last = s::static_extents[s::rank() - 1];
    if constexpr (tn::is_dynamic(last)) {
        std::size_t const n = x.shape()[s::rank() - 1];
        return tn::layer_norm(x, tn::ones<float, tn::dyn>(n), tn::zeros<float, tn::dyn>(n));
    } else return tn::layer_norm<last>(x);
}

/// Expressions of rows, each beside its parts with every row operation in a tensor of its own.
template <class X, class W>
void check_expressions(X const& x, W const& w) {
    auto in_memory = [](auto const& e) {
        return tn::tensor_of_t<tn::value_t<decltype(e)>, tn::shape_t<decltype(e)>>(e);
    };
    auto evaluated = in_memory;

    auto const softmax = in_memory(tn::softmax<-1>(x));
    check_close(evaluated(tn::softmax<-1>(x) * w + x), in_memory(softmax * w + x));
    check_close(evaluated(tn::log_softmax<-1>(x * 0.5f) - w),
                in_memory(in_memory(tn::log_softmax<-1>(in_memory(x * 0.5f))) - w));
    check_close(evaluated(tn::softmax<-1>(tn::softmax<-1>(x) * 3.f) + 0.f),
                in_memory(tn::softmax<-1>(in_memory(softmax * 3.f))));

    auto const greatest = in_memory(tn::max<-1>(x, tn::keepdim));
    auto const mean = in_memory(tn::mean<-1>(x, tn::keepdim));
    check_close(evaluated(tn::exp(x - tn::max<-1>(x, tn::keepdim))), in_memory(tn::exp(x - greatest)));
    auto const centred = in_memory(x - mean);
    check_close(evaluated((x - tn::mean<-1>(x, tn::keepdim)) * w), in_memory(centred * w));
    // A named node is read by two row operations and by the region.
    auto const h = tn::let(tn::exp(x - tn::max<-1>(x, tn::keepdim)));
    check_close(evaluated(h / tn::sum<-1>(h, tn::keepdim)), softmax);
    auto const m = tn::let(tn::mean<-1>(x, tn::keepdim));
    check_close(evaluated((x - m) * (x + m)), in_memory((x - mean) * (x + mean)));
    // One consumer goes row by row, another one wants everything first.
    check_close(evaluated((x - m) + tn::sum<0>(m, tn::keepdim)),
                in_memory(centred + in_memory(tn::sum<0>(mean, tn::keepdim))));

    check_close(evaluated(tn::logsumexp<-1>(x)), in_memory(tn::log(in_memory(tn::sum<-1>(in_memory(tn::exp(x)))))));
    check_close(evaluated(tn::layer_norm(x, w, w)), in_memory(in_memory(normalized(x)) * w + w));
    check_close(evaluated(tn::var<-1>(x)),
                in_memory(tn::sum<-1>(in_memory(tn::square(centred))) / (static_cast<double>(w.shape()[0]) - 1)));
    // Consumers that do not go row by row.
    check_close(evaluated(tn::transpose<-1, -2>(tn::softmax<-1>(x))), in_memory(tn::transpose<-1, -2>(softmax)));
    check_close(evaluated(tn::transpose<-1, -2>(tn::softmax<-1>(x) * w)),
                in_memory(tn::transpose<-1, -2>(in_memory(softmax * w))));
    check_close(evaluated(tn::sum<-2>(tn::softmax<-1>(x) * w)), in_memory(tn::sum<-2>(in_memory(softmax * w))));
    check_close(evaluated(tn::flip<-2>(normalized(x)) + x),
                in_memory(in_memory(tn::flip<-2>(in_memory(normalized(x)))) + x));
}

/// The same with the operand as destination.
template <class X>
void check_in_place(X const& x) {
    auto const assigned = [&](auto const& f) {
        X fresh(f(x)), y(x);
        y = f(y);
        check_close(y, fresh);
    };
    assigned([](auto const& y) { return tn::softmax<-1>(y); });
    assigned([](auto const& y) { return tn::softmax<-1>(y) * 2.f + y; });
    assigned([](auto const& y) { return y - tn::max<-1>(y, tn::keepdim); });
    assigned([](auto const& y) { return normalized(y) + tn::mean<-1>(y, tn::keepdim); });
    assigned([](auto const& y) { return tn::softmax<-1>(tn::flip<-2>(y)); });
    assigned([](auto const& y) { return tn::softmax<-1>(tn::flip<-2>(y)) - y; });
    assigned([](auto const& y) { return normalized(tn::flip<-2>(tn::softmax<-1>(y)) + y); });
    assigned([](auto const& y) { return y - tn::let(tn::sum<-1>(tn::flip<-2>(y), tn::keepdim)); });
    assigned([](auto const& y) { return y * tn::mean<0>(y); });
}

}  // namespace

TEST_CASE("row operations that are computed when they are read equal those in memory") {
    tn::manual_seed(1);
    SECTION("static") {
        check_expressions(tn::randn<float, 70, 100>(), tn::randn<float, 100>());
        check_expressions(tn::randn<float, 3, 41, 67>(), tn::randn<float, 67>());
    }
    SECTION("run-time extents") {
        for (std::size_t rows : {1u, 2u, 5u})
            for (std::size_t columns : {2u, 7u, 8u, 33u, 4801u})
                check_expressions(tn::randn<float, tn::dyn, tn::dyn>(rows, columns),
                                  tn::randn<float, tn::dyn>(columns));
    }
    SECTION("in place") {
        check_in_place(tn::randn<float, 70, 100>());
        check_in_place(tn::randn<float, 3, 41, 67>());
        check_in_place(tn::randn<float, tn::dyn, tn::dyn>(7, 3));
        check_in_place(tn::randn<float, tn::dyn, tn::dyn>(6, 11));
    }
}

TEST_CASE("rows of nothing") {
    tn::tensor<float, tn::dyn, tn::dyn> none(0, 5), empty(4, 0);
    CHECK((tn::tensor<float, tn::dyn, tn::dyn>(tn::softmax<1>(none) * 2.f)).shape().size() == 0);
    CHECK((tn::tensor<float, tn::dyn, tn::dyn>(tn::softmax<1>(empty) * 2.f)).shape().size() == 0);
    CHECK((tn::tensor<float, tn::dyn, tn::dyn>(empty - tn::sum<1>(empty, tn::keepdim))).shape().size() == 0);
    CHECK((tn::tensor<float, tn::dyn, 1>(tn::sum<1>(empty, tn::keepdim) + 1.f)).flat()[3] == 1);
}

TEST_CASE("softmax of infinities and NaN, as PyTorch has it") {
    constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    auto x = tn::full<float, 4, 1200>(0.f);
    x(0, 1100) = inf;
    for (std::size_t j = 0; j != 1200; ++j) x(1, j) = -inf;
    x(2, 3) = nan;
    x(3, 7) = -inf;
    tn::tensor<float, 4, 1200> const y = tn::softmax<1>(x), twice = tn::softmax<1>(x) * 2.f,
                                     log = tn::log_softmax<1>(x);
    for (std::size_t i : {0u, 1u, 2u}) {
        CHECK(std::isnan(y(i, 1100)));
        CHECK(std::isnan(twice(i, 1100)));
        CHECK(std::isnan(log(i, 1100)));
    }
    CHECK(std::isnan(y(0, 5)));
    CHECK(y(3, 7) == 0);
    CHECK(twice(3, 0) == Approx(2.0 / 1199));
    CHECK(log(3, 7) == -inf);
}

TEST_CASE("results that are written past the caches are complete") {
    static_assert(tn::eval::streamed_bytes <= 1100 * 1024 * sizeof(float));
    auto const x = tn::randn<float, 1100, 1024>();
    tn::tensor<float, 1100, 1024> const y = x * 2.f, s = tn::softmax<1>(x), n = normalized(x) + x;
    CHECK(tn::array_equal(y, x + x));
    CHECK(tn::allclose(tn::sum<1>(s), tn::ones<float, 1100>(), {.rtol = 1e-5, .atol = 1e-6}));
    CHECK(tn::allclose(tn::mean<1>(n), tn::mean<1>(x), {.rtol = 1e-4, .atol = 1e-5}));
    // Rows that do not start where registers do, and run-time extents.
    auto const odd = tn::randn<float, 1101, 1023>();
    tn::tensor<float, 1101, 1023> const z = tn::softmax<1>(odd) + 1.f;
    CHECK(tn::allclose(tn::sum<1>(z), tn::full<float, 1101>(1024.f), {.rtol = 1e-5, .atol = 0}));
    tn::tensor<double, tn::dyn> const line(tn::randn<double, tn::dyn>(1200003));
    tn::tensor<double, tn::dyn> const doubled(line * 2.0);
    CHECK(tn::array_equal(doubled, line + line));
}

#if defined(_OPENMP)
TEST_CASE("large regions are the same for any number of threads") {
    auto const x = tn::randn<float, 1500, 1001>(), y = tn::randn<float, 1500, 1001>();
    auto const row = tn::randn<float, 1001>();
    auto const w = tn::randn<float, 1001, 24>();
    auto const deep = tn::randn<float, 24, 1000>();
    tn::tensor<float, 1500, 1001> flat[3], rows[3], softmax[3], norm[3];
    tn::tensor<float, 1500, 1000> product[3];
    for (int threads : {1, 2, 3}) {
        int const before = omp_get_max_threads();
        omp_set_num_threads(threads);
        flat[threads - 1] = x * y + tn::exp(-x);
        rows[threads - 1] = x * row + tn::transpose(tn::transpose(y));
        softmax[threads - 1] = tn::softmax<1>(x * y);
        norm[threads - 1] = normalized(x);
        product[threads - 1] = tn::relu(tn::matmul(tn::matmul(x, w) * 2, deep) + 1);
        omp_set_num_threads(before);
    }
    for (int t : {1, 2}) {
        CHECK(tn::array_equal(flat[t], flat[0]));
        CHECK(tn::array_equal(rows[t], rows[0]));
        CHECK(tn::array_equal(softmax[t], softmax[0]));
        CHECK(tn::array_equal(norm[t], norm[0]));
        CHECK(tn::array_equal(product[t], product[0]));
    }
    // What a user's function throws on another thread arrives here.
    int const before = omp_get_max_threads();
    omp_set_num_threads(2);
    auto const throwing = [](auto v) {
        if (tn::math::any_of(v != v)) throw std::runtime_error("NaN");
        return v;
    };
    auto bad = x;
    bad(1400, 3) = std::numeric_limits<float>::quiet_NaN();
    tn::tensor<float, 1500, 1001> out;
    CHECK_THROWS_AS((out = tn::map(throwing, bad)), std::runtime_error);
    omp_set_num_threads(before);
}
#endif

namespace {
/// Reads an element of an operand that is broadcast to a position of a region of rank 4.
template <class A>
double at(A const& a, std::array<std::size_t, 4> p) {
    std::size_t o = 0;
    for (std::size_t i = 0, r = A::rank(); i != r; ++i) o = o * a.shape()[i] + (a.shape()[i] == 1 ? 0 : p[4 - r + i]);
    return static_cast<double>(a.data()[o]);
}
template <class S, class F>
void for_each_element(S const& s, F f) {
    for (std::array<std::size_t, 4> p{}; p[0] != s[0]; ++p[0])
        for (p[1] = 0; p[1] != s[1]; ++p[1])
            for (p[2] = 0; p[2] != s[2]; ++p[2])
                for (p[3] = 0; p[3] != s[3]; ++p[3]) f(p);
}
/// x · b + b elementwise, its gradients and its reductions, against plain loops.
template <class X, class B>
void check_joined(X const& x, B const& b) {
    using T = tn::value_t<X>;
    auto const s = x.shape();
    tn::tensor_of_t<T, tn::shape_t<X>> const y = x * b + b;
    std::size_t wrong = 0;
    std::size_t k = 0;
    std::vector<double> slope_of_b(b.size());
    for_each_element(s, [&](auto p) {
        wrong += std::abs(static_cast<double>(y.data()[k++]) - (at(x, p) * at(b, p) + at(b, p))) > 1e-5;
        std::size_t o = 0;
        for (std::size_t i = 0, r = B::rank(); i != r; ++i)
            o = o * b.shape()[i] + (b.shape()[i] == 1 ? 0 : p[4 - r + i]);
        slope_of_b[o] += at(x, p) + 1;
    });
    CHECK(wrong == 0);

    tn::variable vx(x);
    tn::variable vb(b);
    tn::backward(tn::sum(vx * vb + vb));
    k = 0;
    for_each_element(s, [&](auto p) { wrong += vx.grad().data()[k++] != static_cast<T>(at(b, p)); });
    for (std::size_t i = 0; i != b.size(); ++i)
        wrong += std::abs(static_cast<double>(vb.grad().data()[i]) - slope_of_b[i]) > 2e-6 * std::abs(slope_of_b[i]);
    CHECK(wrong == 0);
}
}  // namespace

TEST_CASE("rows of several axes: values, gradients and reductions as element by element") {
    tn::manual_seed(1);
    auto const pictures = tn::tensor(tn::rand<float, 300, 2, 3, 7>());
    check_joined(pictures, tn::tensor(tn::rand<float, 2, 1, 1>()));  // one for three rows of a picture, 900 rows in all
    check_joined(pictures, tn::tensor(tn::rand<float, 3, 7>()));  // one for each element of a picture, for 600 pictures
    check_joined(pictures, tn::tensor(tn::rand<float, 300, 1, 1, 1>()));
    check_joined(pictures, tn::tensor(tn::rand<float, 1, 2, 1, 7>()));  // nothing to join
    check_joined(pictures, tn::tensor(tn::rand<float, 1>()));
    auto const thin = tn::tensor(tn::rand<float, 5, 150, 3, 1>());
    check_joined(thin, tn::tensor(tn::rand<float, 5, 1, 1, 1>()));
    check_joined(thin, tn::tensor(tn::rand<float, 3, 1>()));
    tn::tensor<float, tn::dyn, 2, tn::dyn, 7> const open = pictures;
    check_joined(open, tn::tensor(tn::rand<float, 2, 1, 1>()));

    auto const x = tn::tensor(tn::rand<float, 4, 3, 5, 7>());
    tn::tensor<float, 4, 3> const of_pictures = tn::sum<2, 3>(x + 0.f), greatest = tn::max<2, 3>(x);
    tn::tensor<float, 3, 5, 7> const of_batch = tn::sum<0>(x);
    tn::tensor<float, 5, 7> const of_channels = tn::sum<0, 1>(tn::relu(x));
    tn::tensor<float, 4, 5, 7> const products = tn::prod<1>(x);
    std::size_t wrong = 0;
    for (std::size_t n = 0; n != 4; ++n)
        for (std::size_t c = 0; c != 3; ++c) {
            double total = 0;
            float most = 0;
            for (std::size_t i = 0; i != 35; ++i) {
                float const v = x.data()[(n * 3 + c) * 35 + i];
                total += static_cast<double>(v);
                most = std::max(most, v);
            }
            wrong += std::abs(static_cast<double>(of_pictures(n, c)) - total) > 1e-5 || greatest(n, c) != most;
        }
    for (std::size_t i = 0; i != 35; ++i) {
        double all = 0;
        for (std::size_t c = 0; c != 3; ++c) {
            double batch = 0;
            for (std::size_t n = 0; n != 4; ++n) batch += static_cast<double>(x.data()[(n * 3 + c) * 35 + i]);
            wrong += std::abs(static_cast<double>(of_batch.data()[c * 35 + i]) - batch) > 1e-5;
            all += batch;
        }
        wrong += std::abs(static_cast<double>(of_channels.data()[i]) - all) > 1e-5;
        for (std::size_t n = 0; n != 4; ++n) {
            float const p = x.data()[n * 105 + i] * x.data()[n * 105 + 35 + i] * x.data()[n * 105 + 70 + i];
            wrong += std::abs(products.data()[n * 35 + i] - p) > 1e-6f;
        }
    }
    CHECK(wrong == 0);
}
