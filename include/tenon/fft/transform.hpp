// Fourier transforms along an axis, with gradients: fft, ifft, rfft, irfft, hfft, ihfft.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <utility>

#include <tenon/eval/cpu/array.hpp>
#include <tenon/fft/engine.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/complex.hpp>

namespace tenon::inline TENON_TARGET {

/// A transform has an axis without elements, or was asked for one of none.
template <operation_name Operation, class Shape>
struct needs_data_points;
/// A transform of real signals was given complex ones: fft takes those.
template <operation_name Operation, class T>
struct needs_real_elements;
/// Transforms compute with float and double, and complex numbers of them; cast others.
template <operation_name Operation, class T>
struct no_transform_of;

namespace fft {

/// Which of a transform and its inverse is divided by the number of data points n; `ortho` divides both by √n.
enum class norm { backward, ortho, forward };
struct options {
    fft::norm norm = fft::norm::backward;
};

namespace detail {

/// Between complex signals, from a real signal to half its spectrum, and back from that.
enum class kind { complex, to_half, from_half };

/// A transform along an axis.
/// @tparam N data points; 0 for those that the operand has
template <kind Kind, class From, class To, class S, std::size_t Axis, std::size_t N, operation_name Name>
struct transform_rule {
    using value_type = To;
    using real = element::real_t<To>;
    static constexpr char const *name = Name.text, *kind = "transform";
    static constexpr bool has_gradient = true;
    static constexpr std::size_t points(std::size_t extent) {
        if (N != 0) return N;
        if (Kind != detail::kind::from_half || is_dynamic(extent)) return extent;
        return extent == 0 ? 0 : 2 * (extent - 1);
    }
    static constexpr std::size_t result_extent(std::size_t n) {
        return Kind == detail::kind::to_half && !is_dynamic(n) ? n / 2 + 1 : n;
    }
    static constexpr std::size_t known_points = points(S::static_extents[Axis]);
    struct extents {
        static constexpr auto value = [] {
            std::array<std::size_t, S::rank() + 1> all{};
            for (std::size_t a = 0; a != S::rank(); ++a) all[a] = S::static_extents[a];
            all[Axis] = result_extent(known_points);
            return all;
        }();
    };
    using shape_type = shape_from<S::rank(), extents>;

    /// In backward, a factor for the elements of a half spectrum that stand for two.
    static constexpr real middle = Kind == detail::kind::complex   ? 1
                                   : Kind == detail::kind::to_half ? real(0.5)
                                                                   : real(2);

    bool inverse;
    fft::norm norm;

    /// What a transform of n points is multiplied by.
    real scale(std::size_t n) const {
        if (norm == fft::norm::ortho) return static_cast<real>(1 / std::sqrt(static_cast<double>(n)));
        return inverse == (norm == fft::norm::backward) ? static_cast<real>(1 / static_cast<double>(n)) : real(1);
    }

    /// @throws shape_error where there are no data points
    shape_type shape(S const& s) const {
        std::array<std::size_t, S::rank()> all{};
        for (std::size_t a = 0; a != S::rank(); ++a) all[a] = s[a];
        std::size_t const n = points(s[Axis]);
        if (n == 0) throw shape_error(text_of({name, ": no data points along axis ", Axis, " of ", to_string(s)}));
        all[Axis] = result_extent(n);
        return shape_type(all);
    }
    std::size_t operations(S const& s) const {
        std::size_t const n = points(s[Axis]);
        return 5 * signals(s) * n * static_cast<std::size_t>(std::bit_width(n)) /
               (Kind == detail::kind::complex ? 1 : 2);
    }
    void forward(array_of<To, shape_type> const& y, array_of<From const, S> const& a) const {
        std::size_t const n = points(a.shape[Axis]);
        transform_of<real>(n)->run(lines_of(a, a.shape[Axis]), lines_of(y, y.shape[Axis]),
                                   {.scale = scale(n), .inverse = inverse});
    }
    /// A transform's transpose is a transform, times the factors that half spectra have.
    void backward(array_of<To const, shape_type> const&, array_of<To const, shape_type> const& g,
                  array_of<From const, S> const&, array_of<From, S> const& ga) const {
        if (!ga.data) return;
        std::size_t const n = points(ga.shape[Axis]), most = Kind == detail::kind::from_half ? n / 2 + 1 : n;
        transform_of<real>(n)->run(lines_of(g, g.shape[Axis]), lines_of(ga, std::min(ga.shape[Axis], most)),
                                   {.scale = scale(n), .middle = middle, .add = true, .inverse = !inverse});
    }

private:
    template <class E, class A>
    static lines<E> lines_of(array_of<E, A> const& a, std::size_t length) {
        std::size_t outer = 1, inner = 1;
        for (std::size_t i = 0; i != Axis; ++i) outer *= a.shape[i];
        for (std::size_t i = Axis + 1; i != A::rank(); ++i) inner *= a.shape[i];
        auto all = lines<E>::of(a.data, outer, a.shape[Axis], inner);
        all.length = length;
        return all;
    }
    static std::size_t signals(S const& s) { return s[Axis] == 0 ? 0 : s.size() / s[Axis]; }
};

/// Integers as floats.
template <class A>
constexpr auto as_floating(A&& x) {
    if constexpr (std::is_integral_v<value_t<A>>) return cast<float>(std::forward<A>(x));
    else return as_node(std::forward<A>(x));
}
template <class A>
constexpr auto as_complex(A&& x) {
    if constexpr (element::is_complex<value_t<A>>) return as_node(std::forward<A>(x));
    else return cast<std::complex<floating_t<value_t<A>>>>(std::forward<A>(x));
}
/// What a transform refuses about its operand: a compile error in the place of a result, or nothing.
template <operation_name Name, kind Kind, std::size_t N, class A, std::ptrdiff_t Axis>
constexpr auto refused() {
    using s = shape_t<A>;
    using t = floating_t<value_t<A>>;
    using part = element::real_t<t>;
    if constexpr (!tenon::detail::axes_fit<s::rank(), Axis>)
        return std::type_identity<tenon::detail::wrong_axes<Name, s, Axis>>{};
    else if constexpr (!std::is_same_v<part, float> && !std::is_same_v<part, double>)
        return std::type_identity<no_transform_of<Name, t>>{};
    else if constexpr (Kind == kind::to_half && element::is_complex<t>)
        return std::type_identity<needs_real_elements<Name, t>>{};
    else if constexpr (N == 0 && (s::static_extents[axis_of(Axis, s::rank())] == 0 ||
                                  (Kind == kind::from_half && s::static_extents[axis_of(Axis, s::rank())] == 1)))
        return std::type_identity<needs_data_points<Name, s>>{};
    else return std::type_identity<void>{};
}
template <operation_name Name, kind Kind, std::ptrdiff_t Axis, std::size_t N, class A>
constexpr auto make_transform(A&& x, bool inverse, norm n) {
    using refusal = typename decltype(detail::refused<Name, Kind, N, A, Axis>())::type;
    if constexpr (!std::is_void_v<refusal>) return refusal{};
    else {
        auto node = [&] {
            if constexpr (Kind == kind::to_half) return fft::detail::as_floating(std::forward<A>(x));
            else return fft::detail::as_complex(std::forward<A>(x));
        }();
        using from = value_t<decltype(node)>;
        using part = element::real_t<from>;
        using to = std::conditional_t<Kind == kind::from_half, part, std::complex<part>>;
        using s = shape_t<A>;
        return tenon::detail::make_array(
            transform_rule<Kind, from, to, s, axis_of(Axis, s::rank()), N, Name>{inverse, n}, std::move(node));
    }
}
/// The norm that makes of an inverse transform's factor the forward one's.
constexpr norm other(norm n) { return n == norm::backward ? norm::forward : n == norm::forward ? norm::backward : n; }

}  // namespace detail

/// Σ_j x_j exp(−2πi jk/n) along an axis, the last unless another is named: `fft<-1, 16>(x)` has 16 data points, the first of x, or x
/// and zeros. Real elements become complex ones, integers complex floats; `{.norm = tn::fft::norm::ortho}` divides by √n; torch.fft.fft.
/// Compile errors `no_such_axis`, `needs_data_points` and `no_transform_of`; shape_error where only run time sees no data points.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto fft(A&& x, options o = {}) {
    return detail::make_transform<"fft", detail::kind::complex, Axis, N>(std::forward<A>(x), false, o.norm);
}
/// The inverse: Σ_k x_k exp(2πi jk/n)/n; torch.fft.ifft.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto ifft(A&& x, options o = {}) {
    return detail::make_transform<"ifft", detail::kind::complex, Axis, N>(std::forward<A>(x), true, o.norm);
}
/// The first n/2 + 1 elements of a real signal's spectrum, of which the others are conjugates; torch.fft.rfft. Compile error
/// `needs_real_elements`.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto rfft(A&& x, options o = {}) {
    return detail::make_transform<"rfft", detail::kind::to_half, Axis, N>(std::forward<A>(x), false, o.norm);
}
/// The real signal of such a half spectrum, 2 (m − 1) elements of m unless another number is named; torch.fft.irfft.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto irfft(A&& x, options o = {}) {
    return detail::make_transform<"irfft", detail::kind::from_half, Axis, N>(std::forward<A>(x), true, o.norm);
}
/// The real spectrum of a signal of which one half is given, since the other is its conjugate; torch.fft.hfft.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto hfft(A&& x, options o = {}) {
    return detail::make_transform<"hfft", detail::kind::from_half, Axis, N>(conj(std::forward<A>(x)), true,
                                                                            detail::other(o.norm));
}
/// The first half of the signal with a real spectrum; torch.fft.ihfft.
template <std::ptrdiff_t Axis = -1, std::size_t N = 0, expression A>
constexpr auto ihfft(A&& x, options o = {}) {
    using refusal = typename decltype(detail::refused<"ihfft", detail::kind::to_half, N, A, Axis>())::type;
    if constexpr (!std::is_void_v<refusal>) return refusal{};
    else
        return conj(detail::make_transform<"ihfft", detail::kind::to_half, Axis, N>(std::forward<A>(x), false,
                                                                                    detail::other(o.norm)));
}

}  // namespace fft
}  // namespace tenon::inline TENON_TARGET
