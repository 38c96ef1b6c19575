// The device's executor against the processor's: the same function on both, values and gradients compared. A C++
// compiler takes the headers of host_cuda/ for the CUDA toolkit's, so that the executor and its kernels run without a
// device; nvcc builds the same tests for a card.
#pragma once

#if defined(__CUDACC__)
#include "card.hpp"
#endif

#include <tenon/cuda.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include "../catch.hpp"

namespace device_test {

namespace tn = tenon;

/// What was asked of the runtime and of cuBLASLt: `launches`, `allocations`, `copies` and `refused` count,
/// `has_epilogues` and `late_streams` change what they do.
#if defined(__CUDACC__)
namespace calls = card;
#else
namespace calls = host_cuda;
#endif

/// Whether as many launches were made as were expected. A card's library may refuse an epilogue, whose work a launch of
/// ours does then: where it has, more launches are let pass, and the test says so.
inline bool launched(std::size_t made, std::size_t expected) {
    if (made <= expected || calls::refused == 0) return made == expected;
    WARN("not compared: " + std::to_string(made) + " launches for " + std::to_string(expected) +
         ", and the library has refused epilogues");
    return true;
}

/// The greatest absolute value: what rounding is relative to where large terms cancel.
template <class A>
double greatest(A const& a) {
    tn::tensor const t = a;
    double top = 0;
    for (auto const x : t.flat()) top = std::max(top, std::abs(static_cast<double>(x)));
    return top;
}

template <class A, class B>
bool same(A const& a, B const& b) {
    if (!(a.shape() == b.shape())) return false;
    if constexpr (std::is_floating_point_v<tn::value_t<A>>)
        return tn::allclose(a, b, {.rtol = 1e-5, .atol = 2e-6 * std::max(1., greatest(b))});
    else {
        for (std::size_t i = 0; i != a.size(); ++i)
            if (a.data()[i] != b.data()[i]) return false;
        return true;
    }
}

/// A tensor without gradient in both memories.
template <class Tensor>
struct on_both {
    Tensor host;
    decltype(tn::to<tn::cuda::device>(std::declval<Tensor const&>())) device;

    explicit on_both(Tensor const& t) : host(t), device(tn::to<tn::cuda::device>(t)) {}
    /// The one that lives where an operand does.
    template <class Operand>
    auto const& where(Operand const&) const {
        if constexpr (std::is_same_v<tn::device_of_t<Operand>, tn::cpu>) return host;
        else return device;
    }
};

/// Whether f gives the same elements on both.
template <class F, class... X>
bool values_agree(F const& f, X const&... x) {
    tn::tensor const expected = f(x...);
    auto const check = [&](auto const&... d) {
        tn::cuda::tensor const found = f(d...);
        return same(tn::to<tn::cpu>(found), expected);
    };
    return check(tn::to<tn::cuda::device>(x)...);
}

template <class T, std::size_t... E>
auto host_variable(tn::tensor<T, E...> const& x) {
    return tn::variable<T, E...>(x);
}
template <class T, std::size_t... E>
auto device_variable(tn::tensor<T, E...> const& x) {
    return tn::cuda::variable<T, E...>(x);
}

/// Whether backward(f(x…)) gives the same value, and twice the same gradients when it is called twice, and the same
/// again after zero_grad.
template <class F, class... X>
bool gradients_agree(F const& f, X const&... x) {
    auto host = std::tuple(host_variable(x)...);
    auto device = std::tuple(device_variable(x)...);
    bool good = true;
    auto const zero = [](auto&... v) { (v.zero_grad(), ...); };
    auto const grads = [&]<std::size_t... I>(std::index_sequence<I...>) {
        return (same(tn::to<tn::cpu>(std::get<I>(device).grad()), std::get<I>(host).grad()) && ...);
    };
    for (int i = 0; i != 3; ++i) {
        if (i == 2) {
            good = good && grads(std::index_sequence_for<X...>{});
            std::apply(zero, host);
            std::apply(zero, device);
        }
        auto const expected = std::apply([&](auto const&... v) { return tn::backward(f(v...)).item(); }, host);
        auto const found = std::apply([&](auto const&... v) { return tn::backward(f(v...)).item(); }, device);
        good = good && std::abs(found - expected) <= 1e-5 * (1 + std::abs(expected));
    }
    return good && grads(std::index_sequence_for<X...>{});
}

/// Whether f gives the same elements on both, and the same gradients of its mean square.
template <class F, class... X>
bool both_agree(F const& f, X const&... x) {
    return values_agree(f, x...) &&
           gradients_agree([&](auto const&... a) { return tn::mean(tn::square(f(a...))); }, x...);
}

}  // namespace device_test
