// NumPy's files: whatever the bytes, `load_npy` gives a tensor or an error that names the file, and what it gives comes back
// from the file that `save_npy` makes of it.
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include <unistd.h>

#include <tenon/core/creation.hpp>
#include <tenon/io/npy.hpp>

#include "file.hpp"

namespace tn = tenon;

namespace {

template <class T, std::size_t... E>
void read_as(std::filesystem::path const& path) {
    tn::tensor<T, E...> x;
    if (!tenon_fuzz::accepts([&] { x = tn::io::load_npy<T, E...>(path); })) return;
    static std::filesystem::path const copy = "/dev/shm/tenon-fuzz-" + std::to_string(::getpid()) + ".npy";
    tn::io::save_npy(copy, x);
    auto const y = tn::io::load_npy<T, E...>(copy);
    std::filesystem::remove(copy);
    tenon_fuzz::require(x.shape() == y.shape(), "the shape does not come back");
    tenon_fuzz::require(x.size() == 0 || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0,
                        "the elements do not come back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tenon_fuzz::file const file(tenon_fuzz::text_of(data, size));
    auto const path = file.path();
    read_as<float, tn::dyn, tn::dyn>(path);
    read_as<float, tn::dyn, 3>(path);
    read_as<double>(path);
    read_as<bool, tn::dyn>(path);
    read_as<std::int16_t, tn::dyn, tn::dyn, tn::dyn>(path);
    return 0;
}
