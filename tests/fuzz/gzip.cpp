// Gzipped bytes: what is packed in any number of members comes back, with zero bytes behind them too; whatever else the
// bytes are, `gunzip` gives no more than they can hold or an error that names the file.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <tenon/io/gzip.hpp>

#include "file.hpp"

namespace {

std::string packed(std::string_view bytes, int level) {
    z_stream z{};
    tenon_fuzz::require(::deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "no zlib");
    std::string out(::deflateBound(&z, bytes.size()), '\0');
    z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<unsigned>(bytes.size());
    z.next_out = reinterpret_cast<unsigned char*>(out.data());
    z.avail_out = static_cast<unsigned>(out.size());
    tenon_fuzz::require(::deflate(&z, Z_FINISH) == Z_STREAM_END, "zlib does not pack");
    out.resize(z.total_out);
    ::deflateEnd(&z);
    return out;
}

/// Unpacks as many bytes as have been packed well; none where nothing was.
std::string unpacked(std::string_view bytes) {
    std::string out(1 << 16, '\0');
    z_stream z{};
    tenon_fuzz::require(::inflateInit2(&z, 15 + 16) == Z_OK, "no zlib");
    z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<unsigned>(bytes.size());
    z.next_out = reinterpret_cast<unsigned char*>(out.data());
    z.avail_out = static_cast<unsigned>(out.size());
    (void)::inflate(&z, Z_FINISH);
    out.resize(z.total_out);
    ::inflateEnd(&z);
    return out;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

/// Half of the changes are made to what is packed, since the check sum refuses almost all that are made to the packed bytes.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    if (seed % 2 == 0) return LLVMFuzzerMutate(data, size, most);
    std::string inside = unpacked(tenon_fuzz::text_of(data, size));
    std::size_t const length = inside.size();
    inside.resize(length + 64);
    inside.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(inside.data()), length, inside.size()));
    std::string const whole = packed(inside, static_cast<int>(seed / 2 % 10));
    if (whole.size() > most) return size;
    std::memcpy(data, whole.data(), whole.size());
    return whole.size();
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const bytes(tenon_fuzz::text_of(data, size));
    std::string out;
    // A byte of packed data gives at most 1032.
    if (tenon_fuzz::accepts([&] { out = tenon::io::gunzip(bytes, "/proc/self/fd/0"); }))
        tenon_fuzz::require(out.size() <= 1032 * bytes.size(), "more came out than was in");

    std::size_t const cut = size == 0 ? 0 : data[0] % size;
    std::string const members = packed(bytes.substr(0, cut), 1) + packed(bytes.substr(cut), 9);
    tenon_fuzz::require(tenon::io::gunzip(members, "two members") == bytes, "what was packed does not come back");
    return 0;
}
