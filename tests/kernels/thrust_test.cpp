// The device's tensors and expressions as Thrust's ranges, on Thrust's OpenMP system.
#include <thrust/device_vector.h>
#include <thrust/functional.h>
#include <thrust/reduce.h>
#include <thrust/sort.h>
#include <thrust/transform.h>

#include <tenon/cuda/sort.hpp>

#include "device.hpp"

using namespace device_test;
namespace cuda = tenon::cuda;

TEST_CASE("Thrust works on a device tensor's elements where they are", "[kernels]") {
    tn::tensor<float, 6> const host({5, 2, 9, -1, 4, 7});
    auto t = tn::to<cuda::device>(host);
    static_assert(std::is_same_v<decltype(t.begin()), thrust::device_ptr<float>>);
    static_assert(std::is_same_v<decltype(std::as_const(t).begin()), thrust::device_ptr<float const>>);
    thrust::sort(t.begin(), t.end());
    CHECK(same(t, tn::tensor<float, 6>({-1, 2, 4, 5, 7, 9})));
    CHECK(thrust::reduce(t.begin(), t.end()) == 26);
    cuda::variable<float, 6> v(t);
    CHECK(thrust::reduce(v.begin(), v.end(), -10.f, thrust::maximum<float>()) == 9);

    auto m = tn::to<cuda::device>(tn::tensor<float, 2, 3>({{3, 1, 2}, {9, 8, 7}}));
    auto row = tn::select<0>(m, 1);
    thrust::sort(row.begin(), row.end());
    auto const column = tn::transpose(m)[2];
    CHECK(thrust::reduce(column.begin(), column.end()) == 11);
    auto all = tn::transpose(m);
    thrust::sort(all.begin(), all.end());
    CHECK(same(m, tn::tensor<float, 2, 3>({{1, 3, 8}, {2, 7, 9}})));
    auto const fixed = tn::transpose(std::as_const(m));
    CHECK(thrust::reduce(fixed.begin(), fixed.end()) == 30);
}

TEST_CASE("Thrust computes an expression's elements as it reads them", "[kernels]") {
    auto const x = tn::randn<double, tn::dyn, 70>(40);
    auto const y = tn::randn<double, 70>();
    auto const a = tn::to<cuda::device>(x);
    auto const b = tn::to<cuda::device>(y);
    auto const e = tn::square(a - b) * 2.;
    auto const before = calls::launches;
    double const found = thrust::reduce(e.begin(), e.end());
    CHECK(calls::launches == before);
    CHECK(found == Approx(tn::sum(tn::square(x - y) * 2.).item()));
    CHECK(e.end() - e.begin() == 2800);
    auto const turned = tn::transpose(tn::exp(a));
    cuda::tensor<double, 70, tn::dyn> to(tn::shape<70, tn::dyn>(std::size_t{40}));
    thrust::copy(turned.begin(), turned.end(), to.begin());
    CHECK(same(to, tn::transpose(tn::exp(x))));
    thrust::transform(e.begin(), e.end(), turned.begin(), to.begin(), thrust::plus<double>());
    CHECK(tn::sum(to).item() == Approx(found + tn::sum(tn::exp(x)).item()));
    auto const above = (a > 0.).begin();
    CHECK(thrust::reduce(above, above + 2800, 0) == tn::sum(x > 0.).item());
}

TEST_CASE("sorts in the device's memory", "[kernels]") {
    tn::tensor<double, 3, 4> x({{2, -1, NAN, 2}, {0, 5, -0., -3}, {INFINITY, NAN, 1, 1}});
    auto const d = tn::to<cuda::device>(x);
    auto const check = [&](auto const& f) {
        tn::tensor const expected = f(x);
        cuda::tensor const found = f(d);
        auto const a = elements(found);
        return std::equal(a.begin(), a.end(), expected.begin(),
                          [](auto p, auto q) { return p == q || (p != p && q != q); });
    };
    CHECK(check([](auto const& a) { return tn::argsort<0>(a); }));
    CHECK(check([](auto const& a) { return tn::argsort<1>(a, {.descending = true}); }));
    CHECK(check([](auto const& a) { return tn::sort<0>(a, {.descending = true}).values; }));
    CHECK(both_agree([](auto const& a) { return tn::sort<1>(a).values; }, tn::randn<double, 2, 5, 3>()));
    CHECK_THAT(tn::explain(tn::argsort<0>(d)).text(), !Catch::Contains("on the host"));
}
