// IDX files, gzipped ones among them: whatever the bytes, `load_idx` gives a tensor of as many elements as the file has or an
// error that names the file.
#include <cstdint>
#include <filesystem>

#include <tenon/core/creation.hpp>
#include <tenon/io/gzip.hpp>
#include <tenon/io/idx.hpp>

#include "file.hpp"

namespace tn = tenon;

namespace {

template <class T, std::size_t... E>
void read_as(std::filesystem::path const& path, std::string_view content) {
    tn::tensor<T, E...> x;
    if (!tenon_fuzz::accepts([&] { x = tn::io::load_idx<T, E...>(path); }) || content[0] == '\x1f') return;
    tenon_fuzz::require(4 + 4 * sizeof...(E) + x.size() * sizeof(T) == content.size(), "elements were lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const content = tenon_fuzz::text_of(data, size);
    tenon_fuzz::file const file(content);
    auto const path = file.path();
    read_as<std::uint8_t, tn::dyn, tn::dyn, tn::dyn>(path, content);
    read_as<std::uint8_t, tn::dyn>(path, content);
    read_as<std::int32_t, tn::dyn, 2>(path, content);
    read_as<double, tn::dyn>(path, content);
    return 0;
}
