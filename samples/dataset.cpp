// A dataset of one's own and loaders over it.
#include <tenon/tenon.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <utility>
#include <vector>

namespace tn = tenon;

// Anything with size() and operator[] is a dataset.
struct custom_dataset {
    std::vector<std::array<float, 2>> data{{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10}};
    std::vector<std::int64_t> labels{0, 1, 0, 1, 0};

    std::size_t size() const { return data.size(); }
    auto operator[](std::size_t i) const { return std::pair{tn::tensor({data[i][0], data[i][1]}), labels[i]}; }
};

int main() {
    custom_dataset dataset;

    // Batches of a static size have a static type; the odd sample is left out.
    for (auto const& [x, y] : tn::data::loader(dataset, tn::data::batch<2>(), {.shuffle = true, .seed = 7}))
        std::cout << "batch of " << x.shape() << ":\n" << x << "\nlabels " << y << '\n';

    // With a size that run time knows, the last batch is shorter.
    for (auto const& [x, y] : tn::data::loader(dataset, tn::data::batch(2))) std::cout << x.shape() << ' ';
    std::cout << '\n';

    // The same as adaptors; two threads could prepare batches ahead with {.workers = 2}.
    tn::generator gen{3};
    auto pipeline = dataset | tn::data::shuffle(gen) | tn::data::transform([](auto const& sample) {
                        return std::pair{tn::tensor(sample.first / 10.f), sample.second};
                    }) |
                    tn::data::batch<5>();
    for (auto const& [x, y] : pipeline) std::cout << "scaled:\n" << x << '\n';
}
