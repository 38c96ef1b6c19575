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
#include <utility>
#include <vector>

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

/// A tensor's elements, without its shape: what compares them is compiled once for an element type.
template <class T>
struct memory_of {
    T const* data;
    std::size_t size;
    bool on_device;

    template <class A>
    explicit memory_of(A const& a) : size(a.size()), on_device(!std::is_same_v<tn::device_of_t<A>, tn::cpu>) {
        if constexpr (std::is_same_v<tn::device_of_t<A>, tn::cpu>) data = a.data();
        else data = a.device_data();
    }
};
template <class T>
auto elements(memory_of<T> const& m) {
    // No vector of bool, which has no elements.
    std::vector<std::conditional_t<std::is_same_v<T, bool>, unsigned char, T>> all(m.size);
    auto* const to = reinterpret_cast<T*>(all.data());
    if (m.on_device) tn::cuda::download(m.data, to, m.size);
    else std::copy_n(m.data, m.size, to);
    return all;
}
/// The elements of a tensor or a computation of either memory.
template <class A>
auto elements(A const& a) {
    if constexpr (!requires { typename A::tensor_tag; }) return elements(a.eval());
    else return elements(memory_of<tn::value_t<A>>(a));
}

/// Whether elements are the same up to rounding; NaN is not NaN.
/// @param o what is allowed absolutely is relative to the greatest element if that is more than 1: large terms may cancel
template <class T>
bool same_elements(std::vector<T> const& a, std::vector<T> const& b, tn::close_options o) {
    if constexpr (std::is_floating_point_v<T>) {
        double top = 1;
        for (T const x : b) top = std::max(top, std::abs(static_cast<double>(x)));
        return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](double x, double y) {
            double const error = std::abs(x - y);
            return x == y || (std::isfinite(error) && error <= o.atol * top + o.rtol * std::abs(y));
        });
    } else return a == b;
}
template <class T>
bool same_memory(memory_of<T> const& a, memory_of<T> const& b, tn::close_options o) {
    return same_elements(elements(a), elements(b), o);
}

/// Whether tensors or computations of either memory have the same shape and the same elements.
template <class A, class B>
bool same(A const& a, B const& b, tn::close_options o = {.rtol = 1e-5, .atol = 2e-6}) {
    if constexpr (!requires { typename A::tensor_tag; }) return same(a.eval(), b, o);
    else if constexpr (!requires { typename B::tensor_tag; }) return same(a, b.eval(), o);
    else {
        using T = tn::value_t<A>;
        static_assert(std::is_same_v<T, tn::value_t<B>>);
        return a.shape() == b.shape() && same_memory(memory_of<T>(a), memory_of<T>(b), o);
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
        return same(found, expected);
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

/// A function that is called through a pointer: what calls it is compiled once, not for each function.
template <class Result>
class called {
public:
    template <class F>
    called(F const& f) : f_(&f), call_([](void const* p) -> Result { return (*static_cast<F const*>(p))(); }) {}
    Result operator()() const { return call_(f_); }

private:
    void const* f_;
    Result (*call_)(void const*);
};

/// Whether two functions give the same value three times, and the same gradients after the second call and the third, before
/// which they are set to zero.
inline bool backward_agrees(called<double> host, called<double> device, called<bool> same_gradients,
                            called<void> zero) {
    bool good = true;
    for (int i = 0; i != 3; ++i) {
        if (i == 2) zero();
        double const expected = host(), found = device();
        good = good && std::abs(found - expected) <= 1e-5 * (1 + std::abs(expected));
        if (i != 0) good = good && same_gradients();
    }
    return good;
}

/// Variables in both memories, from tensors.
template <class... X>
struct variables {
    std::tuple<decltype(host_variable(std::declval<X const&>()))...> host;
    std::tuple<decltype(device_variable(std::declval<X const&>()))...> device;

    explicit variables(X const&... x) : host(host_variable(x)...), device(device_variable(x)...) {}
    bool same_gradients() const { return same_gradients(std::index_sequence_for<X...>{}); }
    void zero_grad() {
        auto const zero = [](auto&... v) { (v.zero_grad(), ...); };
        std::apply(zero, host);
        std::apply(zero, device);
    }
    /// backward_agrees, of functions that take no argument.
    bool agree(called<double> of_host, called<double> of_device) {
        return backward_agrees(of_host, of_device, [&] { return same_gradients(); }, [&] { zero_grad(); });
    }

private:
    template <std::size_t... I>
    bool same_gradients(std::index_sequence<I...>) const {
        return (same(std::get<I>(device).grad(), std::get<I>(host).grad()) && ...);
    }
};

/// Whether backward(f(x…)) gives the same value, and twice the same gradients when it is called twice, and the same
/// again after zero_grad.
template <class F, class... X>
bool gradients_agree(F const& f, X const&... x) {
    variables<X...> all(x...);
    auto const back = [&](auto const&... v) { return static_cast<double>(tn::backward(f(v...)).item()); };
    return all.agree([&] { return std::apply(back, all.host); }, [&] { return std::apply(back, all.device); });
}

/// Whether the gradients of the sum of f's squares agree. As these are made of f's values, a wrong value shows too; what is
/// not seen is another kernel that values alone may take.
template <class F, class... X>
bool squares_agree(F const& f, X const&... x) {
    return gradients_agree([&](auto const&... a) { return tn::sum(tn::square(f(a...))); }, x...);
}

/// Whether f gives the same elements on both, and the same gradients of the sum of its squares.
template <class F, class... X>
bool both_agree(F const& f, X const&... x) {
    return values_agree(f, x...) && squares_agree(f, x...);
}

}  // namespace device_test
