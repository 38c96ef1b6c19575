// a·b + c·exp(-d), from what fits the L1 cache to what fits none.
#include <tenon/tenon.hpp>

#include <Eigen/Core>
#if WITH_XTENSOR
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include "hand.hpp"
#include "work.hpp"

namespace tn = tenon;

namespace {

template <std::size_t N>
struct with_tenon {
    using vector = tn::tensor<float, N>;
    vector a = work::filled(vector(), 0), b = work::filled(vector(), 1), c = work::filled(vector(), 2),
           d = work::filled(vector(), 3);
    vector out;

    void run() { out = a * b + c * tn::exp(-d); }
    auto result() {
        run();
        return out.flat();
    }
};

template <std::size_t N>
struct with_eigen {
    using vector = Eigen::ArrayXf;
    vector a = work::filled(vector(N), 0), b = work::filled(vector(N), 1), c = work::filled(vector(N), 2),
           d = work::filled(vector(N), 3);
    vector out = vector(N);

    void run() { out = a * b + c * (-d).exp(); }
    auto result() {
        run();
        return std::span(out.data(), N);
    }
};

#if WITH_XTENSOR
template <std::size_t N>
struct with_xtensor {
    using vector = xt::xtensor<float, 1>;
    static vector make() { return vector(std::array{N}); }
    vector a = work::filled(make(), 0), b = work::filled(make(), 1), c = work::filled(make(), 2),
           d = work::filled(make(), 3);
    vector out = make();

    void run() { xt::noalias(out) = a * b + c * xt::exp(-d); }
    auto result() {
        run();
        return std::span(out.data(), N);
    }
};
#endif

template <std::size_t N>
struct by_hand {
    struct alignas(64) vector {
        float elements[N];
        float* data() { return elements; }
        std::size_t size() const { return N; }
    };
    vector a, b, c, d, out;

    by_hand() {
        int sequence = 0;
        for (auto* v : {&a, &b, &c, &d}) work::fill(v->elements, static_cast<std::uint64_t>(sequence++));
    }
    void run() {
        for (std::size_t i = 0; i != N; i += hand::width) {
            hand::pack const v = hand::load(a.elements + i) * hand::load(b.elements + i) +
                                 hand::load(c.elements + i) * hand::exp(-hand::load(d.elements + i));
            if constexpr (N >= (std::size_t{1} << 22)) hand::stream(out.elements + i, v);
            else hand::store(out.elements + i, v);
        }
    }
    auto result() {
        run();
        return std::span(out.elements);
    }
};

template <std::size_t N>
void add(std::string const& name) {
    work::add<with_tenon<N>>(name, "Tenon");
    work::add<with_eigen<N>>(name, "Eigen");
#if WITH_XTENSOR
    work::add<with_xtensor<N>>(name, "xtensor");
#endif
    work::add<by_hand<N>>(name, "by hand");
}

}  // namespace

int main(int count, char** arguments) {
    add<1 << 10>("elementwise/1k");
    add<1 << 15>("elementwise/32k");
    add<1 << 20>("elementwise/1M");
    add<1 << 24>("elementwise/16M");
    return work::main(count, arguments);
}
