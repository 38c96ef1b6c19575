// The affine function of a fully connected layer.
#pragma once

#include <cstddef>
#include <utility>

#include <tenon/expr/matmul.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET {

/// x Wᵀ + b for x of shape [in] or [rows…, in], W [out, in] and b [out]; a vector W gives a number for each row. Compile errors are those of
/// matmul and of a sum; torch.nn.functional.linear. The layer is `nn::linear`.
template <expression X, expression Weight>
constexpr auto linear(X&& x, Weight&& weight) {
    if constexpr (shape_t<Weight>::rank() < 2) return matmul(std::forward<X>(x), std::forward<Weight>(weight));
    else return matmul(std::forward<X>(x), transpose(std::forward<Weight>(weight)));
}
template <expression X, expression Weight, expression Bias>
constexpr auto linear(X&& x, Weight&& weight, Bias&& bias) {
    return linear(std::forward<X>(x), std::forward<Weight>(weight)) + std::forward<Bias>(bias);
}

}  // namespace tenon::inline TENON_TARGET
