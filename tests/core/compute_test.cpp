// Several computations in one evaluation: names that they share are computed once, and each has its own result.
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

TEST_CASE("a name in several computations is computed once for all of them", "[compute]") {
    tn::tensor<float, 3, 5> x = tn::randn<float, 3, 5>();
    std::size_t elements = 0;
    auto const doubled = tn::let(tn::map(
        [&](auto const& v) {
            elements += sizeof(v) / sizeof(float);
            return v * 2.f;
        },
        x));
    auto const results = tn::compute(doubled + 1.f, tn::sum<0>(doubled), doubled);
    static_assert(std::is_same_v<std::remove_const_t<decltype(results)>,
                                 std::tuple<tn::tensor<float, 3, 5>, tn::tensor<float, 5>, tn::tensor<float, 3, 5>>>);
    CHECK(elements == x.size());
    CHECK(tn::array_equal(std::get<0>(results), x * 2.f + 1.f));
    CHECK(tn::allclose(std::get<1>(results), tn::sum<0>(x) * 2.f));
    CHECK(tn::array_equal(std::get<2>(results), x * 2.f));
}

TEST_CASE("computations of open extents, large ones, and those without a name in common", "[compute]") {
    auto const x = tn::randn<float, tn::dyn, 300>(40);
    auto const [a, b] = tn::compute(tn::relu(x), tn::mean<1>(x));
    CHECK(a.shape() == x.shape());
    CHECK(tn::array_equal(a, tn::relu(x)));
    CHECK(tn::allclose(b, tn::mean<1>(x)));
    // A product whose rows are computed as they are read: the second computation finds all of them.
    auto const w = tn::randn<float, 300, 64>();
    auto const product = tn::let(tn::matmul(x, w));
    auto const [c, d] = tn::compute(tn::relu(product + 1.f), tn::transpose(product));
    CHECK(tn::allclose(c, tn::relu(tn::matmul(x, w) + 1.f), {.rtol = 1e-4, .atol = 1e-4}));
    CHECK(tn::allclose(d, tn::transpose(tn::matmul(x, w)), {.rtol = 1e-4, .atol = 1e-4}));
}

TEST_CASE("a recurrent cell's states are computed together, and are the next step's", "[compute]") {
    nn::lstm_cell<5, 7> cell;
    auto const x = tn::randn<float, 4, 5>();
    std::pair state{tn::zeros<float, 4, 7>(), tn::zeros<float, 4, 7>()};
    tn::tensor<float, 4, 7> h = state.first, c = state.second;
    for (int step = 0; step != 3; ++step) {
        state = tn::compute(cell(x, state));
        auto const [h2, c2] = cell(x, h, c);
        tn::tensor<float, 4, 7> const next = h2;
        c = c2;
        h = next;
    }
    CHECK(tn::allclose(state.first, h));
    CHECK(tn::allclose(state.second, c));
}
