// Signals as frames that overlap, and frames added up to a signal: what short-time transforms are made of.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <tenon/eval/cpu/array.hpp>

namespace tenon::inline TENON_TARGET {

/// What stands before and behind a signal whose frames are centred.
enum class signal_padding { reflect, constant, replicate, circular };

namespace detail {

/// Where frames lie in a signal.
struct frame_places {
    std::size_t hop;
    std::size_t before = 0;  ///< positions of the first frame that lie before the signal
    signal_padding mode = signal_padding::constant;

    std::size_t count(std::size_t length, std::size_t width) const {
        std::size_t const whole = length + 2 * before;
        return whole < width ? 0 : 1 + (whole - width) / hop;
    }
    /// The element of a signal that is element j of frame t; `length` where there is none.
    std::size_t at(std::size_t t, std::size_t j, std::size_t length) const {
        auto const n = static_cast<std::ptrdiff_t>(length);
        auto p = static_cast<std::ptrdiff_t>(t * hop + j) - static_cast<std::ptrdiff_t>(before);
        if (p >= 0 && p < n) return static_cast<std::size_t>(p);
        switch (mode) {
        case signal_padding::constant: return length;
        case signal_padding::reflect: p = p < 0 ? -p : 2 * (n - 1) - p; break;
        case signal_padding::replicate: p = p < 0 ? 0 : n - 1; break;
        case signal_padding::circular: p = p < 0 ? p + n : p - n; break;
        }
        return static_cast<std::size_t>(p);
    }
};

/// The extents of S without the last Drop, and E behind them.
template <class S, std::size_t Drop, std::size_t... E>
struct signal_extents {
    static constexpr std::size_t kept = S::rank() - Drop, rank = kept + sizeof...(E);
    static constexpr auto value = [] {
        std::array<std::size_t, rank + 1> all{};
        for (std::size_t a = 0; a != kept; ++a) all[a] = S::static_extents[a];
        std::size_t a = kept;
        ((all[a++] = E), ...);
        return all;
    }();
    using type = shape_from<rank, signal_extents>;
    static type of(S const& s, std::array<std::size_t, sizeof...(E)> const& n) {
        std::array<std::size_t, rank> all{};
        for (std::size_t a = 0; a != kept; ++a) all[a] = s[a];
        for (std::size_t e = 0; e != sizeof...(E); ++e) all[kept + e] = n[e];
        return type(all);
    }
};

/// Adds signals' elements to those of their frames, or those of frames to the signals'.
template <bool ToFrames, class E>
void add_frames(std::size_t signals, std::size_t length, std::size_t frames, std::size_t width,
                frame_places const& places, E* signal, E* frame) {
    for (std::size_t s = 0; s != signals; ++s)
        for (std::size_t t = 0; t != frames; ++t)
            for (std::size_t j = 0; j != width; ++j)
                if (std::size_t const p = places.at(t, j, length); p < length) {
                    E& one = signal[s * length + p];
                    E& other = frame[(s * frames + t) * width + j];
                    if constexpr (ToFrames) other += one;
                    else one += other;
                }
}
template <class S>
std::size_t signals_of(S const& s, std::size_t axes) {
    std::size_t n = 1;
    for (std::size_t a = 0; a + axes < S::rank(); ++a) n *= s[a];
    return n;
}

/// [… , length] as frames [… , frames, Width].
template <class T, class S, std::size_t Width>
struct frame_rule {
    using value_type = T;
    using extents = signal_extents<S, 1, dyn, Width>;
    using shape_type = typename extents::type;
    static constexpr char const *name = "frames", *kind = "copy";
    static constexpr bool has_gradient = true;
    frame_places places;

    shape_type shape(S const& s) const {
        std::size_t const length = s[S::rank() - 1], before = places.before;
        if ((places.mode == signal_padding::reflect && before != 0 && before >= length) ||
            (places.mode == signal_padding::circular && before > length) ||
            (places.mode == signal_padding::replicate && before != 0 && length == 0))
            throw shape_error(text_of({"stft: padding by ", before, " takes a longer signal than ", to_string(s)}));
        std::size_t const count = places.count(length, Width);
        if (count == 0)
            throw shape_error(text_of({"stft: a frame of ", Width, " is longer than signals of ", to_string(s)}));
        return extents::of(s, {count, Width});
    }
    std::size_t operations(S const&) const { return 0; }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& x) const {
        std::size_t const length = x.shape[S::rank() - 1], frames = y.shape[shape_type::rank() - 2];
        for (std::size_t i = 0; i != y.shape.size(); ++i) y.data[i] = T(0);
        add_frames<true>(signals_of(x.shape, 1), length, frames, Width, places, const_cast<T*>(x.data), y.data);
    }
    void backward(array_of<T const, shape_type> const& y, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const&, array_of<T, S> const& gx) const {
        if (gx.data)
            add_frames<false>(signals_of(gx.shape, 1), gx.shape[S::rank() - 1], y.shape[shape_type::rank() - 2], Width,
                              places, gx.data, const_cast<T*>(g.data));
    }
};
/// Frames [… , frames, width] added up to [… , length].
template <class T, class S>
struct overlap_rule {
    using value_type = T;
    using extents = signal_extents<S, 2, dyn>;
    using shape_type = typename extents::type;
    static constexpr char const *name = "overlap_add", *kind = "copy";
    static constexpr bool has_gradient = true;
    frame_places places;
    std::size_t length;

    shape_type shape(S const& s) const { return extents::of(s, {length}); }
    std::size_t operations(S const& s) const { return s.size(); }
    void forward(array_of<T, shape_type> const& y, array_of<T const, S> const& x) const {
        for (std::size_t i = 0; i != y.shape.size(); ++i) y.data[i] = T(0);
        add_frames<false>(signals_of(x.shape, 2), length, x.shape[S::rank() - 2], x.shape[S::rank() - 1], places,
                          y.data, const_cast<T*>(x.data));
    }
    void backward(array_of<T const, shape_type> const&, array_of<T const, shape_type> const& g,
                  array_of<T const, S> const&, array_of<T, S> const& gx) const {
        if (gx.data)
            add_frames<true>(signals_of(gx.shape, 2), length, gx.shape[S::rank() - 2], gx.shape[S::rank() - 1], places,
                             const_cast<T*>(g.data), gx.data);
    }
};

}  // namespace detail
}  // namespace tenon::inline TENON_TARGET
