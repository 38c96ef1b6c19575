// Factorisations and solvers: batches of small equations, and one matrix of 512×512.
#include <span>
#include <tuple>
#include <vector>

#include <tenon/linalg.hpp>

#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t batch = 1000, side = 512;

/// Adds to each diagonal, so that matrices of random numbers are far from singular; their product with themselves is positive definite.
template <class M>
M diagonal_added(M m, std::size_t n, float what) {
    for (std::size_t i = 0; i < m.size(); i += n * n)
        for (std::size_t j = 0; j != n; ++j) m.data()[i + j * n + j] += what;
    return m;
}

namespace solve {
template <std::size_t N>
struct with_tenon {
    tn::tensor<float, batch, N, N> a = diagonal_added(work::filled(decltype(a)(), 0), N, 2 * N);
    tn::tensor<float, batch, N, 1> b = work::filled(decltype(b)(), 1), out;
    void run() { out = tn::linalg::solve(a, b); }
    auto result() {
        run();
        return out.flat();
    }
};
template <std::size_t N>
struct with_eigen {
    static constexpr int n = static_cast<int>(N);
    using matrix = Eigen::Matrix<float, n, n, Eigen::RowMajor>;
    using vector = Eigen::Matrix<float, n, 1>;
    std::vector<float> a = diagonal_added(work::numbers(batch * N * N, 0), N, 2 * N), b = work::numbers(batch * N, 1),
                       out = std::vector<float>(batch * N);
    void run() {
        for (std::size_t q = 0; q != batch; ++q)
            Eigen::Map<vector>(out.data() + q * N) =
                Eigen::PartialPivLU<matrix>(Eigen::Map<matrix>(a.data() + q * N * N))
                    .solve(Eigen::Map<vector>(b.data() + q * N));
    }
    auto const& result() {
        run();
        return out;
    }
};
}  // namespace solve

using square = tn::tensor<float, side, side>;
square symmetric() {
    auto const x = work::filled(square(), 0);
    return diagonal_added(tn::tensor(x + tn::transpose(x)), side, 64);
}
using eigen_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace cholesky {
struct with_tenon {
    square a = symmetric(), out;
    void run() { out = tn::linalg::cholesky(a); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    square a = symmetric();
    eigen_matrix out = eigen_matrix(side, side);
    void run() { out = Eigen::LLT<eigen_matrix>(Eigen::Map<eigen_matrix>(a.data(), side, side)).matrixL(); }
    auto result() {
        run();
        return std::span(out.data(), side * side);
    }
};
}  // namespace cholesky

/// Both factors are computed, R is compared.
namespace qr {
struct with_tenon {
    square a = work::filled(square(), 0), orthonormal, out;
    void run() {
        auto const [q, r] = tn::linalg::qr(a);
        std::tie(orthonormal, out) = tn::compute(q, r);
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace qr

/// Vectors are computed too, values are compared.
namespace svd {
struct with_tenon {
    square a = work::filled(square(), 0), left, right;
    tn::tensor<float, side> out;
    void run() {
        auto const [u, s, vh] = tn::linalg::svd(a);
        std::tie(left, out, right) = tn::compute(u, s, vh);
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace svd
namespace eigh {
struct with_tenon {
    square a = symmetric(), columns;
    tn::tensor<float, side> out;
    void run() {
        auto const [values, vectors] = tn::linalg::eigh(a);
        std::tie(columns, out) = tn::compute(vectors, values);
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace eigh

}  // namespace

int main(int count, char** arguments) {
    work::add<solve::with_tenon<8>>("solve/1000 of 8x8", "Tenon");
    work::add<solve::with_eigen<8>>("solve/1000 of 8x8", "Eigen");
    work::add<solve::with_tenon<64>>("solve/1000 of 64x64", "Tenon");
    work::add<solve::with_eigen<64>>("solve/1000 of 64x64", "Eigen");
    work::add<cholesky::with_tenon>("cholesky/512", "Tenon");
    work::add<cholesky::with_eigen>("cholesky/512", "Eigen");
    work::add<qr::with_tenon>("qr/512", "Tenon");
    work::add<svd::with_tenon>("svd/512", "Tenon");
    work::add<eigh::with_tenon>("eigh/512", "Tenon");
    return work::main(count, arguments);
}
