// Convolutions of volumes, and their transposes: a product of the weight with the volume's windows.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/conv.hpp>
#include <tenon/expr/matmul.hpp>
#include <tenon/expr/pad.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/unfold.hpp>

namespace tenon::inline TENON_TARGET {

/// conv3d wants [n, c, d, h, w] or [c, d, h, w] and a weight [out, c / groups, kd, kh, kw], conv_transpose3d a weight
/// [c, out / groups, kd, kh, kw]; a bias is [out], and the kernel has to fit the padded input and the options it.
template <operation_name Operation, class Input, class Weight, conv3d_options Options>
struct volumes_do_not_fit;

namespace detail {
/// The kernel's extents of a weight whose last axes they are.
template <class W>
constexpr std::array<window, 3> volume_windows(conv3d_options const& o, W const& w) {
    return {window{w[2], o.stride.depth, o.padding.depth, o.dilation.depth},
            window{w[3], o.stride.height, o.padding.height, o.dilation.height},
            window{w[4], o.stride.width, o.padding.width, o.dilation.width}};
}
/// The extents of a volume [n, c, d, h, w] convolved with a static weight.
template <bool Transposed, conv3d_options O, class W>
struct volume_extents {
    static constexpr auto windows = volume_windows(O, W::static_extents);
    static constexpr std::size_t groups = O.groups == 0 ? 1 : O.groups, first = W::static_extents[0],
                                 out = Transposed ? W::static_extents[1] * groups : first,
                                 in = Transposed ? first : W::static_extents[1] * groups;
    static constexpr std::size_t extra[3] = {O.output_padding.depth, O.output_padding.height, O.output_padding.width};
    template <class E>
    static constexpr std::array<std::size_t, 5> of(E const& e) {
        std::array<std::size_t, 5> r{e[0], out, 0, 0, 0};
        for (std::size_t a = 0; a < 3; ++a)
            r[a + 2] = Transposed ? windows[a].transposed(e[a + 2], extra[a]) : windows[a].output(e[a + 2]);
        return r;
    }
    template <class E>
    static constexpr bool fits(E const& e) {
        if (!is_dynamic(e[1]) && e[1] != in) return false;
        for (std::size_t a = 0; a < 3; ++a) {
            std::size_t const n = e[a + 2];
            auto const& w = windows[a];
            bool const within =
                Transposed ? is_dynamic(n) || (n != 0 && (n - 1) * w.stride + w.span() + extra[a] > 2 * w.padding)
                           : w.fits(n);
            if (!within) return false;
        }
        return true;
    }
    static constexpr bool possible = [] {
        if (O.groups == 0 || first % groups != 0 || out % groups != 0) return false;
        for (std::size_t a = 0; a < 3; ++a)
            if (!windows[a].counts() || (Transposed ? !windows[a].has_between(extra[a]) : extra[a] != 0)) return false;
        return true;
    }();
};
/// [n, channels, …, volume] as [n, groups, rows, columns].
template <std::size_t Groups, std::size_t Rows>
struct grouped_extents {
    template <class E>
    static constexpr std::array<std::size_t, 4> of(E const& e) {
        return {e[0], Groups, Rows, extent_product(e[2], e[3], e[4])};
    }
};

/// Options without same_padding, and the elements that it adds behind a volume where its amount is odd.
template <conv3d_options O, class W>
struct same_volume {
    static constexpr bool any =
        is_dynamic(O.padding.depth) || is_dynamic(O.padding.height) || is_dynamic(O.padding.width);
    static constexpr auto amounts = [] {
        auto const w = volume_windows(O, W::static_extents);
        std::array<std::size_t, 3> all{O.padding.depth, O.padding.height, O.padding.width}, odd{};
        for (std::size_t a = 0; a < 3; ++a)
            if (is_dynamic(all[a])) {
                odd[a] = (w[a].span() - 1) % 2;
                all[a] = (w[a].span() - 1) / 2;
            }
        return std::array{all, odd};
    }();
    static constexpr auto options = [] {
        auto o = O;
        o.padding = extent3(amounts[0][0], amounts[0][1], amounts[0][2]);
        return o;
    }();
};

template <operation_name Name, bool Transposed, conv3d_options O, class X, class W>
constexpr auto make_conv3d(X&& x, W&& weight) {
    using s = shape_t<X>;
    using t = shape_t<W>;
    if constexpr (s::rank() == 4 && t::rank() == 5)
        return squeeze<0>(make_conv3d<Name, Transposed, O>(unsqueeze<0>(std::forward<X>(x)), std::forward<W>(weight)));
    else if constexpr (s::rank() != 5 || t::rank() != 5 || !t::is_static) return volumes_do_not_fit<Name, s, t, O>{};
    else if constexpr (same_volume<O, t>::any) {
        using same = same_volume<O, t>;
        if constexpr (Transposed || O.stride != extent3(1)) return volumes_do_not_fit<Name, s, t, O>{};
        else
            return make_conv3d<Name, Transposed, same::options>(
                pad<-3, 0, same::amounts[1][0]>(
                    pad<-2, 0, same::amounts[1][1]>(pad<-1, 0, same::amounts[1][2]>(std::forward<X>(x)))),
                std::forward<W>(weight));
    } else {
        using e = volume_extents<Transposed, O, t>;
        using T = promoted_value_t<node_t<X>, node_t<W>>;
        if constexpr (!e::possible || !e::fits(s::static_extents)) return volumes_do_not_fit<Name, s, t, O>{};
        else if constexpr (element::narrow<T>)
            return make_map(op::retyped<T>{}, make_conv3d<Name, Transposed, O>(cast<float>(std::forward<X>(x)),
                                                                               cast<float>(std::forward<W>(weight))));
        else {
            auto const from = x.shape();
            if (!e::fits(from.extents())) throw_shapes(Name.text, to_string(from), to_string(t{}));
            auto const to = shape_by<e>(from);
            constexpr std::size_t taps = t::static_extents[2] * t::static_extents[3] * t::static_extents[4],
                                  in = e::in / e::groups, out = e::out / e::groups;
            if constexpr (Transposed) {
                auto columns = matmul(
                    transpose(reshape<e::groups, in, out * taps>(as_elements<T>(std::forward<W>(weight)))),
                    reshape_to(as_elements<T>(std::forward<X>(x)), shape_by<grouped_extents<e::groups, in>>(from)));
                auto const grid = grid_over(e::windows, std::array{from[2], from[3], from[4]}, to);
                return make_unfold<true>(std::move(columns), to, to[0] * to[1], grid);
            } else {
                auto const grid = grid_over(e::windows, std::array{to[2], to[3], to[4]}, from);
                auto columns =
                    make_unfold<false>(as_elements<T>(std::forward<X>(x)),
                                       shape_by<grouped_extents<e::groups, in * taps>>(to), from[0] * from[1], grid);
                return reshape_to(matmul(reshape<e::groups, out, in * taps>(as_elements<T>(std::forward<W>(weight))),
                                         std::move(columns)),
                                  to);
            }
        }
    }
}
template <operation_name Name, bool Transposed, conv3d_options O, class X, class W, class B>
constexpr auto make_conv3d(X&& x, W&& weight, B&& bias) {
    using s = shape_t<X>;
    using t = shape_t<W>;
    constexpr std::size_t out =
        t::rank() != 5 ? 0 : t::static_extents[Transposed ? 1 : 0] * (Transposed ? O.groups : 1);
    if constexpr (!std::is_same_v<shape_t<B>, shape<out>>) return volumes_do_not_fit<Name, s, t, O>{};
    else
        return make_conv3d<Name, Transposed, O>(std::forward<X>(x), std::forward<W>(weight)) +
               along_channels<5>(std::forward<B>(bias));
}
}  // namespace detail

/// conv2d along three axes: x is [n, c, d, h, w] or [c, d, h, w], the weight [out, c / groups, kd, kh, kw], with static extents, and the
/// bias [out]. The windows are columns of a matrix in memory, which a product reads. Compile error `volumes_do_not_fit`, or shape_error
/// where only run time can know; torch.nn.functional.conv3d.
template <conv3d_options Options = conv3d_options{}, expression X, expression W>
constexpr auto conv3d(X&& x, W&& w) {
    return detail::make_conv3d<"conv3d", false, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv3d_options Options = conv3d_options{}, expression X, expression W, expression B>
constexpr auto conv3d(X&& x, W&& w, B&& bias) {
    return detail::make_conv3d<"conv3d", false, Options>(std::forward<X>(x), std::forward<W>(w), std::forward<B>(bias));
}
/// The transpose of conv3d as a linear map, with a bias: the weight is [c, out / groups, kd, kh, kw];
/// torch.nn.functional.conv_transpose3d.
template <conv3d_options Options = conv3d_options{}, expression X, expression W>
constexpr auto conv_transpose3d(X&& x, W&& w) {
    return detail::make_conv3d<"conv_transpose3d", true, Options>(std::forward<X>(x), std::forward<W>(w));
}
template <conv3d_options Options = conv3d_options{}, expression X, expression W, expression B>
constexpr auto conv_transpose3d(X&& x, W&& w, B&& bias) {
    return detail::make_conv3d<"conv_transpose3d", true, Options>(std::forward<X>(x), std::forward<W>(w),
                                                                  std::forward<B>(bias));
}

}  // namespace tenon::inline TENON_TARGET
