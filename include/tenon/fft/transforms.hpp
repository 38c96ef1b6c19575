// Fourier transforms along several axes: fft2 and fftn, and those of real signals and half spectra.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/fft/transform.hpp>

namespace tenon::inline TENON_TARGET {

/// A transform was given numbers of data points, as a shape, that are not as many as its axes.
template <operation_name Operation, class Sizes, std::ptrdiff_t... Axes>
struct one_size_for_each_axis;

namespace fft {
namespace detail {

/// Axes of a transform, and numbers of data points, 0 where an axis keeps its own.
template <std::size_t Count>
struct axes_and_points {
    std::array<std::ptrdiff_t, Count> axes{};
    std::array<std::size_t, Count> points{};
    static constexpr std::size_t count = Count;
};
/// @tparam Sizes a shape, or void for the operand's own extents; without axes they are those of the last axes, or all
template <std::size_t Rank, class Sizes, std::ptrdiff_t... Axes>
constexpr auto axes_of() {
    constexpr std::size_t count = [] {
        if constexpr (sizeof...(Axes) != 0) return sizeof...(Axes);
        else if constexpr (!std::is_void_v<Sizes>) return Sizes::rank();
        else return Rank;
    }();
    axes_and_points<count> all{};
    if constexpr (sizeof...(Axes) != 0) all.axes = {Axes...};
    else
        for (std::size_t i = 0; i != count; ++i) all.axes[i] = static_cast<std::ptrdiff_t>(i) - std::ptrdiff_t{count};
    if constexpr (!std::is_void_v<Sizes>)
        for (std::size_t i = 0; i != count && i != Sizes::rank(); ++i) all.points[i] = Sizes::static_extents[i];
    return all;
}

/// Complex transforms along the first Count of such axes.
template <operation_name Name, auto Which, std::size_t Count, class A>
constexpr auto along(A&& x, bool inverse, norm n) {
    if constexpr (Count == 0) return fft::detail::as_complex(std::forward<A>(x));
    else {
        constexpr std::size_t i = Count - 1;
        return along<Name, Which, i>(fft::detail::make_transform<Name, kind::complex, Which.axes[i], Which.points[i]>(
                                         std::forward<A>(x), inverse, n),
                                     inverse, n);
    }
}

/// Calls f with an integral constant of the axes, or names what is wrong with them.
template <operation_name Name, class A, class Sizes, std::ptrdiff_t... Axes, class F>
constexpr auto with_axes(F const& f) {
    using s = shape_t<A>;
    if constexpr (!tenon::detail::axes_fit<s::rank(), Axes...>) return tenon::detail::wrong_axes<Name, s, Axes...>{};
    else {
        constexpr auto which = axes_of<s::rank(), Sizes, Axes...>();
        constexpr std::size_t sizes = [] {
            if constexpr (std::is_void_v<Sizes>) return decltype(which)::count;
            else return Sizes::rank();
        }();
        if constexpr (sizes != which.count) return one_size_for_each_axis<Name, Sizes, Axes...>{};
        else if constexpr (which.count == 0 || which.count > s::rank()) return too_few_axes<Name, s>{};
        else return f(std::integral_constant<decltype(which), which>{});
    }
}

template <operation_name Name, bool Inverse, class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto complex_along(A&& x, norm n) {
    return with_axes<Name, A, Sizes, Axes...>(
        [&](auto which) { return along<Name, which.value, which.value.count>(std::forward<A>(x), Inverse, n); });
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto rfft_along(A&& x, norm n) {
    return with_axes<"rfftn", A, Sizes, Axes...>([&](auto which) {
        constexpr std::size_t last = which.value.count - 1;
        return along<"rfftn", which.value, last>(
            fft::rfft<which.value.axes[last], which.value.points[last]>(std::forward<A>(x), {n}), false, n);
    });
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto irfft_along(A&& x, norm n) {
    return with_axes<"irfftn", A, Sizes, Axes...>([&](auto which) {
        constexpr std::size_t last = which.value.count - 1;
        return fft::irfft<which.value.axes[last], which.value.points[last]>(
            along<"irfftn", which.value, last>(std::forward<A>(x), true, n), {n});
    });
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto hfft_along(A&& x, norm n) {
    return with_axes<"hfftn", A, Sizes, Axes...>([&](auto which) {
        constexpr std::size_t last = which.value.count - 1;
        return fft::hfft<which.value.axes[last], which.value.points[last]>(
            along<"hfftn", which.value, last>(std::forward<A>(x), false, n), {n});
    });
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto ihfft_along(A&& x, norm n) {
    return with_axes<"ihfftn", A, Sizes, Axes...>([&](auto which) {
        constexpr std::size_t last = which.value.count - 1;
        return along<"ihfftn", which.value, last>(
            fft::ihfft<which.value.axes[last], which.value.points[last]>(std::forward<A>(x), {n}), true, n);
    });
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto fft_along(A&& x, norm n) {
    return complex_along<"fftn", false, Sizes, Axes...>(std::forward<A>(x), n);
}
template <class Sizes, std::ptrdiff_t... Axes, class A>
constexpr auto ifft_along(A&& x, norm n) {
    return complex_along<"ifftn", true, Sizes, Axes...>(std::forward<A>(x), n);
}

}  // namespace detail

// `fftn(x)` goes along all axes, `fftn<0, 2>(x)` along those that are named, `fftn<tn::shape<16, 8>>(x)` along the last ones, with so
// many data points, `fftn<tn::shape<16, 8>, 0, 2>(x)` along others; `fft2` along the last two where it names none. The last axis named
// is the one that a real signal has half of. Compile errors are those of transforms along one axis, and `one_size_for_each_axis`.
#define TENON_TRANSFORMS(name)                                                                                         \
    template <std::ptrdiff_t... Axes, expression A>                                                                    \
    constexpr auto name##n(A&& x, options o = {}) {                                                                    \
        return detail::name##_along<void, Axes...>(std::forward<A>(x), o.norm);                                        \
    }                                                                                                                  \
    template <class Sizes, std::ptrdiff_t... Axes, expression A>                                                       \
    constexpr auto name##n(A&& x, options o = {}) {                                                                    \
        return detail::name##_along<Sizes, Axes...>(std::forward<A>(x), o.norm);                                       \
    }                                                                                                                  \
    template <std::ptrdiff_t First = -2, std::ptrdiff_t Second = -1, expression A>                                     \
    constexpr auto name##2(A && x, options o = {}) {                                                                   \
        return detail::name##_along<void, First, Second>(std::forward<A>(x), o.norm);                                  \
    }                                                                                                                  \
    template <class Sizes, std::ptrdiff_t First = -2, std::ptrdiff_t Second = -1, expression A>                        \
    constexpr auto name##2(A && x, options o = {}) {                                                                   \
        return detail::name##_along<Sizes, First, Second>(std::forward<A>(x), o.norm);                                 \
    }

TENON_TRANSFORMS(fft)    // torch.fft.fft2, fftn
TENON_TRANSFORMS(ifft)   // torch.fft.ifft2, ifftn
TENON_TRANSFORMS(rfft)   // torch.fft.rfft2, rfftn
TENON_TRANSFORMS(irfft)  // torch.fft.irfft2, irfftn
TENON_TRANSFORMS(hfft)   // torch.fft.hfft2, hfftn
TENON_TRANSFORMS(ihfft)  // torch.fft.ihfft2, ihfftn
#undef TENON_TRANSFORMS

}  // namespace fft
}  // namespace tenon::inline TENON_TARGET
