// Convolutions as products of matrices that are nowhere: which element of an image, of a weight and of an output belongs to which
// row, column and depth.
//
//     values              rows: output pixels          columns: output channels   depth: elements of a window
//     input's gradient    rows: input pixels           columns: input channels    depth: windows that see the pixel
//     weight's gradient   rows: elements of a window   columns: output channels   depth: output pixels
//
// There is a product for each group. Where windows move by more than one pixel, an input pixel is seen by every
// stride-th element of a kernel, and which these are depends on the pixel's remainder. So the input's gradient has a
// product for each remainder too, and in each of them windows move one by one.
#pragma once

#include <cstddef>
#include <limits>
#include <numeric>
#include <type_traits>

#include <tenon/eval/cuda/reduce.hpp>
#include <tenon/expr/window.hpp>

namespace tenon::inline TENON_TARGET::eval {

// ---- along one axis

/// Where the positions of an axis and the elements of a kernel fall: position i and element k meet at
/// i·step + k·dilation + first. Elements of the kernel are counted from `tap` on, `tap_step` apart; those from `taps`
/// on do not exist.
struct axis_start {
    std::ptrdiff_t first;
    std::size_t tap, taps;
};

/// Pixels themselves, which no kernel looks at.
struct own_pixels {
    static constexpr std::size_t phases = 1, step = 1, kernel = 1, tap_step = 1;
    static constexpr std::ptrdiff_t dilation = 1;
    static constexpr bool stays_inside = true;
    TENON_HOST_DEVICE static constexpr axis_start of_phase(std::size_t) { return {0, 0, 1}; }
};
/// Input pixels that an output's window sees.
template <tenon::detail::window W>
struct seen_pixels {
    static constexpr std::size_t phases = 1, step = W.stride, kernel = W.kernel, tap_step = 1;
    static constexpr std::ptrdiff_t dilation = static_cast<std::ptrdiff_t>(W.dilation);
    static constexpr bool stays_inside = W.padding == 0;
    TENON_HOST_DEVICE static constexpr axis_start of_phase(std::size_t) {
        return {-static_cast<std::ptrdiff_t>(W.padding), 0, W.kernel};
    }
};
/// Input pixels of one remainder by the stride.
template <tenon::detail::window W>
struct pixels_of_phase {
    static constexpr std::size_t phases = W.stride, step = W.stride, kernel = 1, tap_step = 1;
    static constexpr std::ptrdiff_t dilation = 1;
    static constexpr bool stays_inside = W.stride == 1;
    TENON_HOST_DEVICE static constexpr axis_start of_phase(std::size_t p) {
        return {static_cast<std::ptrdiff_t>(p), 0, 1};
    }
};
/// Outputs whose windows see an input pixel of one remainder: output i sees pixel y with element k where
/// i·stride + k·dilation = y + padding.
template <tenon::detail::window W>
struct seeing_outputs {
    static constexpr std::size_t common = std::gcd(W.stride, W.dilation), tap_step = W.stride / common;
    static constexpr std::size_t phases = W.stride, step = 1, kernel = (W.kernel + tap_step - 1) / tap_step;
    static constexpr std::ptrdiff_t dilation = -static_cast<std::ptrdiff_t>(W.dilation / common);
    static constexpr bool stays_inside = false;
    TENON_HOST_DEVICE static constexpr axis_start of_phase(std::size_t p) {
        for (std::size_t k = 0; k < tap_step && k < W.kernel; ++k)
            if (k * W.dilation % W.stride == (p + W.padding) % W.stride) {
                auto const difference =
                    static_cast<std::ptrdiff_t>(p + W.padding) - static_cast<std::ptrdiff_t>(k * W.dilation);
                return {difference / static_cast<std::ptrdiff_t>(W.stride), k,
                        (W.kernel - k + tap_step - 1) / tap_step};
            }
        return {0, 0, 0};
    }
};

/// What the number of a channel's element of a kernel consists of.
template <class Vertical, class Horizontal, class Number>
struct kernel_element {
    Number channel, k, l;
    TENON_INLINE TENON_HOST_DEVICE explicit constexpr kernel_element(Number i)
        : channel(i / static_cast<Number>(Vertical::kernel * Horizontal::kernel)),
          k(i / static_cast<Number>(Horizontal::kernel) % static_cast<Number>(Vertical::kernel)),
          l(i % static_cast<Number>(Horizontal::kernel)) {}
};

// ---- index maps: rows and columns of a matrix as places in memory

/// Pixels of images: a row is a position in an image of the batch, a column an element of a kernel.
/// @tparam Local type of distances in one image
/// @tparam Positions extents of the rows' positions in an image
/// @tparam Image of the tensor, [n, groups · channels, h, w]
/// @tparam Channels of a group
template <class Local, class Positions, class Image, std::size_t Channels, class Vertical, class Horizontal>
struct pixel_map {
    static constexpr std::size_t phases = Vertical::phases * Horizontal::phases;
    using unsigned_local = std::make_unsigned_t<Local>;

    Positions positions;
    Image image;
    axis_start vertical, horizontal;
    std::ptrdiff_t start;  ///< of the group's first channel

    TENON_HOST_DEVICE pixel_map(Positions p, Image i) : positions(p), image(i), vertical{}, horizontal{}, start(0) {}

    struct row_place {
        std::ptrdiff_t offset;
        Local y, x;
    };
    struct column_place {
        Local offset, y, x;
    };
    template <class Index>
    TENON_INLINE __device__ void choose(Index product) {
        auto const phase = static_cast<std::size_t>(product % static_cast<Index>(phases));
        vertical = Vertical::of_phase(phase / Horizontal::phases);
        horizontal = Horizontal::of_phase(phase % Horizontal::phases);
        start = static_cast<std::ptrdiff_t>(product / static_cast<Index>(phases)) *
                static_cast<std::ptrdiff_t>(Channels) * plane();
    }
    template <class Index>
    TENON_INLINE __device__ row_place row(Index i) const {
        auto const height = extent_of<0, Index>(positions), width = extent_of<1, Index>(positions);
        Index const line = i / width, number = line / height;
        auto const y = static_cast<Local>(static_cast<std::ptrdiff_t>(line % height * Index(Vertical::step)) +
                                          vertical.first),
                   x = static_cast<Local>(static_cast<std::ptrdiff_t>(i % width * Index(Horizontal::step)) +
                                          horizontal.first);
        auto const channels = static_cast<std::ptrdiff_t>(Image::static_extents[1]);
        return {start + static_cast<std::ptrdiff_t>(number) * channels * plane() +
                    static_cast<std::ptrdiff_t>(y) * width_of_image() + x,
                y, x};
    }
    template <class Index>
    TENON_INLINE __device__ column_place column(Index i) const {
        kernel_element<Vertical, Horizontal, unsigned_local> const e(static_cast<unsigned_local>(i));
        auto const y = static_cast<Local>(e.k) * static_cast<Local>(Vertical::dilation),
                   x = static_cast<Local>(e.l) * static_cast<Local>(Horizontal::dilation);
        column_place p{static_cast<Local>(e.channel) * static_cast<Local>(plane()) +
                           y * static_cast<Local>(width_of_image()) + x,
                       y, x};
        // Where there is no such element, no row has it inside.
        if constexpr (Vertical::phases != 1)
            if (e.k >= vertical.taps) p.y = nowhere;
        if constexpr (Horizontal::phases != 1)
            if (e.l >= horizontal.taps) p.x = nowhere;
        return p;
    }
    TENON_INLINE __device__ bool contains(row_place r, column_place c) const {
        bool inside = true;
        if constexpr (!Vertical::stays_inside)
            inside = static_cast<unsigned_local>(r.y + c.y) < extent_of<2, unsigned_local>(image);
        if constexpr (!Horizontal::stays_inside)
            inside = inside && static_cast<unsigned_local>(r.x + c.x) < extent_of<3, unsigned_local>(image);
        return inside;
    }
    TENON_INLINE __device__ std::ptrdiff_t offset(row_place r, column_place c) const { return r.offset + c.offset; }

private:
    /// Far left of every image, and so far that no position leads back.
    static constexpr Local nowhere = std::numeric_limits<Local>::min() / 2;
    TENON_INLINE __device__ std::ptrdiff_t width_of_image() const { return extent_of<3, std::ptrdiff_t>(image); }
    TENON_INLINE __device__ std::ptrdiff_t plane() const {
        return extent_of<2, std::ptrdiff_t>(image) * width_of_image();
    }
};

/// Elements of a weight: a row is an element of a kernel in one channel, a column the other channel.
/// @tparam RowDistance, ColumnDistance from channel to channel
/// @tparam Group elements of a group's weight
template <std::size_t RowDistance, std::size_t ColumnDistance, std::size_t Group, std::size_t Width, class Vertical,
          class Horizontal>
struct weight_map {
    static constexpr std::size_t phases = Vertical::phases * Horizontal::phases;
    axis_start vertical{}, horizontal{};
    std::ptrdiff_t start = 0;

    struct row_place {
        std::ptrdiff_t offset;
        bool exists;
    };
    template <class Index>
    TENON_INLINE __device__ void choose(Index product) {
        auto const phase = static_cast<std::size_t>(product % static_cast<Index>(phases));
        vertical = Vertical::of_phase(phase / Horizontal::phases);
        horizontal = Horizontal::of_phase(phase % Horizontal::phases);
        start = static_cast<std::ptrdiff_t>(product / static_cast<Index>(phases)) * static_cast<std::ptrdiff_t>(Group);
    }
    template <class Index>
    TENON_INLINE __device__ row_place row(Index i) const {
        kernel_element<Vertical, Horizontal, Index> const e(i);
        auto const k = static_cast<std::size_t>(e.k), l = static_cast<std::size_t>(e.l);
        std::size_t const at = static_cast<std::size_t>(e.channel) * RowDistance +
                               (vertical.tap + k * Vertical::tap_step) * Width + horizontal.tap +
                               l * Horizontal::tap_step;
        return {start + static_cast<std::ptrdiff_t>(at), phases == 1 || (k < vertical.taps && l < horizontal.taps)};
    }
    template <class Index>
    TENON_INLINE __device__ std::ptrdiff_t column(Index i) const {
        return static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(ColumnDistance);
    }
    TENON_INLINE __device__ static bool contains(row_place r, std::ptrdiff_t) { return r.exists; }
    TENON_INLINE __device__ static std::ptrdiff_t offset(row_place r, std::ptrdiff_t column) {
        return r.offset + column;
    }
};

/// A factor of `kernels::contract` in memory.
/// @tparam Turned whether the map's rows are the product's depth
template <bool Turned, class T, class Map>
struct mapped_factor {
    static constexpr bool outer_adjacent = !Turned;
    T const* p;
    Map map;

    template <class Index>
    TENON_INLINE __device__ mapped_factor of_product(Index q) const {
        mapped_factor f = *this;
        f.map.choose(q);
        return f;
    }
    template <class Index>
    TENON_INLINE __device__ auto outer(Index i) const {
        if constexpr (Turned) return map.column(i);
        else return map.row(i);
    }
    template <class Index>
    TENON_INLINE __device__ auto inner(Index k) const {
        if constexpr (Turned) return map.row(k);
        else return map.column(k);
    }
    template <class Outer, class Inner>
    TENON_INLINE __device__ T load(Outer o, Inner i) const {
        if constexpr (Turned) return map.contains(i, o) ? p[map.offset(i, o)] : T(0);
        else return map.contains(o, i) ? p[map.offset(o, i)] : T(0);
    }
};

/// What becomes of a sum on its way to memory: called as finish(sum, i) with the element's index. Nothing.
struct as_summed {
    template <class T, class Index>
    TENON_INLINE __device__ T operator()(T sum, Index) const {
        return sum;
    }
};

/// What is written where a sum, and perhaps a bias, belongs: set, or added to what is there.
template <class T, class Finish>
struct finished_sum {
    T* p;
    T const* bias;  ///< of all channels, or null
    bool add;
    Finish finish;

    TENON_INLINE __device__ T operator()(T sum, T offset, std::ptrdiff_t at) const {
        sum = finish(static_cast<T>(sum + offset), at);
        return add ? static_cast<T>(p[at] + sum) : sum;
    }
};

/// Where products go.
/// @tparam Columns of a product, each a channel
template <class T, class Map, std::size_t Columns, class Finish>
struct mapped_result {
    finished_sum<T, Finish> to;
    Map map;
    std::size_t part_distance;  ///< of the results of two parts

    struct column_place {
        decltype(std::declval<Map const&>().column(0U)) at;
        T bias;
    };
    template <class Index>
    TENON_INLINE __device__ mapped_result of_product(Index q) const {
        mapped_result r = *this;
        r.map.choose(q);
        if (to.bias) r.to.bias += static_cast<std::size_t>(q / static_cast<Index>(Map::phases)) * Columns;
        return r;
    }
    template <class Index>
    TENON_INLINE __device__ auto row(Index i) const {
        return map.row(i);
    }
    template <class Index>
    TENON_INLINE __device__ column_place column(Index j) const {
        return {map.column(j), to.bias ? to.bias[j] : T(0)};
    }
    template <class Row, class Index>
    TENON_INLINE __device__ void store(Row row, column_place column, Index part, T sum) const {
        if (!map.contains(row, column.at)) return;
        std::ptrdiff_t const at = map.offset(row, column.at);
        to.p[static_cast<std::size_t>(part) * part_distance + static_cast<std::size_t>(at)] = to(sum, column.bias, at);
    }
};

/// Sums of parts, each as long as the result, added up in their order: what is written where they belong.
/// @tparam Image shape of the result, whose axis 1 counts channels
template <class T, class Image, class Finish>
struct joined_parts : reader_base<T> {
    T const* parts;
    std::size_t count, size;  ///< of the parts, and of each
    finished_sum<T, Finish> to;
    Image image;

    TENON_HOST_DEVICE joined_parts(T const* p, std::size_t n, finished_sum<T, Finish> const& f, Image i)
        : parts(p), count(n), size(i.size()), to(f), image(i) {}
    template <std::size_t N, class Index>
    TENON_INLINE __device__ auto load(Index i) const {
        static_assert(N == 1);
        T sum = parts[i];
        for (std::size_t q = 1; q < count; ++q) sum = static_cast<T>(sum + parts[q * size + i]);
        T const bias = to.bias ? to.bias[channel(i)] : T(0);
        return lane_registers<lane_t<T, 1>, 1>{{{to(sum, bias, static_cast<std::ptrdiff_t>(i))}}};
    }

private:
    template <class Index>
    TENON_INLINE __device__ Index channel(Index i) const {
        return i / extent_of<3, Index>(image) / extent_of<2, Index>(image) % extent_of<1, Index>(image);
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
