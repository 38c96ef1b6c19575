// Writing at places and its gradients, by a walk: compiled once for an element type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include <tenon/expr/reduction.hpp>
#include <tenon/expr/scatter_walk.hpp>

namespace tenon::inline TENON_TARGET::detail {

/// Where an extreme begins when it doesn't begin with an element.
template <reduction How, class T>
constexpr T neutral_element() {
    if constexpr (How == reduction::prod) return T(1);
    else if constexpr (How == reduction::amax || How == reduction::amin) {
        constexpr bool largest = How == reduction::amin;
        if constexpr (std::is_integral_v<T>)
            return largest ? std::numeric_limits<T>::max() : std::numeric_limits<T>::lowest();
        else return T(largest ? std::numeric_limits<float>::infinity() : -std::numeric_limits<float>::infinity());
    } else return T(0);
}
/// y and what is written to its place. NaN stays.
template <reduction How, class T>
constexpr T combined(T y, T v) {
    if constexpr (How == reduction::none) return v;
    else if constexpr (std::is_same_v<T, bool>) {
        if constexpr (How == reduction::prod || How == reduction::amin) return y && v;
        else return y || v;
    } else if constexpr (How == reduction::prod) return static_cast<T>(y * v);
    else if constexpr (How == reduction::amax) return v > y || v != v ? v : y;
    else if constexpr (How == reduction::amin) return v < y || v != v ? v : y;
    else return static_cast<T>(y + v);
}
/// sum / count; of integers the largest integer that isn't above it.
template <class T>
T mean_of(T sum, std::size_t count) {
    if constexpr (std::is_same_v<T, bool>) return sum;
    else if constexpr (std::is_integral_v<T>) {
        auto const n = static_cast<std::int64_t>(count), s = static_cast<std::int64_t>(sum);
        return static_cast<T>(s / n - (s % n != 0 && s < 0));
    } else return static_cast<T>(sum / static_cast<T>(count));
}
/// How many terms each element of the target has. @param self whether its own counts
inline std::vector<std::size_t> terms_at(std::size_t n, walk const& w, bool self) {
    std::vector<std::size_t> terms(n, self ? 1 : 0);
    run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t) { ++terms[static_cast<std::size_t>(t)]; });
    return terms;
}

/// y = x, with src written at the walk's places. Elements are joined in the walk's order.
/// @param self whether x's own element is one of those that are joined
template <reduction How, class T>
void write_at(T* y, std::size_t n, T const* x, T const* src, walk const& w, bool self) {
    for (std::size_t i = 0; i != n; ++i) y[i] = x[i];
    if (How != reduction::none && !self)
        run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t) { y[t] = neutral_element<How, T>(); });
    run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { y[t] = combined<How>(y[t], src[s]); });
    if constexpr (How == reduction::mean) {
        auto const terms = terms_at(n, w, self);
        for (std::size_t i = 0; i != n; ++i)
            if (terms[i] > 1) y[i] = mean_of(y[i], terms[i]);
    }
}

/// The gradients of a product's factors: the gradient times the product of all others.
template <class T>
struct product_at {
    std::vector<T> of_others;          ///< the product of the factors that aren't 0
    std::vector<std::uint32_t> zeros;  ///< how many are
    void take(std::size_t i, T v) {
        if (v == 0) ++zeros[i];
        else of_others[i] *= v;
    }
    T without(std::size_t i, T v) const {
        if (v == 0) return zeros[i] == 1 ? of_others[i] : T(0);
        return zeros[i] == 0 ? static_cast<T>(of_others[i] / v) : T(0);
    }
};

/// Adds to the gradients gx of x and gs of src, where they are wanted, what the gradient g of the result makes of them. What is
/// written over gets none, an extreme that several share is divided among them; PyTorch's rules (FunctionsManual.cpp).
template <reduction How, class T>
void write_gradient(T const* y, T const* g, std::size_t n, T const* x, T const* src, walk const& w, bool self, T* gx,
                    T* gs) {
    auto const at = [](std::ptrdiff_t t) { return static_cast<std::size_t>(t); };
    auto const send = [&](auto const& of_x, auto const& of_source) {
        if (gx)
            for (std::size_t i = 0; i != n; ++i) gx[i] += of_x(i);
        if (gs) run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { gs[s] += of_source(at(t), src[s]); });
    };
    // Which elements of x are no term of the result.
    std::vector<unsigned char> lost(gx && (How == reduction::none || !self) ? n : 0);
    if (!lost.empty()) run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t) { lost[at(t)] = 1; });
    auto const kept = [&](std::size_t i, T v) { return !lost.empty() && lost[i] ? T(0) : v; };
    if constexpr (How == reduction::mean) {
        auto const terms = terms_at(n, w, self);
        auto const share = [&](std::size_t i) {
            return terms[i] > 1 ? static_cast<T>(g[i] / static_cast<T>(terms[i])) : g[i];
        };
        send([&](std::size_t i) { return kept(i, share(i)); }, [&](std::size_t i, T) { return share(i); });
    } else if constexpr (How == reduction::prod) {
        product_at<T> p{std::vector<T>(n, T(1)), std::vector<std::uint32_t>(n)};
        run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { p.take(at(t), src[s]); });
        // Without its own factor an element's gradient is of all that are written there, and with it of these alone.
        auto const of_x = [&](std::size_t i) {
            return kept(i, p.zeros[i] != 0 ? T(0) : static_cast<T>(g[i] * p.of_others[i]));
        };
        if (gx)
            for (std::size_t i = 0; i != n; ++i) gx[i] += of_x(i);
        if (self)
            for (std::size_t i = 0; i != n; ++i) p.take(i, x[i]);
        if (gs) run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { gs[s] += g[t] * p.without(at(t), src[s]); });
    } else if constexpr (How == reduction::amax || How == reduction::amin) {
        std::vector<T> share(n);
        for (std::size_t i = 0; i != n; ++i) share[i] = T(x[i] == y[i] ? 1 : 0);
        run_walk(w, [&](std::ptrdiff_t t, std::ptrdiff_t s) { share[at(t)] += T(src[s] == y[t] ? 1 : 0); });
        for (std::size_t i = 0; i != n; ++i) share[i] = g[i] / share[i];
        send([&](std::size_t i) { return kept(i, T(x[i] == y[i] ? 1 : 0) * share[i]); },
             [&](std::size_t i, T v) { return T(v == y[i] ? 1 : 0) * share[i]; });
    } else send([&](std::size_t i) { return kept(i, g[i]); }, [&](std::size_t i, T) { return g[i]; });
}

/// How what is written is joined: known when the program is compiled, or chosen when it runs.
template <reduction How>
struct constant_reduction {
    template <class F>
    void visit(F const& f) const {
        f(std::integral_constant<reduction, How>{});
    }
};
struct added_or_put {
    bool accumulate;
    template <class F>
    void visit(F const& f) const {
        if (accumulate) f(std::integral_constant<reduction, reduction::sum>{});
        else f(std::integral_constant<reduction, reduction::none>{});
    }
};
struct chosen_reduction {
    reduction how;
    chosen_reduction(char const* what, reduction r) : how(r) {
        if (r == reduction::none || r == reduction::batchmean)
            throw std::invalid_argument(text_of({what, ": takes sum, prod, mean, amax or amin"}));
    }
    template <class F>
    void visit(F const& f) const {
        switch (how) {
        case reduction::sum: return f(std::integral_constant<reduction, reduction::sum>{});
        case reduction::prod: return f(std::integral_constant<reduction, reduction::prod>{});
        case reduction::mean: return f(std::integral_constant<reduction, reduction::mean>{});
        case reduction::amax: return f(std::integral_constant<reduction, reduction::amax>{});
        default: return f(std::integral_constant<reduction, reduction::amin>{});
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::detail
