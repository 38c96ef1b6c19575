// Windows that slide over an image: their options, and the extents that come out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <tenon/core/shape.hpp>

namespace tenon::inline TENON_TARGET {

/// A height and a width; one number stands for both: `conv2d<1, 6, 5>`, `conv2d<1, 6, extent2{3, 5}>`. Functions on one axis
/// read the width alone.
struct extent2 {
    std::size_t height, width;
    constexpr extent2(std::size_t both) : height(both), width(both) {}
    constexpr extent2(std::size_t h, std::size_t w) : height(h), width(w) {}
    friend constexpr bool operator==(extent2 const&, extent2 const&) = default;
};

/// A depth, a height and a width; one number stands for all three: `conv3d<1, 6, 3>`, `conv3d<1, 6, extent3{1, 3, 3}>`.
struct extent3 {
    std::size_t depth, height, width;
    constexpr extent3(std::size_t all) : depth(all), height(all), width(all) {}
    constexpr extent3(std::size_t d, std::size_t h, std::size_t w) : depth(d), height(h), width(w) {}
    friend constexpr bool operator==(extent3 const&, extent3 const&) = default;
};

/// A convolution's padding that gives the output the input's extents; where it is odd, the element more is behind the input. The
/// stride has to be 1; padding='same' of torch.nn.functional.conv2d.
inline constexpr std::size_t same_padding = dyn;

namespace detail {
/// Both extents of a function on three axes whose options were those of one on two.
consteval extent3 cube(extent2 e) {
    if (e.height != e.width)
        throw "options on three axes: write conv3d_options or pool3d_options for extents that differ";
    return e.width;
}
}  // namespace detail

/// How a convolution's kernel moves along three axes; torch.nn.Conv3d's options and defaults.
struct conv3d_options {
    extent3 stride = 1;          ///< distance of neighbouring windows
    extent3 padding = 0;         ///< zeros around the input, on either side, or same_padding
    extent3 dilation = 1;        ///< distance of the elements that a kernel looks at
    std::size_t groups = 1;      ///< parts of the channels that do not see each other
    extent3 output_padding = 0;  ///< conv_transpose alone: planes, rows and columns added at the end of the output
};

/// How a convolution's kernel moves; torch.nn.Conv2d's options and defaults. Those whose extents are equal serve three axes too.
struct conv_options {
    extent2 stride = 1;          ///< distance of neighbouring windows
    extent2 padding = 0;         ///< zeros around the input, on either side, or same_padding
    extent2 dilation = 1;        ///< distance of the elements that a kernel looks at
    std::size_t groups = 1;      ///< parts of the channels that do not see each other
    extent2 output_padding = 0;  ///< conv_transpose alone: rows and columns added at the end of the output
    consteval operator conv3d_options() const {
        return {detail::cube(stride), detail::cube(padding), detail::cube(dilation), groups,
                detail::cube(output_padding)};
    }
};

/// How a pooling window moves along three axes; the options of torch.nn.MaxPool3d and AvgPool3d and their defaults.
struct pool3d_options {
    extent3 stride = 0;                ///< distance of neighbouring windows; 0 is the window's own extent
    extent3 padding = 0;               ///< planes, rows and columns around the input that have no values
    extent3 dilation = 1;              ///< max_pool alone: distance of the elements that a window looks at
    bool ceil_mode = false;            ///< whether a last window may reach beyond the padded input
    bool count_include_pad = true;     ///< avg_pool alone: whether padding counts as elements that are zero
    std::size_t divisor_override = 0;  ///< avg_pool alone: what sums are divided by; 0 is their number of elements
    bool return_indices = false;       ///< max_pool alone: whether the places of the greatest elements are returned too
};

/// How a pooling window moves; the options of torch.nn.MaxPool2d and AvgPool2d and their defaults. Those whose extents are equal
/// serve three axes too.
struct pool_options {
    extent2 stride = 0;                ///< distance of neighbouring windows; 0 is the window's own extent
    extent2 padding = 0;               ///< rows and columns around the input that belong to windows but have no values
    extent2 dilation = 1;              ///< max_pool alone: distance of the elements that a window looks at
    bool ceil_mode = false;            ///< whether a last window may reach beyond the padded input
    bool count_include_pad = true;     ///< avg_pool alone: whether padding counts as elements that are zero
    std::size_t divisor_override = 0;  ///< avg_pool alone: what sums are divided by; 0 is their number of elements
    bool return_indices = false;       ///< max_pool alone: whether the places of the greatest elements are returned too
    consteval operator pool3d_options() const {
        return {detail::cube(stride), detail::cube(padding), detail::cube(dilation), ceil_mode,
                count_include_pad,    divisor_override,      return_indices};
    }
};

namespace detail {

/// Windows along one axis.
struct window {
    std::size_t kernel, stride, padding, dilation;
    /// From the first to the last element that the kernel looks at.
    constexpr std::size_t span() const { return dilation * (kernel - 1) + 1; }
    /// Whether there is a window: an input without elements has none, whatever its padding.
    /// @param ceil whether a last window may reach beyond the padded input, which may be the only one
    constexpr bool fits(std::size_t input, bool ceil = false) const {
        return is_dynamic(input) || (input != 0 && input + 2 * padding + (ceil ? stride - 1 : 0) >= span());
    }
    /// Whether windows have elements, and distances between them.
    constexpr bool counts() const { return kernel != 0 && stride != 0 && dilation != 0; }
    /// Whether that many elements lie between two that a kernel, or two windows, look at.
    constexpr bool has_between(std::size_t n) const { return n < stride || n < dilation; }
    /// ⌊(n + 2 padding − span) / stride⌋ + 1 windows, and a shorter last one with `ceil` if it starts inside the input or the
    /// padding before it.
    constexpr std::size_t output(std::size_t input, bool ceil = false) const {
        if (is_dynamic(input)) return dyn;
        std::size_t const room = input + 2 * padding - span() + (ceil ? stride - 1 : 0);
        std::size_t const count = room / stride + 1;
        return ceil && (count - 1) * stride >= input + padding ? count - 1 : count;
    }
    /// (n − 1) stride − 2 padding + span + extra: the input that `output` makes n of.
    constexpr std::size_t transposed(std::size_t n, std::size_t extra) const {
        return is_dynamic(n) ? dyn : (n - 1) * stride + span() + extra - 2 * padding;
    }
};
/// Windows along the height and the width.
struct window2 {
    window rows, columns;
};
constexpr window2 windows(extent2 kernel, extent2 stride, extent2 padding, extent2 dilation) {
    return {{kernel.height, stride.height, padding.height, dilation.height},
            {kernel.width, stride.width, padding.width, dilation.width}};
}
constexpr window2 windows(extent2 kernel, conv_options const& o) {
    return windows(kernel, o.stride, o.padding, o.dilation);
}
constexpr window2 windows(extent2 kernel, pool_options const& o) {
    extent2 const stride(o.stride.height == 0 ? kernel.height : o.stride.height,
                         o.stride.width == 0 ? kernel.width : o.stride.width);
    return windows(kernel, stride, o.padding, o.dilation);
}

/// Options of a function on one axis as those of one on two, whose height is 1.
constexpr conv_options flat_options(conv_options const& o) {
    return {{1, o.stride.width}, {0, o.padding.width}, {1, o.dilation.width}, o.groups, {0, o.output_padding.width}};
}
constexpr pool_options flat_options(pool_options const& o) {
    return {{1, o.stride.width}, {0, o.padding.width}, {1, o.dilation.width}, o.ceil_mode,
            o.count_include_pad, o.divisor_override,   o.return_indices};
}

/// `(2, 3)`, as PyTorch prints a pair.
TENON_ON_USE
std::string pair_text(extent2 e) { return text_of({"(", e.height, ", ", e.width, ")"}); }
/// `2` where both are equal.
TENON_ON_USE
std::string short_text(extent2 e) { return e.height == e.width ? text_of({e.height}) : pair_text(e); }

}  // namespace detail

/// A kernel or pooling window reaches beyond the padded input, or has no elements.
template <operation_name Operation, class Input, extent2 Kernel>
struct kernel_larger_than_input;

}  // namespace tenon::inline TENON_TARGET
