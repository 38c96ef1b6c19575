// Elements as files hold them: names of their types, byte orders, shapes that are checked against a tensor's type.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <tenon/core/tensor.hpp>
#include <tenon/io/file.hpp>
#include <tenon/scalar/element_type.hpp>

namespace tenon::inline TENON_TARGET::io {

using tenon::element_type;
using tenon::element_type_of;
using tenon::to_string;

namespace detail {

TENON_ON_USE
std::string shape_text(std::span<std::size_t const> extents) {
    std::string text = "[";
    for (std::size_t e : extents)
        append_text(text, {text.size() > 1 ? ", " : "", is_dynamic(e) ? text_piece("dyn") : text_piece(e)});
    append_text(text, {"]"});
    return text;
}

/// The product of extents and element size; fails where it is not a size that a file can have, even without an extent of 0.
TENON_ON_USE
std::size_t bytes_of(std::span<std::size_t const> extents, std::size_t element, file_path const& file) {
    std::size_t bytes = element;
    bool empty = false;
    for (std::size_t e : extents) {
        empty = empty || e == 0;
        if (e != 0 && bytes > (std::numeric_limits<std::size_t>::max() >> 1) / e)
            fail(file, text_of({"shape ", shape_text(extents), " is too large"}));
        bytes *= e == 0 ? 1 : e;
    }
    return empty ? 0 : bytes;
}

/// @throws shape_error where a file's shape is not one of those that were asked for
TENON_ON_USE
void check_shape(std::span<std::size_t const> extents, std::span<std::size_t const> wanted, std::string const& what) {
    bool fits = extents.size() == wanted.size();
    for (std::size_t a = 0; fits && a != wanted.size(); ++a) fits = is_dynamic(wanted[a]) || wanted[a] == extents[a];
    if (!fits)
        throw shape_error(text_of({what, ": the file's shape ", shape_text(extents), " is not ", shape_text(wanted)}));
}
/// The file's shape as a shape of the type that was asked for. @throws shape_error where they do not fit
template <class Shape>
Shape checked_shape(std::span<std::size_t const> extents, std::string const& what) {
    check_shape(extents, {Shape::static_extents, Shape::rank()}, what);
    std::array<std::size_t, Shape::rank()> all{};
    std::copy_n(extents.begin(), Shape::rank(), all.begin());
    return Shape(all);
}

/// Reads a number of a byte order from memory of any alignment.
template <class T>
T load(char const* from, std::endian order) {
    if constexpr (element::is_complex<T>) {
        using part = element::real_t<T>;
        return {detail::load<part>(from, order), detail::load<part>(from + sizeof(part), order)};
    }
    char bytes[sizeof(T)];
    std::memcpy(bytes, from, sizeof(T));
    if (order != std::endian::native) std::reverse(bytes, bytes + sizeof(T));
    if constexpr (std::is_same_v<T, bool>) return bytes[0] != 0;
    else {
        T value;
        std::memcpy(&value, bytes, sizeof(T));
        return value;
    }
}

/// Copies n elements of a byte order. Bytes of truth values may be anything; a C++ bool may not.
template <class T>
void copy_elements(T* to, char const* from, std::size_t n, std::endian order) {
    if (n == 0) return;
    if (order == std::endian::native && !std::is_same_v<T, bool>) std::memcpy(to, from, n * sizeof(T));
    else
        for (std::size_t i = 0; i != n; ++i) to[i] = load<T>(from + i * sizeof(T), order);
}

/// A tensor's elements as bytes in a file's order, which is little-endian; `buffer` holds them where that is not ours.
template <class T, std::size_t... E>
std::string_view little_endian_bytes(tensor<T, E...> const& x, std::string& buffer) {
    auto const* const p = reinterpret_cast<char const*>(x.data());
    if (x.size() == 0) return {};
    if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1) return {p, x.size() * sizeof(T)};
    buffer.assign(p, x.size() * sizeof(T));
    for (std::size_t i = 0; i != buffer.size(); i += sizeof(element::real_t<T>))
        std::reverse(buffer.data() + i, buffer.data() + i + sizeof(element::real_t<T>));
    return buffer;
}

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET::io
