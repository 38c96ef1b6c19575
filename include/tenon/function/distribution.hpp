// Random numbers of many distributions, as tensors: of given extents, or with parameters for each element.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <tenon/core/compute.hpp>
#include <tenon/core/random.hpp>
#include <tenon/expr/random_bits.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/elementwise.hpp>
#include <tenon/op/extremum.hpp>
#include <tenon/op/sample.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Numbers of a distribution with parameters that are operands, drawn anew at each evaluation.
template <class Distribution, class T, class Shape, class... P>
constexpr auto sampled(Shape const& s, generator& gen, P&&... p) {
    return make_map(op::sample<Distribution, T>{}, random_bits<Shape>(s, gen), std::forward<P>(p)...);
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_parameters(char const* what) {
    throw std::invalid_argument(text_of({what, ": the distribution does not have such parameters"}));
}
/// @throws std::invalid_argument where numbers are no parameters of the distribution
template <class Distribution, class... P>
void check_parameters(P... p) {
    if (!Distribution::valid(static_cast<double>(p)...)) throw_parameters(Distribution::name);
}
/// Fills a tensor with numbers of a distribution.
template <class Distribution, class X, class... P>
void fill_sampled(X& x, generator& gen, P... p) {
    check_parameters<Distribution>(p...);
    x = sampled<Distribution, value_t<X>>(x.shape(), gen, static_cast<double>(p)...);
}
/// The function behind `exponential<float, 3>(…)`: run-time extents, then parameters, then a generator if wanted.
template <class Distribution, class T, class Shape, class Device, class... A>
auto drawn_on(A&... arguments) {
    constexpr std::size_t most = std::size(Distribution::defaults), given = (std::size_t{!is_generator<A>} + ... + 0);
    static_assert(given >= Shape::dynamic_count + Distribution::required && given <= Shape::dynamic_count + most,
                  "give a random tensor its run-time extents, then its parameters, then a generator if wanted");
    constexpr std::size_t count = given - Shape::dynamic_count;
    random_arguments<double, count, T, Shape, A...> const a(arguments...);
    tensor_of_t<T, Shape, Device> x(uninitialized, a.shape(Distribution::name));
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        fill_sampled<Distribution>(x, *a.gen, (I < count ? a.value(I < count ? I : 0) : Distribution::defaults[I])...);
    }(std::make_index_sequence<most>{});
    return x;
}
template <class Distribution, class T, class Shape, some_device Device, class... A>
auto drawn(Device, A&&... arguments) {
    return drawn_on<Distribution, T, Shape, Device, std::remove_reference_t<A>...>(arguments...);
}
template <class Distribution, class T, class Shape, no_device... A>
auto drawn(A&&... arguments) {
    return drawn_on<Distribution, T, Shape, cpu, std::remove_reference_t<A>...>(arguments...);
}
/// One number for each element of the parameters' common shape, in their floating point type.
template <class Distribution, class... P>
auto drawn_of(generator& gen, P&&... p) {
    using T = floating_t<promoted_value_t<node_t<P>...>>;
    using s = broadcast_t<shape_t<node_t<P>>...>;
    auto const node = sampled<Distribution, T>(broadcast_shapes(Distribution::name, as_node(p).shape()...), gen, p...);
    return tensor_of_t<T, s, device_of_t<decltype(node)>>(node);
}
}  // namespace detail

// For each distribution: `exponential<float, 3, dyn>(5, rate, gen)` makes a tensor of these extents, whose parameters are numbers, on a
// device where one stands before them; `exponential(rate, gen)` with tensors as parameters, beside which there may be numbers, one
// number for each of their elements, NaN where they are no parameters; `exponential_(x, rate, gen)` fills a tensor. The generator may
// be left out, and parameters that have a value in the comments below.
//
// @throws std::invalid_argument where numbers are no parameters of the distribution

/// Uniform in [low, high), which are 0 and 1; torch.distributions.Uniform.
template <class T, std::size_t... E, class... A>
auto uniform(A&&... arguments) {
    return detail::drawn<distributions::uniform, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto uniform(P const& low, Q const& high, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::uniform>(gen, low, high);
}

/// Normal with mean and standard deviation, which are 0 and 1; torch.normal.
template <class T, std::size_t... E, class... A>
auto normal(A&&... arguments) {
    return detail::drawn<distributions::normal, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto normal(P const& mean, Q const& std, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::normal>(gen, mean, std);
}

/// e to the power of a normal number; torch.Tensor.log_normal_.
template <class T, std::size_t... E, class... A>
auto log_normal(A&&... arguments) {
    return detail::drawn<distributions::log_normal, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto log_normal(P const& mean, Q const& std, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::log_normal>(gen, mean, std);
}
template <filled_tensor X>
void log_normal_(X& x, double mean = 1, double std = 2, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::log_normal>(x, gen, mean, std);
}

/// Density rate · e^(−rate x); rate is 1; torch.Tensor.exponential_.
template <class T, std::size_t... E, class... A>
auto exponential(A&&... arguments) {
    return detail::drawn<distributions::exponential, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <expression P>
auto exponential(P const& rate, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::exponential>(gen, rate);
}
template <filled_tensor X>
void exponential_(X& x, double rate = 1, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::exponential>(x, gen, rate);
}

/// Density e^(−|x − loc|/scale)/(2 scale); loc and scale are 0 and 1; torch.distributions.Laplace.
template <class T, std::size_t... E, class... A>
auto laplace(A&&... arguments) {
    return detail::drawn<distributions::laplace, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto laplace(P const& loc, Q const& scale, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::laplace>(gen, loc, scale);
}
template <filled_tensor X>
void laplace_(X& x, double loc = 0, double scale = 1, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::laplace>(x, gen, loc, scale);
}

/// Density scale/(π (scale² + (x − median)²)); median and scale are 0 and 1; torch.Tensor.cauchy_.
template <class T, std::size_t... E, class... A>
auto cauchy(A&&... arguments) {
    return detail::drawn<distributions::cauchy, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto cauchy(P const& median, Q const& scale, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::cauchy>(gen, median, scale);
}
template <filled_tensor X>
void cauchy_(X& x, double median = 0, double scale = 1, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::cauchy>(x, gen, median, scale);
}

/// loc − scale · log E for exponential E; loc and scale are 0 and 1; torch.distributions.Gumbel.
template <class T, std::size_t... E, class... A>
auto gumbel(A&&... arguments) {
    return detail::drawn<distributions::gumbel, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto gumbel(P const& loc, Q const& scale, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::gumbel>(gen, loc, scale);
}
template <filled_tensor X>
void gumbel_(X& x, double loc = 0, double scale = 1, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::gumbel>(x, gen, loc, scale);
}

/// The number of trials up to the first success, each with probability p; torch.Tensor.geometric_.
template <class T, std::size_t... E, class... A>
auto geometric(A&&... arguments) {
    return detail::drawn<distributions::geometric, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <expression P>
auto geometric(P const& p, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::geometric>(gen, p);
}
template <filled_tensor X>
void geometric_(X& x, double p, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::geometric>(x, gen, p);
}

/// 1 with probability p, else 0 (of given extents: core/random.hpp); torch.bernoulli.
template <expression P>
auto bernoulli(P const& p, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::bernoulli>(gen, p);
}
template <filled_tensor X>
void bernoulli_(X& x, double p = 0.5, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::bernoulli>(x, gen, p);
}

/// Density proportional to x^(concentration − 1) e^(−rate x); rate is 1; torch.distributions.Gamma.
template <class T, std::size_t... E, class... A>
auto gamma(A&&... arguments) {
    return detail::drawn<distributions::gamma, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto gamma(P const& concentration, Q const& rate, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::gamma>(gen, concentration, rate);
}
template <filled_tensor X>
void gamma_(X& x, double concentration, double rate = 1, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::gamma>(x, gen, concentration, rate);
}

/// Density proportional to x^(a − 1) (1 − x)^(b − 1); torch.distributions.Beta.
template <class T, std::size_t... E, class... A>
auto beta(A&&... arguments) {
    return detail::drawn<distributions::beta, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto beta(P const& a, Q const& b, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::beta>(gen, a, b);
}
template <filled_tensor X>
void beta_(X& x, double a, double b, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::beta>(x, gen, a, b);
}

/// How often something happens that does at this rate; torch.poisson.
template <class T, std::size_t... E, class... A>
auto poisson(A&&... arguments) {
    return detail::drawn<distributions::poisson, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <expression P>
auto poisson(P const& rate, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::poisson>(gen, rate);
}
template <filled_tensor X>
void poisson_(X& x, double rate, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::poisson>(x, gen, rate);
}

/// How many of n trials succeed with probability p; torch.binomial.
template <class T, std::size_t... E, class... A>
auto binomial(A&&... arguments) {
    return detail::drawn<distributions::binomial, T, shape<E...>>(std::forward<A>(arguments)...);
}
template <class P, class Q>
    requires operands<P const&, Q const&>
auto binomial(P const& n, Q const& p, generator& gen = default_generator()) {
    return detail::drawn_of<distributions::binomial>(gen, n, p);
}
template <filled_tensor X>
void binomial_(X& x, double n, double p, generator& gen = default_generator()) {
    detail::fill_sampled<distributions::binomial>(x, gen, n, p);
}

/// Numbers of Dirichlet's distribution: along the last axis, of which `concentration` has the parameters, they add up to 1;
/// torch.distributions.Dirichlet.
template <expression P>
auto dirichlet(P const& concentration, generator& gen = default_generator()) {
    // Numbers of small concentrations may be less than what a double holds; some of each row is left nevertheless.
    auto part = detail::drawn_of<distributions::gamma>(gen, cast<double>(concentration), 1.);
    part = maximum(part, std::numeric_limits<double>::min());
    using T = floating_t<value_t<P>>;
    return tensor_of_t<T, shape_t<P>, device_of_t<decltype(part)>>(cast<T>(part / sum<-1>(part, keepdim)));
}
/// Whole numbers in [low, high) of another tensor's element type, shape and device; torch.randint_like.
template <expression X>
auto randint_like(X const& x, std::int64_t low, std::int64_t high, generator& gen = default_generator()) {
    auto y = empty_like(x);
    creation<device_of_t<X>>::draw(y, detail::whole_numbers_between<value_t<X>>(low, high), gen);
    return y;
}
template <expression X>
auto randint_like(X const& x, std::int64_t high, generator& gen = default_generator()) {
    return tenon::randint_like(x, 0, high, gen);
}

}  // namespace tenon::inline TENON_TARGET
