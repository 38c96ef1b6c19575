// Elements chosen by positions: index_select, gather, roll, embeddings.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

TEST_CASE("index_select and gather along every axis", "[kernels]") {
    tn::generator gen{51};
    auto const x = tn::randn<float, 5, 6, 7>(gen);
    on_both const some(tn::randint<std::int64_t, 4>(0, 5, gen));
    on_both const table(tn::randint<int, 3, 2>(0, 5, gen));
    on_both const dynamic(tn::randint<std::int64_t, tn::dyn>(9, 0, 5, gen));
    on_both const none(tn::randint<std::int64_t, 0>(0, 5, gen));
    on_both const each(tn::randint<std::int64_t, 5, 2, 7>(0, 5, gen));
    auto const both = [&](auto const& f) {
        return values_agree(f, x) &&
               gradients_agree([&](auto const& a) { return tn::sum(tn::square(f(a)) * 0.5f); }, x);
    };
    CHECK(both([&](auto const& a) { return tn::index_select<0>(a, some.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::index_select<1>(a, table.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::index_select<2>(tn::exp(a), some.where(a) + std::int64_t{2}); }));
    CHECK(both([&](auto const& a) { return tn::index_select<1>(a, dynamic.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::index_select<0>(a, none.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::index_select<2>(tn::transpose<0, 2>(a), some.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::gather<0>(a, each.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::gather<1>(a, each.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::gather<2>(tn::flip<1>(a), each.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::roll<1>(a, 2) * a; }));
    CHECK(both([&](auto const& a) { return tn::roll<-1>(a, -3); }));
    CHECK(both([&](auto const& a) { return tn::roll(a, 11); }));
    // What is chosen twice by one region and read as it is by the same.
    CHECK(both([&](auto const& a) {
        return tn::index_select<0>(a, some.where(a)) * tn::slice<0, 1, 5>(a) + tn::slice<0, 0, 4>(a);
    }));
}

TEST_CASE("classes as rows, and parts of an axis", "[kernels]") {
    tn::generator gen{52};
    CHECK(values_agree([](auto const& i) { return tn::one_hot<5>(i); }, tn::randint<int, 4, 3>(0, 5, gen)));
    CHECK(squares_agree(
        [](auto const& a) {
            auto const [q, k, v] = tn::chunk<3, 1>(tn::exp(a));
            return q * k + tn::masked_fill(v, v > 1.f, 2);
        },
        tn::randn<float, 5, 12>(gen)));
}

TEST_CASE("an index that does not exist gives no number", "[kernels]") {
    tn::cuda::variable<float, 3, 2> const x(tn::ones<float, 3, 2>());
    tn::tensor<std::int64_t, 3> idx;
    idx(0) = 3;
    idx(1) = -1;
    idx(2) = 1;
    auto const where = tn::to<tn::cuda::device>(idx);
    tn::cuda::tensor const y = tn::index_select<0>(x, where);
    auto const host = tn::to<tn::cpu>(y);
    CHECK(std::isnan(host(0, 0)));
    CHECK(std::isnan(host(1, 1)));
    CHECK(host(2, 0) == 1.f);
    tn::backward(tn::sum(tn::index_select<0>(x, where)));
    CHECK(tn::to<tn::cpu>(x.grad())(1, 1) == 1.f);
    CHECK(tn::to<tn::cpu>(x.grad())(2, 1) == 0.f);
}

TEST_CASE("an embedding on the device", "[kernels]") {
    tn::generator gen{52};
    nn::embedding<11, 6> host;
    nn::embedding<11, 6, tn::cuda::device> device;
    tn::copy(host, device);
    on_both const words(tn::randint<std::int64_t, 4, 5>(0, 11, gen));
    float const a = tn::backward(tn::mean(tn::square(host(words.host))));
    float const b = tn::backward(tn::mean(tn::square(device(words.device))));
    CHECK(std::abs(a - b) < 1e-5f);
    CHECK(same(tn::to<tn::cpu>(device.weight.grad()), host.weight.grad()));
    auto const before = calls::launches;
    tn::cuda::tensor const y = device(words.device);
    CHECK(launched(calls::launches - before, 1));
    CHECK(same(tn::to<tn::cpu>(y), tn::tensor(host(words.host))));
}

TEST_CASE("ranges, indices and masks as subscripts", "[kernels]") {
    using tn::full_extent, tn::range;
    tn::generator gen{53};
    auto const x = tn::randn<float, 5, 6, 7>(gen);
    on_both const i(tn::randint<std::int64_t, 4>(-5, 5, gen));
    on_both const j(tn::randint<std::int64_t, 3, 1>(-5, 5, gen));
    auto const both = [&](auto const& f) {
        return values_agree(f, x) &&
               gradients_agree([&](auto const& a) { return tn::sum(tn::square(f(a)) * 0.5f); }, x);
    };
    CHECK(both([&](auto const& a) { return a(1, range(full_extent, full_extent, -2), range(1, -1)); }));
    CHECK(both([&](auto const& a) { return tn::exp(a)(range(4, 1, -1), tn::newaxis, tn::ellipsis, -1) * 2.f; }));
    CHECK(both([&](auto const& a) { return a(full_extent, i.where(a), j.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::exp(a)(i.where(a), range(2, 5), j.where(a)); }));
    CHECK(both([&](auto const& a) { return tn::index_put(a, std::tuple(full_extent, i.where(a)), 2.f, true); }));
    auto const written = [&](auto y) {
        y(range(0, 4, 2), 1) = 5;
        y(range(0, 2), i.where(y)) += 1.f;
        y[y > 1.f] = 0.f;
        return tn::to<tn::cpu>(y);
    };
    CHECK(tn::allclose(written(tn::to<tn::cuda::device>(x)), written(x)));
}
