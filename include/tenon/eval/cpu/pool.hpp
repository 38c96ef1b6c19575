// Pooling on the processor: rows of the operand's region are computed into the cache and pooled there.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/pool.hpp>
#include <tenon/scalar/shuffle.hpp>

namespace tenon::inline TENON_TARGET::eval {

namespace detail {

/// Lanes p[0], p[Step], p[2 Step], …; may read up to Step − 1 elements more.
template <std::size_t N, std::size_t Step, class T>
TENON_INLINE constexpr auto load_every(T const* p) {
    if constexpr (Step == 1 || N == 1) return element::load_lanes<N>(p);
    else if constexpr (Step == 2)
        return math::every_second<0>(element::load_lanes<N>(p), element::load_lanes<N>(p + N));
    else return lane_t<T, N>::generate([p](std::size_t l) { return p[l * Step]; });
}

/// Adds lanes to p[0], p[Step], p[2 Step], …
template <std::size_t N, std::size_t Step, class T, class V>
TENON_INLINE constexpr void add_every(T* p, V const& v) {
    if constexpr (Step == 1 || N == 1) element::store_lanes(p, element::load_lanes<N>(p) + v);
    else
        for (std::size_t l = 0; l < N; ++l) p[l * Step] += v[l];
}

template <class T>
struct position_of {
    using type = element::detail::int_of_size<sizeof(T)>;
};
template <element::is_dual T>
struct position_of<T> {
    using type = std::int32_t;
};

/// The position of an operand's row above or below an output's.
template <std::size_t R>
TENON_INLINE constexpr position<R> at_row(position<R> p, std::size_t row) {
    p.at[R - 1] = row;
    return p;
}

}  // namespace detail

/// Kept: which element of its window each output took.
template <extent2 Kernel, pool_options Options, class A, bool Grad>
struct tape<max_pool_node<Kernel, Options, A>, Grad>
    : in_memory<tape<max_pool_node<Kernel, Options, A>, Grad>, value_t<A>, shape_t<max_pool_node<Kernel, Options, A>>,
                tape<A, Grad>::differentiable> {
    using node = max_pool_node<Kernel, Options, A>;
    using T = value_t<A>;
    using Shape = shape_t<node>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t rank = Shape::rank();
    static constexpr tenon::detail::window rows = node::windows::rows, columns = node::windows::columns;
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / lane_bytes<T>, row_extent = inner_extent<Shape>;
    /// An element of a window is numbered k·kw + l, in an integer as wide as T so that masks fit.
    using number = typename detail::position_of<T>::type;

    explicit constexpr tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        operand_.forward();
        std::size_t const n = shape_.size(), height = operand_.shape()[rank - 2], width = operand_.shape()[rank - 1];
        values_.reserve(n);
        if constexpr (differentiable) {
            taken_.reserve(n);
            gradients_.reserve_zeros(n);
        }
        // The rows of one window, each with a margin of least values.
        std::size_t const pitch = padded_width();
        buffer<T, dyn> image;
        image.reserve(rows.kernel * pitch);
        for (std::size_t i = 0; i < rows.kernel * pitch; ++i) image.data()[i] = op::max::identity<T>();
        std::size_t to = 0;
        for_each_row(shape_, [&](auto const& outer) TENON_LAMBDA_INLINE {
            std::size_t const start = outer.at[rank - 2] * rows.stride;
            std::size_t first = rows.kernel, last = 0;
            for (std::size_t k = 0; k < rows.kernel; ++k) {
                std::size_t const y = start + k * rows.dilation - rows.padding;
                if (y >= height) continue;
                first = std::min(first, k);
                last = k + 1;
                auto r = operand_.row(detail::at_row(outer, y));
                T* const row = image.data() + k * pitch + columns.padding;
                for_each_pack_of<operand>(width, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(row + j, r.template load<N>(j).value);
                });
            }
            each_pack([&](auto N, std::size_t j, std::size_t) TENON_LAMBDA_INLINE {
                take_greatest<N>(image.data() + j * columns.stride, pitch, first, last, j, to + j);
            });
            to += row_length(shape_);
        });
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            std::size_t const height = shape_[rank - 2], length = row_length(shape_), size = padded_width();
            buffer<T, dyn> row;
            row.reserve(size);
            std::size_t image = 0, next = 0;
            backward_region(operand_, [&](auto const& outer) TENON_LAMBDA_INLINE {
                std::size_t const y = outer.at[rank - 2];
                if (y == 0) image = std::exchange(next, next + height * length);
                for (std::size_t i = 0; i < size; ++i) row.data()[i] = T(0);
                for (std::size_t k = 0; k < rows.kernel; ++k) {
                    std::size_t const start = y + rows.padding - k * rows.dilation, i = start / rows.stride;
                    if (start % rows.stride == 0 && i < height)
                        give_back(row.data(), k * columns.kernel, image + i * length);
                }
                return gradient_row<T>{row.data() + columns.padding};
            });
            operand_.finish();
        }
    }

    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (differentiable) p.template holds<decltype(taken_)>(n.shape().size());
    }

private:
    /// Calls f(N, j, count) for N windows side by side from the j-th of a row on, of which `count` are there: whole registers, since a
    /// row of 14 takes three parts otherwise. What is written beyond a row the next one overwrites.
    template <class F>
    TENON_INLINE constexpr void each_pack(F const& f) const {
        constexpr std::size_t width = row_extent < lanes ? std::bit_ceil(row_extent) : lanes;
        std::size_t const length = row_length(shape_);
        std::size_t j = 0;
        TENON_AT_RUN_TIME {
            for (; j < length; j += width) f(std::integral_constant<std::size_t, width>{}, j, length - j);
        }
        for (; j < length; ++j) f(std::integral_constant<std::size_t, 1>{}, j, 1);
    }
    /// A row with its margins, as far as windows reach, and a register more for loads that read ahead.
    constexpr std::size_t padded_width() const {
        return std::max((shape_[rank - 1] - 1) * columns.stride + columns.span(),
                        operand_.shape()[rank - 1] + columns.padding) +
               std::max<std::size_t>(2, columns.stride) * lanes;
    }
    /// Of N windows side by side, whose elements start at `p`: the greatest values, and which they are.
    template <std::size_t N>
    TENON_INLINE constexpr void take_greatest(T const* p, std::size_t pitch, std::size_t first, std::size_t last,
                                              std::size_t j, std::size_t to) {
        using V = lane_t<T, N>;
        using P = element::pack<number, N>;
        V best(op::max::identity<T>());
        P taken(static_cast<number>(first * columns.kernel));
        // Where nothing is greater than the least value, the first element inside the image is taken.
        if constexpr (differentiable && columns.padding != 0)
            if (j * columns.stride < columns.padding)
                taken = taken + P::generate([j](std::size_t l) {
                            std::size_t const start = (j + l) * columns.stride;
                            return static_cast<number>(start < columns.padding
                                                           ? (columns.padding - start + columns.dilation - 1) /
                                                                 columns.dilation
                                                           : 0);
                        });
        for (std::size_t k = first; k < last; ++k)
            unroll<columns.kernel>([&](auto l) TENON_LAMBDA_INLINE {
                V const v = detail::load_every<N, columns.stride>(p + k * pitch + l * columns.dilation);
                auto const greater = v > best || v != v;
                best = math::select(greater, v, best);
                if constexpr (differentiable)
                    taken = math::select(greater, P(static_cast<number>(k * columns.kernel + l)), taken);
            });
        if constexpr (N != 1)
            if (std::size_t const left = shape_.size() - to; left < N) [[unlikely]] {
                for (std::size_t l = 0; l < left; ++l) {
                    values_.data()[to + l] = best[l];
                    if constexpr (differentiable) taken_.data()[to + l] = taken[l];
                }
                return;
            }
        element::store_lanes(values_.data() + to, best);
        if constexpr (differentiable) element::store_lanes(taken_.data() + to, taken);
    }
    /// The gradients of N windows side by side that took element `number` of them, and zeros for the others, as for those from
    /// `count` on.
    template <std::size_t N>
    TENON_INLINE constexpr auto share(std::size_t which, std::size_t from, std::size_t count) const {
        using V = lane_t<T, N>;
        using P = element::pack<number, N>;
        if constexpr (N != 1)
            if (shape_.size() - from < N) [[unlikely]]
                return V::generate([&](std::size_t l) {
                    bool const here = l < count && taken_.data()[from + l] == static_cast<number>(which);
                    return here ? gradients_.data()[from + l] : T(0);
                });
        auto const here = element::load_lanes<N>(taken_.data() + from) == P(static_cast<number>(which));
        V const taken = math::select(here, element::load_lanes<N>(gradients_.data() + from), V(T(0)));
        if (N <= count) return taken;
        auto const inside =
            P::generate([](std::size_t l) { return static_cast<number>(l); }) < P(static_cast<number>(count));
        return math::select(inside, taken, V(T(0)));
    }
    /// Adds the gradients of a row of windows to the operand's row that holds elements `first` and on of each.
    constexpr void give_back(T* row, std::size_t first, std::size_t from) const {
        // At a distance of two, two neighbours of all windows fill whole packs.
        constexpr bool in_pairs = columns.stride == 2 && columns.dilation == 1;
        unroll<in_pairs ? columns.kernel / 2 : 0>([&](auto pair) TENON_LAMBDA_INLINE {
            each_pack([&](auto N, std::size_t j, std::size_t count) TENON_LAMBDA_INLINE {
                auto const even = share<N>(first + 2 * pair, from + j, count),
                           odd = share<N>(first + 2 * pair + 1, from + j, count);
                T* const to = row + 2 * (j + pair);
                if constexpr (N == 1) {
                    detail::add_every<N, 1>(to, even);
                    detail::add_every<N, 1>(to + 1, odd);
                } else {
                    detail::add_every<N, 1>(to, math::interleave<false>(even, odd));
                    detail::add_every<N, 1>(to + N, math::interleave<true>(even, odd));
                }
            });
        });
        constexpr std::size_t done = in_pairs ? columns.kernel / 2 * 2 : 0;
        unroll<columns.kernel - done>([&](auto l) TENON_LAMBDA_INLINE {
            each_pack([&](auto N, std::size_t j, std::size_t count) TENON_LAMBDA_INLINE {
                detail::add_every<N, columns.stride>(row + j * columns.stride + (done + l) * columns.dilation,
                                                     share<N>(first + done + l, from + j, count));
            });
        });
    }

    [[no_unique_address]] Shape shape_;
    operand operand_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    buffer<number, differentiable ? static_size<Shape> : 0> taken_;
};

template <class Windows, class A, bool Grad>
struct tape<mean_pool_node<Windows, A>, Grad>
    : in_memory<tape<mean_pool_node<Windows, A>, Grad>, value_t<A>, shape_t<mean_pool_node<Windows, A>>,
                tape<A, Grad>::differentiable> {
    using node = mean_pool_node<Windows, A>;
    using T = value_t<A>;
    using Shape = shape_t<node>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;
    static constexpr std::size_t rank = Shape::rank();

    explicit constexpr tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    constexpr void forward() {
        operand_.forward();
        std::size_t const n = shape_.size(), width = operand_.shape()[rank - 1];
        values_.reserve(n);
        if constexpr (differentiable) gradients_.reserve_zeros(n);
        // The sums of a window's rows, which are summed again along the width.
        buffer<T, dyn> sums;
        sums.reserve(width);
        T* to = values_.data();
        for_each_row(shape_, [&](auto const& outer) TENON_LAMBDA_INLINE {
            auto const range = row_range(outer.at[rank - 2]);
            for (std::size_t i = 0; i < width; ++i) sums.data()[i] = T(0);
            for (std::size_t y = range.begin; y < range.end; ++y) {
                auto r = operand_.row(detail::at_row(outer, y));
                for_each_pack_of<operand>(width, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(sums.data() + j,
                                         element::load_lanes<N>(sums.data() + j) + r.template load<N>(j).value);
                });
            }
            for (std::size_t j = 0; j < shape_[rank - 1]; ++j) {
                auto const window = column_range(j);
                T total(0);
                for (std::size_t x = window.begin; x < window.end; ++x)
                    total = element::sum_of<T>(total, sums.data()[x]);
                *to++ = static_cast<T>(total / T(static_cast<int>(range.divisor * window.divisor)));
            }
        });
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            std::size_t const height = shape_[rank - 2], length = shape_[rank - 1], width = operand_.shape()[rank - 1];
            buffer<T, dyn> row;
            row.reserve(width);
            std::size_t image = 0, next = 0, first = 0;
            backward_region(operand_, [&](auto const& outer) TENON_LAMBDA_INLINE {
                std::size_t const y = outer.at[rank - 2];
                if (y == 0) {
                    image = std::exchange(next, next + height * length);
                    first = 0;
                }
                for (std::size_t i = 0; i < width; ++i) row.data()[i] = T(0);
                while (first < height && row_range(first).end <= y) ++first;
                for (std::size_t i = first; i < height && row_range(i).begin <= y; ++i)
                    for (std::size_t j = 0; j < length; ++j) {
                        auto const window = column_range(j);
                        T const share = static_cast<T>(gradients_.data()[image + i * length + j] /
                                                       T(static_cast<int>(row_range(i).divisor * window.divisor)));
                        for (std::size_t x = window.begin; x < window.end; ++x)
                            row.data()[x] = static_cast<T>(row.data()[x] + share);
                    }
                return gradient_row<T>{row.data()};
            });
            operand_.finish();
        }
    }

private:
    TENON_INLINE constexpr auto row_range(std::size_t i) const {
        return Windows::row_range(i, operand_.shape()[rank - 2], shape_[rank - 2]);
    }
    TENON_INLINE constexpr auto column_range(std::size_t j) const {
        return Windows::column_range(j, operand_.shape()[rank - 1], shape_[rank - 1]);
    }

    [[no_unique_address]] Shape shape_;
    operand operand_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
