// Broadcasting: the shape that shapes have in common, by NumPy's rules, decided from the types.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/core/shape.hpp>

namespace tenon::inline TENON_TARGET {

/// The operands of an operation have no common shape: the extents of an axis, counted from the last, differ and neither is 1.
template <class Operation, class A, class B>
struct cannot_broadcast;

/// One extent out of two that are broadcast together; 0-extents count like others. A run-time extent meets a static one
/// other than 1 as that static one, to be checked when it runs; a run-time extent is never stretched.
struct extent_pair {
    std::size_t value;
    bool fits;
};
constexpr extent_pair broadcast_extent(std::size_t a, std::size_t b) {
    if (a == b) return {a, true};
    if (a == 1) return {b, true};
    if (b == 1) return {a, true};
    if (!is_dynamic(a) && is_dynamic(b)) return {a, true};
    if (!is_dynamic(b) && is_dynamic(a)) return {b, true};
    if (a == dyn) return {b, true};
    if (b == dyn) return {a, true};
    return {0, false};
}

template <class A, class B>
struct broadcast_pair {
    static constexpr std::size_t rank = A::rank() < B::rank() ? B::rank() : A::rank();
    struct result {
        std::size_t value[rank + 1];
        bool fits;
    };
    static constexpr result computed = [] {
        result r{{}, true};
        for (std::size_t i = 0; i != rank; ++i) {
            std::size_t const a = i < A::rank() ? A::static_extents[A::rank() - 1 - i] : 1;
            std::size_t const b = i < B::rank() ? B::static_extents[B::rank() - 1 - i] : 1;
            auto const e = broadcast_extent(a, b);
            r.value[rank - 1 - i] = e.value;
            r.fits = r.fits && e.fits;
        }
        return r;
    }();
    static constexpr bool fits = computed.fits;
    struct extents {
        static constexpr std::array<std::size_t, rank + 1> value = [] {
            std::array<std::size_t, rank + 1> all{};
            for (std::size_t i = 0; i != rank; ++i) all[i] = computed.value[i];
            return all;
        }();
    };
    using type = shape_from<rank, extents>;
};

template <class... S>
struct broadcast_all {
    using type = shape<>;
    static constexpr bool fits = true;
};
template <class A>
struct broadcast_all<A> {
    using type = A;
    static constexpr bool fits = true;
};
template <class A>
struct broadcast_all<A, A> : broadcast_all<A> {};
template <class A, class B>
    requires(!std::is_same_v<A, B>)
struct broadcast_all<A, B> : broadcast_pair<A, B> {};
template <class A, class B, class... S>
    requires(sizeof...(S) > 0)
struct broadcast_all<A, B, S...> : broadcast_all<typename broadcast_pair<A, B>::type, S...> {
    static constexpr bool fits =
        broadcast_pair<A, B>::fits && broadcast_all<typename broadcast_pair<A, B>::type, S...>::fits;
};

/// The first shape that does not fit what those before it have in common, with that: `cannot_broadcast<…>`.
template <class Operation, class A, class B, class... S>
struct broadcast_conflict {
    using type = cannot_broadcast<Operation, A, B>;
};
template <class Operation, class A, class B, class... S>
    requires(broadcast_pair<A, B>::fits && sizeof...(S) > 0)
struct broadcast_conflict<Operation, A, B, S...>
    : broadcast_conflict<Operation, typename broadcast_pair<A, B>::type, S...> {};

/// The shape that shapes have together.
template <class... S>
using broadcast_t = typename broadcast_all<S...>::type;

/// Writes the run-time extents of `from` into `to`, aligned at the last axis; throws shape_error on disagreement.
template <class To, class From>
constexpr void merge_extents(To& to, From const& from, bool (&known)[To::rank() + 1], char const* what) {
    if constexpr (!To::is_static || !From::is_static) {
        auto all = to.extents();
        for (std::size_t i = 0; i != From::rank(); ++i) {
            std::size_t const a = From::rank() - 1 - i, t = To::rank() - 1 - i;
            if (From::static_extents[a] == 1) continue;
            if (known[t] && all[t] != from[a]) throw_shapes(what, to_string(to), to_string(from));
            all[t] = from[a];
            known[t] = true;
        }
        to = To(all, what);
    }
}

/// The common shape of operands, as a value. @throws shape_error when run-time extents differ
template <class... S>
constexpr broadcast_t<S...> broadcast_shapes(char const* what, S const&... s) {
    using to = broadcast_t<S...>;
    to result{};
    if constexpr (!(S::is_static && ...)) {
        bool known[to::rank() + 1] = {};
        for (std::size_t a = 0; a != to::rank(); ++a) known[a] = !is_dynamic(to::static_extents[a]);
        (merge_extents(result, s, known, what), ...);
    }
    return result;
}

}  // namespace tenon::inline TENON_TARGET
