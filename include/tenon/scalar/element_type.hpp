// Element types as values, for code that is compiled once for all of them and for files.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>

#include <tenon/base/target.hpp>
#include <tenon/base/text.hpp>
#include <tenon/scalar/complex.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET {

/// An element type as a value: a kind, 'f' floating point, 'c' complex, 'i' and 'u' integers, 'b' truth values, 'h' brain floats of
/// two bytes; and its number of bytes.
struct element_type {
    char kind = 0;
    std::size_t bytes = 0;
    friend constexpr bool operator==(element_type, element_type) = default;
};

/// Numbers of at most 8 bytes, and complex ones of two such parts: what files hold.
template <class T>
concept plain_element = (std::is_arithmetic_v<T> && sizeof(T) <= 8) || element::narrow<T> || element::is_complex<T>;

/// The value that stands for a C++ type.
template <plain_element T>
constexpr element_type element_type_of() {
    if constexpr (std::is_same_v<T, bfloat16>) return {'h', 2};
    else if constexpr (std::is_same_v<T, float16>) return {'f', 2};
    else if constexpr (std::is_same_v<T, bool>) return {'b', 1};
    else if constexpr (element::is_complex<T>) return {'c', sizeof(T)};
    else if constexpr (std::is_floating_point_v<T>) return {'f', sizeof(T)};
    else return {std::is_signed_v<T> ? 'i' : 'u', sizeof(T)};
}

/// The element type as NumPy and PyTorch name it: `float32`, `uint8`, `bfloat16`.
TENON_ON_USE
std::string to_string(element_type t) {
    char const* name = t.kind == 'f'   ? "float"
                       : t.kind == 'c' ? "complex"
                       : t.kind == 'i' ? "int"
                       : t.kind == 'u' ? "uint"
                                       : nullptr;
    if (name) return text_of({name, 8 * t.bytes});
    return t.kind == 'b' ? "bool" : t.kind == 'h' ? "bfloat16" : "unknown";
}

/// A set of the element types that parameters have: a sum of the values of `element_set_of`.
using element_set = unsigned;
/// The set of one type: float, double, float16, bfloat16, complex numbers, or 16 for any other.
template <class T>
inline constexpr element_set element_set_of = std::is_same_v<T, float>                  ? 1
                                              : std::is_same_v<T, double>               ? 2
                                              : std::is_same_v<T, float16>              ? 4
                                              : std::is_same_v<T, bfloat16>             ? 8
                                              : std::is_same_v<T, std::complex<float>>  ? 32
                                              : std::is_same_v<T, std::complex<double>> ? 64
                                                                                        : 16;
/// What a model may have to learn of which nothing is known when the program is compiled.
inline constexpr element_set every_floating_element = 15;

/// Calls `f(std::type_identity<T>{})` for each type T of a set that is floating point or complex.
template <element_set Set, class F>
constexpr void for_each_element_type(F&& f) {
    if constexpr ((Set & element_set_of<float>) != 0) f(std::type_identity<float>{});
    if constexpr ((Set & element_set_of<double>) != 0) f(std::type_identity<double>{});
    if constexpr ((Set & element_set_of<float16>) != 0) f(std::type_identity<float16>{});
    if constexpr ((Set & element_set_of<bfloat16>) != 0) f(std::type_identity<bfloat16>{});
    if constexpr ((Set & element_set_of<std::complex<float>>) != 0) f(std::type_identity<std::complex<float>>{});
    if constexpr ((Set & element_set_of<std::complex<double>>) != 0) f(std::type_identity<std::complex<double>>{});
}

}  // namespace tenon::inline TENON_TARGET
