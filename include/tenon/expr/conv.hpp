// Convolutions of images and signals, and their transposes.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/expr/window.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// The input has other channels than the kernel is for: convolutions want `[n, c, h, w]` or `[c, h, w]` and a weight
/// `[out, c / groups, kh, kw]`, transposed ones a weight `[c, out / groups, kh, kw]`; a bias is `[out]`.
template <operation_name Operation, class Input, class Weight, std::size_t Groups>
struct conv_channels_do_not_fit;
/// The groups of a convolution do not divide the channels.
template <operation_name Operation, std::size_t Groups, std::size_t In, std::size_t Out>
struct groups_do_not_divide_channels;
/// A kernel, stride, dilation or groups of 0; output_padding for what is no transposed convolution, or as large as both stride
/// and dilation.
template <operation_name Operation, conv_options Options, extent2 Kernel>
struct impossible_conv_options;
/// A convolution's bias has another extent than the output has channels.
template <operation_name Operation, class Bias, std::size_t Out>
struct conv_bias_does_not_fit;

namespace detail {

constexpr bool extents_may_match(std::size_t a, std::size_t b) { return is_dynamic(a) || is_dynamic(b) || a == b; }

template <bool Transposed>
constexpr bool possible_options(conv_options const& o, extent2 kernel) {
    window2 const w = windows(kernel, o);
    bool const padding =
        Transposed ? w.rows.has_between(o.output_padding.height) && w.columns.has_between(o.output_padding.width)
                   : o.output_padding == extent2(0);
    return w.rows.counts() && w.columns.counts() && o.groups != 0 && padding;
}

/// Shapes of a convolution: X is [n, c, h, w].
template <conv_options O, class X, class W>
struct conv_extents {
    static constexpr window2 windows = detail::windows(extent2{W::static_extents[2], W::static_extents[3]}, O);
    static constexpr std::size_t in = X::static_extents[1], out = W::static_extents[0];
    static constexpr bool channels_fit = is_dynamic(in) || in == W::static_extents[1] * O.groups;
    static constexpr bool groups_fit = out % O.groups == 0 && (is_dynamic(in) || in % O.groups == 0);
    static constexpr bool kernel_fits =
        windows.rows.fits(X::static_extents[2]) && windows.columns.fits(X::static_extents[3]);
    template <class S>
    static constexpr std::array<std::size_t, 4> of(S const& x) {
        return {x[0], out, windows.rows.output(x[2]), windows.columns.output(x[3])};
    }
    static constexpr auto value = of(X::static_extents);
    using type = shape_from<4, conv_extents>;
    static constexpr type shape(X const& x, W const& w) {
        if constexpr (!X::is_static)
            if (x[1] != w[1] * O.groups || !windows.rows.fits(x[2]) || !windows.columns.fits(x[3]))
                throw_shapes("conv", to_string(x), to_string(w));
        return type(of(x));
    }
};

/// Shapes of a transposed convolution: X is [n, c, h, w].
template <conv_options O, class X, class W>
struct conv_transpose_extents {
    static constexpr window2 windows = detail::windows(extent2{W::static_extents[2], W::static_extents[3]}, O);
    static constexpr std::size_t in = X::static_extents[1], out = W::static_extents[1] * O.groups;
    static constexpr bool channels_fit = extents_may_match(in, W::static_extents[0]);
    static constexpr bool groups_fit = W::static_extents[0] % O.groups == 0;
    static constexpr bool fits(window const& w, std::size_t n, std::size_t extra) {
        return is_dynamic(n) || (n != 0 && (n - 1) * w.stride + w.span() + extra > 2 * w.padding);
    }
    static constexpr bool kernel_fits = fits(windows.rows, X::static_extents[2], O.output_padding.height) &&
                                        fits(windows.columns, X::static_extents[3], O.output_padding.width);
    template <class S>
    static constexpr std::array<std::size_t, 4> of(S const& x) {
        return {x[0], out, windows.rows.transposed(x[2], O.output_padding.height),
                windows.columns.transposed(x[3], O.output_padding.width)};
    }
    static constexpr auto value = of(X::static_extents);
    using type = shape_from<4, conv_transpose_extents>;
    static constexpr type shape(X const& x, W const& w) {
        if constexpr (!X::is_static)
            if (x[1] != w[0] || !fits(windows.rows, x[2], O.output_padding.height) ||
                !fits(windows.columns, x[3], O.output_padding.width))
                throw_shapes("conv_transpose", to_string(x), to_string(w));
        return type(of(x));
    }
};

/// A padding along one axis, where same_padding is what keeps the extent; and what that adds behind the input where it is odd.
struct resolved_padding {
    std::size_t padding, behind;
    constexpr resolved_padding(std::size_t given, std::size_t kernel, std::size_t dilation)
        : padding(given != same_padding ? given : dilation * (kernel - 1) / 2),
          behind(given != same_padding ? 0 : dilation * (kernel - 1) % 2) {}
};
/// same_padding of a convolution's options as numbers.
template <conv_options O, class W>
struct same_options {
    static constexpr bool any = O.padding.height == same_padding || O.padding.width == same_padding;
    static constexpr resolved_padding rows{O.padding.height, W::static_extents[2], O.dilation.height},
        columns{O.padding.width, W::static_extents[3], O.dilation.width};
    static constexpr conv_options value{
        O.stride, {rows.padding, columns.padding}, O.dilation, O.groups, O.output_padding};
    static constexpr bool possible = (O.padding.height != same_padding || O.stride.height == 1) &&
                                     (O.padding.width != same_padding || O.stride.width == 1);
};

template <bool Transposed, conv_options O, class X, class W>
using conv_extents_of = std::conditional_t<Transposed, conv_transpose_extents<O, X, W>, conv_extents<O, X, W>>;

}  // namespace detail

/// A convolution or its transpose of X [n, c, h, w] with a weight W, and a bias B [out] if there is one.
template <bool Transposed, conv_options Options, class X, class W, class... B>
class conv_node
    : public expression_base<conv_node<Transposed, Options, X, W, B...>, value_t<X>,
                             typename detail::conv_extents_of<Transposed, Options, shape_t<X>, shape_t<W>>::type> {
public:
    using extents = detail::conv_extents_of<Transposed, Options, shape_t<X>, shape_t<W>>;
    using shape_type = typename extents::type;
    using device = device_of_nodes<X, W, B...>;
    static constexpr char const *name = Transposed ? "conv_transpose" : "conv", *kind = "convolution";
    static constexpr read_as read[3] = {read_as::packed, read_as::packed, read_as::packed};
    explicit constexpr conv_node(X x, W w, B... b)
        : shape_(extents::shape(x.shape(), w.shape())), operands_{{std::move(x)}, {std::move(w)}, {std::move(b)}...} {}
    constexpr shape_type shape() const { return shape_; }
    /// Input, weight and, if there is one, bias.
    constexpr tuple<X, W, B...> const& operands() const { return operands_; }
    /// A multiplication and an addition for each pair of elements that meet, as in a matrix product; the same for the gradient
    /// of the input and for that of the weight.
    constexpr std::size_t operations() const {
        auto const w = get<1>(operands_).shape();
        std::size_t const outputs = Transposed ? get<0>(operands_).shape().size() : shape_.size();
        return w[0] == 0 ? 0 : 2 * outputs * (w.size() / w[0]);
    }

private:
    [[no_unique_address]] shape_type shape_;
    tuple<X, W, B...> operands_;
};

namespace detail {

template <operation_name Name, bool Transposed, conv_options O, class X, class W, class... B>
constexpr auto make_conv(X&& x, W&& w, B&&... b) {
    using s = shape_t<X>;
    using t = shape_t<W>;
    if constexpr (s::rank() == 3 && t::rank() == 4)
        return squeeze<0>(make_conv<Name, Transposed, O>(unsqueeze<0>(std::forward<X>(x)), std::forward<W>(w),
                                                         std::forward<B>(b)...));
    else if constexpr (s::rank() != 4 || t::rank() != 4) return conv_channels_do_not_fit<Name, s, t, O.groups>{};
    else if constexpr (same_options<O, t>::any) {
        using same = same_options<O, t>;
        if constexpr (Transposed || !same::possible)
            return impossible_conv_options<Name, O, extent2{t::static_extents[2], t::static_extents[3]}>{};
        else
            return make_conv<Name, Transposed, same::value>(
                pad<-2, 0, same::rows.behind>(pad<-1, 0, same::columns.behind>(std::forward<X>(x))), std::forward<W>(w),
                std::forward<B>(b)...);
    } else if constexpr (!possible_options<Transposed>(O, {t::static_extents[2], t::static_extents[3]}))
        return impossible_conv_options<Name, O, extent2{t::static_extents[2], t::static_extents[3]}>{};
    else {
        using e = conv_extents_of<Transposed, O, s, t>;
        using T = promoted_value_t<node_t<X>, node_t<W>, node_t<B>...>;
        static_assert(t::is_static, "conv: the weight's extents have to be static");
        if constexpr (!e::groups_fit) return groups_do_not_divide_channels<Name, O.groups, e::in, e::out>{};
        else if constexpr (!e::channels_fit) return conv_channels_do_not_fit<Name, s, t, O.groups>{};
        else if constexpr (!e::kernel_fits)
            return kernel_larger_than_input<Name, s, extent2{t::static_extents[2], t::static_extents[3]}>{};
        else if constexpr (!(std::is_same_v<shape_t<B>, shape<e::out>> && ...))
            return conv_bias_does_not_fit<Name, shape_t<B>..., e::out>{};
        else if constexpr (element::narrow<T>)
            return make_map(op::retyped<T>{}, make_conv<Name, Transposed, O>(cast<float>(std::forward<X>(x)),
                                                                             cast<float>(std::forward<W>(w)),
                                                                             cast<float>(std::forward<B>(b))...));
        else
            return conv_node<Transposed, O, decltype(as_elements<T>(std::forward<X>(x))),
                             decltype(as_elements<T>(std::forward<W>(w))),
                             decltype(as_elements<T>(std::forward<B>(b)))...>(as_elements<T>(std::forward<X>(x)),
                                                                              as_elements<T>(std::forward<W>(w)),
                                                                              as_elements<T>(std::forward<B>(b))...);
    }
}

template <operation_name Name, bool Transposed, conv_options O, class X, class W, class... B>
constexpr auto make_flat_conv(X&& x, W&& w, B&&... b) {
    if constexpr ((shape_t<X>::rank() != 3 && shape_t<X>::rank() != 2) || shape_t<W>::rank() != 3)
        return conv_channels_do_not_fit<Name, shape_t<X>, shape_t<W>, O.groups>{};
    else
        return squeeze<-2>(make_conv<Name, Transposed, flat_options(O)>(
            unsqueeze<-2>(std::forward<X>(x)), unsqueeze<-2>(std::forward<W>(w)), std::forward<B>(b)...));
}

}  // namespace detail

/// y(n, o, i, j) = b(o) + Σ_c Σ_k Σ_l x(n, c, i·stride + k·dilation − padding, j·stride + l·dilation − padding) w(o, c, k, l)
/// for x of shape [n, c, h, w] or [c, h, w], a weight [out, c / groups, kh, kw] and a bias [out]; x is 0 outside. An output
/// channel sees the input channels of its group. `.padding = same_padding` keeps h and w. Compile errors `conv_channels_do_not_fit`, `conv_bias_does_not_fit`,
/// `groups_do_not_divide_channels`, `kernel_larger_than_input`, `impossible_conv_options`, or shape_error where only run time
/// can know; torch.nn.functional.conv2d.
template <conv_options Options = conv_options{}, expression X, expression W>
constexpr auto conv2d(X&& x, W&& w) {
    return detail::make_conv<"conv2d", false, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv_options Options = conv_options{}, expression X, expression W, expression B>
constexpr auto conv2d(X&& x, W&& w, B&& bias) {
    return detail::make_conv<"conv2d", false, Options>(std::forward<X>(x), std::forward<W>(w), std::forward<B>(bias));
}

/// The same along one axis: x is [n, c, l] or [c, l] and the weight [out, c / groups, k]; torch.nn.functional.conv1d.
template <conv_options Options = conv_options{}, expression X, expression W>
constexpr auto conv1d(X&& x, W&& w) {
    return detail::make_flat_conv<"conv1d", false, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv_options Options = conv_options{}, expression X, expression W, expression B>
constexpr auto conv1d(X&& x, W&& w, B&& bias) {
    return detail::make_flat_conv<"conv1d", false, Options>(std::forward<X>(x), std::forward<W>(w),
                                                            std::forward<B>(bias));
}

/// The transpose of conv2d as a linear map, with a bias: x of shape [n, c, h, w] or [c, h, w], a weight
/// [c, out / groups, kh, kw]; the output has (h − 1)·stride − 2·padding + dilation·(kh − 1) + output_padding + 1 rows. Compile
/// errors as for conv2d; torch.nn.functional.conv_transpose2d.
template <conv_options Options = conv_options{}, expression X, expression W>
constexpr auto conv_transpose2d(X&& x, W&& w) {
    return detail::make_conv<"conv_transpose2d", true, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv_options Options = conv_options{}, expression X, expression W, expression B>
constexpr auto conv_transpose2d(X&& x, W&& w, B&& bias) {
    return detail::make_conv<"conv_transpose2d", true, Options>(std::forward<X>(x), std::forward<W>(w),
                                                                std::forward<B>(bias));
}

/// The same along one axis; torch.nn.functional.conv_transpose1d.
template <conv_options Options = conv_options{}, expression X, expression W>
constexpr auto conv_transpose1d(X&& x, W&& w) {
    return detail::make_flat_conv<"conv_transpose1d", true, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv_options Options = conv_options{}, expression X, expression W, expression B>
constexpr auto conv_transpose1d(X&& x, W&& w, B&& bias) {
    return detail::make_flat_conv<"conv_transpose1d", true, Options>(std::forward<X>(x), std::forward<W>(w),
                                                                     std::forward<B>(bias));
}

}  // namespace tenon::inline TENON_TARGET
