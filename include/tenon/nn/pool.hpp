// Pooling as layers.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <tenon/expr/pool.hpp>
#include <tenon/nn/module.hpp>

namespace tenon::inline TENON_TARGET::nn {

using tenon::extent2;
using tenon::pool_options;

namespace detail {
/// The text that PyTorch prints for a pooling layer.
TENON_ON_USE
std::string describe_pool(char const* name, extent2 kernel, pool_options const& o, bool greatest) {
    auto const w = tenon::detail::windows(kernel, o);
    using tenon::detail::short_text;
    std::string text =
        text_of({name, "(kernel_size=", short_text(kernel), ", stride=", short_text({w.rows.stride, w.columns.stride}),
                 ", padding=", short_text(o.padding)});
    if (greatest)
        append_text(text,
                    {", dilation=", short_text(o.dilation), o.ceil_mode ? ", ceil_mode=true" : ", ceil_mode=false"});
    append_text(text, {")"});
    return text;
}
/// The same with one extent for each.
TENON_ON_USE
std::string describe_flat_pool(char const* name, std::size_t kernel, pool_options const& o, bool greatest) {
    return describe_pool(
        name, kernel, {o.stride.width, o.padding.width, o.dilation.width, o.ceil_mode, o.count_include_pad, 0, false},
        greatest);
}
}  // namespace detail

/// max_pool2d<Kernel, Options>(x); torch.nn.MaxPool2d. The layers below are the functions of their names in the same way.
template <extent2 Kernel, pool_options Options = pool_options{}>
struct max_pool2d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::max_pool2d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_pool("max_pool2d", Kernel, Options, true); }
};
template <extent2 Kernel, pool_options Options = pool_options{}>
struct avg_pool2d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::avg_pool2d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_pool("avg_pool2d", Kernel, Options, false); }
};
template <std::size_t Height, std::size_t Width = Height>
struct adaptive_avg_pool2d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_avg_pool2d<Height, Width>(std::forward<decltype(x)>(x));
    }
    static std::string description() {
        return "adaptive_avg_pool2d(output_size=" + tenon::detail::short_text({Height, Width}) + ")";
    }
};
template <std::size_t Kernel, pool_options Options = pool_options{}>
struct max_pool1d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::max_pool1d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_flat_pool("max_pool1d", Kernel, Options, true); }
};
template <std::size_t Kernel, pool_options Options = pool_options{}>
struct avg_pool1d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::avg_pool1d<Kernel, Options>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return detail::describe_flat_pool("avg_pool1d", Kernel, Options, false); }
};
template <std::size_t Length>
struct adaptive_avg_pool1d {
    using layer_tag = void;
    using preserves_features = void;
    constexpr auto operator()(auto&& x) const {
        return tenon::adaptive_avg_pool1d<Length>(std::forward<decltype(x)>(x));
    }
    static std::string description() { return text_of({"adaptive_avg_pool1d(output_size=", Length, ")"}); }
};

}  // namespace tenon::inline TENON_TARGET::nn
