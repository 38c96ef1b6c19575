// The networks in Eigen, gradients by hand; matrices have fixed extents where they are small.
#pragma once

#include <tuple>
#include <utility>

#include <Eigen/Core>

#include "network.hpp"

namespace with_eigen {

template <std::size_t Rows, std::size_t Columns>
inline constexpr bool small = Rows * Columns <= 256;
template <std::size_t Rows, std::size_t Columns>
using matrix = Eigen::Matrix<float, small<Rows, Columns> || Rows == 1 ? static_cast<int>(Rows) : Eigen::Dynamic,
                             small<Rows, Columns> ? static_cast<int>(Columns) : Eigen::Dynamic, Eigen::RowMajor>;

/// A parameter with its gradient and Adam's moments.
template <std::size_t Rows, std::size_t Columns>
struct parameter {
    matrix<Rows, Columns> value = zeros(), gradient = zeros(), mean = zeros(), square = zeros();

    static auto zeros() { return matrix<Rows, Columns>::Zero(Rows, Columns); }
    void update(float rate, float root) {
        mean += 0.1f * (gradient - mean);
        square = 0.999f * square + 0.001f * gradient.cwiseAbs2();
        value.array() -= rate * mean.array() / (root * square.array().sqrt() + 1e-8f);
    }
};

template <std::size_t Batch, std::size_t In, std::size_t Out>
struct layer {
    parameter<Out, In> weight;
    parameter<1, Out> bias;
    matrix<Batch, Out> out = matrix<Batch, Out>::Zero(Batch, Out), out_gradient = out;

    explicit layer(std::size_t which) {
        network::fill_parameter({weight.value.data(), Out * In}, 2 * which, In);
        network::fill_parameter({bias.value.data(), Out}, 2 * which + 1, In);
    }
    template <bool Relu>
    void forward(matrix<Batch, In> const& x) {
        out.noalias() = x * weight.value.transpose();
        if constexpr (Relu) out = (out.rowwise() + bias.value).cwiseMax(0.f);
        else out.rowwise() += bias.value;
    }
    void backward(matrix<Batch, In> const& x) {
        weight.gradient.noalias() = out_gradient.transpose() * x;
        bias.gradient = out_gradient.colwise().sum();
    }
    /// The gradient of what went into this layer, out of relu.
    void backward(matrix<Batch, In> const& x, matrix<Batch, In>& x_gradient) {
        backward(x);
        x_gradient.noalias() = out_gradient * weight.value;
        x_gradient.array() *= (x.array() > 0.f).template cast<float>();
    }
    void update(float rate, float root) {
        weight.update(rate, root);
        bias.update(rate, root);
    }
};

template <class Shape, class = std::make_index_sequence<Shape::layers>>
struct classifier;
template <class Shape, std::size_t... I>
struct classifier<Shape, std::index_sequence<I...>> {
    static constexpr std::size_t last = Shape::layers - 1;
    using input = matrix<Shape::batch, Shape::in>;
    std::tuple<layer<Shape::batch, Shape::sizes[I], Shape::sizes[I + 1]>...> layers{I...};
    double power1 = 1, power2 = 1;

    template <std::size_t L>
    auto const& input_of(input const& x) {
        if constexpr (L == 0) return x;
        else return std::get<L - 1>(layers).out;
    }
    auto const& forward(input const& x) {
        (std::get<I>(layers).template forward<(I < last)>(input_of<I>(x)), ...);
        return std::get<last>(layers).out;
    }
    float step(input const& x, std::int64_t const* labels) {
        forward(x);
        auto& [weight, bias, scores, gradient] = std::get<last>(layers);
        gradient = (scores.colwise() - scores.rowwise().maxCoeff().eval()).array().exp();
        float total = 0;
        for (std::size_t i = 0; i != Shape::batch; ++i) {
            auto const row = static_cast<Eigen::Index>(i);
            float const sum = gradient.row(row).sum();
            total -= std::log(gradient(row, labels[i]) / sum);
            gradient.row(row) *= 1 / (sum * Shape::batch);
            gradient(row, labels[i]) -= 1.f / Shape::batch;
        }
        (backward<last - I>(x), ...);
        power1 *= 0.9;
        power2 *= 0.999;
        auto const rate = static_cast<float>(network::learning_rate / (1 - power1)),
                   root = static_cast<float>(1 / std::sqrt(1 - power2));
        (std::get<I>(layers).update(rate, root), ...);
        return total / Shape::batch;
    }

private:
    template <std::size_t L>
    void backward(input const& x) {
        if constexpr (L == 0) std::get<0>(layers).backward(x);
        else std::get<L>(layers).backward(input_of<L>(x), std::get<L - 1>(layers).out_gradient);
    }
};

/// A step on one batch.
template <class Shape>
struct step {
    classifier<Shape> model;
    typename classifier<Shape>::input x =
        work::filled(typename classifier<Shape>::input(Shape::batch, Shape::in), network::inputs_sequence);
    std::vector<std::int64_t> labels = network::labels_of<Shape, std::int64_t>();
    std::size_t at = 0;
    float loss = 0;

    void run() { loss = model.step(x, labels.data() + at++ % network::label_sets * Shape::batch); }
    auto result() { return network::losses(*this); }
};

}  // namespace with_eigen
