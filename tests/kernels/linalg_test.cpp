// Linear algebra by cuSOLVER and cuBLAS against the processor's.
#include <tenon/cuda/linalg.hpp>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;
namespace linalg = tenon::linalg;

namespace {

template <class T>
void agrees() {
    auto const g = tn::randn<T, tn::dyn, 4, 4>(3);
    tn::tensor const a = tn::matmul(g, tn::transpose(g)) + tn::eye<T, 4>() * T(2);
    auto const b = tn::randn<T, tn::dyn, 4, 3>(3);
    CHECK(both_agree([](auto const& x) { return linalg::cholesky(x); }, a));
    CHECK(both_agree([](auto const& x) { return linalg::cholesky(x * T(2), {.upper = true}); }, a));
    CHECK(both_agree([](auto const& x, auto const& y) { return linalg::solve(x + T(1), y); }, a, b));
    tn::tensor const right = tn::transpose(b);
    CHECK(both_agree([](auto const& x, auto const& y) { return linalg::solve(x, y, {.left = false}); }, g, right));
    // One matrix has calls of its own.
    tn::tensor<T, tn::dyn, 4, 4> const one = tn::slice<0, 0, 1>(a);
    tn::tensor<T, tn::dyn, 4, 3> const side = tn::slice<0, 0, 1>(b);
    CHECK(values_agree([](auto const& x) { return linalg::cholesky(x); }, one));
    CHECK(values_agree([](auto const& x, auto const& y) { return linalg::solve(x, y); }, one, side));
    CHECK(values_agree([](auto const& x) { return linalg::cholesky(x); }, tn::tensor<T, tn::dyn, 4, 4>()));
}

}  // namespace

TEST_CASE("cholesky and solve in the device's memory", "[kernels]") {
    agrees<double>();
    CHECK(values_agree([](auto const& x) { return linalg::solve(x, x); }, tn::randn<float, 5, 5>()));
}

TEST_CASE("matrices that have no factors are named, and captures refused", "[kernels]") {
    auto const of_host = [] {
        auto m = tn::zeros<double, 3, 2, 2>();
        m += tn::eye<double, 2>();
        m(1, 1, 1) = 0;
        return m;
    }();
    auto const m = tn::to<cuda::device>(of_host);
    CHECK_THROWS_WITH(linalg::cholesky(m).eval(),
                      "cholesky: matrix 1 of the batch isn't positive definite: pivot 1 isn't positive");
    CHECK_THROWS_WITH(linalg::solve(m, m).eval(), "solve: matrix 1 of the batch is singular: pivot 1 is zero");
    auto to = cuda::zeros<double, 3, 2, 2>();
    CHECK_THROWS_WITH(cuda::capture([&] { to = linalg::cholesky(m); }), Catch::Contains("cholesky"));
    auto const good = cuda::full<double, 3, 1, 1>(4);
    CHECK_THAT(tn::explain(linalg::cholesky(good)).text(),
               !Catch::Contains("on the host") && Catch::Contains("2 launches"));
    auto const before = calls::launches;
    cuda::tensor const l = linalg::cholesky(good);
    CHECK(calls::launches - before == tn::plan(linalg::cholesky(good)).launches());
}
