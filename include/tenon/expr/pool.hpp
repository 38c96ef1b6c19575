// The greatest or the mean value in each window of an image.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/expr/view.hpp>
#include <tenon/expr/window.hpp>
#include <tenon/expr/window_pool.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// Pooling wants [n, c, h, w] or [c, h, w], on one axis [n, c, l] or [c, l], with elements along the axes that it pools.
template <operation_name Operation, class Input>
struct pooling_needs_an_image;
/// A window, stride or dilation of 0, or padding that is more than half of the window.
template <operation_name Operation, extent2 Kernel, pool_options Options>
struct impossible_pool_options;

namespace detail {

/// Windows [begin, end) along an axis.
struct window_range {
    std::size_t begin, end;
};

constexpr bool possible_options(pool_options const& o, extent2 kernel) {
    window2 const w = windows(kernel, o);
    return w.rows.counts() && w.columns.counts() && w.rows.padding * 2 <= w.rows.kernel &&
           w.columns.padding * 2 <= w.columns.kernel;
}

/// Windows of one extent at equal distances.
template <extent2 Kernel, pool_options O>
struct sliding_windows {
    static constexpr extent2 kernel = Kernel;
    static constexpr window2 windows = detail::windows(Kernel, O);
    static constexpr window rows = windows.rows, columns = windows.columns;
    /// Whether an image of these extents has windows.
    static constexpr bool fits(std::size_t h, std::size_t w) {
        return rows.fits(h, O.ceil_mode) && columns.fits(w, O.ceil_mode);
    }
    static constexpr std::size_t height(std::size_t h) { return rows.output(h, O.ceil_mode); }
    static constexpr std::size_t width(std::size_t w) { return columns.output(w, O.ceil_mode); }

    /// Elements [begin, end) of an axis that a window holds, and the number that its mean is divided by.
    struct range {
        std::size_t begin, end, divisor;
    };
    static constexpr range along(window const& w, std::size_t i, std::size_t input) {
        std::size_t const start = i * w.stride, stop = start + w.kernel;
        std::size_t const begin = std::max(start, w.padding) - w.padding,
                          end = std::min(stop, input + w.padding) - w.padding;
        return {begin, std::min(end, input),
                O.count_include_pad ? std::min(stop, input + 2 * w.padding) - start : std::min(end, input) - begin};
    }
    // Constants are copied before something refers to them: a device has no static members.
    static constexpr range row_range(std::size_t i, std::size_t input, std::size_t) {
        constexpr window w = rows;
        range r = along(w, i, input);
        if constexpr (O.divisor_override != 0) r.divisor = O.divisor_override;
        return r;
    }
    static constexpr range column_range(std::size_t i, std::size_t input, std::size_t) {
        constexpr window w = columns;
        range r = along(w, i, input);
        if constexpr (O.divisor_override != 0) r.divisor = 1;
        return r;
    }

    /// Windows that hold element i of an axis, without dilation.
    static constexpr window_range with(window const& w, std::size_t i, std::size_t output) {
        std::size_t const at = i + w.padding;
        return {at < w.kernel ? 0 : (at - w.kernel) / w.stride + 1, std::min(at / w.stride + 1, output)};
    }
    static constexpr window_range with_row(std::size_t i, std::size_t, std::size_t output) {
        constexpr window w = rows;
        return with(w, i, output);
    }
    static constexpr window_range with_column(std::size_t i, std::size_t, std::size_t output) {
        constexpr window w = columns;
        return with(w, i, output);
    }
};

/// As many windows as the output has elements, from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉.
template <extent2 Output>
struct adaptive_windows {
    static constexpr extent2 kernel = Output;
    static constexpr bool fits(std::size_t h, std::size_t w) { return h != 0 && w != 0; }
    static constexpr std::size_t height(std::size_t) { return Output.height; }
    static constexpr std::size_t width(std::size_t) { return Output.width; }

    struct range {
        std::size_t begin, end, divisor;
    };
    static constexpr range along(std::size_t i, std::size_t input, std::size_t output) {
        std::size_t const begin = i * input / output, end = ((i + 1) * input + output - 1) / output;
        return {begin, end, end - begin};
    }
    static constexpr range row_range(std::size_t i, std::size_t input, std::size_t output) {
        return along(i, input, output);
    }
    static constexpr range column_range(std::size_t i, std::size_t input, std::size_t output) {
        return along(i, input, output);
    }

    /// Windows that hold element i of an axis.
    static constexpr window_range with(std::size_t i, std::size_t input, std::size_t output) {
        return {i * output / input, ((i + 1) * output + input - 1) / input};
    }
    static constexpr window_range with_row(std::size_t i, std::size_t input, std::size_t output) {
        return with(i, input, output);
    }
    static constexpr window_range with_column(std::size_t i, std::size_t input, std::size_t output) {
        return with(i, input, output);
    }
};

/// Whether images of a shape have windows, as far as its type says.
template <class Windows, class S>
inline constexpr bool has_windows = Windows::fits(S::static_extents[S::rank() - 2], S::static_extents[S::rank() - 1]);

/// The last two extents of S become those of the windows.
template <class Windows, class S>
struct pool_extents {
    template <class E>
    static constexpr std::array<std::size_t, S::rank()> of(E const& s) {
        std::array<std::size_t, S::rank()> e{};
        for (std::size_t a = 0; a < S::rank(); ++a) e[a] = s[a];
        e[S::rank() - 2] = Windows::height(s[S::rank() - 2]);
        e[S::rank() - 1] = Windows::width(s[S::rank() - 1]);
        return e;
    }
    static constexpr auto value = of(S::static_extents);
    using type = shape_from<S::rank(), pool_extents>;
};

/// The shape of a pooled image; throws where a window does not fit.
template <class Windows, class S>
constexpr auto pooled_shape(S const& s) {
    if constexpr (!S::is_static)
        if (!Windows::fits(s[S::rank() - 2], s[S::rank() - 1]))
            throw_shapes("pooling", to_string(s), pair_text(Windows::kernel));
    return typename pool_extents<Windows, S>::type(pool_extents<Windows, S>::of(s));
}

}  // namespace detail

/// The greatest value in each window along the last two axes.
template <extent2 Kernel, pool_options Options, class A>
class max_pool_node : public expression_base<
                          max_pool_node<Kernel, Options, A>, value_t<A>,
                          typename detail::pool_extents<detail::sliding_windows<Kernel, Options>, shape_t<A>>::type> {
public:
    using windows = detail::sliding_windows<Kernel, Options>;
    using device = device_of_nodes<A>;
    using shape_type = typename detail::pool_extents<windows, shape_t<A>>::type;
    explicit constexpr max_pool_node(A a)
        : operand(std::move(a)), shape_(detail::pooled_shape<windows>(operand.shape())) {}
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = "max_pool", *kind = "pooling";
    constexpr auto operands() const { return references(operand); }
    /// A comparison for each element of a window; its gradient takes a comparison with an addition.
    constexpr std::size_t operations() const { return shape_.size() * (Kernel.height * Kernel.width); }
    constexpr std::size_t gradient_operations() const { return 2 * operations(); }
    A operand;

private:
    [[no_unique_address]] shape_type shape_;
};

/// The mean of each window along the last two axes.
template <class Windows, class A>
class mean_pool_node : public expression_base<mean_pool_node<Windows, A>, value_t<A>,
                                              typename detail::pool_extents<Windows, shape_t<A>>::type> {
public:
    using windows = Windows;
    using device = device_of_nodes<A>;
    using shape_type = typename detail::pool_extents<Windows, shape_t<A>>::type;
    explicit constexpr mean_pool_node(A a)
        : operand(std::move(a)), shape_(detail::pooled_shape<Windows>(operand.shape())) {}
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = "mean_pool", *kind = "pooling";
    constexpr auto operands() const { return references(operand); }
    /// An addition for each element of a window. Windows that adapt to the image have about as many as that.
    constexpr std::size_t operations() const {
        if constexpr (requires { Windows::columns; })
            return shape_.size() * (Windows::rows.kernel * Windows::columns.kernel);
        else return operand.shape().size();
    }
    constexpr std::size_t gradient_operations() const { return 2 * operations(); }
    A operand;

private:
    [[no_unique_address]] shape_type shape_;
};

namespace detail {
/// max_pool2d, or avg_pool2d, in the name of an operation.
template <operation_name Name, bool Max, extent2 Kernel, pool_options Options, class A>
constexpr auto pool(A&& x) {
    using windows = sliding_windows<Kernel, Options>;
    if constexpr (shape_t<A>::rank() != 3 && shape_t<A>::rank() != 4) return pooling_needs_an_image<Name, shape_t<A>>{};
    else if constexpr (!possible_options(Options, Kernel)) return impossible_pool_options<Name, Kernel, Options>{};
    else if constexpr (!has_windows<windows, shape_t<A>>) return kernel_larger_than_input<Name, shape_t<A>, Kernel>{};
    else if constexpr (element::narrow<value_t<A>>)
        return in_float(std::forward<A>(x),
                        [](auto&& wide) { return pool<Name, Max, Kernel, Options>(std::move(wide)); });
    else if constexpr (Max && Options.return_indices) {
        auto const from = x.shape();
        auto const to = pooled_shape<windows>(from);
        return pool_by_places<2, true>(std::forward<A>(x), to,
                                       {grid_over(std::array{windows::rows, windows::columns}, to.extents(), from)});
    } else if constexpr (Max) return max_pool_node<Kernel, Options, node_t<A>>(as_node(std::forward<A>(x)));
    else return mean_pool_node<windows, node_t<A>>(as_node(std::forward<A>(x)));
}
template <operation_name Name, bool Max, std::size_t Kernel, pool_options Options, class A>
constexpr auto flat_pool(A&& x) {
    if constexpr (shape_t<A>::rank() != 2 && shape_t<A>::rank() != 3) return pooling_needs_an_image<Name, shape_t<A>>{};
    else {
        auto pooled = pool<Name, Max, extent2(1, Kernel), flat_options(Options)>(unsqueeze<-2>(std::forward<A>(x)));
        if constexpr (Max && Options.return_indices) {
            auto values = squeeze<-2>(std::move(pooled.values));
            auto indices = squeeze<-2>(std::move(pooled.indices));
            return pool_result<decltype(values), decltype(indices)>{std::move(values), std::move(indices)};
        } else return squeeze<-2>(std::move(pooled));
    }
}
}  // namespace detail

/// The greatest value of each window, of the first of equal elements and of a NaN before all numbers, for x of shape
/// [n, c, h, w] or [c, h, w]; the gradient goes to the element that was taken. With `.return_indices` a pool_result: `auto [values,
/// indices] = max_pool2d<2, pool_options{.return_indices = true}>(x)`. Compile errors `pooling_needs_an_image`,
/// `impossible_pool_options`, `kernel_larger_than_input`, or shape_error where only run time can know; torch.nn.functional.max_pool2d.
template <extent2 Kernel, pool_options Options = pool_options{}, expression A>
constexpr auto max_pool2d(A&& x) {
    return detail::pool<"max_pool2d", true, Kernel, Options>(std::forward<A>(x));
}

/// The mean of each window for x of shape [n, c, h, w] or [c, h, w]. Padding counts as zeros unless count_include_pad says
/// otherwise. Compile errors as for max_pool2d; torch.nn.functional.avg_pool2d.
template <extent2 Kernel, pool_options Options = pool_options{}, expression A>
constexpr auto avg_pool2d(A&& x) {
    static_assert(Options.dilation == extent2(1), "avg_pool2d: has no dilation");
    return detail::pool<"avg_pool2d", false, Kernel, Options>(std::forward<A>(x));
}

/// Means of Height × Width windows that cover x of any extents: output (i, j) is the mean of rows ⌊i h / Height⌋ to
/// ⌈(i + 1) h / Height⌉ and columns likewise; an extent `dyn` is that of x, where it is static. Compile error `pooling_needs_an_image`;
/// torch.nn.functional.adaptive_avg_pool2d.
template <std::size_t Height, std::size_t Width = Height, expression A>
constexpr auto adaptive_avg_pool2d(A&& x) {
    using windows = detail::adaptive_windows<extent2(Height, Width)>;
    if constexpr (is_dynamic(Height) || is_dynamic(Width)) {
        using s = shape_t<A>;
        constexpr auto keeps = [](std::size_t wanted, std::size_t axis) {
            return is_dynamic(wanted) && s::rank() > 2 ? s::static_extents[s::rank() - axis] : wanted;
        };
        constexpr std::size_t height = keeps(Height, 2), width = keeps(Width, 1);
        static_assert(!is_dynamic(height) && !is_dynamic(width),
                      "adaptive_avg_pool2d: an extent that is kept has to be static");
        return adaptive_avg_pool2d<height, width>(std::forward<A>(x));
    } else if constexpr ((shape_t<A>::rank() != 3 && shape_t<A>::rank() != 4) ||
                         !detail::has_windows<windows, shape_t<A>>)
        return pooling_needs_an_image<"adaptive_avg_pool2d", shape_t<A>>{};
    else if constexpr (element::narrow<value_t<A>>)
        return detail::in_float(std::forward<A>(x),
                                [](auto&& wide) { return adaptive_avg_pool2d<Height, Width>(std::move(wide)); });
    else return mean_pool_node<windows, node_t<A>>(as_node(std::forward<A>(x)));
}

/// The same along one axis: x is [n, c, l] or [c, l]; torch.nn.functional.max_pool1d.
template <std::size_t Kernel, pool_options Options = pool_options{}, expression A>
constexpr auto max_pool1d(A&& x) {
    return detail::flat_pool<"max_pool1d", true, Kernel, Options>(std::forward<A>(x));
}
/// Means along one axis: x is [n, c, l] or [c, l]; torch.nn.functional.avg_pool1d.
template <std::size_t Kernel, pool_options Options = pool_options{}, expression A>
constexpr auto avg_pool1d(A&& x) {
    static_assert(detail::flat_options(Options).dilation == extent2(1), "avg_pool1d: has no dilation");
    return detail::flat_pool<"avg_pool1d", false, Kernel, Options>(std::forward<A>(x));
}
/// Means of Length windows that cover one axis; torch.nn.functional.adaptive_avg_pool1d.
template <std::size_t Length, expression A>
constexpr auto adaptive_avg_pool1d(A&& x) {
    if constexpr (shape_t<A>::rank() != 2 && shape_t<A>::rank() != 3)
        return pooling_needs_an_image<"adaptive_avg_pool1d", shape_t<A>>{};
    else return squeeze<-2>(adaptive_avg_pool2d<1, Length>(unsqueeze<-2>(std::forward<A>(x))));
}

}  // namespace tenon::inline TENON_TARGET
