// Matrix products: plain, transposed, in batches, of integers.
#include "device.hpp"

using namespace device_test;

TEST_CASE("products of matrices, vectors and batches", "[kernels]") {
    tn::generator gen{13};
    auto const product = [](auto const& a, auto const& b) { return tn::matmul(a, b); };
    CHECK(values_agree(product, tn::randn<float, 17, 5>(gen), tn::randn<float, 5, 23>(gen)));
    CHECK(values_agree(product, tn::randn<double, 1, 5>(gen), tn::randn<double, 5, 1>(gen)));
    CHECK(values_agree(product, tn::randn<float, 4, 3, 5>(gen), tn::randn<float, 5, 6>(gen)));
    CHECK(values_agree(product, tn::randn<float, 4, 3, 5>(gen), tn::randn<float, 4, 5, 6>(gen)));
    CHECK(values_agree(product, tn::randn<float, 2, 1, 3, 5>(gen), tn::randn<float, 4, 5, 6>(gen)));
    CHECK(values_agree(product, tn::randn<float, 5>(gen), tn::randn<float, 5, 6>(gen)));
    CHECK(values_agree(product, tn::randn<float, 4, 5>(gen), tn::randn<float, 5>(gen)));
    CHECK(values_agree(product, tn::randint<int, 18, 20>(-9, 9, gen), tn::randint<int, 20, 33>(-9, 9, gen)));
    CHECK(values_agree(product, tn::randn<float, tn::dyn, 5>(9, gen), tn::randn<float, 5, 6>(gen)));
    CHECK(values_agree([](auto const& a, auto const& b) { return tn::matmul(tn::transpose(a), tn::transpose(b)); },
                       tn::randn<float, 5, 7>(gen), tn::randn<float, 9, 5>(gen)));
    CHECK(values_agree([](auto const& a, auto const& b) { return tn::matmul(tn::relu(a), tn::slice<1, 0, 9, 2>(b)); },
                       tn::randn<float, 4, 7>(gen), tn::randn<float, 7, 9>(gen)));
}

TEST_CASE("a product is computed where it belongs", "[kernels]") {
    tn::generator gen{15};
    auto host = tn::randn<float, 5, 5>(gen);
    auto const w = tn::randn<float, 5, 5>(gen);
    auto device = tn::to<tn::cuda::device>(host);
    auto const dw = tn::to<tn::cuda::device>(w);
    auto before = calls::launches;
    tn::cuda::tensor y = tn::matmul(device, dw);
    y = tn::matmul(dw, device);
    CHECK(launched(calls::launches - before, 2));
    // An operand that would be overwritten while it is read is not.
    y = tn::matmul(device, dw);
    device = tn::matmul(device, dw);
    CHECK(same(tn::to<tn::cpu>(device), tn::to<tn::cpu>(y)));
    // The inner product is complete when the outer one begins.
    host = tn::matmul(tn::matmul(host, w), w);
    device = tn::matmul(device, dw);
    CHECK(same(tn::to<tn::cpu>(device), host));
    before = calls::launches;
    tn::cuda::tensor const s = tn::softmax<1>(device);
    tn::cuda::tensor const c = tn::sum<0>(device);
    CHECK(launched(calls::launches - before, 2));
}

TEST_CASE("gradients of products", "[kernels]") {
    tn::generator gen{14};
    auto const loss = [](auto const& a, auto const& b) { return tn::sum(tn::tanh(tn::matmul(a, b))); };
    CHECK(gradients_agree(loss, tn::randn<float, 17, 5>(gen), tn::randn<float, 5, 23>(gen)));
    CHECK(gradients_agree(loss, tn::randn<float, 4, 3, 5>(gen), tn::randn<float, 5, 6>(gen)));
    CHECK(gradients_agree(loss, tn::randn<float, 4, 3, 5>(gen), tn::randn<float, 4, 5, 6>(gen)));
    CHECK(gradients_agree(loss, tn::randn<float, 2, 1, 3, 5>(gen), tn::randn<float, 4, 5, 6>(gen)));
    CHECK(gradients_agree(loss, tn::randn<float, 3, 5>(gen), tn::randn<float, 4, 5, 6>(gen)));
    CHECK(gradients_agree(loss, tn::randn<float, 5>(gen), tn::randn<float, 5, 6>(gen)));
    CHECK(gradients_agree(
        [](auto const& a, auto const& b) {
            return tn::sum(tn::square(tn::matmul(tn::relu(a), tn::transpose(b)) + 1.f));
        },
        tn::randn<float, 6, 5>(gen), tn::randn<float, 4, 5>(gen)));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::matmul(a, tn::transpose(a))); },
                          tn::randn<float, 6, 5>(gen)));
    CHECK(gradients_agree(
        [](auto const& a, auto const& b) {
            return tn::sum(tn::square(tn::matmul(tn::slice<0, 1, 5>(tn::matmul(a, b)), b)));
        },
        tn::randn<double, 6, 5>(gen), tn::randn<double, 5, 5>(gen)));
}
