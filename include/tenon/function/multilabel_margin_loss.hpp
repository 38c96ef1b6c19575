// The margin loss of rows that have several classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/expr/array.hpp>
#include <tenon/expr/window_grid.hpp>
#include <tenon/function/margin_loss.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Calls f(target class, other class) for each pair of a row.
template <class I, class F>
void each_label_pair(I const* labels, std::size_t classes, F const& f) {
    auto const listed = [&](std::size_t c) {
        for (std::size_t j = 0; j < classes && labels[j] >= 0; ++j)
            if (static_cast<std::size_t>(labels[j]) == c) return true;
        return false;
    };
    for (std::size_t c = 0; c < classes; ++c)
        if (!listed(c))
            for (std::size_t j = 0; j < classes && labels[j] >= 0; ++j) f(static_cast<std::size_t>(labels[j]), c);
}
/// The loss of each row.
template <class T, class S>
struct multilabel_margin_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "multilabel_margin_loss", *kind = "loss";
    static constexpr bool has_gradient = true;
    [[no_unique_address]] S to;
    constexpr S shape(auto const&...) const { return to; }
    static constexpr std::size_t operations(auto const& x, auto const&) { return 3 * x.size(); }

    template <class X, class I, class J>
    void forward(array_of<T, S> const& y, array_of<T const, X> const& x, array_of<I, J> const& labels) const {
        std::size_t const classes = x.shape[1];
        for (std::size_t r = 0; r < to.size(); ++r) {
            auto const* const row = labels.data + r * classes;
            for (std::size_t j = 0; j < classes && row[j] >= 0; ++j)
                if (static_cast<std::size_t>(row[j]) >= classes)
                    throw_index("multilabel_margin_loss", static_cast<std::int64_t>(row[j]), 1, classes);
            T sum = 0;
            each_label_pair(row, classes, [&](std::size_t own, std::size_t other) {
                T const z = 1 - x.data[r * classes + own] + x.data[r * classes + other];
                if (z > 0) sum += z;
            });
            y.data[r] = sum / static_cast<T>(classes);
        }
    }
    template <class X, class I, class J>
    void backward(array_of<T const, S> const&, array_of<T const, S> const& g, array_of<T const, X> const& x,
                  array_of<I, J> const& labels, array_of<T, X> const& gx, auto const&) const {
        std::size_t const classes = x.shape[1];
        if (gx.data == nullptr) return;
        for (std::size_t r = 0; r < to.size(); ++r)
            each_label_pair(labels.data + r * classes, classes, [&](std::size_t own, std::size_t other) {
                std::size_t const a = r * classes + own, b = r * classes + other;
                if (!(1 - x.data[a] + x.data[b] > 0)) return;
                T const share = g.data[r] / static_cast<T>(classes);
                gx.data[a] -= share;
                gx.data[b] += share;
            });
    }
};
struct first_extent {
    template <std::size_t N>
    static constexpr std::array<std::size_t, 1> of(std::array<std::size_t, N> const& e) {
        return {e[0]};
    }
};
}  // namespace detail

/// Σ max(1 − x_t + x_j, 0) / classes over a row's targets t and all classes j that are none of them. Scores are [rows, classes] or
/// [classes]; targets of the same shape list the classes of each row, up to the first that is negative. Averaged (or summed, or one for
/// each row). Compile error `loss_targets_do_not_fit`; @throws index_error for a class that does not exist;
/// torch.nn.functional.multilabel_margin_loss.
template <reduction R = reduction::mean, expression X, expression T>
constexpr auto multilabel_margin_loss(X&& x, T&& t) {
    using s = shape_t<X>;
    static_assert(joins_losses<R>, "multilabel_margin_loss: takes mean, sum or none; reduction::batchmean is for kl_div alone");
    if constexpr (!detail::counts_positions<value_t<T>> || (s::rank() != 1 && s::rank() != 2) ||
                  !detail::shapes_may_match<s, shape_t<T>>())
        return loss_targets_do_not_fit<"multilabel_margin_loss", s, shape_t<T>, value_t<T>>{};
    else if constexpr (s::rank() == 1) {
        auto rows = multilabel_margin_loss<R>(unsqueeze<0>(std::forward<X>(x)), unsqueeze<0>(std::forward<T>(t)));
        if constexpr (R == reduction::none) return squeeze<0>(std::move(rows));
        else return rows;
    } else if constexpr (element::narrow<value_t<X>>)
        return detail::in_float(std::forward<X>(x), [&](auto&& wide) {
            return multilabel_margin_loss<R>(std::move(wide), std::forward<T>(t));
        });
    else {
        if (!(x.shape() == t.shape()))
            throw_shapes("multilabel_margin_loss", to_string(x.shape()), to_string(t.shape()));
        auto const to = detail::shape_by<detail::first_extent>(x.shape());
        using rule = detail::multilabel_margin_rule<value_t<X>, std::remove_const_t<decltype(to)>>;
        return detail::reduce_loss<R>(detail::make_array(rule{to}, std::forward<X>(x), std::forward<T>(t)));
    }
}

}  // namespace tenon::inline TENON_TARGET
