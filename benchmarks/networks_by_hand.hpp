// Networks and Adam as one would write them by hand: products by OpenBLAS, or loops over packs where they are tiny, and loops for the
// rest that do everything in one pass.
#pragma once

#include <tuple>
#include <utility>

#if WITH_OPENBLAS
#include <cblas.h>
#endif

#include "hand.hpp"
#include "network.hpp"

namespace by_hand {

/// Adam's step over n elements, n a multiple of a pack.
struct adam {
    double power1 = 1, power2 = 1;
    float rate = 0, root = 0;

    void begin() {
        power1 *= 0.9;
        power2 *= 0.999;
        rate = static_cast<float>(network::learning_rate / (1 - power1));
        root = static_cast<float>(1 / std::sqrt(1 - power2));
    }
    void update(float* value, float const* gradient, float* mean, float* square, std::size_t n) const {
        for (std::size_t i = 0; i != n; i += hand::width) {
            hand::pack const g = hand::load(gradient + i);
            hand::pack const m = hand::load(mean + i) * 0.9f + g * 0.1f;
            hand::pack const v = hand::load(square + i) * 0.999f + g * g * 0.001f;
            hand::store(mean + i, m);
            hand::store(square + i, v);
            hand::store(value + i, hand::load(value + i) - m * rate / (hand::sqrt(v) * root + 1e-8f));
        }
    }
};

/// Turns a row of scores into the gradient of its share of the mean cross-entropy, and returns the row's loss.
inline float cross_entropy(float* scores, std::size_t n, std::size_t label, float factor) {
    float most = scores[0];
    for (std::size_t j = 1; j != n; ++j) most = scores[j] > most ? scores[j] : most;
    float const right = scores[label] - most;
    float total = 0;
    for (std::size_t j = 0; j != n; ++j) total += scores[j] = std::exp(scores[j] - most);
    for (std::size_t j = 0; j != n; ++j) scores[j] *= factor / total;
    scores[label] -= factor;
    return std::log(total) - right;
}

constexpr std::size_t padded(std::size_t n) { return (n + hand::width - 1) / hand::width * hand::width; }

#if WITH_OPENBLAS
template <std::size_t Batch, std::size_t In, std::size_t Out>
struct layer {
    static constexpr std::size_t count = padded(Out * In + Out);
    struct alignas(64) parameters {
        float weight[Out * In], bias[Out], rest[count - Out * In - Out];
    };
    parameters value{}, gradient{}, mean{}, square{};
    alignas(64) float out[Batch * Out], out_gradient[Batch * Out];

    explicit layer(std::size_t which) {
        network::fill_parameter(value.weight, 2 * which, In);
        network::fill_parameter(value.bias, 2 * which + 1, In);
    }
    template <bool Relu>
    void forward(float const* x) {
        for (std::size_t i = 0; i != Batch; ++i) std::copy_n(value.bias, Out, out + i * Out);
        if constexpr (Batch == 1)
            cblas_sgemv(CblasRowMajor, CblasNoTrans, Out, In, 1, value.weight, In, x, 1, 1, out, 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, Batch, Out, In, 1, x, In, value.weight, In, 1, out,
                        Out);
        if constexpr (Relu)
            for (float& v : out) v = v > 0 ? v : 0;
    }
    /// From out_gradient to those of the parameters and, where it is wanted, of the layer before, whose output went through relu.
    void backward(float const* x, float* x_gradient) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, Out, In, Batch, 1, out_gradient, Out, x, In, 0,
                    gradient.weight, In);
        std::fill_n(gradient.bias, Out, 0.f);
        for (std::size_t i = 0; i != Batch; ++i)
            for (std::size_t j = 0; j != Out; ++j) gradient.bias[j] += out_gradient[i * Out + j];
        if (!x_gradient) return;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, Batch, In, Out, 1, out_gradient, Out, value.weight, In,
                    0, x_gradient, In);
        for (std::size_t i = 0; i != Batch * In; ++i) x_gradient[i] = x[i] > 0 ? x_gradient[i] : 0;
    }
    void update(adam const& a) { a.update(value.weight, gradient.weight, mean.weight, square.weight, count); }
};

template <class Shape, class = std::make_index_sequence<Shape::layers>>
struct classifier;
template <class Shape, std::size_t... I>
struct classifier<Shape, std::index_sequence<I...>> {
    std::tuple<layer<Shape::batch, Shape::sizes[I], Shape::sizes[I + 1]>...> layers{I...};

    template <std::size_t L>
    float const* input(float const* x) {
        if constexpr (L == 0) return x;
        else return std::get<L - 1>(layers).out;
    }
    template <std::size_t L>
    float* input_gradient() {
        if constexpr (L == 0) return nullptr;
        else return std::get<L - 1>(layers).out_gradient;
    }
    float* forward(float const* x) {
        (std::get<I>(layers).template forward<(I + 1 < Shape::layers)>(input<I>(x)), ...);
        return std::get<Shape::layers - 1>(layers).out;
    }
    float step(float const* x, std::int64_t const* labels, adam& a) {
        forward(x);
        auto& last = std::get<Shape::layers - 1>(layers);
        std::copy_n(last.out, Shape::batch * Shape::out, last.out_gradient);
        float total = 0;
        for (std::size_t i = 0; i != Shape::batch; ++i)
            total += cross_entropy(last.out_gradient + i * Shape::out, Shape::out, static_cast<std::size_t>(labels[i]),
                                   1.f / Shape::batch);
        (std::get<Shape::layers - 1 - I>(layers).backward(input<Shape::layers - 1 - I>(x),
                                                          input_gradient<Shape::layers - 1 - I>()),
         ...);
        a.begin();
        (std::get<I>(layers).update(a), ...);
        return total / Shape::batch;
    }
};
#endif

/// Two layers so narrow that a row of outputs is one pack. Weights are stored [in, pack], so that every loop is over packs.
template <class Shape>
struct tiny_classifier {
    static constexpr std::size_t in = Shape::in, hidden = Shape::sizes[1], out = Shape::out, batch = Shape::batch,
                                 width = hand::width;
    static_assert(Shape::layers == 2 && hidden <= width && out <= width);
    struct alignas(64) parameters {
        float weight1[in * width], bias1[width], weight2[hidden * width], bias2[width];
    };
    parameters value{}, gradient{}, mean{}, square{};
    alignas(64) float first[batch * width], second[batch * width];

    tiny_classifier() {
        start<hidden, in>(value.weight1, value.bias1, 0);
        start<out, hidden>(value.weight2, value.bias2, 1);
    }
    template <std::size_t Out, std::size_t In>
    static void start(float* weight, float* bias, std::size_t which) {
        float w[Out * In], b[Out];
        network::fill_parameter(w, 2 * which, In);
        network::fill_parameter(b, 2 * which + 1, In);
        for (std::size_t j = 0; j != Out; ++j) {
            for (std::size_t k = 0; k != In; ++k) weight[k * width + j] = w[j * In + k];
            bias[j] = b[j];
        }
    }
    float* forward(float const* x) {
        for (std::size_t i = 0; i != batch; ++i) {
            hand::pack h = hand::load(value.bias1);
            for (std::size_t k = 0; k != in; ++k) h += x[i * in + k] * hand::load(value.weight1 + k * width);
            hand::store(first + i * width, hand::larger(h, hand::pack{}));
            hand::pack o = hand::load(value.bias2);
            for (std::size_t k = 0; k != hidden; ++k) o += first[i * width + k] * hand::load(value.weight2 + k * width);
            hand::store(second + i * width, o);
        }
        return second;
    }
    float step(float const* x, std::int64_t const* labels, adam& a) {
        forward(x);
        float total = 0;
        hand::pack b1{}, b2{}, w1[in] = {}, w2[hidden] = {};
        for (std::size_t i = 0; i != batch; ++i) {
            total += cross_entropy(second + i * width, out, static_cast<std::size_t>(labels[i]), 1.f / batch);
            hand::pack const g2 = hand::load(second + i * width);
            b2 += g2;
            hand::pack g1{};
            for (std::size_t k = 0; k != hidden; ++k) {
                w2[k] += first[i * width + k] * g2;
                float s = 0;
                for (std::size_t j = 0; j != out; ++j) s += g2[j] * value.weight2[k * width + j];
                g1[k] = first[i * width + k] > 0 ? s : 0;
            }
            b1 += g1;
            for (std::size_t k = 0; k != in; ++k) w1[k] += x[i * in + k] * g1;
        }
        for (std::size_t k = 0; k != in; ++k) hand::store(gradient.weight1 + k * width, w1[k]);
        hand::store(gradient.bias1, b1);
        for (std::size_t k = 0; k != hidden; ++k) hand::store(gradient.weight2 + k * width, w2[k]);
        hand::store(gradient.bias2, b2);
        a.begin();
        a.update(value.weight1, gradient.weight1, mean.weight1, square.weight1, sizeof(parameters) / sizeof(float));
        return total / batch;
    }
};

/// A step on one batch.
template <class Shape, class Model>
struct step {
    Model model;
    by_hand::adam optimizer;
    std::vector<float> x = work::numbers(Shape::batch * Shape::in, network::inputs_sequence);
    std::vector<std::int64_t> labels = network::labels_of<Shape, std::int64_t>();
    std::size_t at = 0;
    float loss = 0;

    void run() { loss = model.step(x.data(), labels.data() + at++ % network::label_sets * Shape::batch, optimizer); }
    auto result() { return network::losses(*this); }
};

}  // namespace by_hand
