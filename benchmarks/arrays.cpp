// Arrays that are not read in the order in which they lie: transposes, reductions along each axis, rows by their numbers; and products
// of doubles.
#include <tenon/tenon.hpp>

#include <Eigen/Core>
#if WITH_OPENBLAS
#include <cblas.h>
#endif
#if WITH_XTENSOR
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t side = 2048, rows = 4096, columns = 1024, table = 100000, width = 64, chosen = 16384;

using eigen_matrix = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
#if WITH_XTENSOR
using xtensor_matrix = xt::xtensor<float, 2>;
xtensor_matrix xtensor_filled(std::size_t r, std::size_t c, std::uint64_t sequence) {
    return work::filled(xtensor_matrix(std::array{r, c}), sequence);
}
#endif

namespace transposed {
struct with_tenon {
    tn::tensor<float, side, side> x = work::filled(decltype(x)(), 0), out;
    void run() { out = tn::transpose(x); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(side, side), 0), out = eigen_matrix(side, side);
    void run() { out = x.transpose(); }
    auto result() {
        run();
        return std::span(out.data(), side * side);
    }
};
#if WITH_XTENSOR
struct with_xtensor {
    xtensor_matrix x = xtensor_filled(side, side, 0), out = x;
    void run() { xt::noalias(out) = xt::transpose(x); }
    auto result() {
        run();
        return std::span(out.data(), side * side);
    }
};
#endif
}  // namespace transposed

/// x + yᵀ
namespace transposed_sum {
struct with_tenon {
    tn::tensor<float, side, side> x = work::filled(decltype(x)(), 0), y = work::filled(decltype(y)(), 1), out;
    void run() { out = x + tn::transpose(y); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(side, side), 0), y = work::filled(eigen_matrix(side, side), 1),
                 out = eigen_matrix(side, side);
    void run() { out = x + y.transpose(); }
    auto result() {
        run();
        return std::span(out.data(), side * side);
    }
};
#if WITH_XTENSOR
struct with_xtensor {
    xtensor_matrix x = xtensor_filled(side, side, 0), y = xtensor_filled(side, side, 1), out = x;
    void run() { xt::noalias(out) = x + xt::transpose(y); }
    auto result() {
        run();
        return std::span(out.data(), side * side);
    }
};
#endif
}  // namespace transposed_sum

/// Sums along one axis.
namespace sums {
template <std::size_t Axis>
constexpr std::size_t length = Axis == 0 ? columns : rows;
template <std::size_t Axis>
struct with_tenon {
    tn::tensor<float, rows, columns> x = work::filled(decltype(x)(), 0);
    tn::tensor<float, length<Axis>> out;
    void run() { out = tn::sum<Axis>(x); }
    auto result() {
        run();
        return out.flat();
    }
};
template <std::size_t Axis>
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(rows, columns), 0);
    Eigen::ArrayXf out = Eigen::ArrayXf(length<Axis>);
    void run() {
        if constexpr (Axis == 0) out = x.colwise().sum();
        else out = x.rowwise().sum();
    }
    auto result() {
        run();
        return std::span(out.data(), length<Axis>);
    }
};
#if WITH_XTENSOR
template <std::size_t Axis>
struct with_xtensor {
    xtensor_matrix x = xtensor_filled(rows, columns, 0);
    xt::xtensor<float, 1> out = xt::xtensor<float, 1>(std::array{length<Axis>});
    void run() { xt::noalias(out) = xt::sum(x, {Axis}); }
    auto result() {
        run();
        return std::span(out.data(), length<Axis>);
    }
};
#endif
}  // namespace sums

/// Rows of a table by their numbers, as an embedding reads them.
namespace gathered {
struct with_tenon {
    tn::tensor<float, table, width> x = work::filled(decltype(x)(), 0);
    tn::tensor<std::int64_t, chosen> which;
    tn::tensor<float, chosen, width> out;
    with_tenon() {
        for (std::size_t i = 0; i != chosen; ++i) which(i) = work::label(1, i, table);
    }
    void run() { out = tn::index_select<0>(x, which); }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace gathered

/// Results in the precision of all others.
std::vector<float> narrowed(double const* p, std::size_t n) { return {p, p + n}; }

template <std::size_t N>
struct doubles_with_tenon {
    using matrix = tn::tensor<double, N, N>;
    matrix a = tn::cast<double>(work::filled(tn::tensor<float, N, N>(), 0)),
           b = tn::cast<double>(work::filled(tn::tensor<float, N, N>(), 1)), out;
    void run() { out = tn::matmul(a, b); }
    auto result() {
        run();
        return narrowed(out.data(), N * N);
    }
};
template <std::size_t N>
struct doubles_with_eigen {
    using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    matrix a = work::filled(eigen_matrix(N, N), 0).template cast<double>().matrix(),
           b = work::filled(eigen_matrix(N, N), 1).template cast<double>().matrix(), out = matrix(N, N);
    void run() { out.noalias() = a * b; }
    auto result() {
        run();
        return narrowed(out.data(), N * N);
    }
};
#if WITH_OPENBLAS
template <std::size_t N>
struct doubles_with_openblas {
    std::vector<double> a, b, out = std::vector<double>(N * N);
    doubles_with_openblas() {
        for (float x : work::numbers(N * N, 0)) a.push_back(x);
        for (float x : work::numbers(N * N, 1)) b.push_back(x);
    }
    void run() {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a.data(), N, b.data(), N, 0, out.data(), N);
    }
    auto result() {
        run();
        return narrowed(out.data(), N * N);
    }
};
#endif

template <class Tenon, class Eigen>
void add(std::string const& name) {
    work::add<Tenon>(name, "Tenon");
    work::add<Eigen>(name, "Eigen");
}
template <std::size_t N>
void add_doubles(std::string const& name) {
    add<doubles_with_tenon<N>, doubles_with_eigen<N>>(name);
#if WITH_OPENBLAS
    work::add<doubles_with_openblas<N>>(name, "OpenBLAS");
#endif
}

}  // namespace

int main(int count, char** arguments) {
    add<transposed::with_tenon, transposed::with_eigen>("transpose/2048x2048");
    add<transposed_sum::with_tenon, transposed_sum::with_eigen>("transposed sum/2048x2048");
    add<sums::with_tenon<0>, sums::with_eigen<0>>("sum along 0/4096x1024");
    add<sums::with_tenon<1>, sums::with_eigen<1>>("sum along 1/4096x1024");
#if WITH_XTENSOR
    work::add<transposed::with_xtensor>("transpose/2048x2048", "xtensor");
    work::add<transposed_sum::with_xtensor>("transposed sum/2048x2048", "xtensor");
    work::add<sums::with_xtensor<0>>("sum along 0/4096x1024", "xtensor");
    work::add<sums::with_xtensor<1>>("sum along 1/4096x1024", "xtensor");
#endif
    work::add<gathered::with_tenon>("gather/16384 of 100000x64", "Tenon");
    add_doubles<128>("product of doubles/128");
    add_doubles<512>("product of doubles/512");
    add_doubles<1024>("product of doubles/1024");
    return work::main(count, arguments);
}
