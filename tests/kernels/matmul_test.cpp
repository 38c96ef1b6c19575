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
