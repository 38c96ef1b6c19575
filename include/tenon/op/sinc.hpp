// sinc, deg2rad, rad2deg
#pragma once

#include <tenon/op/elementwise.hpp>
#include <tenon/op/trigonometry.hpp>
#include <tenon/scalar/math.hpp>

namespace tenon::inline TENON_TARGET {

namespace op {
struct sinc : floating {
    using for_complex = void;
    static constexpr char const* name = "sinc";
    template <class V>
    TENON_LANE static V value(V x) {
        V const angle = 3.14159265358979323846 * x;
        return math::select(x == 0, V(1), math::sin(angle) / angle);
    }
    /// (cos πx − sinc x) / x; near 0, where that cancels, its series.
    template <std::size_t, class V>
    TENON_LANE static V slope(V y, V x) {
        V const angle = 3.14159265358979323846 * x, z = angle * angle;
        V const series =
            -3.28986813369645287295 * x * (1 - z / 10 * (1 - z / 28 * (1 - z / 54 * (1 - z / 88 * (1 - z / 130)))));
        V const far = (element::cos(angle) - y) / x;
        if constexpr (element::is_complex_pack<V>) return math::select(math::abs(z) < 0.25, series, far);
        else return math::select(z < 0.25, series, far);
    }
};
struct deg2rad : floating {
    static constexpr char const* name = "deg2rad";
    template <class V>
    TENON_LANE static V value(V x) {
        return 0.01745329251994329577 * x;
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V) {
        return V(0.01745329251994329577);
    }
};
struct rad2deg : floating {
    static constexpr char const* name = "rad2deg";
    template <class V>
    TENON_LANE static V value(V x) {
        return 57.2957795130823208768 * x;
    }
    template <std::size_t, class V>
    TENON_LANE static V slope(V, V) {
        return V(57.2957795130823208768);
    }
};
}  // namespace op

/// sin(πx)/(πx), 1 at 0; slope (cos πx − y)/x; torch.sinc.
inline constexpr elementwise<op::sinc> sinc{};
/// π/180 · x; torch.deg2rad.
inline constexpr elementwise<op::deg2rad> deg2rad{};
/// 180/π · x; torch.rad2deg.
inline constexpr elementwise<op::rad2deg> rad2deg{};

}  // namespace tenon::inline TENON_TARGET
