// Grids of affine maps for grid_sample.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/core/tensor.hpp>
#include <tenon/expr/matmul.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/window_grid.hpp>

namespace tenon::inline TENON_TARGET {

/// affine_grid takes matrices [n, 2, 3] for images and [n, 3, 4] for volumes.
template <class Theta>
struct affine_grid_does_not_fit;

namespace detail {
/// Homogeneous coordinates of the elements' centres: [places, axes + 1], the last axis' coordinate first.
template <class T, std::size_t Axes>
tensor<T, dyn, Axes + 1> centre_coordinates(std::array<std::size_t, Axes> const& extents, bool align_corners) {
    std::size_t places = 1;
    for (std::size_t const n : extents) places *= n;
    tensor<T, dyn, Axes + 1> all(places);
    for (std::size_t p = 0; p < places; ++p) {
        std::size_t rest = p;
        for (std::size_t a = Axes; a-- > 0; rest /= extents[a]) {
            if (extents[a] == 0) break;
            auto const n = static_cast<T>(extents[a]), i = static_cast<T>(rest % extents[a]);
            T const edge = n <= 1 ? T(0) : align_corners ? 2 * i / (n - 1) - 1 : (2 * i + 1) / n - 1;
            all(p, Axes - 1 - a) = edge;
            if (a == 0) break;
        }
        all(p, Axes) = 1;
    }
    return all;
}
template <std::size_t... E>
struct affine_grid_extents {
    static constexpr auto of(std::array<std::size_t, 3> const& e) {
        return std::array<std::size_t, sizeof...(E) + 2>{e[0], E..., sizeof...(E)};
    }
};
}  // namespace detail

/// The places of an affine map for grid_sample: grid(n, i, j, :) = θ(n) (column, row, 1)ᵀ for θ of shape [n, 2, 3] and an image of
/// Height × Width, `affine_grid<h, w>(theta)`; of [n, 3, 4] for a volume, `affine_grid<d, h, w>(theta)`. With `{.align_corners = true}` the
/// outermost centres are at ±1. Compile error `affine_grid_does_not_fit`; torch.nn.functional.affine_grid.
template <std::size_t... E, expression A>
    requires(sizeof...(E) == 2 || sizeof...(E) == 3)
constexpr auto affine_grid(A&& theta, bool align_corners = false) {
    using s = shape_t<A>;
    constexpr std::size_t axes = sizeof...(E);
    constexpr bool fits = s::rank() == 3 && s::static_extents[s::rank() - (s::rank() == 3 ? 2 : 0)] == axes &&
                          s::static_extents[s::rank() - (s::rank() == 3 ? 1 : 0)] == axes + 1;
    if constexpr (!fits) return affine_grid_does_not_fit<s>{};
    else {
        auto const to = detail::shape_by<detail::affine_grid_extents<E...>>(theta.shape());
        auto centres = detail::centre_coordinates<value_t<A>>(std::array<std::size_t, axes>{E...}, align_corners);
        return detail::reshape_to(matmul(std::move(centres), transpose(std::forward<A>(theta))), to);
    }
}

}  // namespace tenon::inline TENON_TARGET
