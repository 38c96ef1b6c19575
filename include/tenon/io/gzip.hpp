// Gzipped files: needs zlib, and so stands apart from <tenon/tenon.hpp>. Including this is enough for `load_idx`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include <zlib.h>

#include <tenon/io/file.hpp>
#include <tenon/io/idx.hpp>

namespace tenon::inline TENON_TARGET::io {

/// Unpacks gzipped bytes, of one member or of several that follow each other. Zero bytes behind a member are padding,
/// as for gzip itself.
/// @param file what an error names
/// @throws io_error where the bytes are damaged, end early, or have something else behind them
inline std::string gunzip(std::string const& packed, file_path const& file) {
    struct stream : z_stream {
        stream() : z_stream{} {}
        ~stream() { ::inflateEnd(this); }
    } z;
    if (::inflateInit2(&z, 15 + 16) != Z_OK) fail(file, "cannot be unpacked: zlib does not start");
    constexpr std::size_t most = std::numeric_limits<unsigned>::max() / 2;
    std::string bytes;
    std::size_t in = 0, out = 0;
    bytes.resize(std::max<std::size_t>(4 * packed.size(), 4096));
    while (true) {
        if (out == bytes.size()) bytes.resize(2 * bytes.size());
        auto const give = std::min(packed.size() - in, most), take = std::min(bytes.size() - out, most);
        // zlib reads through a pointer to non-const, but does not write there.
        z.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(packed.data() + in));
        z.avail_in = static_cast<unsigned>(give);
        z.next_out = reinterpret_cast<unsigned char*>(bytes.data() + out);
        z.avail_out = static_cast<unsigned>(take);
        int const state = ::inflate(&z, Z_NO_FLUSH);
        in += give - z.avail_in;
        out += take - z.avail_out;
        if (state == Z_STREAM_END) {
            in = std::min(packed.find_first_not_of('\0', in), packed.size());
            if (in == packed.size()) break;
            if (::inflateReset(&z) != Z_OK) fail(file, "cannot be unpacked");
        } else if (state != Z_OK) {
            // Without a step forward the input has ended too early.
            fail(file,
                 state == Z_BUF_ERROR ? "is damaged: the packed data ends early" : "is damaged: not gzipped data");
        }
    }
    bytes.resize(out);
    return bytes;
}

namespace detail {
inline bool const gzip_known = (unpack_gzip = &gunzip, true);
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::io
