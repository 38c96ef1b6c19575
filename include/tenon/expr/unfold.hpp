// Windows of images as columns of a matrix, and columns added up to images.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/expr/window_grid.hpp>

namespace tenon::inline TENON_TARGET {

/// How the windows of unfold and fold move; the options of torch.nn.Unfold and their defaults.
struct unfold_options {
    extent2 dilation = 1;  ///< distance of the elements that a window looks at
    extent2 padding = 0;   ///< zeros around the image, on either side
    extent2 stride = 1;    ///< distance of neighbouring windows
};

/// unfold and fold take [n, c, h, w] or [c, h, w], and [n, c · kh · kw, windows] or [c · kh · kw, windows], with the number of windows that
/// the image has.
template <operation_name Operation, class Input, extent2 Kernel, unfold_options Options>
struct windows_do_not_fit;

namespace detail {
/// Windows as columns, [planes…, windows] of [planes] (Fold = false), or the sums of columns.
template <bool Fold, class T, class S>
struct unfold_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = Fold ? "fold" : "unfold", *kind = "copy";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    std::size_t planes;
    window_grid grid;

    constexpr S shape(auto const&) const { return to; }
    constexpr std::size_t operations(auto const&) const { return Fold ? planes * grid.taps() * grid.windows() : 0; }
    constexpr std::size_t gradient_operations(auto const&) const { return planes * grid.taps() * grid.windows(); }

    template <class X>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x) const {
        if constexpr (Fold) {
            std::fill_n(y.data, planes * grid.elements(), T(0));
            fold_planes(y.data, x.data, planes, grid);
        } else unfold_planes<false>(y.data, x.data, planes, grid);
    }
    template <class X>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const&,
                  array_of<T, X> const& gx) const {
        if constexpr (Fold) unfold_planes<true>(gx.data, g.data, planes, grid);
        else fold_planes(gx.data, g.data, planes, grid);
    }
};
template <bool Fold, class X, class To>
constexpr auto make_unfold(X&& x, To const& to, std::size_t planes, window_grid const& grid) {
    return make_array(unfold_rule<Fold, value_t<X>, To>{to, planes, grid}, std::forward<X>(x));
}

template <extent2 Kernel, unfold_options O>
inline constexpr std::array<window, 2> unfold_windows{
    window{Kernel.height, O.stride.height, O.padding.height, O.dilation.height},
    window{Kernel.width, O.stride.width, O.padding.width, O.dilation.width}};
/// [n, c, h, w] to [n, c · kh · kw, windows].
template <extent2 Kernel, unfold_options O>
struct unfolded_extents {
    template <class E>
    static constexpr auto of(E const& e) {
        constexpr auto w = unfold_windows<Kernel, O>;
        return std::array{e[0], extent_product(e[1], Kernel.height, Kernel.width),
                          extent_product(w[0].output(e[2]), w[1].output(e[3]))};
    }
};
/// [n, c · kh · kw, windows] to [n, c, h, w].
template <extent2 Output, extent2 Kernel>
struct folded_extents {
    template <class E>
    static constexpr auto of(E const& e) {
        return std::array{e[0], is_dynamic(e[1]) ? dyn : e[1] / (Kernel.height * Kernel.width), Output.height,
                          Output.width};
    }
};
}  // namespace detail

/// The windows of x as columns: y(n, (c, k, l), (i, j)) = x(n, c, i·stride + k·dilation − padding, j·stride + l·dilation − padding), for x
/// of shape [n, c, h, w] or [c, h, w]; [n, c · kh · kw, windows], or without n; x is 0 outside. A convolution is a product with such
/// columns. Compile error `windows_do_not_fit`, or shape_error where only run time can know; torch.nn.functional.unfold.
template <extent2 Kernel, unfold_options Options = unfold_options{}, expression X>
constexpr auto unfold(X&& x) {
    using s = shape_t<X>;
    constexpr auto w = detail::unfold_windows<Kernel, Options>;
    if constexpr ((s::rank() != 3 && s::rank() != 4) || !w[0].counts() || !w[1].counts())
        return windows_do_not_fit<"unfold", s, Kernel, Options>{};
    else if constexpr (s::rank() == 3) return squeeze<0>(unfold<Kernel, Options>(unsqueeze<0>(std::forward<X>(x))));
    else if constexpr (!w[0].fits(s::static_extents[2]) || !w[1].fits(s::static_extents[3]))
        return windows_do_not_fit<"unfold", s, Kernel, Options>{};
    else {
        auto const e = x.shape();
        if (!w[0].fits(e[2]) || !w[1].fits(e[3])) throw_shapes("unfold", to_string(e), detail::pair_text(Kernel));
        auto const to = detail::shape_by<detail::unfolded_extents<Kernel, Options>>(e);
        std::array const output{w[0].output(e[2]), w[1].output(e[3])};
        return detail::make_unfold<false>(std::forward<X>(x), to, e[0] * e[1], detail::grid_over(w, output, e));
    }
}

/// The transpose of unfold: adds each column of x, [n, c · kh · kw, windows] or without n, to the window of [n, c, h, w] that it
/// belongs to. `fold<extent2{h, w}, extent2{kh, kw}>(x)`. Compile error `windows_do_not_fit`, or shape_error where only run time can know;
/// torch.nn.functional.fold.
template <extent2 Output, extent2 Kernel, unfold_options Options = unfold_options{}, expression X>
constexpr auto fold(X&& x) {
    using s = shape_t<X>;
    constexpr auto w = detail::unfold_windows<Kernel, Options>;
    constexpr std::size_t taps = Kernel.height * Kernel.width;
    if constexpr ((s::rank() != 2 && s::rank() != 3) || !w[0].counts() || !w[1].counts() || !w[0].fits(Output.height) ||
                  !w[1].fits(Output.width))
        return windows_do_not_fit<"fold", s, Kernel, Options>{};
    else if constexpr (s::rank() == 2)
        return squeeze<0>(fold<Output, Kernel, Options>(unsqueeze<0>(std::forward<X>(x))));
    else {
        constexpr std::array output{w[0].output(Output.height), w[1].output(Output.width)};
        constexpr std::size_t rows = s::static_extents[1], columns = s::static_extents[2];
        if constexpr ((!is_dynamic(rows) && rows % taps != 0) ||
                      (!is_dynamic(columns) && columns != output[0] * output[1]))
            return windows_do_not_fit<"fold", s, Kernel, Options>{};
        else {
            auto const e = x.shape();
            if (e[1] % taps != 0 || e[2] != output[0] * output[1])
                throw_shapes("fold", to_string(e), detail::pair_text(Kernel));
            auto const to = detail::shape_by<detail::folded_extents<Output, Kernel>>(e);
            return detail::make_unfold<true>(std::forward<X>(x), to, e[0] * to[1], detail::grid_over(w, output, to));
        }
    }
}

}  // namespace tenon::inline TENON_TARGET
