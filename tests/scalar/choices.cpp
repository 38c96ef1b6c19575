// Choices whose values a backward pass does not use: g++ 12 crashed on them at -O3 with AVX-512. It is enough that this compiles.
#include <tenon/tenon.hpp>

namespace tn = tenon;

namespace {

template <class T>
void backward_of(T const* in, T* out, auto const& f) {
    constexpr std::size_t n = 67;
    tn::tensor<T, n> a, b, s;
    for (std::size_t i = 0; i != n; ++i) a(i) = in[i], b(i) = in[n + i], s(i) = in[2 * n + i];
    tn::variable<T, n> x(a), y(b);
    tn::backward(tn::sum(f(x, y) * s));
    for (std::size_t i = 0; i != n; ++i) out[i] = x.grad()(i), out[n + i] = y.grad()(i);
}

}  // namespace

void all_choices(float const* in, float* out, double const* from, double* to) {
    auto const huber = [](auto const& x, auto const& y) { return tn::huber_loss<tn::reduction::none>(x, y); };
    auto const remainder = [](auto const& x, auto const& y) { return tn::remainder(x, y); };
    auto const lerp = [](auto const& x, auto const& y) { return tn::lerp(x, y, 0.3f); };
    auto const users = [](auto const& x, auto const& y) {
        return tn::map([](auto v, auto w) { return where(v > w, v * w, 0.1f * v + w); }, x, tn::leaky_relu(y));
    };
    backward_of(in, out, huber);
    backward_of(from, to, huber);
    backward_of(from, to, remainder);
    backward_of(in, out, lerp);
    backward_of(from, to, users);
}
