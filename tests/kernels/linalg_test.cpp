// Linear algebra by cuSOLVER and cuBLAS against the processor's.
#include <tenon/cuda/linalg.hpp>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;
namespace linalg = tenon::linalg;

namespace {

using matrices = tn::tensor<double, tn::dyn, 4, 4>;

}  // namespace

TEST_CASE("cholesky and solve in the device's memory", "[kernels]") {
    auto const g = tn::randn<double, tn::dyn, 4, 4>(3);
    matrices const a = tn::matmul(g, tn::transpose(g)) + tn::eye<double, 4>() * 2.;
    auto const b = tn::randn<double, tn::dyn, 4, 3>(3);
    auto const factors = [](auto const& x) {
        return linalg::cholesky(x) * 3. + linalg::cholesky(x * 2., {.upper = true});
    };
    auto const solutions = [](auto const& x, auto const& y) {
        return linalg::solve(x + 1., y) + tn::transpose(linalg::solve(x, tn::transpose(y), {.left = false}));
    };
    CHECK(both_agree(factors, a));
    CHECK(both_agree(solutions, g, b));
    // One matrix has calls of its own.
    CHECK(both_agree(factors, matrices(tn::slice<0, 0, 1>(a))));
    CHECK(both_agree(solutions, matrices(tn::slice<0, 1, 2>(g)),
                     tn::tensor<double, tn::dyn, 4, 3>(tn::slice<0, 1, 2>(b))));
    CHECK(both_agree(factors, matrices()));
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
