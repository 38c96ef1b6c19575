// The three products that a convolution and its gradients are made of, for one kernel: their tiles, their parts and their launches.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <tenon/eval/cuda/convolution_maps.hpp>
#include <tenon/kernels/contract.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {

struct tile_numbers {
    unsigned rows, columns, depth, thread_rows, thread_columns;
};
constexpr unsigned power_up_to(std::size_t most, std::size_t n) {
    return static_cast<unsigned>(std::bit_ceil(std::clamp(n, std::size_t{1}, most)));
}
/// For any number of pixels as rows. The depth is divided evenly, so that little of the last tile is wasted.
constexpr tile_numbers pixel_tile(std::size_t columns, std::size_t depth) {
    unsigned const c = power_up_to(64, columns), r = c >= 32 ? 128 : 256, sums = r * c / kernels::block_size;
    unsigned const thread_columns = std::min(c, 4U);
    std::size_t const deepest = 16, tiles = std::max<std::size_t>((depth + deepest - 1) / deepest, 1);
    return {r, c, static_cast<unsigned>(std::max<std::size_t>((depth + tiles - 1) / tiles, 1)),
            std::max(sums / thread_columns, 1U), thread_columns};
}
/// For products of few elements over a long depth, which threads without elements of their own share.
constexpr tile_numbers weight_tile(std::size_t rows, std::size_t columns) {
    unsigned const r = power_up_to(64, rows), c = power_up_to(64, columns);
    unsigned const thread_rows = std::min(r, 4U), thread_columns = std::min(c, 4U);
    return {r, c, std::max(32U, kernels::block_size / ((r / thread_rows) * (c / thread_columns))), thread_rows,
            thread_columns};
}
template <tile_numbers N>
using tile_of = kernels::product_tile<N.rows, N.columns, N.depth, N.thread_rows, N.thread_columns>;

}  // namespace detail

/// The columns of rows that are added up.
using sums_of_rows = reduction_map<tenon::detail::reduced_extents<false, shape<dyn, dyn>, 0>, shape<dyn, dyn>>;

/// Adds rows of equal length up, in one order: `fill(p)` writes them to p, the sums go to `to`, or are added to what is
/// there, which is then one more row.
template <class T, class Fill>
void add_up_rows(std::size_t count, std::size_t length, T* to, bool adds, Fill const& fill) {
    if (count == 1 && !adds) return fill(to);
    std::size_t const all = count + adds;
    cuda::buffer<T> parts;
    parts.reserve(all * length);
    if (adds) cuda::copy_elements<T>(to, parts.data(), length);
    fill(parts.data() + (adds ? length : 0));
    reduce_on_device<op::sum>(memory_reader<T, gradient_store::none, true>(parts.data(), nullptr, {}),
                              sums_of_rows{shape<dyn, dyn>(all, length), length, all}, to);
}

/// The launches of `add_up_rows`, its filling one included, where nothing is there to add to.
inline std::size_t launches_adding_up_rows(std::size_t count) { return count > 1 ? 2 : 1; }
/// Says to a plan what memory that takes.
/// @param operand the number of the operand whose gradient the sums are
template <class T, class Plan>
void describe_adding_up_rows(std::size_t count, std::size_t length, std::size_t operand, Plan& p) {
    if (count <= 1) return;
    p.template gradient_scratch<cuda::buffer<T>>(count * length, operand - 1);
    p.template gradient_scratch<cuda::buffer<T>>(shares_of_blocks<sums_of_rows::columns>(length, count), operand - 1);
}

/// Runs the products of a convolution of X [n, c, h, w] with a weight W that gives Y, on row-major memory.
template <conv_options Options, class T, class X, class W, class Y>
class convolution_on_device {
    static constexpr tenon::detail::window2 windows =
        tenon::detail::windows(extent2{W::static_extents[2], W::static_extents[3]}, Options);
    static constexpr std::size_t groups = Options.groups, outputs = W::static_extents[0] / groups,
                                 channels = W::static_extents[1], height = W::static_extents[2],
                                 width = W::static_extents[3], kernel = height * width;

    /// Whether positions on an axis, margins included, and elements of one image have numbers of 31 bits.
    template <class S>
    static constexpr bool is_small = [] {
        constexpr std::size_t most = std::size_t{1} << 30;
        std::size_t const c = S::static_extents[1], h = S::static_extents[2], w = S::static_extents[3];
        if (is_dynamic(c) || is_dynamic(h) || is_dynamic(w)) return false;
        auto const reaches = [](tenon::detail::window const& v, std::size_t n) {
            return (n + 2 * v.padding + v.span()) * v.stride < most;
        };
        return reaches(windows.rows, h) && reaches(windows.columns, w) && c * h * w < most;
    }();
    template <class S>
    using local = std::conditional_t<is_small<S>, std::int32_t, std::int64_t>;
    /// Numbers of pixels of all images.
    using pixel_index = std::conditional_t<std::is_same_v<index_of<X>, std::uint32_t> && is_small<X> && is_small<Y>,
                                           index_of<Y>, std::uint64_t>;
    static_assert(static_size<W> < (std::size_t{1} << 31), "conv: a weight has at most 2³¹ − 1 elements on a device");

    /// The numbers of X's channels and Y's, which the weight has where the images' shape does not.
    template <class S, std::size_t Channels>
    using image = shape<S::static_extents[0], Channels, S::static_extents[2], S::static_extents[3]>;
    using input = image<X, channels * groups>;
    using output = image<Y, outputs * groups>;
    static constexpr std::size_t divided(std::size_t n, std::size_t stride) {
        return is_dynamic(n) ? dyn : (n + stride - 1) / stride;
    }
    using output_positions = shape<Y::static_extents[2], Y::static_extents[3]>;
    using phase_positions = shape<divided(X::static_extents[2], windows.rows.stride),
                                  divided(X::static_extents[3], windows.columns.stride)>;

    using seen_rows = seen_pixels<windows.rows>;
    using seen_columns = seen_pixels<windows.columns>;
    using seeing_rows = seeing_outputs<windows.rows>;
    using seeing_columns = seeing_outputs<windows.columns>;

    using windows_of_input = pixel_map<local<X>, output_positions, input, channels, seen_rows, seen_columns>;
    using pixels_of_output = pixel_map<local<Y>, output_positions, output, outputs, own_pixels, own_pixels>;
    using outputs_of_input = pixel_map<local<Y>, phase_positions, output, outputs, seeing_rows, seeing_columns>;
    using pixels_of_input = pixel_map<local<X>, phase_positions, input, channels, pixels_of_phase<windows.rows>,
                                      pixels_of_phase<windows.columns>>;
    using weights = weight_map<kernel, channels * kernel, outputs * channels * kernel, width, seen_rows, seen_columns>;
    using weights_of_input =
        weight_map<channels * kernel, kernel, outputs * channels * kernel, width, seeing_rows, seeing_columns>;

public:
    convolution_on_device(X const& x, Y const& y) : x_(x.extents()), y_(y.extents()) {}

    /// y = finish(x ⋆ w + bias), or y += that.
    /// @param bias null for none
    template <class Finish = as_summed>
    void values(T const* x, T const* w, T const* bias, T* y, bool adds, Finish const& finish = {}) const {
        run_pixels<values_product>(mapped_factor<false, T, windows_of_input>{x, {positions_of_output(), x_}},
                                   mapped_factor<true, T, weights>{w, {}}, pixels_of_output(positions_of_output(), y_),
                                   output_rows(), y_, finished_sum<T, Finish>{y, bias, adds, finish});
    }
    /// dx = finish(wᵀ ⋆ dy + bias), or dx += that; all of dx is written.
    /// @param bias null for none
    template <class Finish = as_summed>
    void input_gradient(T const* dy, T const* w, T const* bias, T* dx, bool adds, Finish const& finish = {}) const {
        phase_positions const positions = positions_of_phase();
        run_pixels<gradient_product>(mapped_factor<false, T, outputs_of_input>{dy, {positions, y_}},
                                     mapped_factor<true, T, weights_of_input>{w, {}}, pixels_of_input(positions, x_),
                                     phase_rows(), x_, finished_sum<T, Finish>{dx, bias, adds, finish});
    }
    /// dw = dy ⋆ x, or dw += dy ⋆ x. Where the weight alone has too few elements for the device, parts of the depth are
    /// summed apart and added up by a second launch.
    void weight_gradient(T const* x, T const* dy, T* dw, bool adds) const {
        division const parts = weight_parts();
        auto const sum = [&](T* to, bool add) {
            run<tile_of_weight>(sizes<unsigned, pixel_index>{weight_rows, outputs,
                                                             static_cast<pixel_index>(output_rows()),
                                                             static_cast<pixel_index>(parts.length),
                                                             static_cast<unsigned>(parts.count), groups},
                                mapped_factor<true, T, windows_of_input>{x, {positions_of_output(), x_}},
                                mapped_factor<true, T, pixels_of_output>{dy, {positions_of_output(), y_}},
                                mapped_result<T, weights, outputs, as_summed>{{to, nullptr, add, {}}, {}, weight_size});
        };
        if (parts.count == 1) sum(dw, adds);
        else add_up_rows<T>(parts.count, weight_size, dw, adds, [&](T* to) { sum(to, false); });
    }
    /// The launches that find values and an input's gradient.
    std::size_t value_launches() const { return parts_of<values_product>(output_rows()).count > 1 ? 2 : 1; }
    std::size_t input_launches() const { return parts_of<gradient_product>(phase_rows()).count > 1 ? 2 : 1; }
    /// How many elements the parts have that these add up.
    std::size_t value_scratch() const { return scratch(parts_of<values_product>(output_rows()), y_); }
    std::size_t input_scratch() const { return scratch(parts_of<gradient_product>(phase_rows()), x_); }
    /// The launches that find a weight's gradient.
    std::size_t weight_launches() const { return launches_adding_up_rows(weight_parts().count); }
    /// Says to a plan what memory that takes.
    template <class Plan>
    void describe_weight_gradient(std::size_t operand, Plan& p) const {
        describe_adding_up_rows<T>(weight_parts().count, weight_size, operand, p);
    }

private:
    /// How a sum over a depth is divided: into `count` parts, `length` long but for the last.
    struct division {
        std::size_t length, count;
    };
    /// @param most parts, each of which has at least `least` tiles of the depth
    static division divided(std::size_t depth, std::size_t tile, std::size_t most, std::size_t least) {
        std::size_t const steps = (depth + tile - 1) / tile,
                          count = std::clamp<std::size_t>(most, 1, std::max<std::size_t>(steps / least, 1)),
                          part = std::max<std::size_t>((steps + count - 1) / count, 1) * tile;
        return {part, std::max<std::size_t>((depth + part - 1) / part, 1)};
    }

    /// Products whose rows are pixels: values, and the input's gradient.
    template <std::size_t Columns, std::size_t Depth, std::size_t Count>
    struct pixel_product {
        static constexpr std::size_t columns = Columns, depth = Depth, count = Count;
        static constexpr detail::tile_numbers tile = detail::pixel_tile(Columns, Depth);
        /// Tiles of the depth for each part of it, and for a sum that is worth a second launch.
        static constexpr std::size_t least = 8, deep = 32;
        static constexpr bool is_deep = Depth > (deep - 1) * tile.depth;
    };
    using values_product = pixel_product<outputs, channels * kernel, groups>;
    using gradient_product = pixel_product<channels, outputs * seeing_rows::kernel * seeing_columns::kernel,
                                           groups * pixels_of_input::phases>;

    /// In as many parts as the device can work on at once, where tiles alone do not occupy it.
    template <class Product>
    static division parts_of(std::size_t rows) {
        constexpr detail::tile_numbers tile = Product::tile;
        std::size_t const tiles = (rows + tile.rows - 1) / tile.rows * Product::count *
                                  ((Product::columns + tile.columns - 1) / tile.columns),
                          room = cuda::context::local().multiprocessors();
        if (!Product::is_deep || tiles == 0 || tiles >= room) return {Product::depth, 1};
        return divided(Product::depth, tile.depth, 2 * room / tiles, Product::least);
    }
    template <class Image>
    static std::size_t scratch(division const& parts, Image const& result) {
        return parts.count > 1 ? parts.count * result.size() : 0;
    }
    /// One launch, or one for all parts of the depth and one that adds them up in their order.
    template <class Product, class Left, class Right, class Map, class Image, class Finish>
    static void run_pixels(Left const& left, Right const& right, Map const& map, std::size_t rows, Image const& image,
                           finished_sum<T, Finish> const& to) {
        constexpr std::size_t columns = Product::columns;
        division const parts = parts_of<Product>(rows);
        sizes<pixel_index, unsigned> const e{
            static_cast<pixel_index>(rows),     columns,       Product::depth, static_cast<unsigned>(parts.length),
            static_cast<unsigned>(parts.count), Product::count};
        if constexpr (Product::is_deep)
            if (parts.count > 1) {
                using index = index_of<Image>;
                using joined = joined_parts<T, Image, Finish>;
                std::size_t const n = image.size();
                cuda::buffer<T> sums;
                sums.reserve(parts.count * n);
                run<Product::tile>(
                    e, left, right,
                    mapped_result<T, Map, columns, as_summed>{{sums.data(), nullptr, false, {}}, map, n});
                return cuda::launch("evaluate", &kernels::evaluate<1, index, joined, T>, blocks_for(n),
                                    kernels::block_size, joined(sums.data(), parts.count, to, image), to.p,
                                    static_cast<index>(n));
            }
        run<Product::tile>(e, left, right, mapped_result<T, Map, columns, Finish>{to, map, 0});
    }

    static constexpr std::size_t weight_rows = channels * kernel, weight_size = groups * outputs * weight_rows;
    static constexpr detail::tile_numbers tile_of_weight = detail::weight_tile(weight_rows, outputs);
    division weight_parts() const {
        constexpr detail::tile_numbers tile = tile_of_weight;
        constexpr std::size_t tiles =
            groups * ((weight_rows + tile.rows - 1) / tile.rows) * ((outputs + tile.columns - 1) / tile.columns);
        return divided(output_rows(), tile.depth, std::size_t{cuda::context::local().multiprocessors()} * 4 / tiles, 4);
    }

    std::size_t images() const { return x_[0]; }
    /// Pixels of all images: of outputs, and of inputs of one remainder.
    std::size_t output_rows() const { return images() * y_[2] * y_[3]; }
    std::size_t phase_rows() const { return images() * positions_of_phase().size(); }
    phase_positions positions_of_phase() const {
        auto const divide = [](std::size_t n, std::size_t stride) { return (n + stride - 1) / stride; };
        return phase_positions(divide(x_[2], windows.rows.stride), divide(x_[3], windows.columns.stride));
    }
    output_positions positions_of_output() const { return output_positions(y_[2], y_[3]); }

    template <class Row, class Depth>
    using sizes = kernels::product_extents<Row, Depth>;
    template <detail::tile_numbers N, class Row, class Depth, class Left, class Right, class Result>
    static void run(sizes<Row, Depth> const& e, Left const& left, Right const& right, Result const& result) {
        std::size_t const blocks = (std::size_t{e.rows} + N.rows - 1) / N.rows *
                                   ((std::size_t{e.columns} + N.columns - 1) / N.columns) * e.count * e.parts;
        if (blocks == 0) return;
        constexpr std::size_t most = std::numeric_limits<std::int32_t>::max();
        cuda::launch("contract", &kernels::contract<detail::tile_of<N>, T, Row, Depth, Left, Right, Result>,
                     dim3(static_cast<unsigned>(std::min(blocks, most))), kernels::block_size, left, right, result, e);
    }

    input x_;
    output y_;
};

}  // namespace tenon::inline TENON_TARGET::eval
