// Subscripts of einsum: read when the program is compiled, and held against the operands.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/core/shape.hpp>

namespace tenon::inline TENON_TARGET {

/// Subscripts as a template argument: einsum<"ik,jk->ij">.
template <std::size_t N>
struct subscripts {
    char text[N]{};
    consteval subscripts(char const (&s)[N]) {
        for (std::size_t i = 0; i != N; ++i) text[i] = s[i];
    }
};

/// The subscripts do not fit the operands: another number of operands or axes, or one letter for different extents.
template <subscripts Text, class... Shapes>
struct einsum_operands_do_not_fit;

namespace detail {

/// The parts of "ab,bc->ac", without spaces. Without an arrow the result has the letters that occur once, in alphabetical order.
struct parsed_subscripts {
    static constexpr std::size_t most = 8;  // operands
    std::array<char, 16> terms[most]{};
    std::array<char, 16> result{};
    std::size_t lengths[most]{};
    std::size_t result_length = 0;
    std::size_t operands = 1;
    bool good = true;

    TENON_ON_USE
    constexpr std::size_t count(char c) const {
        std::size_t n = 0;
        for (std::size_t t = 0; t != operands; ++t)
            for (std::size_t i = 0; i != lengths[t]; ++i) n += terms[t][i] == c;
        return n;
    }
    TENON_ON_USE
    constexpr bool has(std::size_t t, char c) const {
        for (std::size_t i = 0; i != lengths[t]; ++i)
            if (terms[t][i] == c) return true;
        return false;
    }
    TENON_ON_USE
    constexpr bool kept(char c) const {
        for (std::size_t i = 0; i != result_length; ++i)
            if (result[i] == c) return true;
        return false;
    }
};

TENON_ON_USE
constexpr parsed_subscripts parse_subscripts(char const* s) {
    parsed_subscripts p;
    bool arrow = false;
    for (; *s; ++s) {
        bool const letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
        if (*s == ' ') continue;
        if (*s == ',' && !arrow && p.operands < p.most) ++p.operands;
        else if (*s == '-' && s[1] == '>' && !arrow) {
            arrow = true;
            ++s;
        } else if (letter && arrow && p.result_length < 16) p.result[p.result_length++] = *s;
        else if (letter && !arrow && p.lengths[p.operands - 1] < 16)
            p.terms[p.operands - 1][p.lengths[p.operands - 1]++] = *s;
        else p.good = false;
    }
    if (!arrow)
        for (int c = 'A'; c <= 'z'; ++c)
            if (p.count(static_cast<char>(c)) == 1 && p.result_length < 16)
                p.result[p.result_length++] = static_cast<char>(c);
    for (std::size_t i = 0; i != p.result_length; ++i) {
        p.good = p.good && p.count(p.result[i]) != 0;
        for (std::size_t j = 0; j != i; ++j) p.good = p.good && p.result[i] != p.result[j];
    }
    return p;
}

template <char... C>
struct letters {
    static constexpr std::size_t size = sizeof...(C);
    static constexpr std::array<char, sizeof...(C) + 1> text{C..., 0};
    static constexpr std::size_t find(char c) {
        for (std::size_t i = 0; i != size; ++i)
            if (text[i] == c) return i;
        return size;
    }
};

/// The letters of a list for which Keep is true.
template <class List, class Keep>
constexpr auto filter_letters(Keep) {
    constexpr auto chosen = [] {
        std::pair<std::array<char, 16>, std::size_t> r{};
        for (std::size_t i = 0; i != List::size; ++i)
            if (Keep{}(List::text[i])) r.first[r.second++] = List::text[i];
        return r;
    }();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return letters<chosen.first[I]...>{};
    }(std::make_index_sequence<chosen.second>{});
}
template <char... A, char... B>
constexpr letters<A..., B...> operator+(letters<A...>, letters<B...>) {
    return {};
}

/// A letter that names two axes, and the order of axes in which those two come last.
template <class List>
struct repeated_letter {
    static constexpr std::size_t find(std::size_t which) {
        for (std::size_t i = 0; i != List::size; ++i)
            for (std::size_t j = i + 1; j != List::size; ++j)
                if (List::text[i] == List::text[j]) return which == 0 ? i : j;
        return List::size;
    }
    static constexpr std::size_t first = find(0), second = find(1);
    static constexpr auto order = [] {
        std::array<std::ptrdiff_t, List::size + 1> o{};
        std::size_t n = 0;
        for (std::size_t i = 0; i != List::size; ++i)
            if (i != first && i != second) o[n++] = static_cast<std::ptrdiff_t>(i);
        if (n + 2 <= List::size) {
            o[n] = static_cast<std::ptrdiff_t>(first);
            o[n + 1] = static_cast<std::ptrdiff_t>(second);
        }
        return o;
    }();
};

/// The letters of an operand, and of the result, as a type.
template <class P, std::size_t Operand>
constexpr auto term_letters() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return letters<P::value.terms[Operand][I]...>{};
    }(std::make_index_sequence<P::value.lengths[Operand]>{});
}
template <class P>
constexpr auto result_letters() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return letters<P::value.result[I]...>{};
    }(std::make_index_sequence<P::value.result_length>{});
}

/// The first two of several operands, joined to what the others or the result need of their letters.
template <class P>
struct first_two_terms {
    static constexpr parsed_subscripts value = [] {
        constexpr auto p = P::value;
        auto const wanted = [&p](char c) {
            bool later = p.kept(c);
            for (std::size_t t = 2; t < p.operands; ++t) later = later || p.has(t, c);
            return later;
        };
        parsed_subscripts r;
        r.operands = 2;
        for (std::size_t t = 0; t != 2; ++t) {
            r.terms[t] = p.terms[t];
            r.lengths[t] = p.lengths[t];
            for (std::size_t i = 0; i != p.lengths[t]; ++i)
                if (char const c = p.terms[t][i]; wanted(c) && !r.kept(c)) {
                    if (r.result_length < r.result.size()) r.result[r.result_length++] = c;
                    else r.good = false;
                }
        }
        return r;
    }();
    static_assert(value.good, "einsum: too many letters");
};
/// What is left when the first two operands are one.
template <class P>
struct joined_terms {
    static constexpr parsed_subscripts value = [] {
        auto r = P::value;
        r.terms[0] = first_two_terms<P>::value.result;
        r.lengths[0] = first_two_terms<P>::value.result_length;
        --r.operands;
        for (std::size_t t = 1; t < r.operands; ++t) {
            r.terms[t] = r.terms[t + 1];
            r.lengths[t] = r.lengths[t + 1];
        }
        return r;
    }();
};
/// @throws shape_error where a letter stands for different run-time extents
template <class P>
constexpr void check_letters(auto const&... shapes) {
    constexpr auto p = P::value;
    std::size_t extents[128]{};
    bool known[128]{};
    std::size_t t = 0;
    auto const check = [&](auto const& s) {
        for (std::size_t i = 0; i != p.lengths[t]; ++i) {
            auto const c = static_cast<std::size_t>(p.terms[t][i]);
            if (known[c] && extents[c] != s[i])
                throw shape_error(std::string("einsum: ") + p.terms[t][i] + " is " + std::to_string(extents[c]) +
                                  " and, in " + to_string(s) + ", " + std::to_string(s[i]));
            extents[c] = s[i];
            known[c] = true;
        }
        ++t;
    };
    (check(shapes), ...);
}

template <class P, class... S>
constexpr bool einsum_fits() {
    constexpr auto p = P::value;
    if (!p.good || p.operands != sizeof...(S)) return false;
    std::size_t t = 0;
    bool good = true;
    std::size_t extents[128]{};
    bool known[128]{};
    auto const check = [&]<class Shape>(std::type_identity<Shape>) {
        if (Shape::rank() != p.lengths[t]) good = false;
        else
            for (std::size_t i = 0; i != Shape::rank(); ++i) {
                auto const c = static_cast<std::size_t>(p.terms[t][i]);
                std::size_t const e = Shape::static_extents[i];
                if (known[c] && !is_dynamic(e) && !is_dynamic(extents[c]) && extents[c] != e) good = false;
                if (!known[c] || is_dynamic(extents[c])) extents[c] = e;
                known[c] = true;
            }
        ++t;
    };
    (check(std::type_identity<S>{}), ...);
    return good;
}

template <subscripts Text>
struct parsed {
    static constexpr parsed_subscripts value = parse_subscripts(Text.text);
};

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
