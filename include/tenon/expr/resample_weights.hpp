// What an axis that is resized is made of: for each output element neighbouring input elements and their weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <tenon/base/target.hpp>

namespace tenon::inline TENON_TARGET {

/// How interpolate finds values between elements; the modes of torch.nn.functional.interpolate. `linear` is for one axis, `bilinear` and
/// `bicubic` for two, `trilinear` for three, the others for any number.
enum class interpolation { nearest, nearest_exact, linear, bilinear, bicubic, trilinear, area };

namespace detail {

/// How one axis is resized.
struct resample_axis {
    std::size_t input, output;
    interpolation mode;
    bool align_corners, antialias;
    double scale;  ///< the factor that the output's extent was found by, or 0
};

/// For each output element the first input element that it is made of, and the weights of that and its followers: `taps` for each, of
/// which the first `counts` count.
template <class W>
struct resample_weights {
    std::size_t taps = 1;
    std::vector<std::size_t> first, counts;
    std::vector<W> weights;

    W const* of(std::size_t o) const { return weights.data() + o * taps; }
    /// Leaves out the zeros before and behind each element's weights: what they would be multiplied with may be infinite or NaN.
    void count() {
        counts.assign(first.size(), taps);
        for (std::size_t o = 0; o < first.size(); ++o) {
            W* const own = weights.data() + o * taps;
            while (counts[o] > 1 && own[counts[o] - 1] == 0) --counts[o];
            std::size_t zeros = 0;
            while (zeros + 1 < counts[o] && own[zeros] == 0) ++zeros;
            if (zeros == 0) continue;
            std::copy(own + zeros, own + counts[o], own);
            first[o] += zeros;
            counts[o] -= zeros;
        }
    }
    /// Whether every element is its own.
    bool is_identity(std::size_t input) const {
        bool same = first.size() == input;
        for (std::size_t o = 0; same && o < input; ++o) same = first[o] == o && counts[o] == 1 && of(o)[0] == 1;
        return same;
    }
};

/// Keys' cubic convolution kernel: a = −0.75 as in PyTorch and OpenCV, −0.5 as in Pillow where it is stretched to hide aliases.
template <class W>
W cubic(W x, W a) {
    x = std::abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : W(0);
}
/// Distance of neighbouring output elements in the input, as PyTorch rounds it. Linear modes, and those without aliases, leave alone an
/// axis whose extent stays, whatever factor it was found by.
template <class W>
W resample_step(resample_axis const& a) {
    if (a.align_corners) return a.output > 1 ? static_cast<W>(a.input - 1) / static_cast<W>(a.output - 1) : W(0);
    bool const is_linear =
        a.mode == interpolation::linear || a.mode == interpolation::bilinear || a.mode == interpolation::trilinear;
    if ((is_linear || a.antialias) && a.input == a.output) return W(1);
    return a.scale > 0 ? static_cast<W>(1 / a.scale) : static_cast<W>(a.input) / static_cast<W>(a.output);
}
/// Adds weights at places that are moved to the nearest element there is; places ascend.
template <class W>
void put_weight(resample_weights<W>& to, std::size_t o, std::ptrdiff_t place, std::size_t extent, W w) {
    auto const at =
        static_cast<std::size_t>(std::clamp(place, std::ptrdiff_t{0}, static_cast<std::ptrdiff_t>(extent) - 1));
    // The window may not reach beyond the input: it begins early enough for all of its taps.
    to.weights[o * to.taps + (at - to.first[o])] += w;
}
template <class W>
resample_weights<W> stretched_weights(resample_axis const& a) {
    bool const is_cubic = a.mode == interpolation::bicubic;
    W const step = resample_step<W>(a), stretch = std::max(step, W(1)), support = (is_cubic ? W(2) : W(1)) * stretch;
    resample_weights<W> to;
    to.taps = std::min(a.input, static_cast<std::size_t>(std::ceil(support)) * 2 + 1);
    to.first.resize(a.output);
    to.weights.resize(a.output * to.taps);
    for (std::size_t o = 0; o < a.output; ++o) {
        W const center = step * (static_cast<W>(o) + W(0.5));
        auto const begin = static_cast<std::size_t>(std::max(center - support + W(0.5), W(0)));
        auto const end = std::min(static_cast<std::size_t>(std::max(center + support + W(0.5), W(0))), a.input);
        to.first[o] = std::min(begin, a.input - to.taps);
        W total = 0;
        auto const weight = [&](std::size_t i) {
            W const x = (static_cast<W>(i) - center + W(0.5)) / stretch;
            return is_cubic ? cubic(x, W(-0.5)) : std::max(W(0), 1 - std::abs(x));
        };
        for (std::size_t i = begin; i < end; ++i) total += weight(i);
        for (std::size_t i = begin; i < end; ++i)
            to.weights[o * to.taps + (i - to.first[o])] = total == 0 ? W(0) : weight(i) / total;
    }
    to.count();
    return to;
}
/// @tparam W float or double: places are found in it, but those of nearest elements in float, so that images of either take the same
/// ones, as those of PyTorch along two axes do (along one or three it rounds only the product, which double can change)
template <class W>
resample_weights<W> weights_along(resample_axis const& a) {
    auto const n = static_cast<std::ptrdiff_t>(a.input);
    if (a.antialias) return stretched_weights<W>(a);
    resample_weights<W> to;
    to.first.resize(a.output);
    bool const is_cubic = a.mode == interpolation::bicubic;
    switch (a.mode) {
    case interpolation::nearest:
    case interpolation::nearest_exact: to.taps = 1; break;
    case interpolation::bicubic: to.taps = std::min<std::size_t>(4, a.input); break;
    case interpolation::area: to.taps = std::min(a.input, (a.input + a.output - 1) / a.output + 1); break;
    default: to.taps = std::min<std::size_t>(2, a.input);
    }
    to.weights.resize(a.output * to.taps);
    W const step = resample_step<W>(a);
    for (std::size_t o = 0; o < a.output; ++o) {
        auto const at = static_cast<W>(o);
        auto const begin_at = [&](std::ptrdiff_t place) {
            to.first[o] = static_cast<std::size_t>(
                std::clamp(place, std::ptrdiff_t{0}, n - static_cast<std::ptrdiff_t>(to.taps)));
        };
        if (to.taps == 1 && a.mode != interpolation::area) {
            float const place = (static_cast<float>(o) + (a.mode == interpolation::nearest_exact ? 0.5f : 0.f)) *
                                resample_step<float>(a);
            begin_at(a.input == 1 ? 0 : static_cast<std::ptrdiff_t>(std::floor(place)));
            to.weights[o] = 1;
        } else if (a.mode == interpolation::area) {
            std::size_t const begin = o * a.input / a.output, end = ((o + 1) * a.input + a.output - 1) / a.output;
            to.first[o] = std::min(begin, a.input - to.taps);
            for (std::size_t i = begin; i < end; ++i)
                to.weights[o * to.taps + (i - to.first[o])] = 1 / static_cast<W>(end - begin);
        } else {
            W place = a.align_corners ? at * step : step * (at + W(0.5)) - W(0.5);
            if (!is_cubic && place < 0) place = 0;
            auto const left = static_cast<std::ptrdiff_t>(std::floor(place));
            W const t = std::min(std::max(place - static_cast<W>(left), W(0)), W(1));
            begin_at(is_cubic ? left - 1 : left);
            if (is_cubic)
                for (std::ptrdiff_t k = -1; k <= 2; ++k)
                    put_weight(to, o, left + k, a.input, cubic(t - static_cast<W>(k), W(-0.75)));
            else {
                put_weight(to, o, left, a.input, 1 - t);
                put_weight(to, o, left + 1, a.input, t);
            }
        }
    }
    to.count();
    return to;
}
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET
