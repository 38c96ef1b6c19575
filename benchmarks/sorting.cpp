// What orders and counts elements, and spectra.
#include <tenon/fft.hpp>
#include <tenon/tenon.hpp>

#include <algorithm>
#include <complex>
#include <cstdint>
#include <numeric>

#include <Eigen/Core>
#include <unsupported/Eigen/FFT>

#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t many = 1 << 20, most = 10 << 20, largest = 100, bins = 100, signals = 1000, length = 1024;
using vector = tn::tensor<float, many>;
using indices = tn::tensor<std::int64_t, many>;

template <class T>
std::vector<float> floats(T const* p, std::size_t n) {
    return {p, p + n};
}

namespace sorted {
struct with_tenon {
    vector x = work::filled(vector(), 0), out;
    void run() { out = tn::sort<0>(x).values; }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_std {
    vector x = work::filled(vector(), 0), out;
    void run() {
        out = x;
        std::ranges::sort(out.flat());
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace sorted

/// Equal elements keep their order.
namespace order {
struct with_tenon {
    vector x = work::filled(vector(), 0);
    indices out;
    void run() { out = tn::argsort<0>(x, {.stable = true}); }
    auto result() {
        run();
        return floats(out.data(), many);
    }
};
struct with_std {
    vector x = work::filled(vector(), 0);
    indices out;
    void run() {
        std::iota(out.data(), out.data() + many, 0);
        std::stable_sort(out.data(), out.data() + many, [&](auto i, auto j) { return x.data()[i] < x.data()[j]; });
    }
    auto result() {
        run();
        return floats(out.data(), many);
    }
};
}  // namespace order

namespace top {
struct with_tenon {
    vector x = work::filled(vector(), 0);
    tn::tensor<float, largest> out;
    void run() { out = tn::topk<0, largest>(x).values; }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_std {
    vector x = work::filled(vector(), 0);
    tn::tensor<float, largest> out;
    void run() { std::partial_sort_copy(x.data(), x.data() + many, out.data(), out.data() + largest, std::greater()); }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace top

struct histogram {
    tn::tensor<float, most> x = work::filled(decltype(x)(), 0);
    tn::tensor<float, bins> out;
    void run() { out = tn::histc<bins>(x, -1, 1); }
    auto result() {
        run();
        return out.flat();
    }
};

/// Complex numbers of two sequences.
template <class X>
X complex_filled(X x) {
    auto const re = work::numbers(x.size(), 0), im = work::numbers(x.size(), 1);
    for (std::size_t i = 0; i != re.size(); ++i) x.data()[i] = {re[i], im[i]};
    return x;
}
template <std::size_t... E>
struct spectrum_with_tenon {
    tn::tensor<std::complex<float>, E...> x = complex_filled(decltype(x)()), out;
    void run() { out = tn::fft::fft<-1>(x); }
    auto result() {
        run();
        return std::span(reinterpret_cast<float const*>(out.data()), 2 * out.size());
    }
};
template <std::size_t Rows, std::size_t N>
struct spectrum_with_eigen {
    tn::tensor<std::complex<float>, Rows, N> x = complex_filled(decltype(x)()), out;
    Eigen::FFT<float> transform;
    void run() {
        for (std::size_t i = 0; i != Rows; ++i)
            transform.fwd(out.data() + i * N, x.data() + i * N, static_cast<Eigen::Index>(N));
    }
    auto result() {
        run();
        return std::span(reinterpret_cast<float const*>(out.data()), 2 * out.size());
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<sorted::with_tenon>("sort/1M", "Tenon");
    work::add<sorted::with_std>("sort/1M", "by hand");
    work::add<order::with_tenon>("argsort/1M", "Tenon");
    work::add<order::with_std>("argsort/1M", "by hand");
    work::add<top::with_tenon>("topk/100 of 1M", "Tenon");
    work::add<top::with_std>("topk/100 of 1M", "by hand");
    work::add<histogram>("histogram/10M", "Tenon");
    work::add<spectrum_with_tenon<many>>("fft/1M", "Tenon");
    work::add<spectrum_with_eigen<1, many>>("fft/1M", "Eigen");
    work::add<spectrum_with_tenon<signals, length>>("fft/1000x1024", "Tenon");
    work::add<spectrum_with_eigen<signals, length>>("fft/1000x1024", "Eigen");
    return work::main(count, arguments);
}
