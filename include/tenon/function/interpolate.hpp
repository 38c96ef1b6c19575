// Images, signals and volumes at another resolution.
#pragma once

#include <array>
#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/expr/resample.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// Factors that extents are multiplied with, as a template argument of interpolate: `interpolate<scale_factor{2}>(x)` for the last two
/// axes, `interpolate<scale_factor{1.5, 2}>(x)` for one each, from the first on. An output has ⌊n · factor⌋ elements.
struct scale_factor {
    std::array<double, 3> factors{};
    std::size_t axes = 0;  ///< how many there are; 0: one factor for two axes
    explicit constexpr scale_factor(double all) : factors{all, all, all} {}
    explicit constexpr scale_factor(double rows, double columns) : factors{rows, columns, 0}, axes(2) {}
    explicit constexpr scale_factor(double planes, double rows, double columns)
        : factors{planes, rows, columns}, axes(3) {}
    /// One factor for a number of axes.
    static constexpr scale_factor along(std::size_t axes, double all) {
        scale_factor s(all);
        s.axes = axes;
        return s;
    }
};

/// Options of interpolate.
struct interpolate_options {
    interpolation mode = interpolation::nearest;
    bool align_corners = false;  ///< whether the outermost elements of input and output lie on each other
    bool antialias =
        false;  ///< whether `bilinear` and `bicubic` average over what a smaller output skips, as Pillow does
    std::array<std::size_t, 3> size{};  ///< extents that are `dyn` among the template arguments, in their order
};

/// interpolate has more extents, or factors, than x has axes, an extent of 0, or a factor that makes one.
template <class Input>
struct cannot_interpolate;

namespace detail {
TENON_ON_USE
void check_interpolation(interpolate_options const& o, std::size_t axes) {
    auto const m = o.mode;
    std::size_t const wanted = m == interpolation::linear                                    ? 1
                               : m == interpolation::bilinear || m == interpolation::bicubic ? 2
                               : m == interpolation::trilinear                               ? 3
                                                                                             : axes;
    if (wanted != axes)
        throw std::invalid_argument(text_of({"interpolate: the mode is for ", wanted, " axes, and there are ", axes}));
    bool const smooth = m == interpolation::linear || m == interpolation::bilinear || m == interpolation::bicubic ||
                        m == interpolation::trilinear;
    if (o.align_corners && !smooth)
        throw std::invalid_argument("interpolate: align_corners is for linear and cubic modes");
    if (o.antialias && m != interpolation::bilinear && m != interpolation::bicubic)
        throw std::invalid_argument("interpolate: antialias is for bilinear and bicubic modes");
}
template <std::size_t N, class X, class To>
constexpr auto make_resample(X&& x, To const& to, std::array<double, N> const& scales, interpolate_options const& o) {
    check_interpolation(o, N);
    auto const from = x.shape();
    resample_plan<N> plan{1, {}};
    for (std::size_t a = 0; a < from.rank(); ++a) {
        bool const resized = a + N >= from.rank();
        if (resized && (from[a] == 0 || to[a] == 0)) throw_shapes("interpolate", to_string(from), to_string(to));
        if (resized)
            plan.axes[a + N - from.rank()] = {from[a],         to[a],       o.mode,
                                              o.align_corners, o.antialias, scales[a + N - from.rank()]};
        else plan.planes *= from[a];
    }
    return make_array(resample_rule<value_t<X>, To, N>{to, plan}, std::forward<X>(x));
}
/// The last extents become E, also where they are `dyn`.
template <std::size_t... E>
struct sizes_replace {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        std::size_t a = R - sizeof...(E);
        ((e[a++] = E), ...);
        return e;
    }
};
/// The last extents are multiplied with factors.
template <scale_factor Scale, std::size_t N>
struct scaled_extents {
    template <std::size_t R>
    static constexpr auto of(std::array<std::size_t, R> e) {
        for (std::size_t a = 0; a < N; ++a) {
            std::size_t& n = e[R - N + a];
            if (!is_dynamic(n)) n = static_cast<std::size_t>(static_cast<double>(n) * Scale.factors[a]);
        }
        return e;
    }
};
}  // namespace detail

/// x with its last axes at other extents, as many as are given: `interpolate<224, 224>(images, {.mode = interpolation::bicubic,
/// .antialias = true})`; axes before them are a batch, of any number. An extent `dyn` is read from `.size`. Floating point elements are
/// differentiable; others, such as bytes, are rounded after each axis. Compile error `cannot_interpolate`; @throws std::invalid_argument
/// for options that exclude each other, shape_error for an extent of 0; torch.nn.functional.interpolate.
template <std::size_t... Size, expression X>
    requires(sizeof...(Size) != 0)
constexpr auto interpolate(X&& x, interpolate_options const& options = {}) {
    using s = shape_t<X>;
    constexpr std::size_t n = sizeof...(Size);
    if constexpr (s::rank() < n || n > 3 || ((Size == 0) || ...)) return cannot_interpolate<s>{};
    else if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(x),
                                [&](auto&& wide) { return interpolate<Size...>(std::move(wide), options); });
    else {
        using to_shape = typename detail::extents_by<detail::sizes_replace<Size...>, s>::type;
        auto extents = x.shape().extents();
        std::size_t axis = s::rank() - n, given = 0;
        ((extents[axis++] = is_dynamic(Size) ? options.size[given++] : Size), ...);
        return detail::make_resample<n>(std::forward<X>(x), to_shape(extents, "interpolate"), std::array<double, n>{},
                                        options);
    }
}
/// The same by factors, which places are found by too, unless `Recompute` says that they are found by extents (PyTorch's
/// recompute_scale_factor).
template <scale_factor Scale, bool Recompute = false, expression X>
constexpr auto interpolate(X&& x, interpolate_options const& options = {}) {
    using s = shape_t<X>;
    constexpr std::size_t n = Scale.axes == 0 ? 2 : Scale.axes;
    if constexpr (s::rank() < n) return cannot_interpolate<s>{};
    else if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(x),
                                [&](auto&& wide) { return interpolate<Scale, Recompute>(std::move(wide), options); });
    else {
        auto const to = detail::shape_by<detail::scaled_extents<Scale, n>>(x.shape());
        std::array<double, n> scales{};
        if constexpr (!Recompute)
            for (std::size_t a = 0; a < n; ++a) scales[a] = Scale.factors[a];
        return detail::make_resample<n>(std::forward<X>(x), to, scales, options);
    }
}

}  // namespace tenon::inline TENON_TARGET
