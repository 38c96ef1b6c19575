// Tensors as text, in the way NumPy's str() writes them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include <tenon/core/tensor.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET {
namespace detail {

/// NumPy's defaults: above `threshold` elements only the first and last three of each axis are shown.
inline constexpr std::size_t print_threshold = 1000, print_edge = 3, print_width = 75;
inline constexpr int print_precision = 8;

/// Calls `f(offset)` for the elements that are shown, in their order.
template <class F>
void for_each_shown(std::size_t const* extents, std::size_t rank, bool summary, std::size_t offset, F& f) {
    if (rank == 0) return f(offset);
    for (std::size_t i = 0; i != extents[0]; ++i) {
        if (summary && extents[0] > 2 * print_edge && i == print_edge) i = extents[0] - print_edge;
        for_each_shown(extents + 1, rank - 1, summary, offset * extents[0] + i, f);
    }
}

/// Lays out elements that were formatted already; takes them one after the other.
/// @tparam Word std::string; a parameter, so that the compiler passes over this where nothing is printed
template <class Word>
class print_layout {
public:
    print_layout(std::vector<Word> const& words, bool summary) : word_(words.data()), summary_(summary) {}

    std::string array(std::size_t const* extents, std::size_t rank, std::string const& indent, std::size_t width) {
        if (rank == 0) return *word_++;
        bool const cut = summary_ && extents[0] > 2 * print_edge;
        std::string text, line = indent;
        for (std::size_t i = 0; i != extents[0]; ++i) {
            bool const gap = cut && i == print_edge;
            if (rank == 1) {
                if (gap) extend(text, line, "...", width, indent), line += ' ';
            } else if (gap) {
                text += indent + "..." + std::string(rank - 1, '\n');
            }
            if (gap) i = extents[0] - print_edge;
            std::string const part = array(extents + 1, rank - 1, indent + ' ', width - 1);
            bool const last = i + 1 == extents[0];
            if (rank == 1) {
                extend(text, line, part, width, indent);
                if (!last) line += ' ';
            } else {
                text += indent + part + (last ? std::string() : std::string(rank - 1, '\n'));
            }
        }
        if (rank == 1) text += line;
        return '[' + text.substr(indent.size()) + ']';
    }

private:
    /// Starts a new line where the word, and a bracket after it, would not fit.
    static void extend(std::string& text, std::string& line, std::string_view word, std::size_t width,
                       std::string const& indent) {
        if (line.size() + word.size() > width - 1 && line.size() > indent.size()) {
            text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
            line = indent;
        }
        line += word;
    }

    Word const* word_;
    bool summary_;
};

enum class number_class { finite, nan, infinity, minus_infinity };

/// Asks the bits, since -ffinite-math-only says that there are only finite numbers.
template <class T>
number_class class_of(T v) {
    using bits = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;
    constexpr int fraction = std::numeric_limits<T>::digits - 1;
    constexpr std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(T) - 1), exponent = (sign >> fraction) - 1;
    std::uint64_t const b = std::bit_cast<bits>(v);
    if ((b >> fraction & exponent) != exponent) return number_class::finite;
    if ((b & ((std::uint64_t{1} << fraction) - 1)) != 0) return number_class::nan;
    return (b & sign) != 0 ? number_class::minus_infinity : number_class::infinity;
}
inline char const* name_of(number_class c) {
    return c == number_class::nan ? "nan" : c == number_class::infinity ? "inf" : "-inf";
}

template <class T>
std::string number_text(T v, std::chars_format format) {
    std::array<char, 1100> buffer;
    return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, format).ptr};
}
template <class T>
std::string number_text(T v, std::chars_format format, int precision) {
    std::array<char, 1100> buffer;
    return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, format, precision).ptr};
}

/// The decimal of fewest digits that a number of 16 bits is the nearest to, and of those the closest. As a double its own
/// shortest text is that decimal.
template <class T>
double shortest_decimal(T v) {
    double const exact = static_cast<float>(v);
    for (int digits = 0; digits < 17; ++digits) {
        std::string const text = number_text(exact, std::chars_format::scientific, digits);
        auto const read = [](std::string const& t) {
            double d = 0;
            std::from_chars(t.data(), t.data() + t.size(), d);
            return d;
        };
        double const nearest = read(text);
        // Below a power of two the numbers lie closer, so that the decimal on its other side can be the one that reads back.
        double const unit = read('1' + text.substr(text.find('e'))) * std::pow(10., -digits);
        double const other = nearest < exact ? nearest + unit : nearest - unit;
        for (double const d : {nearest, read(number_text(other, std::chars_format::scientific, digits))})
            if (T(d).bits == v.bits) return d;
    }
    return exact;
}

/// A finite number's shortest text that reads back as the same number, or `precision` digits after the point where that
/// has more; without zeros at the end.
template <class T>
std::string shortest(T v, std::chars_format format, int precision) {
    std::string text;
    if constexpr (element::narrow<T>) text = number_text(shortest_decimal(v), format);
    else text = number_text(v, format);
    auto const split = [&] { return std::min(text.find('e'), text.size()); };
    auto const point = text.find('.');
    if (point != std::string::npos && split() - point - 1 > static_cast<std::size_t>(precision))
        text = number_text(static_cast<element::computed_t<T>>(v), format, precision);
    std::string const exponent = text.substr(split());
    text.resize(split());
    if (text.find('.') == std::string::npos) text += '.';
    text.resize(text.find_last_not_of('0') + 1);
    return text + exponent;
}

/// Numbers from here on have exponents: 10^8, or what an element type of fewer decimal digits cannot count to.
template <class T>
inline constexpr double largest_plain = [] {
    double power = 1;
    for (int i = 0; i < std::clamp(std::numeric_limits<T>::digits10, 3, 8); ++i) power *= 10;
    return power;
}();

/// Formats floating-point elements alike: all with exponents or none, points below each other. With exponents all have the
/// digits that the longest shortest text needs.
template <class T>
std::vector<std::string> format_floats(std::vector<T> const& values) {
    using U = element::computed_t<T>;
    U high = 0, low = 0;
    for (T const v : values) {
        if (class_of(v) != number_class::finite) continue;
        U const a = std::abs(static_cast<U>(v));
        if (a == 0) continue;
        high = std::max(high, a);
        low = low == 0 ? a : std::min(low, a);
    }
    bool const scientific = high >= U(largest_plain<T>) ||
                            (low != 0 && (low < static_cast<U>(T(0.0001)) || static_cast<U>(T(high / low)) > U(1000)));
    auto const format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
    std::vector<std::string> words;
    std::size_t left = 0, right = 0, tail = 0, widest_name = 0;  // widths before the point, after it, of the exponent
    for (T const v : values) {
        if (auto const c = class_of(v); c != number_class::finite) {
            words.emplace_back(name_of(c));
            widest_name = std::max(widest_name, words.back().size());
            continue;
        }
        words.push_back(shortest(v, format, print_precision));
        auto const point = words.back().find('.'), e = std::min(words.back().find('e'), words.back().size());
        left = std::max(left, point);
        right = std::max(right, e - point - 1);
        tail = std::max(tail, words.back().size() - e);
    }
    std::size_t const width = std::max(left == 0 ? 0 : left + 1 + right + tail, widest_name);
    left = width - std::min(width, 1 + right + tail);
    for (std::size_t i = 0; i != words.size(); ++i) {
        std::string& w = words[i];
        if (class_of(values[i]) != number_class::finite) {
            w.insert(0, width - w.size(), ' ');
            continue;
        }
        auto point = w.find('.'), e = std::min(w.find('e'), w.size());
        if (scientific) {
            if (e - point - 1 < right) {
                w = number_text(static_cast<U>(values[i]), format, static_cast<int>(right));
                point = std::min(w.find('.'), w.find('e'));
                e = w.find('e');
            }
            w.insert(e + 2, tail - (w.size() - e), '0');
        } else w.append(right - (e - point - 1), ' ');
        w.insert(0, left - point, ' ');
    }
    return words;
}

/// A single floating-point number as Python writes it: `1.0`, `1.5e-07`.
template <class T>
std::string format_single(T v) {
    if (auto const c = class_of(v); c != number_class::finite) return name_of(c);
    double const a = std::abs(static_cast<double>(v));
    constexpr double plain = std::is_same_v<T, double> ? 1e16 : largest_plain<T>;
    bool const scientific = a != 0 && (a < 1e-4 || a >= plain);
    std::string text = shortest(v, scientific ? std::chars_format::scientific : std::chars_format::fixed, 1000);
    auto const point = text.find('.');
    if (!scientific) return point + 1 == text.size() ? text + '0' : text;
    return point + 1 < text.size() && text[point + 1] == 'e' ? text.erase(point, 1) : text;
}

template <class T>
std::vector<std::string> format_elements(std::vector<T> const& values, bool single) {
    std::vector<std::string> words;
    if constexpr (std::is_floating_point_v<T> || element::narrow<T>) {
        if (!single) return format_floats(values);
        for (T v : values) words.push_back(format_single(v));
    } else {
        for (T v : values) words.push_back(std::to_string(v));
    }
    std::size_t width = 0;
    for (std::string const& w : words) width = std::max(width, w.size());
    for (std::string& w : words) w.insert(0, width - w.size(), ' ');
    return words;
}

}  // namespace detail

/// A tensor's elements as NumPy's str() writes them: nested brackets, aligned columns, 8 digits after the point, lines
/// of 75 characters, and above 1000 elements only the ends of each axis.
template <class T, std::size_t... E>
std::string to_string(tensor<T, E...> const& x) {
    static_assert(std::is_arithmetic_v<T> || element::narrow<T>, "only tensors of numbers are printed");
    if (x.size() == 0) return "[]";
    bool const summary = x.size() > detail::print_threshold;
    auto const extents = x.shape().extents();
    std::vector<std::string> words;
    auto const each = [&](auto f) { detail::for_each_shown(extents.data(), sizeof...(E), summary, 0, f); };
    if constexpr (std::is_same_v<T, bool>) {
        each([&](std::size_t i) { words.push_back(x.data()[i] ? (sizeof...(E) == 0 ? "True" : " True") : "False"); });
    } else {
        std::vector<T> values;
        each([&](std::size_t i) { values.push_back(x.data()[i]); });
        words = detail::format_elements(values, sizeof...(E) == 0);
    }
    return detail::print_layout(words, summary).array(extents.data(), sizeof...(E), " ", detail::print_width);
}

/// Writes a tensor as `to_string` does; a computation runs first.
template <class D, class T, std::size_t... E>
std::ostream& operator<<(std::ostream& out, expression_base<D, T, shape<E...>> const& x) {
    if constexpr (std::is_same_v<D, tensor<T, E...>>) return out << to_string(x.self());
    else return out << to_string(x.eval());
}

}  // namespace tenon::inline TENON_TARGET
