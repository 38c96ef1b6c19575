// Pooling on the device: one launch that reads the operand's region, and one that sends the gradient back into it.
// There each element of the operand collects what the windows that hold it have for it, so nothing is added atomically.
#pragma once

#include <cstdint>
#include <type_traits>

#include <tenon/eval/cuda/result.hpp>
#include <tenon/expr/pool.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/kernels/pool.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Images and their windows, both in row-major order: which belong to which.
template <class Input, class Output>
struct pooled_images {
    static constexpr std::size_t rank = Input::rank();
    using index = std::common_type_t<index_of<Input>, index_of<Output>>;

    Input input;
    Output output;
    index count;  ///< of windows

    pooled_images(Input in, Output out) : input(in), output(out), count(static_cast<index>(out.size())) {}

    TENON_INLINE __device__ index height() const { return extent_of<rank - 2, index>(input); }
    TENON_INLINE __device__ index width() const { return extent_of<rank - 1, index>(input); }
    TENON_INLINE __device__ index output_height() const { return extent_of<rank - 2, index>(output); }
    TENON_INLINE __device__ index output_width() const { return extent_of<rank - 1, index>(output); }

    /// An element of an image or a window: the number of its image, and where it is there.
    struct place {
        index image, y, x;
    };
    TENON_INLINE __device__ place input_place(index i) const { return split(i, height(), width()); }
    TENON_INLINE __device__ place output_place(index o) const { return split(o, output_height(), output_width()); }
    TENON_INLINE __device__ index input_index(place p) const { return (p.image * height() + p.y) * width() + p.x; }
    TENON_INLINE __device__ index output_index(place p) const {
        return (p.image * output_height() + p.y) * output_width() + p.x;
    }

private:
    TENON_INLINE __device__ static place split(index i, index h, index w) { return {i / w / h, i / w % h, i % w}; }
};

/// Windows whose elements are numbered k·kw + l.
template <tenon::detail::window2 Windows, class Input, class Output>
struct numbered_windows : pooled_images<Input, Output> {
    using typename pooled_images<Input, Output>::index;
    using pooled_images<Input, Output>::pooled_images;
    static constexpr tenon::detail::window rows = Windows.rows, columns = Windows.columns;
    static constexpr std::size_t elements = rows.kernel * columns.kernel;
    using number = std::conditional_t<elements <= 0xff, std::uint8_t,
                                      std::conditional_t<elements <= 0xffff, std::uint16_t, std::uint32_t>>;

    /// Calls f(number, index in the input) for each element of window o inside the image.
    template <class F>
    TENON_INLINE __device__ void each(index o, F const& f) const {
        auto const at = this->output_place(o);
        for (index k = 0; k < rows.kernel; ++k) {
            // Positions before the image wrap around and fail the test too.
            index const y = at.y * index(rows.stride) + k * index(rows.dilation) - index(rows.padding);
            if (y >= this->height()) continue;
            for (index l = 0; l < columns.kernel; ++l) {
                index const x = at.x * index(columns.stride) + l * index(columns.dilation) - index(columns.padding);
                if (x < this->width())
                    f(static_cast<number>(k * index(columns.kernel) + l), this->input_index({at.image, y, x}));
            }
        }
    }
    /// Calls f(window, number) for each window that has element i of the input as its element of that number.
    template <class F>
    TENON_INLINE __device__ void each_window(index i, F const& f) const {
        auto const at = this->input_place(i);
        for (index k = 0; k < rows.kernel; ++k) {
            index const y = at.y + index(rows.padding) - k * index(rows.dilation);
            if (y % index(rows.stride) != 0 || y / index(rows.stride) >= this->output_height()) continue;
            for (index l = 0; l < columns.kernel; ++l) {
                index const x = at.x + index(columns.padding) - l * index(columns.dilation);
                if (x % index(columns.stride) == 0 && x / index(columns.stride) < this->output_width())
                    f(this->output_index({at.image, y / index(rows.stride), x / index(columns.stride)}),
                      static_cast<number>(k * index(columns.kernel) + l));
            }
        }
    }
};

/// What an element collects in backward: its share in the gradient of each window that holds it.
/// @tparam Share called as share(window, what `each_window` says of it)
template <class T, class Windows, class Share>
struct pool_seed {
    Windows windows;
    Share share;
    template <std::size_t N, class Index, class V>
    TENON_INLINE __device__ auto load(Index i, lanes<V, N> const&) const {
        using index = typename Windows::index;
        lanes<lane_t<T, 1>, N> all;
        for (std::size_t k = 0; k < N; ++k) {
            lane_t<T, 1> total(T(0));
            windows.each_window(static_cast<index>(i + k), [&](index window, auto said) TENON_LAMBDA_INLINE {
                total = total + share(window, said);
            });
            all.at[k] = total;
        }
        return all;
    }
};
/// The gradient of a window that took the element.
template <class T, class Number>
struct taken_share {
    Number const* taken;
    T const* g;
    template <class Index>
    TENON_INLINE __device__ lane_t<T, 1> operator()(Index window, Number number) const {
        return taken[window] == number ? element::load_lanes<1>(g + window) : lane_t<T, 1>(T(0));
    }
};
/// An equal share for all elements of a window.
template <class T>
struct mean_share {
    T const* g;
    template <class Index>
    TENON_INLINE __device__ lane_t<T, 1> operator()(Index window, T divisor) const {
        return element::load_lanes<1>(g + window) / lane_t<T, 1>(divisor);
    }
};

/// Kept: the values, and with gradients which element of its window each took.
template <extent2 Kernel, pool_options Options, class A, bool Grad>
struct device_tape<max_pool_node<Kernel, Options, A>, Grad>
    : result_on_device<device_tape<max_pool_node<Kernel, Options, A>, Grad>, value_t<A>,
                       shape_t<max_pool_node<Kernel, Options, A>>, device_tape<A, Grad>::differentiable> {
    using node = max_pool_node<Kernel, Options, A>;
    using T = value_t<A>;
    using Shape = shape_t<node>;
    using operand = device_tape<A, Grad>;
    using windows = numbered_windows<node::windows::windows, shape_t<A>, Shape>;
    using index = typename windows::index;
    using number = typename windows::number;
    static constexpr bool differentiable = operand::differentiable;

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    device_tape(device_tape const&) = delete;
    auto shape() const { return shape_; }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        windows const w(operand_.shape(), shape_);
        if constexpr (differentiable) taken_.reserve(w.count);
        if (w.count == 0) return;
        auto const r = operand_.template reader<1, pass::forward>(nullptr);
        cuda::launch("max_pool",
                     &kernels::max_pool<op::max, T, index, number, std::remove_const_t<decltype(r)>, windows>,
                     blocks_for(w.count), kernels::block_size, r, w, this->device_data(), taken_.data());
    }
    void finish() {
        if constexpr (differentiable) {
            using share = taken_share<T, number>;
            backward_on_device(operand_, pool_seed<T, windows, share>{windows(operand_.shape(), shape_),
                                                                      share{taken_.data(), this->device_gradient()}});
            operand_.finish();
        }
    }

    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        if constexpr (differentiable) p.template holds<decltype(taken_)>(n.shape().size());
    }

private:
    [[no_unique_address]] Shape shape_;
    operand operand_;
    cuda::buffer<number> taken_;  ///< null without gradients
};

/// Windows that are rectangles of the image.
template <class T, class Windows, class Input, class Output>
struct rectangular_windows : pooled_images<Input, Output> {
    using typename pooled_images<Input, Output>::index;
    using pooled_images<Input, Output>::pooled_images;

    struct area {
        index first, height, width, pitch;
        T divisor;
    };
    TENON_INLINE __device__ area rectangle(index o) const {
        auto const at = this->output_place(o);
        auto const y = row_range(at.y);
        auto const x = column_range(at.x);
        return {this->input_index({at.image, static_cast<index>(y.begin), static_cast<index>(x.begin)}),
                static_cast<index>(y.end - y.begin), static_cast<index>(x.end - x.begin), this->width(), divisor(y, x)};
    }
    /// Calls f(window, divisor) for each window that holds element i of the input.
    template <class F>
    TENON_INLINE __device__ void each_window(index i, F const& f) const {
        auto const at = this->input_place(i);
        auto const all_y = Windows::with_row(at.y, this->height(), this->output_height());
        auto const all_x = Windows::with_column(at.x, this->width(), this->output_width());
        for (auto y = static_cast<index>(all_y.begin); y < all_y.end; ++y) {
            auto const rows = row_range(y);
            for (auto x = static_cast<index>(all_x.begin); x < all_x.end; ++x)
                f(this->output_index({at.image, y, x}), divisor(rows, column_range(x)));
        }
    }
    /// Elements of all windows: those that adapt to the image are about as many as the image has.
    std::size_t elements() const {
        if constexpr (requires { Windows::columns; })
            return this->count * (Windows::rows.kernel * Windows::columns.kernel);
        else return this->input.size();
    }
    /// Whether a warp reads a window faster than a thread.
    bool are_large() const { return elements() >= std::size_t{2} * kernels::warp_size * this->count; }

private:
    TENON_INLINE __device__ auto row_range(index y) const {
        return Windows::row_range(y, this->height(), this->output_height());
    }
    TENON_INLINE __device__ auto column_range(index x) const {
        return Windows::column_range(x, this->width(), this->output_width());
    }
    template <class Range>
    TENON_INLINE __device__ static T divisor(Range const& rows, Range const& columns) {
        return T(static_cast<int>(rows.divisor * columns.divisor));
    }
};

template <class Windows, class A, bool Grad>
struct device_tape<mean_pool_node<Windows, A>, Grad>
    : result_on_device<device_tape<mean_pool_node<Windows, A>, Grad>, value_t<A>, shape_t<mean_pool_node<Windows, A>>,
                       device_tape<A, Grad>::differentiable> {
    using node = mean_pool_node<Windows, A>;
    using T = value_t<A>;
    using Shape = shape_t<node>;
    using operand = device_tape<A, Grad>;
    using windows = rectangular_windows<T, Windows, shape_t<A>, Shape>;
    using index = typename windows::index;
    static constexpr bool differentiable = operand::differentiable;

    explicit device_tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    device_tape(device_tape const&) = delete;
    auto shape() const { return shape_; }
    bool aliases(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        windows const w(operand_.shape(), shape_);
        if (w.count == 0) return;
        if (w.are_large()) launch<kernels::warp_size>(w);
        else launch<1>(w);
    }
    void finish() {
        if constexpr (differentiable) {
            using share = mean_share<T>;
            backward_on_device(operand_, pool_seed<T, windows, share>{windows(operand_.shape(), shape_),
                                                                      share{this->device_gradient()}});
            operand_.finish();
        }
    }

private:
    template <unsigned Team>
    void launch(windows const& w) {
        auto const r = operand_.template reader<1, pass::forward>(nullptr);
        cuda::launch("mean_pool", &kernels::mean_pool<Team, T, index, std::remove_const_t<decltype(r)>, windows>,
                     blocks_for(std::size_t{w.count} * Team), kernels::block_size, r, w, this->device_data());
    }

    [[no_unique_address]] Shape shape_;
    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
