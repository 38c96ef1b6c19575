// Sums with products: torch's addmm and its like, with their factors alpha and beta.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <tenon/function/tensordot.hpp>
#include <tenon/op/arithmetic.hpp>

namespace tenon::inline TENON_TARGET {

/// The factors of beta·x + alpha·(a product). They become numbers of the elements' type. With beta = 0 what is in x, NaN too, counts
/// for nothing.
struct addmm_options {
    double beta = 1;
    double alpha = 1;
};
/// The factor of x + value·(a product or a quotient).
struct addcmul_options {
    double value = 1;
};

/// What is added to a product does not have its shape, nor one that is stretched to it.
template <operation_name Operation, class Addend, class Product>
struct addend_does_not_fit;

namespace op {
struct scaled_sum : numeric {
    using for_complex = void;
    static constexpr char const* name = "scaled_sum";
    template <class V>
    TENON_LANE static V value(V x, V product, V beta, V alpha) {
        return math::select(beta == 0, alpha * product, beta * x + alpha * product);
    }
    template <std::size_t I, class V>
    TENON_LANE static auto slope(V, V, V, V beta, V alpha) {
        if constexpr (I == 0) return beta;
        else if constexpr (I == 1) return alpha;
        else return slope_zero{};
    }
};
}  // namespace op

namespace detail {
template <operation_name Operation, class X, class Product>
constexpr auto add_product(X&& x, Product&& product, addmm_options options) {
    using s = shape_t<X>;
    using p = shape_t<Product>;
    using T = promote_t<value_t<X>, value_t<Product>>;
    constexpr bool fits = [] {
        if constexpr (!broadcast_pair<s, p>::fits) return false;
        else return s::rank() <= p::rank() && std::is_same_v<broadcast_t<s, p>, p>;
    }();
    if constexpr (!fits) return addend_does_not_fit<Operation, s, p>{};
    else
        return make_map(op::scaled_sum{}, std::forward<X>(x), std::forward<Product>(product),
                        bound_for<T>(options.beta), bound_for<T>(options.alpha));
}
}  // namespace detail

/// beta·x + alpha·AB of two matrices, x being stretched to the product's shape: `addmm(x, a, b, {.beta = 0.5, .alpha = 2})`;
/// torch.addmm. Compile errors as those of `mm`, and `addend_does_not_fit`; the same for the functions below.
template <expression X, expression A, expression B>
constexpr auto addmm(X&& x, A&& a, B&& b, addmm_options options = {}) {
    if constexpr (!detail::product_of_ranks<2, 2, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"addmm", shape_t<A>, shape_t<B>>{};
    else
        return detail::add_product<"addmm">(std::forward<X>(x), matmul(std::forward<A>(a), std::forward<B>(b)),
                                            options);
}
/// beta·x + alpha·Av; torch.addmv.
template <expression X, expression A, expression V>
constexpr auto addmv(X&& x, A&& a, V&& v, addmm_options options = {}) {
    if constexpr (!detail::product_of_ranks<2, 1, shape_t<A>, shape_t<V>>)
        return operands_do_not_fit<"addmv", shape_t<A>, shape_t<V>>{};
    else
        return detail::add_product<"addmv">(std::forward<X>(x), matmul(std::forward<A>(a), std::forward<V>(v)),
                                            options);
}
/// beta·x + alpha·uvᵀ; torch.addr.
template <expression X, expression U, expression V>
constexpr auto addr(X&& x, U&& u, V&& v, addmm_options options = {}) {
    if constexpr (shape_t<U>::rank() != 1 || shape_t<V>::rank() != 1)
        return operands_do_not_fit<"addr", shape_t<U>, shape_t<V>>{};
    else return detail::add_product<"addr">(std::forward<X>(x), outer(std::forward<U>(u), std::forward<V>(v)), options);
}
/// beta·x + alpha·AB of equally long batches; torch.baddbmm.
template <expression X, expression A, expression B>
constexpr auto baddbmm(X&& x, A&& a, B&& b, addmm_options options = {}) {
    if constexpr (!detail::product_of_ranks<3, 3, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"baddbmm", shape_t<A>, shape_t<B>>{};
    else if constexpr (!detail::same_batch<shape_t<A>, shape_t<B>>())
        return operands_do_not_fit<"baddbmm", shape_t<A>, shape_t<B>>{};
    else
        return detail::add_product<"baddbmm">(std::forward<X>(x), bmm(std::forward<A>(a), std::forward<B>(b)), options);
}
/// beta·x + alpha·Σ AB, the products of equally long batches added up: one matrix product; torch.addbmm.
template <expression X, expression A, expression B>
constexpr auto addbmm(X&& x, A&& a, B&& b, addmm_options options = {}) {
    if constexpr (!detail::product_of_ranks<3, 3, shape_t<A>, shape_t<B>>)
        return operands_do_not_fit<"addbmm", shape_t<A>, shape_t<B>>{};
    else if constexpr (!detail::same_batch<shape_t<A>, shape_t<B>>())
        return operands_do_not_fit<"addbmm", shape_t<A>, shape_t<B>>{};
    else
        return detail::add_product<"addbmm">(
            std::forward<X>(x), tensordot<axes<0, 2>, axes<0, 1>>(std::forward<A>(a), std::forward<B>(b)), options);
}

/// x + value·ab, elementwise and broadcast: `addcmul(x, a, b, {.value = 0.5})`; torch.addcmul.
template <expression X, expression A, expression B>
constexpr auto addcmul(X&& x, A&& a, B&& b, addcmul_options options = {}) {
    using T = promote_t<value_t<X>, promote_t<value_t<A>, value_t<B>>>;
    return std::forward<X>(x) + detail::bound_for<T>(options.value) * std::forward<A>(a) * std::forward<B>(b);
}
/// x + value·a/b, elementwise and broadcast; torch.addcdiv.
template <expression X, expression A, expression B>
constexpr auto addcdiv(X&& x, A&& a, B&& b, addcmul_options options = {}) {
    using T = promote_t<value_t<X>, promote_t<value_t<A>, value_t<B>>>;
    static_assert(!std::is_integral_v<T>, "addcdiv: needs floating point elements");
    return std::forward<X>(x) + detail::bound_for<T>(options.value) * std::forward<A>(a) / std::forward<B>(b);
}

}  // namespace tenon::inline TENON_TARGET
