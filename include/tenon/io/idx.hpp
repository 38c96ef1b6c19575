// IDX files, in which the MNIST family of data sets comes.
//
// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database": two zero bytes, the element type, the number of axes,
// the extents as big-endian 32-bit numbers, the elements in row-major order, big-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tenon/io/element.hpp>
#include <tenon/io/file.hpp>

namespace tenon::inline TENON_TARGET::io {
namespace detail {

/// Unpacks gzipped bytes of the named file; set by <tenon/io/gzip.hpp>, which needs zlib.
inline std::string (*unpack_gzip)(std::string const& packed, file_path const& file) = nullptr;

constexpr element_type idx_type(unsigned char code) {
    switch (code) {
    case 0x08: return {'u', 1};
    case 0x09: return {'i', 1};
    case 0x0B: return {'i', 2};
    case 0x0C: return {'i', 4};
    case 0x0D: return {'f', 4};
    case 0x0E: return {'f', 8};
    default: return {};
    }
}

/// An IDX file, unpacked, whose elements begin at `start`.
struct idx_content {
    std::string bytes;
    std::size_t start;
    std::vector<std::size_t> extents;
};
/// @param wanted the element type that the file has to have
TENON_ON_USE
idx_content read_idx(file_path const& file, element_type wanted) {
    idx_content c{read_file(file), 0, {}};
    if (c.bytes.size() >= 2 && c.bytes[0] == '\x1f' && c.bytes[1] == '\x8b') {
        if (!unpack_gzip) fail(file, "is gzipped: include <tenon/io/gzip.hpp>, which needs zlib, to read it");
        c.bytes = unpack_gzip(c.bytes, file);
    }
    if (c.bytes.size() < 4 || c.bytes[0] != 0 || c.bytes[1] != 0) fail(file, "is not an IDX file");
    element_type const type = idx_type(static_cast<unsigned char>(c.bytes[2]));
    std::size_t const rank = static_cast<unsigned char>(c.bytes[3]);
    c.start = 4 + 4 * rank;
    if (type == element_type{}) fail(file, "is not an IDX file");
    if (c.bytes.size() < c.start) fail(file, "is damaged: it ends within the header");
    c.extents.resize(rank);
    for (std::size_t a = 0; a != rank; ++a)
        c.extents[a] = load<std::uint32_t>(c.bytes.data() + 4 + 4 * a, std::endian::big);
    if (type != wanted) fail(file, text_of({"holds ", to_string(type), ", not ", to_string(wanted)}));
    std::size_t const expected = bytes_of(c.extents, wanted.bytes, file), there = c.bytes.size() - c.start;
    if (there != expected)
        fail(file, text_of({"is damaged: it has ", there, " bytes of elements where the header asks for ", expected}));
    return c;
}

}  // namespace detail

/// Reads an IDX file. A gzipped one is unpacked where <tenon/io/gzip.hpp> is included.
/// @tparam E the extents; those that are `dyn` are taken from the file
/// @throws io_error where the file is missing, damaged, packed without that header, or holds another element type
/// @throws shape_error where the file's shape is another
template <class T, std::size_t... E>
tensor<T, E...> load_idx(file_path const& file) {
    detail::idx_content const content = detail::read_idx(file, element_type_of<T>());
    tensor<T, E...> x(uninitialized, detail::checked_shape<shape<E...>>(content.extents, file.string()));
    detail::copy_elements(x.data(), content.bytes.data() + content.start, x.size(), std::endian::big);
    return x;
}

}  // namespace tenon::inline TENON_TARGET::io
