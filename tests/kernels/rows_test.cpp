// Reductions, softmax, cross-entropy and argmax.
#include "device.hpp"

using namespace device_test;

TEST_CASE("reductions along any axes", "[kernels]") {
    tn::generator gen{8};
    auto const x = tn::randn<float, 5, 7, 300>(gen);
    CHECK(values_agree([](auto const& a) { return tn::sum<2>(a); }, x));
    CHECK(values_agree([](auto const& a) { return tn::sum<0, 2>(a); }, x));
    CHECK(values_agree([](auto const& a) { return tn::mean<1>(tn::exp(a), tn::keepdim); }, x));
    CHECK(values_agree([](auto const& a) { return tn::max<1, 2>(a); }, x));
    CHECK(values_agree([](auto const& a) { return tn::min(a) * 1.f; }, x));
    CHECK(values_agree([](auto const& a) { return tn::any<1>(a > 2.5f); }, x));
    CHECK(values_agree([](auto const& a) { return tn::sum<0>(a); }, tn::randint<int, 9, 40>(-5, 5, gen)));
    CHECK(values_agree([](auto const& a) { return tn::sum<1>(a); }, tn::randn<double, tn::dyn, 3>(11, gen)));
    CHECK(values_agree([](auto const& a) { return tn::var<1>(a); }, tn::randn<float, 6, 50>(gen)));
}

TEST_CASE("few results of many elements are shared by blocks", "[kernels]") {
    tn::generator gen{14};
    auto const all = [](auto const& a) { return tn::sum(a) * 1.f; };
    auto const rows = [](auto const& a) { return tn::sum<1>(tn::square(a)); };
    auto const columns = [](auto const& a) { return tn::max<0>(a); };
    for (std::size_t const n : {1u, 4095u, 4096u, 5003u, 40001u}) {
        INFO(n << " elements");
        CHECK(values_agree(all, tn::randn<float, tn::dyn>(n, gen)));
        CHECK(values_agree(rows, tn::randn<float, 3, tn::dyn>(n, gen)));
        CHECK(values_agree(columns, tn::randn<float, tn::dyn, 3>(n, gen)));
    }
    CHECK(values_agree(rows, tn::randn<float, 2, 6000>(gen)));
    CHECK(values_agree(columns, tn::randn<double, 700, 33>(gen)));
    CHECK(values_agree([](auto const& a) { return tn::sum<1>(a); }, tn::randn<float, 2, 5000, 3>(gen)));
    CHECK(values_agree([](auto const& a) { return tn::any<0>(a > 3.9f); }, tn::randn<float, 6000, 5>(gen)));
    auto x = tn::randn<float, 9000>(gen);
    x(8999) = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(tn::cuda::tensor(tn::max(tn::to<tn::cuda::device>(x))).item()));
    // Narrow elements are summed as floats: among them 256 + 1 is 256.
    auto const ones = tn::to<tn::cuda::device>(tn::full<tn::bfloat16, 8192>(tn::bfloat16(1.f)));
    CHECK(static_cast<float>(tn::cuda::tensor(tn::sum(ones)).item()) == 8192.f);
}

TEST_CASE("gradients of reductions", "[kernels]") {
    tn::generator gen{9};
    auto const x = tn::randn<float, 5, 7, 11>(gen);
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::square(tn::sum<1>(a))); }, x));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::exp(tn::mean<0, 2>(a))); }, x));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::max<2>(a) * tn::min<2>(a)); }, x));
    CHECK(gradients_agree([](auto const& a) { return tn::max(tn::round(a)) * 2.f; }, x));
    CHECK(gradients_agree([](auto const& a) { return tn::sum(a / tn::sum<1>(tn::exp(a), tn::keepdim)); }, x));
    // Products with no zero, one and several.
    auto few = tn::randn<float, 6, 5>(gen);
    few(1, 2) = few(3, 0) = few(3, 4) = 0.f;
    CHECK(gradients_agree([](auto const& a) { return tn::sum(tn::prod<1>(a)) + tn::sum(tn::square(tn::prod<0>(a))); },
                          few));
}

TEST_CASE("softmax and its logarithm, by threads, warps and blocks", "[kernels]") {
    tn::generator gen{10};
    // Both ways of both: the gradient of the squares shows the values too.
    auto const along = [](auto axis) {
        return [](auto const& a) {
            return tn::sum(tn::softmax<decltype(axis)::value>(a * 2.f) * a +
                           tn::square(tn::log_softmax<decltype(axis)::value>(a)));
        };
    };
    auto const first = along(std::integral_constant<int, 0>{});
    auto const second = along(std::integral_constant<int, 1>{});
    CHECK(gradients_agree(first, tn::randn<float, 9, 13>(gen)));     // a thread, one element at a time
    CHECK(gradients_agree(second, tn::randn<float, 70, 8>(gen)));    // a thread, four at a time
    CHECK(gradients_agree(second, tn::randn<double, 5, 100>(gen)));  // a warp, two at a time
    CHECK(gradients_agree(second, tn::randn<float, 2, 8500>(gen)));  // a block, whose registers do not hold a row
    for (std::size_t const length : {1u, 33u, 513u, 5001u}) {
        INFO("rows of " << length);
        CHECK(gradients_agree(second, tn::randn<float, 3, tn::dyn>(length, gen)));
    }
    // Vectors with a step: few, and enough for a thread each.
    for (std::size_t const columns : {1u, 7u, 600u}) {
        INFO(columns << " columns");
        CHECK(gradients_agree(second, tn::randn<float, 2, tn::dyn, tn::dyn>(21, columns, gen)));
    }
    auto x = tn::full<float, 2, 100>(-std::numeric_limits<float>::infinity());
    x(1, 50) = 3.f;
    tn::tensor const y = tn::to<tn::cpu>(tn::cuda::tensor(tn::softmax<1>(tn::to<tn::cuda::device>(x))));
    CHECK(std::isnan(y(0, 7)));
    CHECK((y(1, 50) == 1.f && y(1, 51) == 0.f));
}

TEST_CASE("running sums along any axis", "[kernels]") {
    tn::generator gen{17};
    auto const along = [](auto const& a) { return tn::cumsum<1>(tn::exp(a * 0.1f)) * 0.01f; };
    CHECK(both_agree(along, tn::randn<float, 5, 10>(gen)));  // a thread
    for (std::size_t const length : {1u, 255u, 256u, 600u}) {
        INFO("rows of " << length);
        CHECK(squares_agree(along, tn::randn<float, 3, tn::dyn>(length, gen)));
    }
    for (std::size_t const columns : {1u, 600u}) {
        INFO(columns << " columns");
        CHECK(squares_agree(along, tn::randn<float, 2, tn::dyn, tn::dyn>(21, columns, gen)));
    }
    CHECK(values_agree([](auto const& a) { return tn::cumsum<0>(a); }, tn::randint<int, 300, 2>(-9, 9, gen)));
    // Products with a zero near the end, which in a row of 600 is not where a block's first turn ends.
    auto const scans = [](auto const& a) {
        return tn::cumprod<1>(tn::exp(a * 0.01f)) + tn::cumprod<1>(a) + tn::logcumsumexp<1>(a * 0.5f) +
               tn::cummax<1>(a).values * tn::cummin<1>(a).values;
    };
    auto x = tn::randn<float, 2, 600>(gen);
    x(0, 3) = x(0, 9) = x(1, 1) = 0.f;
    CHECK(squares_agree(scans, x));
    CHECK(values_agree([](auto const& a) { return tn::cummax<1>(a).indices; }, tn::tensor(tn::round(x))));
    auto const columns = tn::randn<float, 2, tn::dyn, tn::dyn>(7, 600, gen);
    CHECK(squares_agree(scans, columns));
    CHECK(values_agree([](auto const& a) { return tn::cummin<1>(a).indices; }, tn::tensor(tn::round(columns))));
}

TEST_CASE("logsumexp, also of no elements", "[kernels]") {
    tn::generator gen{11};
    auto const f = [](auto const& x) { return tn::logsumexp<1>(x); };
    CHECK(values_agree(f, tn::randn<float, 5, 7>(gen)));
    CHECK(gradients_agree([&](auto const& x) { return tn::sum(tn::square(f(x))); }, tn::randn<float, 5, 7>(gen)));
    CHECK(values_agree([&](auto const& x) { return tn::exp(f(x)); }, tn::zeros<float, 3, 0>()));
}

TEST_CASE("cross-entropy with all its options", "[kernels]") {
    tn::generator gen{11};
    auto const x = tn::randn<float, 33, 10>(gen);
    auto y = tn::randint<std::int64_t, 33>(0, 10, gen);
    y(4) = y(17) = -100;
    auto const w = tn::rand<float, 10>(gen);
    on_both const targets(y);
    auto const of = [&](auto const& logits) -> auto const& { return targets.where(logits); };
    CHECK(gradients_agree([&](auto const& a) { return tn::cross_entropy(a, of(a)); }, x));
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::cross_entropy<tn::reduction::sum>(a * 2.f, of(a), {.label_smoothing = 0.1}); },
        x));
    CHECK(gradients_agree(
        [&](auto const& a) { return tn::cross_entropy(a, of(a), {.weight = w, .label_smoothing = 0.2}); }, x));
    CHECK(gradients_agree(
        [&](auto const& a) {
            return tn::sum(tn::square(tn::cross_entropy<tn::reduction::none>(a, of(a), {.label_smoothing = 0.3})));
        },
        tn::randn<float, 33, 10>(gen)));
    CHECK(values_agree([&](auto const& a) { return tn::cross_entropy<tn::reduction::none>(a, of(a)); },
                       tn::randn<float, 33, 10>(gen)));
}

TEST_CASE("cross-entropy of classes in any arrangement", "[kernels]") {
    tn::generator gen{16};
    auto const agree = [&](auto const& x, auto const& y) {
        on_both const targets(y);
        return gradients_agree(
            [&](auto const& a) { return tn::cross_entropy(a, targets.where(a), {.label_smoothing = 0.1}); }, x);
    };
    CHECK(agree(tn::randn<float, 5, 100>(gen), tn::randint<std::int64_t, 5>(0, 100, gen)));
    CHECK(agree(tn::randn<float, 2, 8500>(gen), tn::randint<std::int64_t, 2>(0, 8500, gen)));
    // Classes of pixels: few, and enough for a thread each.
    for (std::size_t const width : {1u, 7u, 300u}) {
        INFO(width << " pixels");
        CHECK(agree(tn::randn<float, 2, 21, tn::dyn, tn::dyn>(3, width, gen),
                    tn::randint<std::int64_t, 2, tn::dyn, tn::dyn>(3, width, 0, 21, gen)));
    }
}

TEST_CASE("argmax and argmin", "[kernels]") {
    tn::generator gen{12};
    auto x = tn::randn<float, 9, 400>(gen);
    x(3, 17) = x(3, 300) = 9.f;
    x(4, 50) = std::numeric_limits<float>::quiet_NaN();
    CHECK(values_agree([](auto const& a) { return tn::argmax<1>(a); }, x));
    CHECK(values_agree([](auto const& a) { return tn::argmin<0>(a); }, x));
    CHECK(values_agree([](auto const& a) { return tn::argmax(a); }, x));
    // Many elements, shared by blocks, with the greatest one twice and no NaN; the same with NaN.
    for (std::size_t const n : {1u, 5000u, 30001u}) {
        INFO(n << " elements");
        auto y = tn::randn<float, 2, tn::dyn>(n, gen);
        y(0, n / 2) = y(0, n - 1) = 9.f;
        y(1, n - 1) = std::numeric_limits<float>::quiet_NaN();
        CHECK(values_agree([](auto const& a) { return tn::argmax<1>(a); }, y));
    }
    CHECK(values_agree([](auto const& a) { return tn::argmin<0>(a); }, tn::randn<double, 17, 1100>(gen)));
    CHECK(values_agree([](auto const& a) { return tn::argmax<1>(a); }, tn::tensor(tn::randn<float, 3, 40>(gen) > 0.f)));
    CHECK(
        values_agree([](auto const& a) { return tn::argmax<1>(a, tn::keepdim); }, tn::randint<int, 20, 6>(0, 3, gen)));
}
