// Fourier transforms in the device's memory, by cuFFT. Needs the CUDA toolkit; programs link cufft besides what tenon/cuda.hpp asks for.
// Without this header transforms on a device are computed on the host's copies.
#pragma once

#include <cufft.h>

#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <map>
#include <string>
#include <type_traits>

#include <tenon/cuda.hpp>
#include <tenon/fft.hpp>

namespace tenon::inline TENON_TARGET::cuda::detail {

inline void check_fft(cufftResult status, char const* call,
                      std::source_location where = std::source_location::current()) {
    if (status != CUFFT_SUCCESS) fail(call, "status " + std::to_string(static_cast<int>(status)), "", where);
}

/// Signals along the middle axis of [outer, points, inner].
using signal_shape = tenon::shape<dyn, dyn, dyn>;

/// A transform as the library plans it.
struct transform_key {
    cufftType type;
    long long points, step, distance_from, distance_to, count;
    auto operator<=>(transform_key const&) const = default;
};
/// A thread's plans, in its stream.
class transform_plans {
public:
    static transform_plans& local() {
        thread_local transform_plans all;
        return all;
    }
    transform_plans(transform_plans const&) = delete;
    ~transform_plans() {
        for (auto const& [key, plan] : plans_) static_cast<void>(cufftDestroy(plan));
    }
    cufftHandle find(transform_key k) {
        if (auto const found = plans_.find(k); found != plans_.end()) return found->second;
        auto& here = context::local();
        here.refuse_capture("planning a Fourier transform");
        cufftHandle plan{};
        check_fft(cufftCreate(&plan), "cufftCreate");
        std::size_t bytes = 0;
        check_fft(cufftMakePlanMany64(plan, 1, &k.points, &k.points, k.step, k.distance_from, &k.points, k.step,
                                      k.distance_to, k.type, k.count, &bytes),
                  "cufftMakePlanMany64");
        check_fft(cufftSetStream(plan, here.stream()), "cufftSetStream");
        plans_.emplace(k, plan);
        return plan;
    }

private:
    transform_plans() = default;
    std::map<transform_key, cufftHandle> plans_;
};

/// Unscaled transforms of all signals of n points, or of half their spectra, from memory of their own to memory of their own. A
/// half spectrum may be overwritten. Without neighbours behind the axis all are one call, else those of one `outer` are.
template <class From, class To>
void run_transforms(From* from, To* to, std::size_t n, std::size_t outer, std::size_t inner, bool inverse) {
    constexpr bool from_real = !element::is_complex<From>, to_real = !element::is_complex<To>;
    constexpr bool single = sizeof(element::real_t<To>) == sizeof(float);
    constexpr cufftType type = from_real ? (single ? CUFFT_R2C : CUFFT_D2Z)
                               : to_real ? (single ? CUFFT_C2R : CUFFT_Z2D)
                                         : (single ? CUFFT_C2C : CUFFT_Z2Z);
    std::size_t const half = n / 2 + 1, in = to_real ? half : n, out = from_real ? half : n;
    bool const together = inner == 1;
    auto const number = [](std::size_t x) { return static_cast<long long>(x); };
    auto const plan = transform_plans::local().find({type, number(n), number(inner), number(together ? in : 1),
                                                     number(together ? out : 1), number(together ? outer : inner)});
    for (std::size_t o = 0; o != (together ? 1 : outer); ++o) {
        auto* const x = from + o * in * inner;
        auto* const y = to + o * out * inner;
        using complex = std::conditional_t<single, cufftComplex, cufftDoubleComplex>;
        int const direction = inverse ? CUFFT_INVERSE : CUFFT_FORWARD;
        if constexpr (from_real) {
            if constexpr (single) check_fft(cufftExecR2C(plan, x, reinterpret_cast<complex*>(y)), "cufftExecR2C");
            else check_fft(cufftExecD2Z(plan, x, reinterpret_cast<complex*>(y)), "cufftExecD2Z");
        } else if constexpr (to_real) {
            if constexpr (single) check_fft(cufftExecC2R(plan, reinterpret_cast<complex*>(x), y), "cufftExecC2R");
            else check_fft(cufftExecZ2D(plan, reinterpret_cast<complex*>(x), y), "cufftExecZ2D");
        } else {
            auto *const p = reinterpret_cast<complex*>(x), *const q = reinterpret_cast<complex*>(y);
            if constexpr (single) check_fft(cufftExecC2C(plan, p, q, direction), "cufftExecC2C");
            else check_fft(cufftExecZ2Z(plan, p, q, direction), "cufftExecZ2Z");
        }
    }
}

/// The first `length` points of signals of `extent` points, as an operand.
template <class T>
auto signals(T* p, std::size_t outer, std::size_t extent, std::size_t inner, std::size_t length) {
    using node =
        memory_node<std::remove_const_t<T>, signal_shape, memory_strides<dynamic_stride, dynamic_stride, 1>, device>;
    node n(p, signal_shape(std::array{outer, length, inner}),
           {static_cast<std::ptrdiff_t>(extent * inner), static_cast<std::ptrdiff_t>(inner), 1, 0});
    return tenon::detail::memory_view<!std::is_const_v<T>>(n);
}

/// to = scale · transform of from, or what is there plus that; missing points are zeros, and those beyond `n` aren't read. As
/// fft::detail::transform, on the device.
/// @param middle a factor for the elements of a half spectrum that stand for two
template <class From, class To>
void transform(From const* from, std::size_t from_extent, To* to, std::size_t to_extent, std::size_t n,
               std::size_t outer, std::size_t inner, bool inverse, element::real_t<To> scale,
               element::real_t<To> middle, bool add) {
    constexpr bool from_real = !element::is_complex<From>, to_real = !element::is_complex<To>;
    std::size_t const half = n / 2 + 1, in = to_real ? half : n, out = from_real ? half : n;
    // Elements that stand for themselves alone: the first one, and for an even n the last.
    auto const edges = [&](auto* p, auto const& f) {
        f(select<1>(signals(p, outer, half, inner, half), 0));
        if (n % 2 == 0) f(select<1>(signals(p, outer, half, inner, half), static_cast<std::ptrdiff_t>(n / 2)));
    };
    buffer<From> copy;
    auto* x = const_cast<From*>(from);
    if (to_real || from_extent != in) {  // the library overwrites half spectra
        copy.reserve(outer * in * inner);
        if (from_extent < in) copy.clear();
        std::size_t const used = std::min(from_extent, in);
        auto given = signals(from, outer, from_extent, inner, used);
        auto taken = signals(copy.data(), outer, in, inner, used);
        if constexpr (!to_real) taken = given;
        else {
            // Both ways are one transform to the library: the other one is that of the conjugate.
            if (inverse) taken = given * middle;
            else taken = conj(given) * middle;
            edges(copy.data(), [&](auto edge) { edge = cast<From>(real(edge) / middle); });
        }
        x = copy.data();
    }
    buffer<To> result;
    bool const direct = !add && to_extent == out;
    if (!direct) result.reserve(outer * out * inner);
    To* const y = direct ? to : result.data();
    run_transforms(x, y, n, outer, inner, inverse);
    if constexpr (from_real)
        if (middle != 1) edges(y, [&](auto edge) { edge *= 1 / middle; });
    std::size_t const wanted = std::min(to_extent, out);
    auto found = signals(static_cast<To const*>(y), outer, out, inner, wanted);
    auto target = signals(to, outer, to_extent, inner, wanted);
    auto const factor = from_real ? scale * middle : scale;
    auto const put = [&](auto const& value) {
        if (add) target += value;
        else target = value;
    };
    if (from_real && inverse) put(conj(found) * factor);
    else if (!direct || factor != 1) put(found * factor);
}

}  // namespace tenon::inline TENON_TARGET::cuda::detail

namespace tenon::inline TENON_TARGET::eval {

template <fft::detail::kind Kind, class From, class To, class S, std::size_t Axis, std::size_t N, operation_name Name>
struct device_form<fft::detail::transform_rule<Kind, From, To, S, Axis, N, Name>> {
    using rule = fft::detail::transform_rule<Kind, From, To, S, Axis, N, Name>;
    using real = typename rule::real;
    static constexpr bool exists = true;
    /// Calls of the library, and a launch that scales.
    static std::size_t launches(rule const& r, S const& s) {
        auto const [outer, inner] = around(s);
        return (inner == 1 ? 1 : outer) + (r.scale(rule::points(s[Axis])) == 1 ? 0 : 1);
    }

    static void forward(rule const& r, array_of<To, typename rule::shape_type> const& y,
                        array_of<From const, S> const& a) {
        auto const [outer, inner] = around(a.shape);
        std::size_t const n = rule::points(a.shape[Axis]);
        cuda::detail::transform(a.data, a.shape[Axis], y.data, y.shape[Axis], n, outer, inner, r.inverse, r.scale(n),
                                real(1), false);
    }
    static void backward(rule const& r, array_of<To const, typename rule::shape_type> const&,
                         array_of<To const, typename rule::shape_type> const& g, array_of<From const, S> const&,
                         array_of<From, S> const& ga) {
        auto const [outer, inner] = around(ga.shape);
        std::size_t const n = rule::points(ga.shape[Axis]);
        cuda::detail::transform(g.data, g.shape[Axis], ga.data, ga.shape[Axis], n, outer, inner, !r.inverse, r.scale(n),
                                rule::middle, true);
    }

private:
    static std::array<std::size_t, 2> around(S const& s) {
        std::size_t outer = 1, inner = 1;
        for (std::size_t i = 0; i != Axis; ++i) outer *= s[i];
        for (std::size_t i = Axis + 1; i != S::rank(); ++i) inner *= s[i];
        return {outer, inner};
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
