// Sorts, and what a mask chooses, of tensors on the device: values and gradients as on the processor.
#include "device.hpp"

using namespace device_test;

TEST_CASE("sort, topk, nonzero and masked_select on the device", "[kernels]") {
    tn::tensor<float, 2, 3> const x({{3, 1, 2}, {0, 5, 4}});
    auto const d = tn::to<tn::cuda::device>(x);
    tn::cuda::tensor<float, 2, 3> const sorted = tn::sort<1>(d).values;
    CHECK(tn::array_equal(tn::to<tn::cpu>(sorted), tn::tensor({{1, 2, 3}, {0, 4, 5}})));
    tn::cuda::tensor<float, 2, 2> const top = tn::topk<1, 2>(d).values;
    CHECK(tn::array_equal(tn::to<tn::cpu>(top), tn::tensor({{3, 2}, {5, 4}})));
    CHECK(tn::array_equal(tn::to<tn::cpu>(tn::nonzero(d)), tn::nonzero(x)));
    CHECK(tn::array_equal(tn::to<tn::cpu>(tn::masked_select(d, d > 2.f)), tn::tensor({3, 5, 4})));
    tn::cuda::variable<float, 2, 3> w(x);
    tn::backward(tn::sum(tn::sort<1>(w).values * tn::to<tn::cuda::device>(tn::tensor({1.f, 10.f, 100.f}))));
    CHECK(tn::array_equal(tn::to<tn::cpu>(w.grad()), tn::tensor({{100, 1, 10}, {1, 100, 10}})));
}
