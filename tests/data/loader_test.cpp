// Loaders: sizes, orders, buffers, threads, exceptions.
#include <tenon/data/loader.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ranges>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/core/sequence.hpp>
#include <tenon/data/adaptors.hpp>
#include <tenon/data/tensor_dataset.hpp>

#include "../allocations.hpp"
#include "../catch.hpp"
#include "squares.hpp"

namespace tn = tenon;
namespace data = tenon::data;

namespace {

using squares = tenon_test::squares<2>;

template <class L>
std::vector<std::int64_t> labels(L& l) {
    std::vector<std::int64_t> all;
    for (auto const& [x, y] : l)
        for (std::size_t i = 0; i != y.size(); ++i) {
            CHECK(static_cast<std::int64_t>(x(i, 0) * x(i, 1)) == y(i));
            all.push_back(y(i));
        }
    return all;
}

}  // namespace

TEST_CASE("batches of a static size leave the odd samples out, others keep them") {
    squares d;
    data::loader fixed(d, data::batch<4>());
    static_assert(
        std::is_same_v<decltype(fixed)::batch_type, std::pair<tn::tensor<float, 4, 2>, tn::tensor<std::int64_t, 4>>>);
    static_assert(std::ranges::input_range<decltype(fixed)>);
    CHECK(fixed.size() == 2);
    CHECK(labels(fixed) == std::vector<std::int64_t>{0, 1, 4, 9, 16, 25, 36, 49});
    data::loader open(d, data::batch(4));
    static_assert(std::is_same_v<decltype(open)::batch_type,
                                 std::pair<tn::tensor<float, tn::dyn, 2>, tn::tensor<std::int64_t, tn::dyn>>>);
    CHECK(open.size() == 3);
    CHECK(labels(open).size() == 10);
    data::loader dropped(d, data::batch(4), {.drop_last = true});
    CHECK((dropped.size() == 2 && labels(dropped).size() == 8));
    data::loader none(squares{0}, data::batch(4));
    CHECK((none.size() == 0 && labels(none).empty()));
    CHECK_THROWS_AS(data::batch(0), std::invalid_argument);
}

TEST_CASE("every epoch is a new order, and a seed repeats all of them") {
    data::loader a(squares{50}, data::batch(7), {.shuffle = true, .seed = 3});
    data::loader b(squares{50}, data::batch(7), {.shuffle = true, .seed = 3, .workers = 3});
    data::loader c(squares{50}, data::batch(7), {.shuffle = true, .seed = 4});
    auto const first = labels(a), second = labels(a);
    CHECK(first != second);
    CHECK(std::set(first.begin(), first.end()) == std::set(second.begin(), second.end()));
    CHECK(labels(b) == first);
    CHECK(labels(b) == second);
    CHECK(labels(c) != first);
}

TEST_CASE("all kinds of samples are stacked") {
    std::vector<std::tuple<float, std::array<tn::tensor<int, 2>, 2>, std::pair<bool, double>>> d(3);
    std::get<0>(d[1]) = 5.f;
    std::get<1>(d[2])[1](0) = 7;
    std::get<2>(d[1]).first = true;
    for (auto const& [f, a, p] : data::loader(d, data::batch<3>())) {
        static_assert(std::is_same_v<decltype(a), std::array<tn::tensor<int, 3, 2>, 2> const>);
        CHECK((f(1) == 5.f && a[1](2, 0) == 7 && p.first(1) && !p.first(0) && p.second(2) == 0.0));
    }
    std::vector<tn::tensor<float, tn::dyn>> rows{tn::ones<float, tn::dyn>(3), tn::zeros<float, tn::dyn>(3)};
    for (auto const& x : data::loader(rows, data::batch<2>())) {
        static_assert(std::is_same_v<decltype(x), tn::tensor<float, 2, tn::dyn> const&>);
        CHECK((x.extent(1) == 3 && x(0, 2) == 1.f && x(1, 2) == 0.f));
    }
    rows[1] = tn::ones<float, tn::dyn>(4);
    data::loader uneven(rows, data::batch<2>());
    CHECK_THROWS_AS(uneven.begin(), tn::shape_error);
}

TEST_CASE("rows of tensors are copied straight into reused buffers") {
    auto const x = tn::arange<float, 4000>();
    tn::tensor<float, tn::dyn, 400> wide(10);
    for (std::size_t i = 0; i != wide.size(); ++i) wide.data()[i] = x(i);
    data::tensor_dataset d(wide, tn::arange<std::int64_t, 10>());
    static_assert(data::dataset<decltype(d)> && !data::dataset<decltype(wide)>);
    CHECK((d.size() == 10 && d[3].first(1) == 1201.f && d[3].second == 3));
    data::loader l(d, data::batch(4), {.shuffle = true});
    std::set<float const*> buffers;
    for (int epoch = 0; epoch != 3; ++epoch)
        for (auto const& [a, b] : l) {
            buffers.insert(a.data());
            for (std::size_t i = 0; i != b.size(); ++i) CHECK(a(i, 7) == static_cast<float>(b(i) * 400 + 7));
        }
    CHECK(buffers.size() == 2);
    CHECK_THROWS_AS(data::tensor_dataset(wide, tn::zeros<float, 9>()), tn::shape_error);
    data::tensor_dataset single(tn::arange<int, 6>());
    for (auto const& v : data::loader(single, data::batch<6>())) CHECK(v(5) == 5);
    data::tensor_dataset three(wide, tn::zeros<float, 10, 2>(), tn::ones<int, 10>());
    for (auto const& [p, q, r] : data::loader(three, data::batch<5>())) CHECK((q(4, 1) == 0.f && r(4) == 1));
}

#if TENON_COUNTS_ALLOCATIONS
TEST_CASE("after the first epoch nothing is allocated") {
    tn::tensor<float, tn::dyn, 400> x(10);
    data::tensor_dataset d(x, tn::arange<std::int64_t, 10>());
    data::loader l(d, data::batch(4), {.shuffle = true});
    data::loader own(squares{}, data::batch<3>());
    std::size_t seen = 0;
    auto const epoch = [&] {
        for (auto const& [a, b] : l) seen += a.extent(0);
        for (auto const& [a, b] : own) seen += a.extent(0);
    };
    epoch();
    std::size_t const before = allocations;
    epoch();
    CHECK(allocations - before == 0);
    CHECK(seen == 2 * (10 + 9));
}
#endif

TEST_CASE("a worker's exception arrives where its batch would have") {
    data::loader l(squares{20, 13}, data::batch<3>(), {.workers = 2});
    for (int epoch = 0; epoch != 2; ++epoch) {
        std::size_t seen = 0;
        std::string text;
        try {
            for ([[maybe_unused]] auto const& b : l) ++seen;
        } catch (std::runtime_error const& e) { text = e.what(); }
        CHECK((seen == 4 && text == "sample 13"));
    }
}

TEST_CASE("an epoch may be left early, with workers running") {
    data::loader l(squares{1000}, data::batch<2>(), {.workers = 3, .prefetch = 4});
    for (int epoch = 0; epoch != 20; ++epoch)
        for (auto const& [x, y] : l)
            if (y(0) > 100) break;
    CHECK(labels(l).size() == 1000);
}
