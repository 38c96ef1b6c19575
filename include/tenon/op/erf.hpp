// erf, erfc, erfinv
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/exp.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct erf : floating {
    static constexpr char const* name = "erf";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::erf(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return 1.12837916709551257390 * element::exp(-(x * x));
    }
};
struct erfc : floating {
    static constexpr char const* name = "erfc";
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::erfc(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V, V x) {
        return -1.12837916709551257390 * element::exp(-(x * x));
    }
};
struct erfinv : floating {
    static constexpr char const* name = "erfinv";
    using slope_of_value = void;
    template <class V>
    TENON_LANE static auto value(V x) {
        return math::erfinv(x);
    }
    template <std::size_t, class V>
    TENON_LANE static auto slope(V y, V) {
        return 0.88622692545275801365 * element::exp(y * y);
    }
};
}  // namespace op

/// The error function; slope 2/√π e^(−x²); torch.erf.
inline constexpr elementwise<op::erf> erf{};
/// 1 − erf(x), exact where it is small; slope −2/√π e^(−x²); torch.erfc.
inline constexpr elementwise<op::erfc> erfc{};
/// The y with erf(y) = x; slope √π/2 e^(y²); torch.erfinv.
inline constexpr elementwise<op::erfinv> erfinv{};

namespace element {
template <lane V>
TENON_LANE auto erf(V x) {
    return apply_op(op::erf{}, x);
}
template <lane V>
TENON_LANE auto erfc(V x) {
    return apply_op(op::erfc{}, x);
}
template <lane V>
TENON_LANE auto erfinv(V x) {
    return apply_op(op::erfinv{}, x);
}
}  // namespace element

}  // namespace tenon::inline TENON_TARGET
