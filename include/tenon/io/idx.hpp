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

}  // namespace detail

/// Reads an IDX file. A gzipped one is unpacked where <tenon/io/gzip.hpp> is included.
/// @tparam E the extents; those that are `dyn` are taken from the file
/// @throws io_error where the file is missing, damaged, packed without that header, or holds another element type
/// @throws shape_error where the file's shape is another
template <class T, std::size_t... E>
tensor<T, E...> load_idx(file_path const& file) {
    std::string bytes = read_file(file);
    if (bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b') {
        if (!detail::unpack_gzip) fail(file, "is gzipped: include <tenon/io/gzip.hpp>, which needs zlib, to read it");
        bytes = detail::unpack_gzip(bytes, file);
    }
    if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0) fail(file, "is not an IDX file");
    element_type const type = detail::idx_type(static_cast<unsigned char>(bytes[2]));
    std::size_t const rank = static_cast<unsigned char>(bytes[3]), start = 4 + 4 * rank;
    if (type == element_type{}) fail(file, "is not an IDX file");
    if (bytes.size() < start) fail(file, "is damaged: it ends within the header");
    std::vector<std::size_t> extents(rank);
    for (std::size_t a = 0; a != rank; ++a)
        extents[a] = detail::load<std::uint32_t>(bytes.data() + 4 + 4 * a, std::endian::big);
    if (type != element_type_of<T>())
        fail(file, "holds " + to_string(type) + ", not " + to_string(element_type_of<T>()));
    std::size_t const expected = detail::bytes_of(extents, sizeof(T), file);
    if (bytes.size() - start != expected)
        fail(file, "is damaged: it has " + std::to_string(bytes.size() - start) +
                       " bytes of elements where the header asks for " + std::to_string(expected));
    tensor<T, E...> x(uninitialized, detail::checked_shape<shape<E...>>(extents, file.string()));
    detail::copy_elements(x.data(), bytes.data() + start, x.size(), std::endian::big);
    return x;
}

}  // namespace tenon::inline TENON_TARGET::io
