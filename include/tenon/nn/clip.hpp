// Gradients that are kept from growing too large: clip_grad_norm, clip_grad_value.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <stdexcept>
#include <type_traits>

#include <tenon/nn/state.hpp>
#include <tenon/scalar/math_basic.hpp>
#include <tenon/scalar/promote.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// What `clip_grad_norm` and `clip_grad_value` do where a model's parameters live.
template <class Device>
struct gradient_clipping;

/// |g|
template <class T>
double size_of(T g) {
    if constexpr (element::is_complex<T>) return std::abs(std::complex<double>(g));
    else return std::abs(static_cast<double>(g));
}
/// Adds |g|^p for every element g to a total, or finds the greatest |g| for p = ∞.
struct added_powers {
    double p;
    double& total;
    template <class T>
    void operator()(T const* g, std::size_t n) const {
        for (std::size_t i = 0; i != n; ++i) {
            double const size = size_of(g[i]);
            if (math::isinf(p)) total = size > total || math::isnan(size) ? size : total;
            else total += p == 2 ? size * size : p == 1 ? size : std::pow(size, p);
        }
    }
};
struct scaled_gradients {
    double scale;
    template <class T>
    void operator()(T* g, std::size_t n) const {
        using wide = std::conditional_t<element::is_complex<T>, std::complex<double>, double>;
        for (std::size_t i = 0; i != n; ++i) g[i] = static_cast<T>(static_cast<wide>(g[i]) * scale);
    }
};
struct clamped_gradients {
    double limit;
    template <class T>
    void operator()(T* g, std::size_t n) const {
        static_assert(!element::is_complex<T>,
                      "clip_grad_value: complex numbers have no order; clip_grad_norm takes them");
        T const most = static_cast<T>(limit);
        for (std::size_t i = 0; i != n; ++i) g[i] = math::isnan(g[i]) ? g[i] : std::clamp(g[i], -most, most);
    }
};

template <>
struct gradient_clipping<cpu> {
    template <class Model, class Limit>
    static floating_t<Limit> norm(Model& model, Limit limit, double p) {
        double all = 0;
        for_each_gradient(model, added_powers{p, all});
        double const norm = math::isinf(p) || p == 1 ? all : p == 2 ? std::sqrt(all) : std::pow(all, 1 / p);
        double const scale = static_cast<double>(limit) / (norm + 1e-6);
        if (!(scale >= 1)) for_each_gradient(model, scaled_gradients{scale});
        return static_cast<floating_t<Limit>>(norm);
    }
    template <class Model>
    static void value(Model& model, double limit) {
        for_each_gradient(model, clamped_gradients{limit});
    }
};
}  // namespace detail

/// Multiplies all gradients of a model by limit / (norm + 10⁻⁶) where that is less than 1, and returns the norm that
/// they had before: (Σ|g|^p)^(1/p) over all gradients together, or the greatest |g| for p = ∞. A norm that is not
/// finite reaches the gradients as PyTorch's does. Follows torch.nn.utils.clip_grad_norm_.
/// @param model a struct, a variable or a pipeline, as optimisers take
/// @return a number of the limit's type, where an integer gives a float; of a model on a device a tensor there without
/// axes, which converts to such a number: nothing waits until it is asked for
template <class Model, class Limit>
auto clip_grad_norm(Model& model, Limit limit, double norm_type = 2) {
    if (!(norm_type > 0)) throw std::invalid_argument("clip_grad_norm: the norm's type has to be positive");
    return detail::gradient_clipping<model_device_t<Model>>::norm(model, limit, norm_type);
}

/// Limits every gradient of a model to [−limit, limit]; NaN stays. Follows torch.nn.utils.clip_grad_value_.
template <class Model>
void clip_grad_value(Model& model, double limit) {
    detail::gradient_clipping<model_device_t<Model>>::value(model, limit);
}

}  // namespace tenon::inline TENON_TARGET::nn
