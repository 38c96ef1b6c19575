// How parameters start, and how options are written in a summary.
#pragma once

#include <charconv>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/autograd/variable.hpp>
#include <tenon/core/random.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET::nn {

/// A layer that is called has to have a name: what it returns refers to its parameters.
template <class Layer>
struct temporary_layer;

}  // namespace tenon::inline TENON_TARGET::nn

namespace tenon::inline TENON_TARGET::nn::detail {

/// Refuses a layer that is a temporary.
/// @tparam Named what it would return if it had a name: where that is refused already, nothing is added
template <class Layer, class Named>
constexpr auto refused_temporary() {
    return temporary_layer<Layer>{};
}

/// A parameter that starts with one value everywhere.
template <class Variable>
Variable constant_parameter(double value) {
    using T = typename Variable::value_type;
    tensor_of_t<T, typename Variable::shape_type> t;
    t.fill(static_cast<T>(value));
    return Variable(t);
}
/// A parameter of normal numbers with mean 0 and standard deviation 1.
template <class Variable>
Variable normal_parameter() {
    tensor_of_t<typename Variable::value_type, typename Variable::shape_type> t;
    normal_(t);
    return Variable(t);
}
/// A parameter of uniform numbers in ±bound.
template <class Variable>
Variable bounded_parameter(double bound) {
    using T = typename Variable::value_type;
    tensor_of_t<T, typename Variable::shape_type> t;
    uniform_(t, static_cast<T>(-bound), static_cast<T>(bound));
    return Variable(t);
}

/// A parameter as a layer uses it for an input: as bfloat16 or float16 where the input is, so that the layer computes and gives
/// what it was given; torch.autocast does that to weights.
template <class X, class Parameter>
constexpr decltype(auto) parameter_for(X const&, Parameter&& p) {
    if constexpr (element::narrow<value_t<X>> && !std::is_same_v<value_t<X>, value_t<Parameter>>)
        return cast<value_t<X>>(std::forward<Parameter>(p));
    else return std::forward<Parameter>(p);
}

/// A number as PyTorch writes it in a summary: 0.1, 1e-05.
TENON_ON_USE
std::string number_text(double v) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, v, std::chars_format::general, 6).ptr};
}

}  // namespace tenon::inline TENON_TARGET::nn::detail
