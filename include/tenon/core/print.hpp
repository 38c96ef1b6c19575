// Tensors as text, in the way NumPy's str() writes them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/core/tensor.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET {
namespace detail {

/// NumPy's defaults: above `threshold` elements only the first and last three of each axis are shown.
inline constexpr std::size_t print_threshold = 1000, print_edge = 3, print_width = 75;
inline constexpr int print_precision = 8;

/// Which elements of an array are shown.
struct shown_elements {
    std::size_t const* extents;
    std::size_t rank;
    bool summary;

    /// Whether an axis shows its ends alone.
    bool cuts(std::size_t axis) const { return summary && extents[axis] > 2 * print_edge; }
    std::size_t along(std::size_t axis) const { return cuts(axis) ? 2 * print_edge : extents[axis]; }
    std::size_t count() const {
        std::size_t n = 1;
        for (std::size_t a = 0; a != rank; ++a) n *= along(a);
        return n;
    }
    /// Where the k-th of them is in row-major order.
    std::size_t offset(std::size_t k) const {
        std::size_t o = 0, step = 1;
        for (std::size_t a = rank; a-- != 0; step *= extents[a]) {
            std::size_t const i = k % along(a);
            o += (cuts(a) && i >= print_edge ? extents[a] - 2 * print_edge + i : i) * step;
            k /= along(a);
        }
        return o;
    }
};

/// Lays out elements that were formatted already, all as wide as each other.
class print_layout {
public:
    /// @param words the texts of the elements that are shown, one after another
    print_layout(shown_elements const& s, std::string const& words)
        : shown_(s), word_(words.data()), width_(words.size() / s.count()) {
        array(0);
    }
    std::string text;

private:
    /// An array along the axes from one on. Its lines are indented by a place for each bracket that is open, and leave as many free.
    void array(std::size_t axis) {
        if (axis == shown_.rank) return next();
        std::size_t const indent = axis + 1;
        bool const is_row = indent == shown_.rank;
        put("[");
        column_ = indent;
        for (std::size_t i = 0; i != shown_.along(axis); ++i) {
            if (i != 0) separate(is_row, indent);
            if (i == print_edge && shown_.cuts(axis)) {
                if (is_row) wrap(3, indent);
                put("...");
                separate(is_row, indent);
            }
            if (is_row) wrap(width_, indent);
            array(axis + 1);
        }
        put("]");
    }
    void next() {
        text.append(word_, width_);
        word_ += width_;
        column_ += width_;
    }
    /// Between elements of a row a blank, between others as many new lines as arrays have axes.
    void separate(bool is_row, std::size_t indent) {
        if (is_row) return put(" ");
        for (std::size_t a = indent; a != shown_.rank; ++a) put("\n");
        for (std::size_t a = 0; a != indent; ++a) put(" ");
    }
    /// Starts a new line where a word, and the brackets after it, would not fit.
    void wrap(std::size_t size, std::size_t indent) {
        if (column_ + size <= print_width - indent || column_ <= indent) return;
        while (text.back() == ' ') text.pop_back();
        put("\n");
        for (column_ = 0; column_ != indent;) put(" ");
    }
    void put(char const* s) {
        std::size_t const n = std::char_traits<char>::length(s);
        text.append(s, n);
        column_ += n;
    }

    shown_elements const& shown_;
    char const* word_;
    std::size_t width_, column_ = 0;
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
/// digits that the longest shortest text needs. @param plus whether numbers that are not negative have a sign
template <class T>
std::vector<std::string> format_floats(std::vector<T> const& values, bool plus = false) {
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
    auto const signed_text = [plus](std::string text) { return plus && text[0] != '-' ? '+' + text : text; };
    for (T const v : values) {
        if (auto const c = class_of(v); c != number_class::finite) {
            words.push_back(signed_text(name_of(c)));
            widest_name = std::max(widest_name, words.back().size());
            continue;
        }
        words.push_back(signed_text(shortest(v, format, print_precision)));
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
                w = signed_text(number_text(static_cast<U>(values[i]), format, static_cast<int>(right)));
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

/// Complex numbers, `1.+2.j`: the real parts alike, and the imaginary ones.
template <class T>
std::string format_complex(std::complex<T> const* values, std::size_t n, bool single) {
    if (single) {
        // Python writes the parts of a single number as short as it can.
        auto const part = [](T v) {
            std::string text = format_single(v);
            return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
        };
        T const re = values->real(), im = values->imag();
        std::string const imag = part(im);
        bool const minus = imag[0] == '-';
        if (re == 0 && !std::signbit(re)) return imag + 'j';
        return '(' + part(re) + (minus ? "" : "+") + imag + "j)";
    }
    std::vector<T> re(n), im(n);
    for (std::size_t i = 0; i != n; ++i) re[i] = values[i].real(), im[i] = values[i].imag();
    auto const real = format_floats(re), imag = format_floats(im, true);
    std::string words;
    for (std::size_t i = 0; i != n; ++i) {
        auto const end = imag[i].find_last_not_of(' ') + 1;
        append_text(words, {real[i], imag[i].substr(0, end), "j", imag[i].substr(end)});
    }
    return words;
}

/// Whole numbers, each at the right of a place that the longest fills.
template <class T>
std::string format_wholes(T const* values, std::size_t n) {
    using U = std::conditional_t<std::is_signed_v<T>, std::ptrdiff_t, std::size_t>;
    constexpr char const* format = std::is_signed_v<T> ? "%*td" : "%*zu";
    char digits[32];
    auto const print = [&](int width, T v) {
        return std::snprintf(digits, sizeof digits, format, width, static_cast<U>(v));
    };
    int width = 0;
    for (std::size_t i = 0; i != n; ++i) width = std::max(width, print(0, values[i]));
    std::string words;
    for (std::size_t i = 0; i != n; ++i) words.append(digits, static_cast<std::size_t>(print(width, values[i])));
    return words;
}

/// The texts of elements, one after another.
/// @param single whether it is one without axes
template <class T>
std::string format_elements(T const* values, std::size_t n, bool single) {
    std::string words;
    if constexpr (std::is_same_v<T, bool>)
        for (std::size_t i = 0; i != n; ++i) append_text(words, {values[i] ? (single ? "True" : " True") : "False"});
    else if constexpr (std::is_integral_v<T>) words = format_wholes(values, n);
    else if constexpr (element::is_complex<T>) words = format_complex(values, n, single);
    else if (single) words = format_single(*values);
    else
        for (std::string const& w : format_floats(std::vector<T>(values, values + n))) words += w;
    return words;
}

/// An array in row-major memory as NumPy's str() writes it.
template <class T>
std::string array_text(T const* elements, std::size_t size, std::size_t const* extents, std::size_t rank) {
    if (size == 0) return "[]";
    shown_elements const shown{extents, rank, size > print_threshold};
    std::size_t const n = shown.count();
    buffer<T, dyn> values;
    values.reserve(n);
    for (std::size_t k = 0; k != n; ++k) values.data()[k] = elements[shown.offset(k)];
    return print_layout(shown, format_elements(std::as_const(values).data(), n, rank == 0)).text;
}

}  // namespace detail

/// A tensor's elements as NumPy's str() writes them: nested brackets, aligned columns, 8 digits after the point, lines
/// of 75 characters, and above 1000 elements only the ends of each axis.
template <class T, std::size_t... E>
std::string to_string(tensor<T, E...> const& x) {
    static_assert(std::is_arithmetic_v<T> || element::narrow<T> || element::is_complex<T>,
                  "only tensors of numbers are printed");
    auto const extents = x.shape().extents();
    return detail::array_text(x.data(), x.size(), extents.data(), sizeof...(E));
}

/// Writes a tensor as `to_string` does; a computation runs first.
template <class D, class T, std::size_t... E>
std::ostream& operator<<(std::ostream& out, expression_base<D, T, shape<E...>> const& x) {
    if constexpr (std::is_same_v<D, tensor<T, E...>>) return out << to_string(x.self());
    else return out << to_string(x.eval());
}

}  // namespace tenon::inline TENON_TARGET
