// log, log2, log10, log1p
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct log : floating {
    using for_complex = void;
    static constexpr char const* name = "log";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::log(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / x;
    }
};
struct log2 : floating {
    using for_complex = void;
    static constexpr char const* name = "log2";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::log2(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / (x * 0.69314718055994530942);
    }
};
struct log10 : floating {
    using for_complex = void;
    static constexpr char const* name = "log10";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::log10(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / (x * 2.30258509299404568402);
    }
};
struct log1p : floating {
    using for_complex = void;
    static constexpr char const* name = "log1p";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::log1p(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1 / (x + 1);
    }
};
}  // namespace op

/// Natural logarithm; slope 1/x; torch.log.
inline constexpr elementwise<op::log> log{};
/// Logarithm to base 2; slope 1/(x log 2); torch.log2.
inline constexpr elementwise<op::log2> log2{};
/// Logarithm to base 10; slope 1/(x log 10); torch.log10.
inline constexpr elementwise<op::log10> log10{};
/// log(1 + x), exact near 0; slope 1/(1 + x); torch.log1p.
inline constexpr elementwise<op::log1p> log1p{};

namespace element {
template <lane V>
TENON_LANE auto log(V x) {
    return apply_op(op::log{}, x);
}
template <lane V>
TENON_LANE auto log2(V x) {
    return apply_op(op::log2{}, x);
}
template <lane V>
TENON_LANE auto log10(V x) {
    return apply_op(op::log10{}, x);
}
template <lane V>
TENON_LANE auto log1p(V x) {
    return apply_op(op::log1p{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
