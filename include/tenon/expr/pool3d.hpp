// Pools of volumes, and those of the greatest values that adapt to their input.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/pool.hpp>
#include <tenon/expr/window_pool.hpp>

namespace tenon::inline TENON_TARGET {

/// A pool along three axes takes [n, c, d, h, w] or [c, d, h, w], with a window, an extent of 1 at least, that fits into the padded input,
/// or reaches less than a stride beyond it with `ceil_mode`; padding is at most half of the window.
template <operation_name Operation, class Input, extent3 Kernel>
struct volume_pool_does_not_fit;

namespace detail {
template <extent3 Kernel, pool3d_options O>
inline constexpr std::array<window, 3> pool_windows{
    window{Kernel.depth, O.stride.depth == 0 ? Kernel.depth : O.stride.depth, O.padding.depth, O.dilation.depth},
    window{Kernel.height, O.stride.height == 0 ? Kernel.height : O.stride.height, O.padding.height, O.dilation.height},
    window{Kernel.width, O.stride.width == 0 ? Kernel.width : O.stride.width, O.padding.width, O.dilation.width}};
template <extent3 Kernel, pool3d_options O, class S>
constexpr bool has_pool_windows(S const& s) {
    constexpr auto w = pool_windows<Kernel, O>;
    for (std::size_t a = 0; a < 3; ++a)
        if (!w[a].counts() || 2 * w[a].padding > w[a].kernel || !w[a].fits(s[s.size() - 3 + a], O.ceil_mode))
            return false;
    return true;
}
template <class T, class Output, class S>
constexpr pool_grid pool_grid_over(T const& windows, Output const& output, S const& s) {
    return {grid_over(windows, output.extents(), s)};
}

template <operation_name Name, bool Max, extent3 Kernel, pool3d_options O, class A>
constexpr auto volume_pool(A&& x) {
    using s = shape_t<A>;
    if constexpr (s::rank() != 4 && s::rank() != 5) return volume_pool_does_not_fit<Name, s, Kernel>{};
    else if constexpr (!has_pool_windows<Kernel, O>(extents_of_type<s>))
        return volume_pool_does_not_fit<Name, s, Kernel>{};
    else if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x),
                        [](auto&& wide) { return volume_pool<Name, Max, Kernel, O>(std::move(wide)); });
    else {
        auto const from = x.shape();
        if (!has_pool_windows<Kernel, O>(from.extents()))
            throw_shapes(Name.text, to_string(from), to_string(shape<Kernel.depth, Kernel.height, Kernel.width>{}));
        auto const to = shape_by<last_extents_windowed<pool_windows<Kernel, O>, O.ceil_mode>>(from);
        auto g = pool_grid_over(pool_windows<Kernel, O>, to, from);
        g.include_padding = O.count_include_pad;
        g.divisor_override = O.divisor_override;
        if constexpr (Max) return pool_by_places<3, O.return_indices>(std::forward<A>(x), to, g);
        else return pool_by_means(std::forward<A>(x), to, g);
    }
}

/// A pool whose windows cover the last axes, as many along each as an output extent.
/// @param join a function of x, the output's shape, and the windows
template <operation_name Name, std::size_t... E, class A, class F>
constexpr auto adaptive_pool(A&& x, F const& join) {
    using s = shape_t<A>;
    constexpr std::size_t n = sizeof...(E);
    constexpr bool fits = [] {
        bool all = s::rank() == n + 1 || s::rank() == n + 2;
        for (std::size_t a = s::rank() - (all ? n : 0); a < s::rank(); ++a) all = all && s::static_extents[a] != 0;
        return all && ((E != 0) && ...);
    }();
    if constexpr (!fits) return pooling_needs_an_image<Name, s>{};
    else if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x),
                        [&](auto&& wide) { return adaptive_pool<Name, E...>(std::move(wide), join); });
    else {
        auto const from = x.shape();
        auto const to = shape_by<last_extents_become<E...>>(from);
        for (std::size_t a = s::rank() - n; a < s::rank(); ++a)
            if (from[a] == 0) throw_shapes(Name.text, to_string(from), to_string(to));
        auto g = pool_grid_over(std::array<window, n>{}, to, from);
        g.adaptive = true;
        return join(std::forward<A>(x), to, g);
    }
}
template <operation_name Name, bool Indices, std::size_t... E, class A>
constexpr auto adaptive_max(A&& x) {
    return adaptive_pool<Name, E...>(std::forward<A>(x), [](auto&& whole, auto const& to, pool_grid const& g) {
        return pool_by_places<sizeof...(E), Indices>(std::forward<decltype(whole)>(whole), to, g);
    });
}
}  // namespace detail

/// max_pool2d along three axes: x is [n, c, d, h, w] or [c, d, h, w]. With `.return_indices` a pool_result of values and places. Compile
/// error `volume_pool_does_not_fit`, or shape_error where only run time can know; torch.nn.functional.max_pool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}, expression A>
constexpr auto max_pool3d(A&& x) {
    return detail::volume_pool<"max_pool3d", true, Kernel, Options>(std::forward<A>(x));
}
/// avg_pool2d along three axes; torch.nn.functional.avg_pool3d.
template <extent3 Kernel, pool3d_options Options = pool3d_options{}, expression A>
constexpr auto avg_pool3d(A&& x) {
    static_assert(Options.dilation == extent3(1), "avg_pool3d: has no dilation");
    return detail::volume_pool<"avg_pool3d", false, Kernel, Options>(std::forward<A>(x));
}

/// Means of Depth × Height × Width windows that cover x, [n, c, d, h, w] or [c, d, h, w], of any extents; an extent `dyn` is that of x.
/// Compile error `pooling_needs_an_image`; torch.nn.functional.adaptive_avg_pool3d.
template <std::size_t Depth, std::size_t Height = Depth, std::size_t Width = Height, expression A>
constexpr auto adaptive_avg_pool3d(A&& x) {
    return detail::adaptive_pool<"adaptive_avg_pool3d", Depth, Height, Width>(
        std::forward<A>(x), [](auto&& whole, auto const& to, detail::pool_grid const& g) {
            return detail::pool_by_means(std::forward<decltype(whole)>(whole), to, g);
        });
}

/// The greatest values of Length windows that cover the last axis of x, [n, c, l] or [c, l]; `dyn` keeps the extent. Compile error
/// `pooling_needs_an_image`; torch.nn.functional.adaptive_max_pool1d.
/// @tparam Indices whether a pool_result of values and places is returned
template <std::size_t Length, bool Indices = false, expression A>
constexpr auto adaptive_max_pool1d(A&& x) {
    return detail::adaptive_max<"adaptive_max_pool1d", Indices, Length>(std::forward<A>(x));
}
/// The same over two axes; torch.nn.functional.adaptive_max_pool2d.
template <std::size_t Height, std::size_t Width = Height, bool Indices = false, expression A>
constexpr auto adaptive_max_pool2d(A&& x) {
    return detail::adaptive_max<"adaptive_max_pool2d", Indices, Height, Width>(std::forward<A>(x));
}
/// The same over three axes; torch.nn.functional.adaptive_max_pool3d.
template <std::size_t Depth, std::size_t Height = Depth, std::size_t Width = Height, bool Indices = false, expression A>
constexpr auto adaptive_max_pool3d(A&& x) {
    return detail::adaptive_max<"adaptive_max_pool3d", Indices, Depth, Height, Width>(std::forward<A>(x));
}

}  // namespace tenon::inline TENON_TARGET
