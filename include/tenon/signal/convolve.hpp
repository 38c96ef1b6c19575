// Convolutions of signals by their spectra: fftconvolve.
#pragma once

#include <algorithm>
#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include <tenon/fft/transform.hpp>
#include <tenon/signal/frames.hpp>

namespace tenon::inline TENON_TARGET {

/// A convolution's operands have no axis, or batches that differ.
template <class A, class B>
struct cannot_convolve;

namespace signal {

/// How much of a convolution is wanted: all n + m − 1 elements, as many as the first operand has, from the middle, or those for which
/// no zeros beyond the ends count.
enum class convolution { full, same, valid };

namespace detail {

/// The least length from n on without prime factors beyond 5: transforms of such take few passes.
TENON_ON_USE
std::size_t smooth_length(std::size_t n) {
    for (;; ++n) {
        std::size_t rest = n;
        for (std::size_t const p : {std::size_t{2}, std::size_t{3}, std::size_t{5}})
            while (rest % p == 0) rest /= p;
        if (rest == 1) return n;
    }
}

/// The product of two signals' spectra, or of one with the other's conjugate, which is their correlation, goes back to a signal.
template <class T>
class spectral_product {
    using complex = std::complex<T>;

public:
    explicit spectral_product(std::size_t n) : n_(n), transform_(fft::detail::transform_of<T>(n)) {}
    std::vector<complex> spectrum(T const* x, std::size_t length) const {
        std::vector<complex> z(n_ / 2 + 1);
        transform_->run(fft::detail::lines<T const>::one(x, length, 1),
                        fft::detail::lines<complex>::one(z.data(), z.size(), 1), {});
        return z;
    }
    std::vector<T> signal(std::vector<complex> const& a, std::vector<complex> const& b, bool correlates) const {
        std::vector<complex> z(a.size());
        for (std::size_t k = 0; k != z.size(); ++k) {
            complex const x = a[k], y = correlates ? std::conj(b[k]) : b[k];
            z[k] = {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
        }
        std::vector<T> x(n_);
        transform_->run(fft::detail::lines<complex const>::one(z.data(), z.size(), 1),
                        fft::detail::lines<T>::one(x.data(), n_, 1), {.scale = T(1) / static_cast<T>(n_)});
        return x;
    }

private:
    std::size_t n_;
    std::shared_ptr<fft::detail::transform<T> const> transform_;
};

template <class T, class A, class B, convolution Part>
struct convolve_rule {
    static constexpr std::size_t extent(std::size_t n, std::size_t m) {
        if (Part == convolution::same) return n;
        if (is_dynamic(n) || is_dynamic(m)) return dyn;
        return Part == convolution::full ? n + m - 1 : std::max(n, m) - std::min(n, m) + 1;
    }
    using value_type = T;
    using batched = std::conditional_t<A::rank() == 1, B, A>;
    using extents =
        tenon::detail::signal_extents<batched, 1,
                                      extent(A::static_extents[A::rank() - 1], B::static_extents[B::rank() - 1])>;
    using shape_type = typename extents::type;
    static constexpr char const *name = "fftconvolve", *kind = "transform";
    static constexpr bool has_gradient = true;

    shape_type shape(A const& a, B const& b) const {
        std::size_t const n = a[A::rank() - 1], m = b[B::rank() - 1];
        bool fits = n != 0 && m != 0;
        if constexpr (A::rank() == B::rank())
            for (std::size_t i = 0; i + 1 < A::rank(); ++i) fits = fits && a[i] == b[i];
        if (!fits) throw_shapes("fftconvolve", to_string(a), to_string(b));
        if constexpr (A::rank() == 1) return extents::of(b, {extent(n, m)});
        else return extents::of(a, {extent(n, m)});
    }
    std::size_t operations(A const& a, B const& b) const {
        return 50 * shape(a, b).size() * static_cast<std::size_t>(std::bit_width(a[A::rank() - 1] + b[B::rank() - 1]));
    }
    void forward(array_of<T, shape_type> const& y, array_of<T const, A> const& a, array_of<T const, B> const& b) const {
        places const p(a.shape, b.shape);
        spectral_product<T> const product(p.points);
        for (std::size_t s = 0; s != p.signals; ++s) {
            auto const all = product.signal(product.spectrum(a.data + s * p.step_a, p.n),
                                            product.spectrum(b.data + s * p.step_b, p.m), false);
            std::copy_n(all.data() + p.first, p.kept, y.data + s * p.kept);
        }
    }
    /// ∂a = g correlated with b, ∂b = g with a.
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, A> const& a, array_of<T const, B> const& b, array_of<T, A> const& ga,
                  array_of<T, B> const& gb) const {
        places const p(a.shape, b.shape);
        spectral_product<T> const product(p.points);
        std::vector<T> whole(p.points);
        for (std::size_t s = 0; s != p.signals; ++s) {
            std::copy_n(g.data + s * p.kept, p.kept, whole.data() + p.first);
            auto const of_g = product.spectrum(whole.data(), p.points);
            auto const add = [&](T* to, std::size_t length, T const* other, std::size_t other_length) {
                auto const all = product.signal(of_g, product.spectrum(other, other_length), true);
                for (std::size_t j = 0; j != length; ++j) to[j] += all[j];
            };
            if (ga.data) add(ga.data + s * p.step_a, p.n, b.data + s * p.step_b, p.m);
            if (gb.data) add(gb.data + s * p.step_b, p.m, a.data + s * p.step_a, p.n);
        }
    }

private:
    struct places {
        std::size_t n, m, signals, step_a, step_b, points, kept, first;
        places(A const& a, B const& b) : n(a[A::rank() - 1]), m(b[B::rank() - 1]) {
            signals = std::max(tenon::detail::signals_of(a, 1), tenon::detail::signals_of(b, 1));
            step_a = A::rank() == 1 ? 0 : n;
            step_b = B::rank() == 1 ? 0 : m;
            points = smooth_length(n + m - 1);
            kept = extent(n, m);
            first = Part == convolution::full ? 0 : Part == convolution::same ? (m - 1) / 2 : std::min(n, m) - 1;
        }
    };
};
}  // namespace detail

/// Σ_j a_j b_{k−j} along the last axis, by spectra: O(n log n) operations. One operand may be a single signal beside a batch; of
/// batches, all extents but the last are equal. `fftconvolve<tn::signal::convolution::same>(a, b)`; torchaudio.functional.fftconvolve,
/// scipy.signal.fftconvolve. Compile error `cannot_convolve`; shape_error where only run time can know, or a signal is empty.
template <convolution Part = convolution::full, expression A, expression B>
auto fftconvolve(A&& a, B&& b) {
    using s = shape_t<A>;
    using t = shape_t<B>;
    using T = floating_t<promote_t<value_t<A>, value_t<B>>>;
    if constexpr (s::rank() == 0 || t::rank() == 0 || (s::rank() != t::rank() && s::rank() != 1 && t::rank() != 1))
        return cannot_convolve<s, t>{};
    else if constexpr (!std::is_same_v<T, float> && !std::is_same_v<T, double>)
        return no_transform_of<"fftconvolve", T>{};
    else
        return tenon::detail::make_array(detail::convolve_rule<T, s, t, Part>{}, cast<T>(std::forward<A>(a)),
                                         cast<T>(std::forward<B>(b)));
}

}  // namespace signal
}  // namespace tenon::inline TENON_TARGET
