// The loss of connectionist temporal classification.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <tenon/expr/array.hpp>
#include <tenon/expr/index.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/function/loss.hpp>
#include <tenon/op/cast.hpp>
#include <tenon/op/extremum.hpp>

namespace tenon::inline TENON_TARGET {

/// Options of ctc_loss.
struct ctc_options {
    std::int64_t blank = 0;      ///< the class that stands for no label
    bool zero_infinity = false;  ///< whether sequences that are too short for their targets count nothing instead of ∞
};
/// ctc_loss takes log-probabilities [T, n, classes] or [T, classes], integer targets [n, S] or [all], and n lengths of both.
template <class LogProbabilities, class Targets, class InputLengths, class TargetLengths>
struct ctc_targets_do_not_fit;

namespace detail {
/// log(eᵃ + eᵇ).
template <class T>
T log_sum(T a, T b) {
    if (a < b) std::swap(a, b);
    return b == -std::numeric_limits<T>::infinity() ? a : a + std::log1p(std::exp(b - a));
}
/// One sequence: log-probabilities of `steps` steps, `stride` apart, and its labels.
template <class T, class L>
struct ctc_sequence {
    T const* log_probability;
    std::size_t stride, steps;
    L const* labels;
    std::size_t length, blank;

    /// Labels with blanks around them.
    std::size_t states() const { return 2 * length + 1; }
    std::size_t label(std::size_t s) const { return s % 2 == 0 ? blank : static_cast<std::size_t>(labels[s / 2]); }
    /// Whether a path may go from the label before to this one without a blank.
    bool skips(std::size_t s) const { return s >= 2 && s % 2 == 1 && label(s) != label(s - 2); }
    T log_p(std::size_t t, std::size_t s) const { return log_probability[t * stride + label(s)]; }

    /// The logarithms of the probabilities to be in a state after each step; @return the loss
    T forward(std::vector<T>& alpha) const {
        constexpr T never = -std::numeric_limits<T>::infinity();
        std::size_t const n = states();
        if (steps == 0) return length == 0 ? T(0) : -never;
        alpha.assign(steps * n, never);
        for (std::size_t s = 0; s < std::min<std::size_t>(n, 2); ++s) alpha[s] = log_p(0, s);
        for (std::size_t t = 1; t < steps; ++t)
            for (std::size_t s = 0; s < n; ++s) {
                T const* const before = alpha.data() + (t - 1) * n;
                T sum = before[s];
                if (s >= 1) sum = log_sum(sum, before[s - 1]);
                if (skips(s)) sum = log_sum(sum, before[s - 2]);
                alpha[t * n + s] = sum + log_p(t, s);
            }
        T const* const last = alpha.data() + (steps - 1) * n;
        return -(n > 1 ? log_sum(last[n - 1], last[n - 2]) : last[0]);
    }
    /// Adds g · (p − Σ of the paths through each class), the slope by log-probabilities that a softmax has made.
    void add_gradient(T* to, T g, T loss, std::size_t classes, std::vector<T> const& alpha) const {
        constexpr T never = -std::numeric_limits<T>::infinity();
        std::size_t const n = states();
        std::vector<T> beta(n, never), next(n), through(classes);
        for (std::size_t t = steps; t-- > 0;) {
            for (std::size_t s = 0; s < n; ++s) {
                T sum = never;
                if (t + 1 == steps) sum = s + 2 >= n ? T(0) : never;
                else {
                    sum = beta[s];
                    if (s + 1 < n) sum = log_sum(sum, beta[s + 1]);
                    if (s + 2 < n && skips(s + 2)) sum = log_sum(sum, beta[s + 2]);
                }
                next[s] = sum + log_p(t, s);
            }
            beta.swap(next);
            std::fill(through.begin(), through.end(), never);
            for (std::size_t s = 0; s < n; ++s)
                through[label(s)] = log_sum(through[label(s)], alpha[t * n + s] + beta[s]);
            for (std::size_t c = 0; c < classes; ++c) {
                T const lp = log_probability[t * stride + c];
                to[t * stride + c] += g * (std::exp(lp) - std::exp(through[c] + loss - lp));
            }
        }
    }
};

/// The loss of each of n sequences [T, n, classes].
template <class T, class S>
struct ctc_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "ctc_loss", *kind = "loss";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    ctc_options options;
    constexpr S shape(auto const&...) const { return to; }
    constexpr std::size_t operations(auto const& x, auto const& targets, auto const&...) const {
        return to.size() == 0 ? 0 : 12 * x[0] * (2 * targets.size() + to.size());
    }

    template <class X, class L, class N, class M>
    auto sequences(X const& x, L const& labels, N const& steps, M const& lengths) const {
        using label_type = std::remove_const_t<std::remove_pointer_t<decltype(labels.data)>>;
        std::size_t const n = to.size(), classes = x.shape[2];
        if (options.blank < 0 || static_cast<std::size_t>(options.blank) >= classes)
            throw_index("ctc_loss: blank", options.blank, 2, classes);
        std::vector<ctc_sequence<T, label_type>> all;
        std::size_t begin = 0;
        for (std::size_t i = 0; i < n; ++i) {
            auto const length = static_cast<std::size_t>(lengths.data[i]),
                       step = static_cast<std::size_t>(steps.data[i]);
            if (labels.shape.rank() == 2) begin = i * labels.shape[labels.shape.rank() - 1];
            std::size_t const end =
                labels.shape.rank() == 2 ? begin + labels.shape[labels.shape.rank() - 1] : labels.shape.size();
            if (step > x.shape[0] || begin > end || length > end - begin)
                throw std::invalid_argument(
                    text_of({"ctc_loss: the lengths of sequence ", i, " reach beyond its steps or labels"}));
            for (std::size_t s = 0; s < length; ++s)
                if (static_cast<std::size_t>(labels.data[begin + s]) >= classes)
                    throw_index("ctc_loss", static_cast<std::int64_t>(labels.data[begin + s]), 2, classes);
            all.push_back({x.data + i * classes, n * classes, step, labels.data + begin, length,
                           static_cast<std::size_t>(options.blank)});
            begin += length;
        }
        return all;
    }
    template <class X, class L, class N, class M>
    void forward(array_of<T, S> const& y, X const& x, L const& labels, N const& steps, M const& lengths) const {
        auto const all = sequences(x, labels, steps, lengths);
        for_each_part(all.size(), 1, all.size() * x.shape[0] * labels.shape.size() / 10'000,
                      [&](std::size_t first, std::size_t last) {
                          std::vector<T> alpha;
                          for (std::size_t i = first; i < last; ++i) {
                              T const loss = all[i].forward(alpha);
                              y.data[i] = options.zero_infinity && std::isinf(loss) ? T(0) : loss;
                          }
                      });
    }
    template <class X, class L, class N, class M>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, X const& x, L const& labels,
                  N const& steps, M const& lengths, auto const& gx, auto const&...) const {
        auto const all = sequences(x, labels, steps, lengths);
        std::size_t const classes = x.shape[2];
        for_each_part(all.size(), 1, all.size() * x.shape[0] * labels.shape.size() / 10'000,
                      [&](std::size_t first, std::size_t last) {
                          std::vector<T> alpha;
                          for (std::size_t i = first; i < last; ++i) {
                              T const loss = all[i].forward(alpha);
                              if (!(options.zero_infinity && std::isinf(loss)) && all[i].steps != 0)
                                  all[i].add_gradient(gx.data + i * classes, g.data[i], loss, classes, alpha);
                          }
                      });
    }
};
struct second_extent {
    template <std::size_t N>
    static constexpr std::array<std::size_t, 1> of(std::array<std::size_t, N> const& e) {
        return {e[1]};
    }
};
}  // namespace detail

/// The negative log-probability of label sequences under all alignments, for log-probabilities [T, n, classes], targets [n, S], or [all]
/// one after another, and the lengths of inputs and targets, [n]; of a single sequence [T, classes], [S] and lengths without axes. The
/// mean divides each loss by its target's length first, as PyTorch does. The gradient is that of log-probabilities that log_softmax has
/// made, as PyTorch's. Graves et al. (2006), "Connectionist temporal classification". Compile error `ctc_targets_do_not_fit`; @throws
/// index_error for a class that does not exist, std::invalid_argument for lengths that are too large; torch.nn.functional.ctc_loss.
template <reduction R = reduction::mean, expression X, expression L, expression N, expression M>
constexpr auto ctc_loss(X&& log_probs, L&& targets, N&& input_lengths, M&& target_lengths, ctc_options options = {}) {
    using s = shape_t<X>;
    static_assert(joins_losses<R>, "ctc_loss: takes mean, sum or none; reduction::batchmean is for kl_div alone");
    constexpr bool integers = detail::counts_positions<value_t<L>> && detail::counts_positions<value_t<N>> &&
                              detail::counts_positions<value_t<M>>;
    constexpr std::size_t lengths = s::rank() == 3 ? 1 : 0;
    if constexpr (!integers || (s::rank() != 2 && s::rank() != 3) || shape_t<N>::rank() != lengths ||
                  shape_t<M>::rank() != lengths || shape_t<L>::rank() == 0 || shape_t<L>::rank() > lengths + 1)
        return ctc_targets_do_not_fit<s, shape_t<L>, shape_t<N>, shape_t<M>>{};
    else if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(log_probs), [&](auto&& wide) {
            return ctc_loss<R>(std::move(wide), std::forward<L>(targets), std::forward<N>(input_lengths),
                               std::forward<M>(target_lengths), options);
        });
    else if constexpr (s::rank() == 2) {
        auto loss = ctc_loss<R>(unsqueeze<1>(std::forward<X>(log_probs)), std::forward<L>(targets),
                                unsqueeze<0>(std::forward<N>(input_lengths)),
                                unsqueeze<0>(std::forward<M>(target_lengths)), options);
        if constexpr (R == reduction::none) return squeeze<0>(std::move(loss));
        else return loss;
    } else {
        auto const to = detail::shape_by<detail::second_extent>(log_probs.shape());
        std::size_t const n = to.size();
        if (input_lengths.size() != n || target_lengths.size() != n ||
            (shape_t<L>::rank() == 2 && targets.shape()[0] != n))
            throw_shapes("ctc_loss", to_string(log_probs.shape()), to_string(targets.shape()));
        using T = value_t<X>;
        using rule = detail::ctc_rule<T, std::remove_const_t<decltype(to)>>;
        auto const of_targets = as_node(std::forward<M>(target_lengths));
        auto losses = detail::make_array(rule{to, options}, std::forward<X>(log_probs), std::forward<L>(targets),
                                         std::forward<N>(input_lengths), of_targets);
        if constexpr (R == reduction::mean) return mean(std::move(losses) / maximum(cast<T>(of_targets), T(1)));
        else return detail::reduce_loss<R>(std::move(losses));
    }
}

}  // namespace tenon::inline TENON_TARGET
