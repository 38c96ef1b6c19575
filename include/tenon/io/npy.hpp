// NumPy's .npy files, versions 1 to 3 of the format.
//
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <bit>
#include <cctype>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tenon/io/element.hpp>
#include <tenon/io/file.hpp>

namespace tenon::inline TENON_TARGET::io {
namespace detail {

/// A name that NumPy has for an element type without naming its size. Types of C are those of a 64-bit Unix, where
/// `long` has eight bytes.
struct npy_type_name {
    std::string_view name;
    element_type type;
};
// clang-format off
inline constexpr npy_type_name npy_type_names[] = {
    {"?", {'b', 1}}, {"bool", {'b', 1}}, {"bool_", {'b', 1}}, {"b", {'i', 1}}, {"byte", {'i', 1}}, {"int8", {'i', 1}},
    {"B", {'u', 1}}, {"ubyte", {'u', 1}}, {"uint8", {'u', 1}}, {"h", {'i', 2}}, {"short", {'i', 2}},
    {"int16", {'i', 2}}, {"H", {'u', 2}}, {"ushort", {'u', 2}}, {"uint16", {'u', 2}}, {"i", {'i', 4}},
    {"intc", {'i', 4}}, {"int32", {'i', 4}}, {"I", {'u', 4}}, {"uintc", {'u', 4}}, {"uint32", {'u', 4}},
    {"l", {'i', 8}}, {"q", {'i', 8}}, {"p", {'i', 8}}, {"int", {'i', 8}}, {"int_", {'i', 8}}, {"intp", {'i', 8}},
    {"long", {'i', 8}}, {"longlong", {'i', 8}}, {"int64", {'i', 8}}, {"L", {'u', 8}}, {"Q", {'u', 8}}, {"P", {'u', 8}},
    {"uint", {'u', 8}}, {"uintp", {'u', 8}}, {"ulong", {'u', 8}}, {"uint64", {'u', 8}}, {"ulonglong", {'u', 8}},
    {"e", {'f', 2}}, {"half", {'f', 2}}, {"float16", {'f', 2}}, {"f", {'f', 4}}, {"single", {'f', 4}},
    {"float32", {'f', 4}}, {"d", {'f', 8}}, {"float", {'f', 8}}, {"double", {'f', 8}}, {"float64", {'f', 8}},
    {"c8", {'c', 8}}, {"F", {'c', 8}}, {"csingle", {'c', 8}}, {"complex64", {'c', 8}}, {"c16", {'c', 16}},
    {"D", {'c', 16}}, {"cdouble", {'c', 16}}, {"complex", {'c', 16}}, {"complex128", {'c', 16}}};
// clang-format on

/// The element type of a descr's text behind the byte order, such as `f4`, `d` or `float32`; of no bytes where there is
/// none.
TENON_ON_USE
constexpr element_type npy_type(std::string_view text) {
    if (text.size() == 2 && text[1] >= '1' && text[1] <= '8') {
        element_type const type{text[0], static_cast<std::size_t>(text[1] - '0')};
        if (std::has_single_bit(type.bytes) &&
            ((type.kind == 'b' && type.bytes == 1) || (type.kind == 'f' && type.bytes > 1) || type.kind == 'i' ||
             type.kind == 'u'))
            return type;
    }
    for (auto const& known : npy_type_names)
        if (known.name == text) return known.type;
    return {};
}

/// The header: a Python dictionary with the keys descr, fortran_order and shape, each once, in any order.
TENON_ON_USE
class npy_header {
public:
    element_type type;
    std::endian order = std::endian::native;
    bool fortran = false;
    std::vector<std::size_t> extents;

    /// @param version the format's; before the third, whole numbers may end in an L, as Python 2 wrote them
    npy_header(std::string_view text, int version, file_path const& file)
        : text_(text), file_(file), long_numbers_(version < 3) {
        expect('{');
        unsigned seen = 0;
        while (!accept('}')) {
            std::string const key = quoted();
            expect(':');
            unsigned const bit = key == "descr" ? 1U : key == "fortran_order" ? 2U : key == "shape" ? 4U : 8U;
            if (bit == 8U || (seen & bit) != 0) damaged();
            seen |= bit;
            if (bit == 1U) {
                if (accept('[')) fail(file_, "holds records, which are no plain numbers");
                description(quoted());
            } else if (bit == 2U) {
                fortran = truth();
            } else {
                shape();
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        skip();
        if (seen != 7U || !text_.empty()) damaged();
    }

private:
    [[noreturn]] void damaged() const { fail(file_, "is damaged: the header is not that of a .npy file"); }
    void skip() {
        auto const n = text_.find_first_not_of(" \t\r\n\f");
        text_.remove_prefix(n == std::string_view::npos ? text_.size() : n);
    }
    bool accept(char c) {
        skip();
        if (text_.empty() || text_[0] != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!accept(c)) damaged();
    }
    std::string quoted() {
        (void)accept('u');  // a text of Python 2
        if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) damaged();
        auto const end = text_.find(text_[0], 1);
        if (end == std::string_view::npos) damaged();
        std::string const value(text_.substr(1, end - 1));
        text_.remove_prefix(end + 1);
        return value;
    }
    bool truth() {
        skip();
        for (std::string_view word : {"True", "False"})
            if (text_.substr(0, word.size()) == word) {
                text_.remove_prefix(word.size());
                return word == "True";
            }
        damaged();
    }
    std::size_t number() {
        skip();
        std::size_t n = 0, digits = 0;
        bool const zero = !text_.empty() && text_[0] == '0';
        for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++digits) {
            auto const digit = static_cast<std::size_t>(text_[0] - '0');
            if (n > (std::numeric_limits<std::size_t>::max() / 2 - digit) / 10) damaged();
            n = 10 * n + digit;
        }
        if (digits == 0 || (zero && n != 0)) damaged();
        if (long_numbers_) (void)accept('L');
        return n;
    }
    void shape() {
        expect('(');
        while (!accept(')')) {
            extents.push_back(number());
            if (!accept(',')) {
                // Without a comma, parentheses around one number are no tuple.
                if (extents.size() == 1) damaged();
                expect(')');
                break;
            }
        }
    }
    void description(std::string_view text) {
        std::string_view name = text;
        if (!name.empty() && std::string_view("<>=|").find(name[0]) != std::string_view::npos) {
            if (name[0] == '<') order = std::endian::little;
            if (name[0] == '>') order = std::endian::big;
            name.remove_prefix(1);
        }
        type = npy_type(name);
        // Words have no byte order.
        if (type.bytes == 0 || (name.size() > 2 && name != "c16" && name.size() != text.size()))
            fail(file_, "holds elements of the type '" + std::string(text) + "', which are no plain numbers");
    }

    std::string_view text_;
    file_path const& file_;
    bool long_numbers_;
};

/// Takes the header off a file's bytes.
TENON_ON_USE
npy_header<> read_npy_header(std::string_view& bytes, file_path const& file) {
    std::string_view constexpr magic("\x93NUMPY", 6);
    if (bytes.size() < 10 || bytes.substr(0, 6) != magic) fail(file, "is not a .npy file");
    int const version = bytes[6];
    if (version < 1 || version > 3 || bytes[7] != 0) fail(file, "is a .npy file of an unknown version, or damaged");
    std::size_t const start = version == 1 ? 10 : 12;
    if (bytes.size() < start) fail(file, "is damaged: it ends within the header");
    std::size_t const length = version == 1 ? load<std::uint16_t>(bytes.data() + 8, std::endian::little)
                                            : load<std::uint32_t>(bytes.data() + 8, std::endian::little);
    if (bytes.size() - start < length) fail(file, "is damaged: it ends within the header");
    npy_header header(bytes.substr(start, length), version, file);
    bytes.remove_prefix(start + length);
    return header;
}

/// Copies elements that are stored with the first axis varying fastest.
template <class T, std::size_t... E>
void copy_fortran(tensor<T, E...>& x, char const* from, std::endian order) {
    auto const s = x.shape();
    for (std::size_t i = 0; i != x.size(); ++i) {
        std::size_t rest = i, at = 0;
        for (std::size_t a = sizeof...(E); a-- != 0; rest /= s[a]) {
            // `at` is the offset over the axes from a on; an earlier axis is faster.
            std::size_t stride = 1;
            for (std::size_t b = 0; b != a; ++b) stride *= s[b];
            at += rest % s[a] * stride;
        }
        x.data()[i] = load<T>(from + at * sizeof(T), order);
    }
}

}  // namespace detail

/// Reads a .npy file, of either byte order and either order of axes.
/// @tparam E the extents; those that are `dyn` are taken from the file
/// @throws io_error where the file is missing, damaged or holds another element type
/// @throws shape_error where the file's shape is another
template <class T, std::size_t... E>
tensor<T, E...> load_npy(file_path const& file) {
    std::string const content = read_file(file);
    std::string_view bytes = content;
    auto const header = detail::read_npy_header(bytes, file);
    if (header.type != element_type_of<T>())
        fail(file, "holds " + to_string(header.type) + ", not " + to_string(element_type_of<T>()));
    std::size_t const expected = detail::bytes_of(header.extents, sizeof(T), file);
    if (bytes.size() != expected)
        fail(file, "is damaged: it has " + std::to_string(bytes.size()) +
                       " bytes of elements where the header asks for " + std::to_string(expected));
    tensor<T, E...> x(uninitialized, detail::checked_shape<shape<E...>>(header.extents, file.string()));
    if (header.fortran) detail::copy_fortran(x, bytes.data(), header.order);
    else detail::copy_elements(x.data(), bytes.data(), x.size(), header.order);
    return x;
}

/// Writes a tensor, or a computation's result, as a .npy file of version 1; the file is replaced at once.
/// @throws io_error where it cannot be written
template <class D, class T, std::size_t... E>
void save_npy(file_path const& file, expression_base<D, T, shape<E...>> const& x) {
    if constexpr (!std::is_same_v<D, tensor<T, E...>>) {
        save_npy(file, x.eval());
    } else {
        static_assert(!std::is_same_v<T, bfloat16>, "NumPy has no bfloat16: save cast<float>(x)");
        constexpr element_type type = element_type_of<T>();
        std::string header = std::string("{'descr': '") + (sizeof(T) == 1 ? '|' : '<') + type.kind +
                             std::to_string(type.bytes) + "', 'fortran_order': False, 'shape': (";
        for (std::size_t a = 0; a != sizeof...(E); ++a)
            header +=
                (a == 0 ? "" : " ") + std::to_string(x.self().shape()[a]) + (a + 1 == sizeof...(E) && a ? "" : ",");
        header += "), }";
        // Elements begin at a multiple of 64 bytes; the line feed is the header's last byte.
        header.append(63 - (10 + header.size()) % 64, ' ') += '\n';
        char const start[] = {'\x93',
                              'N',
                              'U',
                              'M',
                              'P',
                              'Y',
                              1,
                              0,
                              static_cast<char>(header.size() & 0xFFU),
                              static_cast<char>(header.size() >> 8)};
        std::string buffer;
        replace_file(file, {{start, sizeof start}, header, detail::little_endian_bytes(x.self(), buffer)});
    }
}

}  // namespace tenon::inline TENON_TARGET::io
