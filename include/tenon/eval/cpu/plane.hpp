// Channels of images, laid out for lanes that run along the width of what windows see of them.
#pragma once

#include <algorithm>
#include <cstddef>

#include <tenon/core/workspace.hpp>
#include <tenon/eval/cpu/convolution.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Planes with their margins, each a channel of an image. Columns are dealt out to as many phases as windows move at once: with margins,
/// column c lies in phase c % stride at c / stride, so that what neighbouring windows see at the same place are neighbours.
/// Depthwise 3×3 windows over 32 channels of 56×56 floats with stride 2 take 0.41 to 0.49 of the time on Zen 3 that they take when
/// each window is read by itself, forward and with gradients.
template <class T>
class staged_planes {
public:
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / sizeof(T);

    /// Behind the end lies room for packs that begin inside.
    explicit staged_planes(convolution const& g, std::size_t count = 1)
        : g_(g),
          phases_(g.columns.stride),
          phase_((g.width + 2 * g.columns.padding + phases_ - 1) / phases_),
          plane_((g.height + 2 * g.rows.padding) * pitch()),
          size_(count * plane_ + 4 * lanes) {
        values_.reserve(size_);
        clear();
    }
    void clear() { std::fill_n(values_.data(), size_, T(0)); }
    /// Brings a channel in.
    void read(T const* image, std::size_t plane = 0) {
        if (phases_ == 1) {
            for (std::size_t i = 0; i < g_.height; ++i)
                std::copy_n(image + i * g_.width, g_.width, inner_row(plane, i) + g_.columns.padding);
            return;
        }
        each_column(
            image, plane, [](T* to, T const* from) TENON_LAMBDA_INLINE { *to = *from; },
            [](T* even, T* odd, T const* from) TENON_LAMBDA_INLINE {
                auto const a = element::load_lanes<lanes>(from), b = element::load_lanes<lanes>(from + lanes);
                element::store_lanes(even, math::every_second<0>(a, b));
                element::store_lanes(odd, math::every_second<1>(a, b));
            });
    }
    /// Adds what was collected here to a channel.
    void add_to(T* image, std::size_t plane = 0) {
        each_column(
            image, plane, [](T* from, T* to) TENON_LAMBDA_INLINE { *to += *from; },
            [](T* even, T* odd, T* to) TENON_LAMBDA_INLINE {
                auto const a = element::load_lanes<lanes>(even), b = element::load_lanes<lanes>(odd);
                add_lanes(to, math::interleave<false>(a, b));
                add_lanes(to + lanes, math::interleave<true>(a, b));
            });
    }
    /// Elements from a row of a plane to the next.
    std::size_t pitch() const { return phases_ * phase_; }
    /// Elements from one plane to the next.
    std::size_t plane_size() const { return plane_; }
    /// Where the windows of a row of outputs start in the first plane.
    T* row(std::size_t i) { return values_.data() + i * g_.rows.stride * pitch(); }
    /// Where element (k, l) of a window lies from there.
    std::size_t tap(std::size_t k, std::size_t l) const {
        std::size_t const c = l * g_.columns.dilation;
        return k * g_.rows.dilation * pitch() + c % phases_ * phase_ + c / phases_;
    }

private:
    /// Row i of a channel, with its margin.
    T* inner_row(std::size_t plane, std::size_t i) {
        return values_.data() + plane * plane_ + (i + g_.rows.padding) * pitch();
    }
    /// Calls one(here, there) for elements here and in an image, or two(even, odd, there) for two packs of each. Columns that no
    /// window sees are left out.
    template <class E, class One, class Two>
    TENON_INLINE void each_column(E* image, std::size_t plane, One one, Two two) {
        std::size_t const first = g_.columns.padding, last = first + g_.width;
        std::size_t const seen = g_.columns.kernel == 1 ? 1 : phases_;
        for (std::size_t i = 0; i < g_.height; ++i, image += g_.width) {
            if (g_.rows.kernel == 1 && (i + g_.rows.padding) % g_.rows.stride != 0) continue;
            T* const row = inner_row(plane, i);
            // A multiple of the phases, from which each is gone through by itself.
            std::size_t rest = first / phases_ * phases_;
            if (phases_ == 2 && seen == 2) {
                if (first % 2 != 0) {
                    one(row + phase_ + first / 2, image);
                    rest += 2;
                }
                for (; rest + 2 * lanes <= last; rest += 2 * lanes)
                    two(row + rest / 2, row + phase_ + rest / 2, image + (rest - first));
            }
            for (std::size_t phase = 0; phase < seen; ++phase) {
                std::size_t c = rest + phase;
                if (c < first) c += phases_;
                T* to = row + phase * phase_ + c / phases_;
                for (; c < last; c += phases_, ++to) one(to, image + (c - first));
            }
        }
    }

    convolution const& g_;
    std::size_t phases_, phase_, plane_, size_;
    buffer<T, dyn> values_;
};

/// Where the elements of a window lie from its start, in the order (channel, row, column) that a weight has.
template <class T>
class window_taps {
public:
    window_taps(convolution const& g, staged_planes<T> const& image) {
        at_.reserve(g.window());
        std::size_t* to = at_.data();
        for (std::size_t c = 0; c < g.channels; ++c)
            for (std::size_t k = 0; k < g.rows.kernel; ++k)
                for (std::size_t l = 0; l < g.columns.kernel; ++l) *to++ = c * image.plane_size() + image.tap(k, l);
    }
    TENON_INLINE std::size_t operator[](std::size_t element) const { return at_.data()[element]; }
    std::size_t const* data() const { return at_.data(); }

private:
    buffer<std::size_t, dyn> at_;
};

}  // namespace tenon::inline TENON_TARGET::eval
