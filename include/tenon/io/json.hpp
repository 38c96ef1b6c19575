// The part of JSON that headers of safetensors files are made of, read strictly.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <tenon/io/file.hpp>

namespace tenon::inline TENON_TARGET::io::detail {

/// Whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
TENON_ON_USE
constexpr bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto const at = [&](std::size_t k) {
            return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
        };
        unsigned const a = at(0);
        std::size_t const n = a < 0x80                ? 1
                              : a >= 0xC2 && a < 0xE0 ? 2
                              : a >= 0xE0 && a < 0xF0 ? 3
                              : a >= 0xF0 && a < 0xF5 ? 4
                                                      : 0;
        if (n == 0) return false;
        for (std::size_t k = 1; k < n; ++k)
            if ((at(k) & 0xC0U) != 0x80U) return false;
        if (n == 3 && ((a == 0xE0 && at(1) < 0xA0) || (a == 0xED && at(1) >= 0xA0))) return false;
        if (n == 4 && ((a == 0xF0 && at(1) < 0x90) || (a == 0xF4 && at(1) >= 0x90))) return false;
        i += n;
    }
    return true;
}

/// Text between quotes; control characters, quotes and backslashes escaped.
TENON_ON_USE
std::string json_quoted(std::string_view text) {
    constexpr char const* hex = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto const u = static_cast<unsigned char>(c);
        if (u < 0x20) out += std::string("\\u00") + hex[u >> 4] + hex[u & 15U];
        else if (c == '"' || c == '\\') (out += '\\') += c;
        else out += c;
    }
    return out + '"';
}

/// Takes values off the front of a text. Every function throws io_error where the text is something else.
TENON_ON_USE
class json_reader {
public:
    json_reader(std::string_view text, file_path const& file) : text_(text), file_(file) {
        if (!is_utf8(text)) damaged("it is not UTF-8");
    }

    [[noreturn]] void damaged(std::string const& why) const {
        fail(file_, "is damaged: the header is no JSON: " + why);
    }
    bool at_end() {
        skip();
        return text_.empty();
    }
    bool accept(char c) {
        skip();
        if (text_.empty() || text_[0] != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!accept(c)) damaged(std::string("'") + c + "' is missing");
    }
    /// Calls `f(key)` for each member of an object; `f` takes the value.
    template <class F>
    void object(F f) {
        expect('{');
        if (accept('}')) return;
        do {
            std::string const key = string();
            expect(':');
            f(key);
        } while (accept(','));
        expect('}');
    }
    /// Calls `f()` for each element of an array; `f` takes the value.
    template <class F>
    void array(F f) {
        expect('[');
        if (accept(']')) return;
        do f();
        while (accept(','));
        expect(']');
    }
    /// A whole number without sign, point, exponent or leading zeros.
    std::size_t number() {
        skip();
        std::size_t n = 0, digits = 0;
        bool const zero = !text_.empty() && text_[0] == '0';
        for (; !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; text_.remove_prefix(1), ++digits) {
            auto const digit = static_cast<std::size_t>(text_[0] - '0');
            if (n > (std::numeric_limits<std::size_t>::max() / 2 - digit) / 10) damaged("a number is too large");
            n = 10 * n + digit;
        }
        if (digits == 0 || (zero && digits > 1)) damaged("a whole number is missing");
        return n;
    }
    /// Takes a word, such as null, where it comes next.
    bool accept_word(std::string_view word) {
        skip();
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    /// Takes a value of any kind that nobody asked for. @param depth how many objects and arrays it may be nested in
    void ignore(int depth = 64) {
        if (depth == 0) damaged("it is nested too deep");
        skip();
        char const c = text_.empty() ? '\0' : text_[0];
        if (c == '"') (void)string();
        else if (c == '{') object([&](std::string const&) { ignore(depth - 1); });
        else if (c == '[') array([&] { ignore(depth - 1); });
        else if (c == '-' || (c >= '0' && c <= '9')) any_number();
        else if (!accept_word("null") && !accept_word("true") && !accept_word("false")) damaged("a value is missing");
    }
    std::string string() {
        expect('"');
        std::string out;
        while (true) {
            if (text_.empty()) damaged("a text does not end");
            char const c = text_[0];
            text_.remove_prefix(1);
            if (c == '"') return out;
            if (static_cast<unsigned char>(c) < 0x20) damaged("a text holds a control character");
            if (c == '\\') escape(out);
            else out += c;
        }
    }

private:
    void digits() {
        auto const n = std::min(text_.find_first_not_of("0123456789"), text_.size());
        if (n == 0) damaged("a digit is missing");
        text_.remove_prefix(n);
    }
    void any_number() {
        (void)accept_word("-");
        if (!accept_word("0")) digits();
        if (accept_word(".")) digits();
        if (accept_word("e") || accept_word("E")) {
            if (!accept_word("-")) (void)accept_word("+");
            digits();
        }
    }
    void skip() {
        auto const n = text_.find_first_not_of(" \t\r\n");
        text_.remove_prefix(n == std::string_view::npos ? text_.size() : n);
    }
    std::uint32_t four_digits() {
        if (text_.size() < 4) damaged("an escape does not end");
        std::uint32_t v = 0;
        for (char c : text_.substr(0, 4)) {
            auto const digit =
                std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
            if (digit == std::string_view::npos) damaged("an escape has no four digits");
            v = 16 * v + static_cast<std::uint32_t>(digit);
        }
        text_.remove_prefix(4);
        return v;
    }
    void escape(std::string& out) {
        char const c = text_.empty() ? '\0' : text_[0];
        auto const plain = c == '\0' ? std::string_view::npos : std::string_view("\"\\/bfnrt").find(c);
        if (plain != std::string_view::npos) {
            out += "\"\\/\b\f\n\r\t"[plain];
            text_.remove_prefix(1);
            return;
        }
        if (c != 'u') damaged("an escape is unknown");
        text_.remove_prefix(1);
        std::uint32_t v = four_digits();
        if (v >= 0xDC00 && v < 0xE000) damaged("half of a pair of escapes stands alone");
        if (v >= 0xD800 && v < 0xDC00) {
            if (text_.substr(0, 2) != "\\u") damaged("half of a pair of escapes stands alone");
            text_.remove_prefix(2);
            std::uint32_t const low = four_digits();
            if (low < 0xDC00 || low >= 0xE000) damaged("half of a pair of escapes stands alone");
            v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
        }
        auto const put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
        if (v < 0x80) return put(v);
        if (v < 0x800) put(0xC0 | v >> 6);
        else if (v < 0x10000) put(0xE0 | v >> 12), put(0x80 | (v >> 6 & 0x3F));
        else put(0xF0 | v >> 18), put(0x80 | (v >> 12 & 0x3F)), put(0x80 | (v >> 6 & 0x3F));
        put(0x80 | (v & 0x3F));
    }

    std::string_view text_;
    file_path const& file_;
};

}  // namespace tenon::inline TENON_TARGET::io::detail
