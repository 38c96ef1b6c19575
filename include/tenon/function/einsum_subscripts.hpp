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

/// The letters of an operand's axes, or of the result's. An axis that "..." stands for has its place among those, counted from the
/// last and from 1, as its letter.
struct subscript_term {
    static constexpr std::size_t most = 24;
    char text[most]{};
    std::size_t length = 0;

    TENON_ON_USE
    constexpr bool push(char c) {
        if (length == most) return false;
        text[length++] = c;
        return true;
    }
    TENON_ON_USE
    constexpr std::size_t count(char c) const {
        std::size_t n = 0;
        for (std::size_t i = 0; i != length; ++i) n += text[i] == c;
        return n;
    }
};

/// The parts of "ab,...c->...ac".
template <std::size_t N>
struct parsed_subscripts {
    subscript_term terms[N]{};
    subscript_term result{};
    bool good = true;

    constexpr std::size_t count(char c) const {
        std::size_t n = 0;
        for (auto const& t : terms) n += t.count(c);
        return n;
    }
};

/// Puts what "..." stands for behind a term.
TENON_ON_USE
constexpr bool push_ellipsis(subscript_term& t, std::size_t axes) {
    bool good = true;
    for (std::size_t a = axes; a != 0; --a) good = t.push(static_cast<char>(a)) && good;
    return good;
}
/// Reads subscripts of operands of these ranks. Spaces are skipped. Without an arrow the result has the axes that "..." stands for, and
/// then the letters that occur once, in alphabetical order.
template <std::size_t N>
constexpr parsed_subscripts<N> parse_subscripts(char const* text, std::array<std::size_t, N> const& ranks) {
    parsed_subscripts<N> p;
    // What each term has beside "...", which stands for the rest.
    std::size_t named[N + 1]{}, most_open = 0, terms = 0;
    bool open[N + 1]{}, arrow = false;
    for (char const* s = text; *s; ++s) {
        if (*s == '-' && s[1] == '>' && !arrow) {
            arrow = true;
            ++s;
        } else if (*s == ',' && !arrow) ++terms;
        else if (*s == '.' && s[1] == '.' && s[2] == '.') {
            if (!arrow && terms < N) {
                p.good = p.good && !open[terms];
                open[terms] = true;
            }
            s += 2;
        } else if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')) {
            if (!arrow && terms < N) ++named[terms];
        } else if (*s != ' ') p.good = false;
        if (terms >= N) p.good = false;
    }
    if (terms + 1 != N || !p.good) {
        p.good = false;
        return p;
    }
    for (std::size_t t = 0; t != N; ++t) {
        if (open[t] ? ranks[t] < named[t] : ranks[t] != named[t]) {
            p.good = false;
            return p;
        }
        if (ranks[t] - named[t] > most_open) most_open = ranks[t] - named[t];
    }
    subscript_term* to = p.terms;
    std::size_t t = 0;
    for (char const* s = text; *s; ++s) {
        bool fits = true;
        if (*s == '-') {
            to = &p.result;
            ++s;
        } else if (*s == ',') to = &p.terms[++t];
        else if (*s == '.') {
            fits = push_ellipsis(*to, to == &p.result ? most_open : ranks[t] - named[t]);
            s += 2;
        } else if (*s != ' ') fits = to->push(*s);
        p.good = p.good && fits;
    }
    if (!arrow) {
        p.good = push_ellipsis(p.result, most_open) && p.good;
        for (int c = 'A'; c <= 'z'; ++c)
            if (p.count(static_cast<char>(c)) == 1) p.good = p.result.push(static_cast<char>(c)) && p.good;
    }
    for (std::size_t i = 0; i != p.result.length; ++i)
        p.good = p.good && p.count(p.result.text[i]) != 0 && p.result.count(p.result.text[i]) == 1;
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
    static constexpr bool has(char c) { return find(c) != size; }
};
template <char... A, char... B>
constexpr letters<A..., B...> operator+(letters<A...>, letters<B...>) {
    return {};
}
/// The letters of a term, `Term::value`, as a type.
template <class Term>
constexpr auto letters_of() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return letters<Term::value.text[I]...>{};
    }(std::make_index_sequence<Term::value.length>{});
}
/// The letters of a list for which Keep is true.
template <class List, class Keep>
constexpr auto filter_letters(Keep) {
    constexpr auto chosen = [] {
        subscript_term r;
        for (std::size_t i = 0; i != List::size; ++i)
            if (Keep{}(List::text[i])) r.push(List::text[i]);
        return r;
    }();
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return letters<chosen.text[I]...>{};
    }(std::make_index_sequence<chosen.length>{});
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

/// Extents by letter, with 1 where none is known yet.
struct letter_extents {
    std::size_t of[128]{};
    TENON_ON_USE
    constexpr letter_extents() {
        for (auto& e : of) e = 1;
    }
    constexpr std::size_t& operator[](char c) { return of[static_cast<std::size_t>(c)]; }
    constexpr std::size_t operator[](char c) const { return of[static_cast<std::size_t>(c)]; }
};
/// Takes an operand's extents in. @return whether they fit those before: equal, or one of them 1 when the program is compiled; a letter
/// that names several axes of one operand stands for one extent
TENON_ON_USE
constexpr bool merge_letters(letter_extents& all, subscript_term const& t, std::size_t const* extents) {
    bool good = true;
    for (std::size_t i = 0; i != t.length; ++i) {
        std::size_t const e = extents[i];
        for (std::size_t j = 0; j != i; ++j)
            good = good && (t.text[j] != t.text[i] || extents[j] == e || is_dynamic(e) || is_dynamic(extents[j]));
        std::size_t& known = all[t.text[i]];
        if (e == 1 || known == e) continue;
        good = good && (known == 1 || is_dynamic(known) || is_dynamic(e));
        if (known == 1 || is_dynamic(known)) known = e;
    }
    return good;
}

/// What einsum knows of its operands when the program is compiled.
template <subscripts Text, class... S>
struct subscripts_of {
    static constexpr auto value = parse_subscripts<sizeof...(S)>(Text.text, {S::rank()...});
    static constexpr auto extents = [] {
        std::pair<letter_extents, bool> r{{}, value.good};
        std::size_t t = 0;
        if (value.good) ((r.second = merge_letters(r.first, value.terms[t++], S::static_extents) && r.second), ...);
        return r;
    }();
    static constexpr bool fits = extents.second;
};

/// One of an einsum's terms.
template <class P, std::size_t Operand>
struct term_of {
    static constexpr subscript_term value = P::value.terms[Operand];
};
template <class P>
struct result_of {
    static constexpr subscript_term value = P::value.result;
};

/// @throws shape_error where a letter stands for different run-time extents
template <class P>
constexpr void check_letters(auto const&... shapes) {
    letter_extents extents;
    bool known[128]{};
    std::size_t t = 0;
    auto const check = [&]<class S>(S const& s) {
        auto const& term = P::value.terms[t++];
        for (std::size_t i = 0; i != S::rank(); ++i) {
            char const c = term.text[i];
            if (S::static_extents[i] == 1 && P::extents.first[c] != 1) continue;
            bool& seen = known[static_cast<std::size_t>(c)];
            if (seen && extents[c] != s[i]) {
                char const name[] = {c < ' ' ? '.' : c, 0};
                throw shape_error(
                    text_of({"einsum: ", name, " is ", extents[c], " and, in ", to_string(s), ", ", s[i]}));
            }
            extents[c] = s[i];
            seen = true;
        }
    };
    (check(shapes), ...);
}

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
