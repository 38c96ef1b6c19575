// Tensors one after another, and margins.
#include "device.hpp"

using namespace device_test;

TEST_CASE("concat and stack are part of a region", "[kernels]") {
    tn::generator gen{61};
    auto const both = [](auto const& f, auto const&... x) {
        return values_agree(f, x...) &&
               gradients_agree([&](auto const&... a) { return tn::sum(tn::square(f(a...))); }, x...);
    };
    auto const a = tn::randn<float, 3, 4, 5>(gen);
    CHECK(both([](auto const& x, auto const& y) { return tn::concat<0>(x, y); }, a, tn::randn<float, 2, 4, 5>(gen)));
    CHECK(both([](auto const& x, auto const& y) { return tn::concat<1>(x, tn::exp(y), x); }, a,
               tn::randn<float, 3, 1, 5>(gen)));
    CHECK(both([](auto const& x, auto const& y) { return tn::tanh(tn::concat<-1>(x, y) * 2.f); }, a,
               tn::randn<float, 3, 4, 0>(gen)));
    CHECK(both([](auto const& x, auto const& y) { return tn::concat<0>(x, tn::sum<0>(y, tn::keepdim)); },
               tn::randn<float, tn::dyn, 6>(5, gen), tn::randn<float, 4, 6>(gen)));
    CHECK(both([](auto const& x, auto const& y) { return tn::stack<1>(x, tn::flip<0>(x), y); },
               tn::randn<float, 7>(gen), tn::randn<float, 7>(gen)));
    CHECK(both([](auto const& x, auto const& y) { return tn::matmul(tn::concat<1>(x, y), tn::transpose(x)); },
               tn::randn<float, 4, 6>(gen), tn::randn<float, 4, 0>(gen)));
    CHECK(values_agree([](auto const& x, auto const& y) { return tn::concat<0>(x, y); }, tn::randint<int, 5>(0, 9, gen),
                       tn::randn<float, 2>(gen)));
    auto const d = tn::to<tn::cuda::device>(a);
    auto const before = calls::launches;
    tn::cuda::tensor const y = tn::exp(tn::concat<0>(d, d * 2.f));
    CHECK(launched(calls::launches - before, 1));
    CHECK(y.size() == 2 * a.size());
}

TEST_CASE("margins", "[kernels]") {
    tn::generator gen{62};
    auto const f = [](auto const& x) { return tn::pad<0, 2, 0>(tn::pad<1, 1, 3>(x, 0.5f)) * 2.f; };
    CHECK(values_agree(f, tn::randn<float, 4, 5>(gen)));
    CHECK(values_agree(f, tn::randn<float, 0, 5>(gen)));
    CHECK(gradients_agree([&](auto const& x) { return tn::sum(tn::square(f(tn::exp(x)))); },
                          tn::randn<float, 4, tn::dyn>(3, gen)));
}
