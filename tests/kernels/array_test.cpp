// Algorithms on whole arrays on the device: rules that run on the host's copies there, and one with a form for the device.
#include "device.hpp"

#if __has_include(<Eigen/Core>)
#include <tenon/linalg.hpp>
#endif

using namespace device_test;
namespace cuda = tenon::cuda;

namespace {

/// Elements in reverse order, times a factor: what both memories can do.
template <bool OnDevice, class T, class S>
struct reversed_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "reversed", *kind = "rearrangement";
    static constexpr bool has_gradient = true;
    T factor;

    S shape(S const& s) const { return s; }
    static std::size_t operations(S const& s) { return s.size(); }
    void forward(tn::array_of<T, S> const& y, tn::array_of<T const, S> const& x) const {
        std::size_t const n = x.shape.size();
        for (std::size_t i = 0; i != n; ++i) y.data[i] = factor * x.data[n - 1 - i];
    }
    void backward(tn::array_of<T const, S> const&, tn::array_of<T const, S> const& g, tn::array_of<T const, S> const&,
                  tn::array_of<T, S> const& gx) const {
        std::size_t const n = g.shape.size();
        for (std::size_t i = 0; i != n; ++i) gx.data[i] += factor * g.data[n - 1 - i];
    }
};
template <class T>
__global__ void reverse(T const* from, T* to, T factor, std::size_t n) {
    for (std::size_t i = threadIdx.x; i < n; i += blockDim.x) to[i] += factor * from[n - 1 - i];
}
template <bool OnDevice, class A>
auto reversed(A&& a, tn::value_t<A> factor) {
    return tn::detail::make_array(reversed_rule<OnDevice, tn::value_t<A>, tn::shape_t<A>>{factor}, std::forward<A>(a));
}

}  // namespace

namespace tenon::inline TENON_TARGET::eval {
template <class T, class S>
struct device_form<reversed_rule<true, T, S>> {
    using rule = reversed_rule<true, T, S>;
    static constexpr bool exists = true;
    static std::size_t launches(rule const&, S const&) { return 1; }
    static void forward(rule const& r, array_of<T, S> const& y, array_of<T const, S> const& x) {
        cuda::set_to_zero(y.data, y.shape.size() * sizeof(T));
        cuda::launch("reverse", &reverse<T>, dim3(1), dim3(32), x.data, y.data, r.factor, y.shape.size());
    }
    static void backward(rule const& r, array_of<T const, S> const&, array_of<T const, S> const& g,
                         array_of<T const, S> const&, array_of<T, S> const& gx) {
        cuda::launch("reverse", &reverse<T>, dim3(1), dim3(32), g.data, gx.data, r.factor, g.shape.size());
    }
};
}  // namespace tenon::inline TENON_TARGET::eval

namespace {

/// Operands in memory, computed, transposed, and used twice; results that are roots, read by a region, or shared.
template <bool OnDevice>
void agrees() {
    auto const x = tn::randn<float, tn::dyn, 5>(3), y = tn::randn<float, tn::dyn, 5>(3);
    CHECK(both_agree(
        [](auto const& a, auto const& b) {
            return reversed<OnDevice>(a * b, 3.f) * a +
                   tn::transpose(reversed<OnDevice>(reversed<OnDevice>(tn::transpose(b), 1.f), 2.f));
        },
        x, y));
    CHECK(gradients_agree([](auto const& a) { return reversed<OnDevice>(tn::sum(a), 2.f); }, x));
    CHECK(gradients_agree(
        [](auto const& a) {
            auto const all = tn::let(reversed<OnDevice>(tn::flatten(tn::relu(a)), 2.f));
            auto const part = [&](std::size_t first) { return tn::detail::part(all, first, tn::shape<2, 3>()); };
            return tn::sum(part(1) * part(4)) + tn::sum(tn::square(part(2)));
        },
        x));
    CHECK(values_agree([](auto const& a) { return reversed<OnDevice>(a, 2.f); }, tn::tensor<float, tn::dyn, 5>()));
}

}  // namespace

TEST_CASE("rules of arrays run on the device, in its memory or on the host's copies", "[kernels]") {
    agrees<false>();
    agrees<true>();
}

TEST_CASE("an array is assigned to its own operand, and captured where the host takes no part", "[kernels]") {
    auto const x = tn::randn<float, 3, 5>();
    tn::tensor const once = reversed<false>(x, 2.f);
    auto d = tn::to<cuda::device>(x);
    d = reversed<true>(d, 2.f);
    CHECK(same(d, once));
    d = tn::to<cuda::device>(x);
    d = reversed<false>(d, 2.f);
    CHECK(same(d, once));
    d = tn::to<cuda::device>(x);
    auto to = cuda::zeros<float, 3, 5>();
    auto step = cuda::capture([&] { to = reversed<true>(d, 2.f); });
    step();
    CHECK(same(to, once));
    CHECK_THROWS_WITH(cuda::capture([&] { to = reversed<false>(d, 2.f); }),
                      Catch::Contains("reversed") && Catch::Contains("host"));
}

TEST_CASE("a plan says what the host computes of what is wanted on the device", "[kernels]") {
    auto const d = cuda::ones<float, 3, 5>();
    cuda::variable<float, 3, 5> v(d);
    auto const text = tn::explain(reversed<false>(d, 2.f)).text();
    CHECK_THAT(text, Catch::Contains("rearrangement on the host") && Catch::Contains("0 launches"));
    CHECK_THAT(tn::explain(reversed<true>(d, 2.f)).text(), !Catch::Contains("host") && Catch::Contains("1 launch:"));
    auto const count = [&](auto const& loss) {
        auto const plan = tn::plan_backward(loss);
        auto const before = calls::launches;
        tn::backward(loss);
        return std::pair(calls::launches - before, plan.launches());
    };
    auto const [made, planned] = count(tn::sum(reversed<false>(v, 2.f)));
    CHECK(made == planned);
    auto const [made_here, planned_here] = count(tn::sum(reversed<true>(v * 2.f, 2.f) * d));
    CHECK(made_here == planned_here);
}

#if __has_include(<Eigen/Core>)
TEST_CASE("linear algebra on the device", "[kernels]") {
    namespace linalg = tenon::linalg;
    auto const g = tn::randn<double, 2, 4, 4>();
    tn::tensor const a = tn::matmul(g, tn::transpose(g)) + tn::eye<double, 4>() * 2.;
    CHECK(gradients_agree([](auto const& x) { return tn::sum(tn::square(linalg::cholesky(x))); }, a));
    auto const indefinite = tn::to<cuda::device>(tn::tensor<double, 4, 4>(tn::eye<double, 4>() * -1.));
    CHECK_THROWS_AS(linalg::cholesky(indefinite).eval(), tn::linalg_error);
}
#endif
