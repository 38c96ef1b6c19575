// Batches that are brought to the device: the same as the host's, in time, through buffers that are made once. The streams that
// stand in for the device's do what they are asked for as late as they may, so that a wait which is missing shows.
#include <array>
#include <ranges>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "../data/squares.hpp"
#include "device.hpp"

using namespace device_test;
namespace data = tenon::data;
namespace nn = tenon::nn;
using tn::cuda::device;

namespace {

using squares = tenon_test::squares<3>;

/// Which streams are late: the thread's own, and the one that copies.
struct lateness {
    bool own, copies;
};
constexpr lateness all_of_them[] = {{false, false}, {false, true}, {true, false}, {true, true}};

/// Runs f(make) in a thread with streams of its own, where `make(batches)` brings batches to the device.
template <class F>
void with_streams(lateness late, F const& f) {
    std::exception_ptr error;
    std::thread([&] {
        try {
            calls::late_streams = late.own;
            tn::cuda::context::local();
            f([late](auto& batches) {
                calls::late_streams = late.copies;
                auto there = data::prefetch<device>(batches);
                calls::late_streams = false;
                return there;
            });
        } catch (...) { error = std::current_exception(); }
        calls::late_streams = false;
    }).join();
    if (error) std::rethrow_exception(error);
}

/// The labels of an epoch, each summed up with its row of x on the device, which the host reads when all has been asked for.
template <class Batches>
std::vector<double> sums(Batches& batches) {
    std::vector<tn::cuda::tensor<double, tn::dyn>> found;
    for (auto const& [x, y] : batches) {
        found.emplace_back(tn::cast<double>(tn::sum<1>(x)));
        found.back() += tn::cast<double>(y);
    }
    std::vector<double> all;
    for (auto const& f : found) {
        auto const here = tn::to<tn::cpu>(f);
        all.insert(all.end(), here.begin(), here.end());
    }
    return all;
}
std::vector<double> expected(std::size_t n) {
    std::vector<double> all;
    for (std::size_t i = 0; i != n; ++i) all.push_back(static_cast<double>(3 * i + i * i));
    return all;
}

}  // namespace

TEST_CASE("batches are the host's, with their tensors on the device", "[kernels]") {
    squares d;
    data::loader fixed(d, data::batch<4>());
    auto there = fixed | data::prefetch<device>;
    static_assert(std::ranges::view<decltype(there)> && std::ranges::input_range<decltype(there)>);
    static_assert(std::is_same_v<std::ranges::range_value_t<decltype(there)>,
                                 std::pair<tn::cuda::tensor<float, 4, 3>, tn::cuda::tensor<std::int64_t, 4>>>);
    CHECK(there.size() == 2);
    CHECK(sums(there) == expected(8));

    // On the processor nothing is brought anywhere.
    auto here = data::prefetch<tn::cpu>(fixed);
    static_assert(std::is_same_v<std::ranges::range_reference_t<decltype(here)>, decltype(fixed)::batch_type const&>);
    CHECK(here.size() == 2);

    // Between other adaptors.
    auto some = fixed | std::views::take(1) | data::prefetch<device> |
                std::views::transform([](auto const& batch) { return tn::sum(batch.second).item(); });
    std::vector<std::int64_t> total;
    for (auto const t : some) total.push_back(t);
    CHECK(total == std::vector<std::int64_t>{14});

    using nested = std::tuple<float, std::array<tn::tensor<int, 2>, 2>, std::pair<bool, double>>;
    std::vector<nested> samples(3);
    std::get<0>(samples[1]) = 5.f;
    std::get<1>(samples[2])[1](0) = 7;
    std::get<2>(samples[1]) = {true, 2.};
    data::loader parts(samples, data::batch<3>());
    for (auto const& [f, a, p] : parts | data::prefetch<device>) {
        static_assert(std::is_same_v<decltype(a), std::array<tn::cuda::tensor<int, 3, 2>, 2> const>);
        CHECK(tn::to<tn::cpu>(f)(1) == 5.f);
        CHECK(tn::to<tn::cpu>(a[1])(2, 0) == 7);
        CHECK((tn::to<tn::cpu>(p.first)(1) && tn::to<tn::cpu>(p.second)(1) == 2.));
    }
    std::vector<tn::tensor<float, tn::dyn>> rows{tn::ones<float, tn::dyn>(3), tn::ones<float, tn::dyn>(3)};
    data::loader plain(rows, data::batch<2>());
    for (auto const& x : data::prefetch<device>(plain)) {
        static_assert(std::is_same_v<decltype(x), tn::cuda::tensor<float, 2, tn::dyn> const&>);
        CHECK(tn::sum(x).item() == 6.f);
    }
    std::vector<tn::tensor<float, 0>> nothing(2);
    data::loader empty(nothing, data::batch(2));
    for (auto const& x : data::prefetch<device>(empty)) CHECK((x.extent(0) == 2 && x.size() == 0));
    data::loader none(squares{0}, data::batch(2));
    auto no_batches = data::prefetch<device>(none);
    CHECK((no_batches.size() == 0 && no_batches.begin() == no_batches.end()));
}

TEST_CASE("a batch is there when it is read, and stays until it has been read", "[kernels]") {
    for (lateness const late : all_of_them)
        with_streams(late, [&](auto const& bring) {
            data::loader fixed(squares{23}, data::batch<4>());
            data::loader open(squares{23}, data::batch(4));
            data::loader workers(squares{23}, data::batch(5), {.workers = 2});
            data::loader single(squares{23}, data::batch<1>());
            auto a = bring(fixed);
            auto b = bring(open);
            auto c = bring(workers);
            auto e = bring(single);
            for (int epoch = 0; epoch != 2; ++epoch) {
                CHECK(sums(a) == expected(20));
                CHECK(sums(b) == expected(23));
                CHECK(sums(c) == expected(23));
                CHECK(sums(e) == expected(23));
            }
        });
}

TEST_CASE("memory that is taken over is written when what used it has been done", "[kernels]") {
    for (lateness const late : all_of_them)
        with_streams(late, [&](auto const& bring) {
            data::loader loader(squares{10}, data::batch(4));
            auto batches = bring(loader);
            for (int epoch = 0; epoch != 3; ++epoch) {
                tn::cuda::tensor<double> total;
                for (auto const& [x, y] : batches) total += tn::cast<double>(tn::sum(x));
                // As large as a batch, which had become shorter: the next epoch gets this memory.
                { auto const left = tn::cuda::full<float, 4, 3>(7); }
                for (auto const& [x, y] : batches) total += tn::cast<double>(tn::sum(x) * 100.f);
                CHECK(total.item() == 101 * 3 * 45);
            }
        });
}

TEST_CASE("a captured step is fed by copies", "[kernels]") {
    for (lateness const late : all_of_them)
        with_streams(late, [&](auto const& bring) {
            tn::cuda::tensor<float, 4, 3> x;
            tn::cuda::tensor<std::int64_t, 4> y;
            tn::cuda::tensor<double, 4> total, weighted;
            auto const step = tn::cuda::capture([&] {
                total += tn::cast<double>(tn::sum<1>(x)) + tn::cast<double>(y);
                weighted += total;
            });
            data::loader loader(squares{20}, data::batch<4>());
            auto batches = bring(loader);
            CHECK_THROWS_AS(tn::cuda::capture([&] { batches.begin(); }), tn::cuda::error);
            float const* const memory = x.device_data();
            for (auto const& [bx, by] : batches) {
                x = bx;
                y = by;
                step();
            }
            CHECK(x.device_data() == memory);
            tn::tensor<double, 4> sum, twice;
            for (std::size_t i = 0; i != 20; ++i) {
                sum(i % 4) += static_cast<double>(3 * i + i * i);
                twice(i % 4) += sum(i % 4);
            }
            CHECK(same(tn::to<tn::cpu>(total), sum));
            CHECK(same(tn::to<tn::cpu>(weighted), twice));
        });
}

TEST_CASE("a model learns the same from batches on the device", "[kernels]") {
    auto const train = []<class Device>(Device) {
        tn::manual_seed(4);
        nn::linear<3, 2, Device> model;
        tn::optim::sgd optimizer(model, {.lr = 1e-2f});
        auto const samples = [] {
            std::vector<std::pair<tn::tensor<float, 3>, std::int64_t>> all;
            tn::generator gen{6};
            for (std::int64_t i = 0; i != 30; ++i) all.emplace_back(tn::randn<float, 3>(gen), i % 2);
            return all;
        }();
        data::loader loader(samples, data::batch<4>(), {.shuffle = true, .seed = 1, .workers = 1});
        auto batches = data::prefetch<Device>(loader);
        for (int epoch = 0; epoch != 3; ++epoch)
            for (auto const& [x, y] : batches) {
                optimizer.zero_grad();
                tn::backward(tn::cross_entropy(model(x), y));
                optimizer.step();
            }
        return tn::to<tn::cpu>(model.weight.value());
    };
    CHECK(same(train(device{}), train(tn::cpu{})));
}

TEST_CASE("memory is asked for in the first epoch alone", "[kernels]") {
    data::loader fixed(squares{20}, data::batch<4>());
    data::loader open(squares{22}, data::batch(4));
    auto a = data::prefetch<device>(fixed);
    auto b = data::prefetch<device>(open);
    std::set<float const*> places;
    auto const epoch = [&] {
        for (auto const& [x, y] : a) places.insert(x.device_data());
        for ([[maybe_unused]] auto const& batch : b) {}
    };
    epoch();
    auto const before = calls::allocations;
    epoch();
    epoch();
    CHECK(calls::allocations == before);
    CHECK(places.size() == 2);
}

TEST_CASE("what the range throws arrives where its batch would have", "[kernels]") {
    for (std::size_t const workers : {std::size_t{0}, std::size_t{2}})
        for (std::size_t const broken : {std::size_t{1}, std::size_t{5}, std::size_t{13}}) {
            data::loader l(squares{20, broken}, data::batch<3>(), {.workers = workers});
            auto there = data::prefetch<device>(l);
            for (int epoch = 0; epoch != 2; ++epoch) {
                std::size_t seen = 0;
                std::string text;
                try {
                    for ([[maybe_unused]] auto const& b : there) ++seen;
                } catch (std::runtime_error const& e) { text = e.what(); }
                CHECK((seen == broken / 3 && text == "sample " + std::to_string(broken)));
            }
        }
}

TEST_CASE("an epoch of the device may be left early", "[kernels]") {
    for (lateness const late : all_of_them)
        with_streams(late, [&](auto const& bring) {
            data::loader l(squares{40}, data::batch<2>(), {.workers = 2});
            auto there = bring(l);
            std::vector<tn::cuda::tensor<float>> found;
            for (int epoch = 0; epoch != 5; ++epoch)
                for (auto const& [x, y] : there) {
                    found.emplace_back(tn::sum(x));
                    if (found.size() % 3 == 0) break;
                }
            REQUIRE(found.size() == 15);
            for (std::size_t i = 0; i != 15; ++i) CHECK(found[i].item() == static_cast<float>(i % 3 * 12 + 3));
            auto const again = std::move(there);
            // The range goes while a copy and what reads the batch before it are still to be done.
            tn::cuda::tensor<float> last;
            {
                auto other = bring(l);
                auto const first = other.begin();
                last = tn::sum(first->first);
            }
            CHECK(last.item() == 3.f);
        });
}
