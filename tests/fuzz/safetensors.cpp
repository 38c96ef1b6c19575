// Safetensors files: whatever the bytes, `load_safetensors` gives tensors that lie inside the file or an error that names it,
// and all of them come back from the file that the writer makes of them.
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include <unistd.h>

#include <tenon/core/creation.hpp>
#include <tenon/io/safetensors.hpp>

#include "file.hpp"

namespace tn = tenon;

namespace {

/// Gives `f` the tensor of that name, as one of the types that this program knows.
template <class F>
void with_tensor(tn::io::safetensors const& from, std::string const& name, F f) {
    auto const& entry = from.at(name);
    auto const as = [&]<class T>(T) {
        if (entry.extents.size() == 0) f(from.get<T>(name));
        else if (entry.extents.size() == 1) f(from.get<T, tn::dyn>(name));
        else if (entry.extents.size() == 2) f(from.get<T, tn::dyn, tn::dyn>(name));
    };
    if (entry.type == tn::io::element_type_of<bool>()) as(bool());
    else if (entry.type == tn::io::element_type_of<std::int64_t>()) as(std::int64_t());
    else if (entry.type.bytes == 2 && (entry.type.kind == 'f' || entry.type.kind == 'h')) as(float());
    else if (entry.type == tn::io::element_type_of<float>()) as(float());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    tenon_fuzz::file const file(tenon_fuzz::text_of(data, size));
    tenon_fuzz::accepts([&] {
        auto const all = tn::io::load_safetensors(file.path());
        tn::io::safetensors_writer writer;
        for (auto const& [name, text] : all.metadata()) writer.note(name, text);
        for (auto const& name : all.names()) with_tensor(all, name, [&](auto x) { writer.add(name, std::move(x)); });
        static std::filesystem::path const path = "/dev/shm/tenon-fuzz-" + std::to_string(::getpid()) + ".safetensors";
        writer.write(path);
        auto const again = tn::io::load_safetensors(path);
        std::filesystem::remove(path);
        tenon_fuzz::require(again.metadata() == all.metadata(), "the metadata do not come back");
        for (auto const& name : again.names())
            with_tensor(all, name, [&](auto const& x) {
                with_tensor(again, name, [&](auto const& y) {
                    if constexpr (std::is_same_v<decltype(x), decltype(y)>)
                        tenon_fuzz::require(
                            x.shape() == y.shape() &&
                                (x.size() == 0 || std::memcmp(x.data(), y.data(), x.size() * sizeof(*x.data())) == 0),
                            "a tensor does not come back");
                    else tenon_fuzz::require(false, "a tensor's type does not come back");
                });
            });
    });
    return 0;
}
