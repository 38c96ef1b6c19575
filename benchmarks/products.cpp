// Matrix products: square ones, those of a network's step, and small ones whose extents the compiler knows.
#include <tenon/tenon.hpp>

#include <Eigen/Core>
#if WITH_OPENBLAS
#include <cblas.h>
#endif

#include "hand.hpp"
#include "work.hpp"

namespace tn = tenon;

namespace {

/// Which operand lies transposed in memory: W of a layer is [out, in], so x·Wᵀ, gᵀ·x and g·W are its three products.
enum class flip { none, left, right };

template <std::size_t M, std::size_t N, std::size_t K, flip F>
struct operands {
    static constexpr std::size_t left_rows = F == flip::left ? K : M, left_columns = F == flip::left ? M : K;
    static constexpr std::size_t right_rows = F == flip::right ? N : K, right_columns = F == flip::right ? K : N;
};

template <std::size_t M, std::size_t N, std::size_t K, flip F>
struct with_tenon {
    using o = operands<M, N, K, F>;
    using left = tn::tensor<float, o::left_rows, o::left_columns>;
    using right = tn::tensor<float, o::right_rows, o::right_columns>;
    left a = work::filled(left(), 0);
    right b = work::filled(right(), 1);
    tn::tensor<float, M, N> out;

    void run() {
        if constexpr (F == flip::none) out = tn::matmul(a, b);
        else if constexpr (F == flip::left) out = tn::matmul(tn::transpose(a), b);
        else out = tn::matmul(a, tn::transpose(b));
    }
    auto result() {
        run();
        return out.flat();
    }
};

/// Fixed extents where Fixed, which Eigen's authors advise for small matrices alone.
template <std::size_t M, std::size_t N, std::size_t K, flip F, bool Fixed>
struct with_eigen {
    using o = operands<M, N, K, F>;
    template <std::size_t Rows, std::size_t Columns>
    using matrix = Eigen::Matrix<float, Fixed ? static_cast<int>(Rows) : Eigen::Dynamic,
                                 Fixed ? static_cast<int>(Columns) : Eigen::Dynamic, Eigen::RowMajor>;
    using left = matrix<o::left_rows, o::left_columns>;
    using right = matrix<o::right_rows, o::right_columns>;
    left a = work::filled(left(o::left_rows, o::left_columns), 0);
    right b = work::filled(right(o::right_rows, o::right_columns), 1);
    matrix<M, N> out = matrix<M, N>(M, N);

    void run() {
        if constexpr (F == flip::none) out.noalias() = a * b;
        else if constexpr (F == flip::left) out.noalias() = a.transpose() * b;
        else out.noalias() = a * b.transpose();
    }
    auto result() {
        run();
        return std::span(out.data(), M * N);
    }
};

#if WITH_OPENBLAS
template <std::size_t M, std::size_t N, std::size_t K, flip F>
struct with_openblas {
    using o = operands<M, N, K, F>;
    std::vector<float> a = work::numbers(M * K, 0), b = work::numbers(K * N, 1), out = std::vector<float>(M * N);

    void run() {
        cblas_sgemm(CblasRowMajor, F == flip::left ? CblasTrans : CblasNoTrans,
                    F == flip::right ? CblasTrans : CblasNoTrans, M, N, K, 1, a.data(), o::left_columns, b.data(),
                    o::right_columns, 0, out.data(), N);
    }
    auto const& result() {
        run();
        return out;
    }
};
#endif

/// Each row of the result is held in registers; a row that is no whole number of packs is left to the compiler.
template <std::size_t M, std::size_t N, std::size_t K>
struct by_hand {
    alignas(64) float a[M * K], b[K * N], out[M * N];

    by_hand() {
        work::fill(a, 0);
        work::fill(b, 1);
    }
    void run() {
        if constexpr (N % hand::width == 0) {
            constexpr std::size_t packs = N / hand::width;
            constexpr std::size_t rows = packs >= 4 ? 2 : 4;  // as many sums as hide the latency of their additions
            for (std::size_t i = 0; i != M; i += rows) {
                hand::pack sums[rows][packs] = {};
                for (std::size_t k = 0; k != K; ++k)
                    for (std::size_t r = 0; r != rows; ++r)
                        for (std::size_t q = 0; q != packs; ++q)
                            sums[r][q] += a[(i + r) * K + k] * hand::load(b + k * N + q * hand::width);
                for (std::size_t r = 0; r != rows; ++r)
                    for (std::size_t q = 0; q != packs; ++q)
                        hand::store(out + (i + r) * N + q * hand::width, sums[r][q]);
            }
        } else {
            for (std::size_t i = 0; i != M; ++i) {
                float sums[N] = {};
                for (std::size_t k = 0; k != K; ++k)
                    for (std::size_t j = 0; j != N; ++j) sums[j] += a[i * K + k] * b[k * N + j];
                for (std::size_t j = 0; j != N; ++j) out[i * N + j] = sums[j];
            }
        }
    }
    auto result() {
        run();
        return std::span(out);
    }
};

template <std::size_t M, std::size_t N, std::size_t K, flip F = flip::none, bool Small = false>
void add(std::string const& name) {
    work::add<with_tenon<M, N, K, F>>(name, "Tenon");
    work::add<with_eigen<M, N, K, F, Small>>(name, "Eigen");
#if WITH_OPENBLAS
    work::add<with_openblas<M, N, K, F>>(name, "OpenBLAS");
#endif
    if constexpr (Small) work::add<by_hand<M, N, K>>(name, "by hand");
}

template <std::size_t Batch, std::size_t In, std::size_t Out>
void add_layer(std::string const& name) {
    add<Batch, Out, In, flip::right>(name + "/forward");
    add<Out, In, Batch, flip::left>(name + "/weight");
    add<Batch, In, Out>(name + "/input");
}

}  // namespace

int main(int count, char** arguments) {
    add<64, 64, 64>("product/64");
    add<128, 128, 128>("product/128");
    add<256, 256, 256>("product/256");
    add<512, 512, 512>("product/512");
    add<1024, 1024, 1024>("product/1024");
    add_layer<128, 784, 256>("layer/784-256");
    add_layer<128, 256, 128>("layer/256-128");
    add_layer<128, 128, 10>("layer/128-10");
    add<4, 5, 10, flip::none, true>("small product/4x10x5");
    add<8, 8, 8, flip::none, true>("small product/8");
    add<16, 16, 16, flip::none, true>("small product/16");
    add<32, 32, 32, flip::none, true>("small product/32");
    return work::main(count, arguments);
}
