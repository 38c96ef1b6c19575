// What goes along rows, and a sum of everything.
#include <tenon/tenon.hpp>

#include <cmath>

#include <Eigen/Core>
#if WITH_XTENSOR
#include <xtensor/xmath.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>
#endif

#include "hand.hpp"
#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t rows = 4096, columns = 1024, count = 1 << 20;
constexpr float eps = 1e-5f;

// Numbers between -4 and 4, so that a row's exponentials differ.
constexpr float spread = 4;

using eigen_matrix = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Results by hand go past the caches, so that what is read stays in them.
struct streamed {
    struct alignas(64) line {
        float elements[16];
    };
    std::vector<line> lines = std::vector<line>(rows * columns / 16);
    float* data() { return lines.data()->elements; }
    std::span<float> flat() { return {data(), rows * columns}; }
};

namespace softmax {
struct with_tenon {
    using matrix = tn::tensor<float, rows, columns>;
    matrix x = work::filled(matrix(), 0, spread), out;
    void run() { out = tn::softmax<1>(x); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(rows, columns), 0, spread), out = eigen_matrix(rows, columns);
    void run() {
        for (int i = 0; i != rows; ++i) {
            out.row(i) = (x.row(i) - x.row(i).maxCoeff()).exp();
            out.row(i) *= 1 / out.row(i).sum();
        }
    }
    auto result() {
        run();
        return std::span(out.data(), rows * columns);
    }
};
#if WITH_XTENSOR
struct with_xtensor {
    using matrix = xt::xtensor<float, 2>;
    matrix x = work::filled(matrix(std::array{rows, columns}), 0, spread), out = matrix(std::array{rows, columns});
    void run() {
        for (std::size_t i = 0; i != rows; ++i) {
            auto const from = xt::row(x, static_cast<std::ptrdiff_t>(i));
            auto to = xt::row(out, static_cast<std::ptrdiff_t>(i));
            xt::noalias(to) = xt::exp(from - xt::amax(from)());
            to *= 1 / xt::sum(to)();
        }
    }
    auto result() {
        run();
        return std::span(out.data(), rows * columns);
    }
};
#endif
struct by_hand {
    std::vector<float> x = work::numbers(rows * columns, 0, spread);
    streamed out;
    alignas(64) float row[columns];
    void run() {
        for (std::size_t i = 0; i != rows; ++i) {
            float const* const from = x.data() + i * columns;
            float* const to = out.data() + i * columns;
            hand::pack top[4] = {hand::load(from), hand::load(from), hand::load(from), hand::load(from)};
            for (std::size_t j = 0; j != columns; j += 4 * hand::width)
                for (std::size_t q = 0; q != 4; ++q)
                    top[q] = hand::larger(top[q], hand::load(from + j + q * hand::width));
            float const most = hand::largest(hand::larger(hand::larger(top[0], top[1]), hand::larger(top[2], top[3])));
            hand::pack total[2] = {};
            for (std::size_t j = 0; j != columns; j += 2 * hand::width)
                for (std::size_t q = 0; q != 2; ++q) {
                    hand::pack const e = hand::exp(hand::load(from + j + q * hand::width) - most);
                    total[q] += e;
                    hand::store(row + j + q * hand::width, e);
                }
            float const factor = 1 / hand::sum(total[0] + total[1]);
            for (std::size_t j = 0; j != columns; j += hand::width) hand::stream(to + j, hand::load(row + j) * factor);
        }
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace softmax

namespace layer_norm {
struct with_tenon {
    using matrix = tn::tensor<float, rows, columns>;
    using vector = tn::tensor<float, columns>;
    matrix x = work::filled(matrix(), 0, spread), out;
    vector weight = work::filled(vector(), 1), bias = work::filled(vector(), 2);
    void run() { out = tn::layer_norm(x, weight, bias); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(rows, columns), 0, spread), out = eigen_matrix(rows, columns);
    using vector = Eigen::Array<float, 1, Eigen::Dynamic>;
    vector weight = work::filled(vector(columns), 1), bias = work::filled(vector(columns), 2);
    void run() {
        for (int i = 0; i != rows; ++i) {
            float const mean = x.row(i).mean();
            float const variance = (x.row(i) - mean).square().mean();
            out.row(i) = (x.row(i) - mean) * (1 / std::sqrt(variance + eps)) * weight + bias;
        }
    }
    auto result() {
        run();
        return std::span(out.data(), rows * columns);
    }
};
struct by_hand {
    std::vector<float> x = work::numbers(rows * columns, 0, spread);
    streamed out;
    std::vector<float> weight = work::numbers(columns, 1), bias = work::numbers(columns, 2);
    void run() {
        for (std::size_t i = 0; i != rows; ++i) {
            float const* const from = x.data() + i * columns;
            float* const to = out.data() + i * columns;
            hand::pack total[4] = {}, squares[4] = {};
            for (std::size_t j = 0; j != columns; j += 4 * hand::width)
                for (std::size_t q = 0; q != 4; ++q) total[q] += hand::load(from + j + q * hand::width);
            float const mean = hand::sum((total[0] + total[1]) + (total[2] + total[3])) / columns;
            for (std::size_t j = 0; j != columns; j += 4 * hand::width)
                for (std::size_t q = 0; q != 4; ++q) {
                    hand::pack const v = hand::load(from + j + q * hand::width) - mean;
                    squares[q] += v * v;
                }
            float const variance = hand::sum((squares[0] + squares[1]) + (squares[2] + squares[3])) / columns;
            float const factor = 1 / std::sqrt(variance + eps);
            for (std::size_t j = 0; j != columns; j += hand::width)
                hand::stream(to + j, (hand::load(from + j) - mean) * factor * hand::load(weight.data() + j) +
                                         hand::load(bias.data() + j));
        }
    }
    auto result() {
        run();
        return out.flat();
    }
};
}  // namespace layer_norm

namespace logsumexp {
struct with_tenon {
    using matrix = tn::tensor<float, rows, columns>;
    matrix x = work::filled(matrix(), 0, spread);
    tn::tensor<float, rows> out;
    void run() { out = tn::logsumexp<1>(x); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    eigen_matrix x = work::filled(eigen_matrix(rows, columns), 0, spread);
    Eigen::ArrayXf out = Eigen::ArrayXf(rows);
    void run() {
        for (int i = 0; i != rows; ++i) {
            float const most = x.row(i).maxCoeff();
            out(i) = most + std::log((x.row(i) - most).exp().sum());
        }
    }
    auto result() {
        run();
        return std::span(out.data(), rows);
    }
};
struct by_hand {
    std::vector<float> x = work::numbers(rows * columns, 0, spread), out = std::vector<float>(rows);
    void run() {
        for (std::size_t i = 0; i != rows; ++i) {
            float const* const from = x.data() + i * columns;
            hand::pack top[4] = {hand::load(from), hand::load(from), hand::load(from), hand::load(from)};
            for (std::size_t j = 0; j != columns; j += 4 * hand::width)
                for (std::size_t q = 0; q != 4; ++q)
                    top[q] = hand::larger(top[q], hand::load(from + j + q * hand::width));
            float const most = hand::largest(hand::larger(hand::larger(top[0], top[1]), hand::larger(top[2], top[3])));
            hand::pack total[2] = {};
            for (std::size_t j = 0; j != columns; j += 2 * hand::width)
                for (std::size_t q = 0; q != 2; ++q)
                    total[q] += hand::exp(hand::load(from + j + q * hand::width) - most);
            out[i] = most + std::log(hand::sum(total[0] + total[1]));
        }
    }
    auto const& result() {
        run();
        return out;
    }
};
}  // namespace logsumexp

namespace squared_differences {
struct with_tenon {
    using vector = tn::tensor<float, count>;
    vector a = work::filled(vector(), 0), b = work::filled(vector(), 1);
    tn::tensor<float> out;
    void run() { out = tn::sum(tn::square(a - b)); }
    auto result() {
        run();
        return out.flat();
    }
};
struct with_eigen {
    Eigen::ArrayXf a = work::filled(Eigen::ArrayXf(count), 0), b = work::filled(Eigen::ArrayXf(count), 1);
    float out;
    void run() { out = (a - b).square().sum(); }
    auto result() {
        run();
        return std::span(&out, 1);
    }
};
#if WITH_XTENSOR
struct with_xtensor {
    using vector = xt::xtensor<float, 1>;
    vector a = work::filled(vector(std::array{count}), 0), b = work::filled(vector(std::array{count}), 1);
    float out;
    void run() { out = xt::sum(xt::square(a - b), xt::evaluation_strategy::immediate)(); }
    auto result() {
        run();
        return std::span(&out, 1);
    }
};
#endif
struct by_hand {
    std::vector<float> a = work::numbers(count, 0), b = work::numbers(count, 1);
    float out;
    void run() {
        hand::pack total[4] = {};
        for (std::size_t i = 0; i != count; i += 4 * hand::width)
            for (std::size_t q = 0; q != 4; ++q) {
                hand::pack const v =
                    hand::load(a.data() + i + q * hand::width) - hand::load(b.data() + i + q * hand::width);
                total[q] += v * v;
            }
        out = hand::sum((total[0] + total[1]) + (total[2] + total[3]));
    }
    auto result() {
        run();
        return std::span(&out, 1);
    }
};
}  // namespace squared_differences

}  // namespace

int main(int argument_count, char** arguments) {
    work::add<softmax::with_tenon>("softmax/4096x1024", "Tenon");
    work::add<softmax::with_eigen>("softmax/4096x1024", "Eigen");
    work::add<softmax::by_hand>("softmax/4096x1024", "by hand");
    work::add<layer_norm::with_tenon>("layer_norm/4096x1024", "Tenon");
    work::add<layer_norm::with_eigen>("layer_norm/4096x1024", "Eigen");
    work::add<layer_norm::by_hand>("layer_norm/4096x1024", "by hand");
    work::add<logsumexp::with_tenon>("logsumexp/4096x1024", "Tenon");
    work::add<logsumexp::with_eigen>("logsumexp/4096x1024", "Eigen");
    work::add<logsumexp::by_hand>("logsumexp/4096x1024", "by hand");
    work::add<squared_differences::with_tenon>("squared differences/1M", "Tenon");
    work::add<squared_differences::with_eigen>("squared differences/1M", "Eigen");
    work::add<squared_differences::by_hand>("squared differences/1M", "by hand");
#if WITH_XTENSOR
    work::add<softmax::with_xtensor>("softmax/4096x1024", "xtensor");
    work::add<squared_differences::with_xtensor>("squared differences/1M", "xtensor");
#endif
    return work::main(argument_count, arguments);
}
