// Datasets made from datasets.
#include <tenon/data/adaptors.hpp>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/data/loader.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace data = tenon::data;

namespace {

std::vector<int> const numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

template <class R>
std::vector<int> all(R&& r) {
    std::vector<int> v;
    for (auto const& x : r) v.push_back(x);
    return v;
}

}  // namespace

TEST_CASE("adaptors follow each other") {
    auto v = numbers | data::transform([](int i) { return 10 * i; }) | data::take(3);
    static_assert(data::dataset<decltype(v)> && std::ranges::input_range<decltype(v)>);
    CHECK(all(v) == std::vector<int>{0, 10, 20});
    CHECK((v.size() == 3 && v[2] == 20));
    CHECK((numbers | data::take(100)).size() == 10);
}

TEST_CASE("each pass over a shuffled dataset has a new order, repeated by its seed") {
    tn::generator gen{1}, again{1};
    auto v = numbers | data::shuffle(gen), w = numbers | data::shuffle(again);
    auto const first = all(v), second = all(v);
    CHECK(first != second);
    CHECK(all(w) == first);
    CHECK(all(w) == second);
    CHECK(std::set<int>(first.begin(), first.end()).size() == 10);
}

TEST_CASE("a pipeline ends in batches and begins anew with each epoch") {
    tn::generator gen{2};
    auto p = numbers | data::shuffle(gen) |
             data::transform([](int i) { return std::pair{tn::full<float, 3>(0.5f), i}; }) | data::batch<5>();
    CHECK(p.size() == 2);
    std::vector<int> epochs[2];
    for (auto& e : epochs)
        for (auto const& [x, y] : p) {
            static_assert(std::is_same_v<decltype(x), tn::tensor<float, 5, 3> const>);
            e.insert(e.end(), y.begin(), y.end());
        }
    CHECK(epochs[0] != epochs[1]);
    for (auto& e : epochs) std::sort(e.begin(), e.end());
    CHECK(epochs[0] == numbers);
    CHECK(epochs[1] == numbers);
}
