// Fashion-MNIST, where zlib and the files are there.
#if defined(TENON_WITH_ZLIB)
#include <tenon/data/fashion_mnist.hpp>

#include <filesystem>
#include <numeric>

#include <tenon/data/loader.hpp>

#include "../catch.hpp"

namespace tn = tenon;
namespace data = tenon::data;

TEST_CASE("Fashion-MNIST is found, unpacked and normalised") {
    if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) SKIP("dataset-fashion-mnist is not installed");
    data::fashion_mnist const d(data::split::test);
    CHECK((d.size() == 10000 && d.images().extent(0) == 10000));
    CHECK(data::fashion_mnist::classes[d.labels()(0)] == "Ankle boot");
    CHECK(d[1].second == 2);
    data::loader l(d, data::batch<100>());
    CHECK(l.size() == 100);
    auto const i = l.begin();
    auto const& [x, y] = *i;
    static_assert(std::is_same_v<decltype(x), tn::tensor<float, 100, 784> const>);
    auto const sample = d[99];
    CHECK(y(99) == sample.second);
    for (std::size_t p = 0; p != 784; ++p) {
        CHECK(x(99, p) == sample.first(p));
        CHECK(x(99, p) == static_cast<float>(d.images()(99, p / 28, p % 28)) / 255.f);
    }
}

TEST_CASE("a folder without the files is named") {
    CHECK_THROWS_AS(data::fashion_mnist(data::split::train, "/nowhere"), tn::io_error);
}
#endif
