// Messages and descriptions, put together of pieces by one function: the operators of std::string are compiled in every file that
// calls one, and a sum of seven strings is more code than many a kernel.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// A piece of a text: characters, which it refers to, or a number that becomes digits as std::to_string writes them.
class text_piece {
public:
    text_piece(char const* s) : characters_(s), size_(std::char_traits<char>::length(s)) {}
    text_piece(std::string_view s) : characters_(s.data()), size_(s.size()) {}
    text_piece(std::string const& s) : characters_(s.data()), size_(s.size()) {}
    template <std::integral T>
        requires(!std::is_same_v<T, char> && !std::is_same_v<T, bool>)
    text_piece(T n) : kind_(std::is_signed_v<T> ? integer : count), size_(static_cast<std::size_t>(n)) {}
    text_piece(double v) : kind_(real), real_(v) {}

    TENON_ON_USE
    void append_to(std::string& text) const {
        if (kind_ == characters) {
            text.append(characters_, size_);
            return;
        }
        char digits[512];
        int const n = kind_ == real ? std::snprintf(digits, sizeof digits, "%f", real_)
                      : kind_ == integer
                          ? std::snprintf(digits, sizeof digits, "%td", static_cast<std::ptrdiff_t>(size_))
                          : std::snprintf(digits, sizeof digits, "%zu", size_);
        text.append(digits, static_cast<std::size_t>(n));
    }

private:
    enum kind : unsigned char { characters, integer, count, real } kind_ = characters;
    char const* characters_ = nullptr;
    std::size_t size_ = 0;
    double real_ = 0;
};

/// Appends pieces to a text.
TENON_ON_USE
[[gnu::noinline, gnu::cold]] void append_text(std::string& text, std::initializer_list<text_piece> pieces) {
    for (text_piece const& p : pieces) p.append_to(text);
}
/// The text that pieces make together.
TENON_ON_USE
[[gnu::noinline, gnu::cold]] std::string text_of(std::initializer_list<text_piece> pieces) {
    std::string text;
    append_text(text, pieces);
    return text;
}

}  // namespace tenon::inline TENON_TARGET
