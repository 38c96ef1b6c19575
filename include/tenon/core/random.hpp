// Random tensors. Element i of a result depends on the seed, on what the generator gave before, and on i, and on
// nothing else: not on the instruction set, the compiler, its flags or the number of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/base/generator.hpp>
#include <tenon/base/philox.hpp>
#include <tenon/core/creation.hpp>
#include <tenon/core/fill.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/scalar/narrow.hpp>

namespace tenon::inline TENON_TARGET {

/// A tensor that can be filled: one of any device.
template <class X>
concept filled_tensor = requires { typename X::tensor_tag; };

namespace detail {

template <class X>
inline constexpr bool is_generator = std::is_same_v<std::remove_cvref_t<X>, generator>;
template <class X>
concept no_device = !some_device<std::remove_cvref_t<X>>;

/// The arguments of a random function: run-time extents, `Values` parameters, and a generator at the end or not.
template <class N, std::size_t Values, class T, class Shape, class... A>
struct random_arguments {
    static constexpr std::size_t given = (std::size_t{!is_generator<A>} + ... + 0);
    static_assert(given == Shape::dynamic_count + Values && sizeof...(A) - given <= 1,
                  "give a random tensor its run-time extents, then its parameters, then a generator if wanted");
    generator* gen;
    std::size_t extents[sizeof...(A) + 1];
    N values[sizeof...(A) + 1];

    explicit random_arguments(A&... a) : gen(nullptr), extents{}, values{} {
        [[maybe_unused]] std::size_t at = 0;
        (take(at, a), ...);
        if (!gen) gen = &default_generator();
    }
    /// @throws shape_error where there is no such tensor of T @param what the function that errors name
    Shape shape(char const* what) const { return shape_to_make<T, Shape>(what, extents); }
    N value(std::size_t i) const { return values[Shape::dynamic_count + i]; }

private:
    template <class X>
    void take([[maybe_unused]] std::size_t& at, X& x) {
        if constexpr (is_generator<X>) gen = &x;
        else {
            if (at < Shape::dynamic_count) extents[at] = static_cast<std::size_t>(x);
            else values[at] = static_cast<N>(x);
            ++at;
        }
    }
};

/// A single-precision element is made from 32 random bits, a double-precision one from 64.
template <class T>
inline constexpr std::size_t numbers_per_block = sizeof(T) <= 4 ? 4 : 2;

// How a block becomes numbers: called with a block, the place of its first number, and how many are wanted.

/// low + (high - low) u
template <class T>
struct uniform_numbers {
    static constexpr std::size_t per_block = numbers_per_block<T>;
    static constexpr int digits = std::numeric_limits<T>::digits;
    T low, high;
    TENON_HOST_DEVICE void operator()(random_block const& block, T* out, std::size_t n) const {
        double const width = strict::sub(high, low);
        for (std::size_t i = 0; i != n; ++i) {
            double u;
            if constexpr (sizeof(T) <= 4) u = (block.word[i] >> (32 - digits)) / double(1u << digits);
            else u = static_cast<double>(block.half(i) >> (64 - digits)) * 0x1p-53;
            auto const v = static_cast<T>(strict::add(low, strict::mul(width, u)));
            out[i] = v >= high ? low : v;
        }
    }
};
/// mean + std z
template <class T>
struct normal_numbers {
    static constexpr std::size_t per_block = numbers_per_block<T>;
    T mean, std;
    TENON_HOST_DEVICE void operator()(random_block const& block, T* out, std::size_t n) const {
        for (std::size_t i = 0; i < n; i += 2) {
            auto const z = sizeof(T) <= 4 ? box_muller<32>(block.word[i], block.word[i + 1])
                                          : box_muller<53>(block.half(0) >> 11, block.half(1) >> 11);
            out[i] = static_cast<T>(strict::add(mean, strict::mul(std, z.first)));
            if (i + 1 != n) out[i + 1] = static_cast<T>(strict::add(mean, strict::mul(std, z.second)));
        }
    }
};
/// low + range u, in whole numbers
template <class T>
struct whole_numbers {
    static constexpr std::size_t per_block = 2;
    std::int64_t low;
    std::uint64_t range;
    TENON_HOST_DEVICE void operator()(random_block const& block, T* out, std::size_t n) const {
        for (std::size_t i = 0; i != n; ++i)
            out[i] = static_cast<T>(
                static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + multiply_high(block.half(i), range)));
    }
};
/// 1 where u < p
template <class T>
struct bernoulli_numbers {
    static constexpr std::size_t per_block = 4;
    double p;
    TENON_HOST_DEVICE void operator()(random_block const& block, T* out, std::size_t n) const {
        for (std::size_t i = 0; i != n; ++i) out[i] = static_cast<T>(block.word[i] * 0x1p-32 < p);
    }
};

TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_range(char const* what, text_piece const& low, text_piece const& high,
                                                        char const* why) {
    throw std::invalid_argument(text_of({what, ": [", low, ", ", high, ") ", why}));
}
/// @throws std::invalid_argument where `high` is less than `low`, or further from it than T can say
template <class T>
uniform_numbers<T> uniform_between(T low, T high) {
    double const a = low, b = high;
    if (!(a <= b)) throw_range("uniform_", a, b, "is no range");
    if (!(b - a <= static_cast<double>(std::numeric_limits<T>::max())))
        throw_range("uniform_", a, b, "is too wide for its type");
    return {low, high};
}
/// @throws std::invalid_argument where the standard deviation is negative or NaN
template <class T>
normal_numbers<T> normal_of(T mean, T std) {
    if (!(static_cast<double>(std) >= 0))
        throw std::invalid_argument(text_of({"normal_: ", static_cast<double>(std), " is no standard deviation"}));
    return {mean, std};
}
/// The range of whole numbers in [low, high). @throws std::invalid_argument where it is empty, or T does not hold all of it
template <class T>
whole_numbers<T> whole_numbers_between(std::int64_t low, std::int64_t high) {
    if (high <= low) throw_range("randint", low, high, "is empty");
    if constexpr (std::is_integral_v<T>) {
        auto const held = [](std::int64_t v) {
            return static_cast<std::int64_t>(static_cast<T>(v)) == v && (std::is_signed_v<T> || v >= 0);
        };
        if (!held(low) || !held(high - 1)) throw_range("randint", low, high, "does not fit into the element type");
    }
    return {low, static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low)};
}
/// @throws std::invalid_argument where p is no probability
template <class T>
bernoulli_numbers<T> bernoulli_of(double p) {
    if (!(p >= 0 && p <= 1)) throw std::invalid_argument(text_of({"bernoulli: ", p, " is no probability"}));
    return {p};
}

}  // namespace detail

/// Fills with numbers of the uniform distribution on [low, high): low + (high - low) u, where u has as many bits as T has
/// significant ones: 24 for float, 53 for double. The rare sum that rounds up to `high` becomes `low`.
/// @param x a tensor of any device
/// @throws std::invalid_argument where `high` is less than `low`, or high - low is more than T can say
template <filled_tensor X>
void uniform_(X& x, value_t<X> low = 0, value_t<X> high = 1, generator& gen = default_generator()) {
    using T = value_t<X>;
    static_assert(std::is_floating_point_v<T> || element::narrow<T>, "uniform_ needs floating point elements");
    creation<typename X::device>::draw(x, detail::uniform_between<T>(low, high), gen);
}

/// Fills with numbers of the normal distribution: mean + std z, with z by Box and Muller's method in double precision.
/// @param x a tensor of any device
/// @throws std::invalid_argument where std is negative
template <filled_tensor X>
void normal_(X& x, value_t<X> mean = 0, value_t<X> std = 1, generator& gen = default_generator()) {
    using T = value_t<X>;
    static_assert(std::is_floating_point_v<T> || element::narrow<T>, "normal_ needs floating point elements");
    creation<typename X::device>::draw(x, detail::normal_of<T>(mean, std), gen);
}

namespace detail {
/// Complex numbers whose parts f draws.
template <class X, class F>
void draw_parts(X& x, F const& f) {
    using part = element::real_t<value_t<X>>;
    tensor<part, dyn> parts(uninitialized, shape<dyn>(std::array<std::size_t, 1>{2 * x.size()}));
    f(parts);
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = {parts.data()[2 * i], parts.data()[2 * i + 1]};
}
/// Those of normal numbers of standard deviation 1.
template <class X>
void draw_normal_parts(X& x, generator& gen) {
    using part = element::real_t<value_t<X>>;
    draw_parts(x, [&](auto& parts) { normal_(parts, part(0), part(0.70710678118654752440), gen); });
}
}  // namespace detail

/// Uniform numbers in [0, 1), of complex ones both parts: `rand<float, 2, 3>()`, `rand<float, dyn, 3>(5)`, either with a generator after them, and as all that
/// follows with a device before them: `rand<float, dyn, 3>(Device{}, 5, gen)`.
template <class T, std::size_t... E, some_device Device, class... A>
auto rand(Device, A&&... arguments) {
    detail::random_arguments<std::size_t, 0, T, shape<E...>, std::remove_reference_t<A>...> const a(arguments...);
    tensor_of_t<T, shape<E...>, Device> x(uninitialized, a.shape("rand"));
    if constexpr (element::is_complex<T>) detail::draw_parts(x, [&](auto& parts) { uniform_(parts, 0, 1, *a.gen); });
    else uniform_(x, T{0}, T{1}, *a.gen);
    return x;
}
template <class T, std::size_t... E, detail::no_device... A>
tensor<T, E...> rand(A&&... arguments) {
    return tenon::rand<T, E...>(cpu{}, arguments...);
}

/// Normal numbers of mean 0 and standard deviation 1, of complex ones 1/√2 for each part; arguments as for `rand`.
template <class T, std::size_t... E, some_device Device, class... A>
auto randn(Device, A&&... arguments) {
    detail::random_arguments<std::size_t, 0, T, shape<E...>, std::remove_reference_t<A>...> const a(arguments...);
    tensor_of_t<T, shape<E...>, Device> x(uninitialized, a.shape("randn"));
    if constexpr (element::is_complex<T>) detail::draw_normal_parts(x, *a.gen);
    else normal_(x, T{0}, T{1}, *a.gen);
    return x;
}
template <class T, std::size_t... E, detail::no_device... A>
tensor<T, E...> randn(A&&... arguments) {
    return tenon::randn<T, E...>(cpu{}, arguments...);
}

/// Uniform numbers in [0, 1) of another tensor's element type, shape and device; the other is not read.
template <expression X>
auto rand_like(X const& x, generator& gen = default_generator()) {
    auto y = empty_like(x);
    if constexpr (element::is_complex<value_t<X>>)
        detail::draw_parts(y, [&](auto& parts) { uniform_(parts, 0, 1, gen); });
    else uniform_(y, 0, 1, gen);
    return y;
}

/// Normal numbers of mean 0 and standard deviation 1 of another tensor's element type, shape and device.
template <expression X>
auto randn_like(X const& x, generator& gen = default_generator()) {
    auto y = empty_like(x);
    if constexpr (element::is_complex<value_t<X>>) detail::draw_normal_parts(y, gen);
    else normal_(y, 0, 1, gen);
    return y;
}

/// Whole numbers in [low, high), low being 0 where it is not given: `randint<std::int64_t, 3>(0, 10)`,
/// `randint<int, 3>(10)`, `randint<int, dyn>(n, 0, 10, gen)`. 64 random bits are scaled to the range, so that no number is
/// more likely than another by more than a part in 2^64 / (high - low). @throws std::invalid_argument where the range is
/// empty, or T does not hold its numbers
template <class T, std::size_t... E, some_device Device, class... A>
auto randint(Device, A&&... arguments) {
    static_assert(std::is_arithmetic_v<T>, "randint needs numbers");
    constexpr bool from_zero = (std::size_t{!detail::is_generator<A>} + ... + 0) == shape<E...>::dynamic_count + 1;
    using taken =
        detail::random_arguments<std::int64_t, from_zero ? 1 : 2, T, shape<E...>, std::remove_reference_t<A>...>;
    taken const a(arguments...);
    auto const numbers = detail::whole_numbers_between<T>(from_zero ? 0 : a.value(0), a.value(from_zero ? 0 : 1));
    tensor_of_t<T, shape<E...>, Device> x(uninitialized, a.shape("randint"));
    creation<Device>::draw(x, numbers, *a.gen);
    return x;
}
template <class T, std::size_t... E, detail::no_device... A>
tensor<T, E...> randint(A&&... arguments) {
    return tenon::randint<T, E...>(cpu{}, arguments...);
}

/// Ones with probability p, else zeros: `bernoulli<float, 3>(0.5)`, `bernoulli<bool, dyn>(n, 0.5, gen)`; decided by
/// 32 random bits each. @throws std::invalid_argument where p is no probability
template <class T, std::size_t... E, some_device Device, class... A>
auto bernoulli(Device, A&&... arguments) {
    detail::random_arguments<double, 1, T, shape<E...>, std::remove_reference_t<A>...> const a(arguments...);
    auto const numbers = detail::bernoulli_of<T>(a.value(0));
    tensor_of_t<T, shape<E...>, Device> x(uninitialized, a.shape("bernoulli"));
    creation<Device>::draw(x, numbers, *a.gen);
    return x;
}
template <class T, std::size_t... E, detail::no_device... A>
tensor<T, E...> bernoulli(A&&... arguments) {
    return tenon::bernoulli<T, E...>(cpu{}, arguments...);
}

namespace detail {
/// Fisher and Yates' shuffle of 0 … n-1.
template <class I>
void permute_indices(I* out, std::size_t n, generator& gen) {
    std::iota(out, out + n, I{0});
    for_each_block<2>(gen, n, [=](random_block const& block, std::size_t first, std::size_t count) {
        for (std::size_t i = first; i != first + count; ++i)
            std::swap(out[i], out[i + multiply_high(block.half(i - first), n - i)]);
    });
}
}  // namespace detail

/// The numbers 0 … n-1 in random order.
TENON_ON_USE
tensor<std::int64_t, dyn> permutation(std::size_t n, generator& gen = default_generator()) {
    tensor<std::int64_t, dyn> x(uninitialized, detail::shape_to_make<std::int64_t, shape<dyn>>("permutation", &n));
    detail::permute_indices(x.data(), n, gen);
    return x;
}
/// The numbers 0 … N-1 in random order.
template <std::size_t N>
tensor<std::int64_t, N> permutation(generator& gen = default_generator()) {
    tensor<std::int64_t, N> x(uninitialized);
    detail::permute_indices(x.data(), N, gen);
    return x;
}

}  // namespace tenon::inline TENON_TARGET
