// Attention on the processor: its result, and beside it one number for each query that backward needs.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>

#include <tenon/eval/cpu/attention_backward.hpp>
#include <tenon/eval/cpu/map.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Kept: the result, and with gradients that of the result and the logarithm of each query's Σ exp(s). Queries, keys, values
/// and a mask are read where they lie.
template <class Q, class K, class V, class... M, bool Grad>
struct tape<attention_node<Q, K, V, M...>, Grad>
    : in_memory<tape<attention_node<Q, K, V, M...>, Grad>, value_t<Q>,
                typename attention_node<Q, K, V, M...>::shape_type,
                tape<Q, Grad>::differentiable || tape<K, Grad>::differentiable || tape<V, Grad>::differentiable ||
                    (tape<M, Grad && !std::is_same_v<value_t<M>, bool>>::differentiable || ...)> {
    using node = attention_node<Q, K, V, M...>;
    using T = value_t<Q>;
    using Shape = typename node::shape_type;
    static constexpr bool differentiable = tape::in_memory::differentiable;
    static constexpr std::size_t rank = Shape::rank();
    static constexpr bool has_mask = sizeof...(M) != 0;

    explicit constexpr tape(node const& n)
        : node_(&n),
          operands_(n.operands()),
          q_(get<0>(operands_)),
          k_(get<1>(operands_)),
          v_(get<2>(operands_)),
          mask_(get<has_mask ? 3 : 2>(operands_)) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return node_->shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const*, void const*, bool) const { return false; }

    /// The result may be computed where it is wanted, unless an operand is there.
    constexpr void write_to(T* p) { values_.borrow(p, shape().size()); }
    constexpr bool aliases(void const* begin, void const* end) { return operands_.overlaps(begin, end, false); }

    constexpr void forward() {
        q_.forward();
        k_.forward();
        v_.forward();
        if constexpr (has_mask) mask_.forward();
        std::size_t const n = shape().size();
        values_.reserve(n);
        if constexpr (differentiable) {
            log_totals_.reserve(node_->batches() * node_->queries());
            gradients_.reserve_zeros(n);
        }
        auto const& o = node_->settings;
        if (o.dropout_p > 0) blocks_ = drawn_blocks::draw(*o.gen, places(*node_).random_blocks());
        places_of_operands const at(*this);
        attention_forward<T>::run(problem(at), values_.data(), differentiable ? log_totals_.data() : nullptr);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            places_of_operands const at(*this);
            attention_gradients<T> const to{gradient_of(q_, at.q), gradient_of(k_, at.k), gradient_of(v_, at.v),
                                            has_mask ? gradient_of(mask_, at.mask) : batched_matrix<T>{}};
            attention_backward<T>::run(problem(at), to, values_.data(), gradients_.data(), log_totals_.data());
            q_.finish();
            k_.finish();
            v_.finish();
            if constexpr (has_mask) mask_.finish();
        }
    }
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto const q = layout<decltype(q_)>(get<0>(n.operands())), k = layout<decltype(k_)>(get<1>(n.operands())),
                   v = layout<decltype(v_)>(get<2>(n.operands()));
        auto all = numbers(n);
        all.q.strides = q.data();
        all.k.strides = k.data();
        all.v.strides = v.data();
        p.template kernel<tape>(n, p.facts_of(n), [&] {
            p.template takes<decltype(q_)>(get<0>(n.operands()));
            p.template takes<decltype(k_)>(get<1>(n.operands()));
            p.template takes<decltype(v_)>(get<2>(n.operands()));
            if constexpr (has_mask) p.template takes<decltype(mask_)>(get<3>(n.operands()));
            for (std::size_t elements : attention_forward<T>::room(all))
                if (elements != 0) p.template scratch<buffer<T, dyn>>(elements);
            if constexpr (differentiable) {
                p.template holds<buffer<T, dyn>>(n.batches() * n.queries());
                for (std::size_t elements : attention_backward<T>::room(
                         all, {operand<Q>::differentiable, operand<K>::differentiable, operand<V>::differentiable}))
                    if (elements != 0) p.template gradient_scratch<buffer<T, dyn>>(elements);
            }
        });
    }

private:
    template <class A>
    using operand = tape<A, Grad && !std::is_same_v<value_t<A>, bool>>;
    /// Whether an operand shows an element in several rows or columns of a matrix: it is copied for its gradient, which is added to in
    /// whole tiles.
    template <class A>
    static constexpr bool repeats = [] {
        if constexpr (!operand<A>::is_addressable || !operand<A>::differentiable) return false;
        else {
            constexpr std::size_t r = shape_t<A>::rank();
            for (std::size_t a = r < 2 ? 0 : r - 2; a != r; ++a)
                if (operand<A>::static_strides[a] == 0 && shape_t<A>::static_extents[a] != 1) return true;
            return false;
        }
    }();
    /// Whether rows of queries are not contiguous, as tiles read them.
    template <class A>
    static constexpr bool lies_across = [] {
        if constexpr (!operand<A>::is_addressable) return false;
        else return operand<A>::static_strides[shape_t<A>::rank() - 1] != 1;
    }();
    template <class A>
    using in_place = dense<operand<A>, repeats<A>>;

    /// The strides of an operand along the result's leading axes, 0 where one of its matrices serves all, and of its rows and columns.
    /// @tparam Broadcast whether these may be shared too
    template <bool Broadcast, class Dense>
    static constexpr std::array<std::ptrdiff_t, rank> aligned_strides(Dense const& d, auto const& extents) {
        constexpr std::size_t own = Dense::shape_type::rank();
        auto const strides = d.strides();
        std::array<std::ptrdiff_t, rank> all{};
        for (std::size_t a = 0; a != own; ++a)
            if (extents[a] != 1 || (!Broadcast && a + 2 >= own)) all[rank - own + a] = strides[a];
        return all;
    }
    struct places_of_operands {
        std::array<std::size_t, rank> extents;
        std::array<std::ptrdiff_t, rank> q, k, v, mask{};
        explicit constexpr places_of_operands(tape& t)
            : extents(t.shape().extents()),
              q(aligned_strides<false>(t.q_, get<0>(t.operands_).shape())),
              k(aligned_strides<false>(t.k_, get<1>(t.operands_).shape())),
              v(aligned_strides<false>(t.v_, get<2>(t.operands_).shape())) {
            if constexpr (has_mask) mask = aligned_strides<true>(t.mask_, get<3>(t.operands_).shape());
        }
    };
    /// The strides of an operand's rows and columns as far as they are known without it, else those of a contiguous one.
    template <class Dense, class A>
    static constexpr std::array<std::ptrdiff_t, 2> layout(A const& a) {
        constexpr std::size_t r = shape_t<A>::rank();
        constexpr std::ptrdiff_t row = Dense::static_strides[r - 2], column = Dense::static_strides[r - 1];
        return {row != run_time_stride ? row : static_cast<std::ptrdiff_t>(a.shape()[r - 1]),
                column != run_time_stride ? column : 1};
    }
    /// The weights as rows of a matrix, each of which has a number for dropout.
    static constexpr dropout_mask<tenon::shape<dyn, dyn>> places(node const& n) {
        tenon::shape<dyn, dyn> const rows(n.batches() * n.queries(), n.keys());
        return {rows, n.settings.dropout_p, n.settings.gen ? *n.settings.gen : default_generator()};
    }
    /// All but where operands and the numbers of dropout are.
    static attention_problem<T> numbers(node const& n) {
        double const p = n.settings.dropout_p;
        return {.rank = 0,
                .extents = nullptr,
                .batches = n.batches(),
                .queries = n.queries(),
                .keys = n.keys(),
                .depth = n.depth(),
                .width = n.width(),
                .q = {},
                .k = {},
                .v = {},
                .see = {},
                .add = {},
                .scale = static_cast<T>(n.settings.scale),
                .is_causal = n.settings.is_causal,
                .drops = p > 0,
                .kept_scale = static_cast<T>(p == 1 ? 0 : 1 / (1 - p)),
                .keep = places(n).rule(drawn_blocks{})};
    }
    attention_problem<T> problem(places_of_operands const& at) const {
        auto p = numbers(*node_);
        p.rank = rank - 2;
        p.extents = at.extents.data();
        p.q = {q_.data(), at.q.data()};
        p.k = {k_.data(), at.k.data()};
        p.v = {v_.data(), at.v.data()};
        if constexpr (has_mask) {
            if constexpr (std::is_same_v<typename decltype(mask_)::T, bool>) p.see = {mask_.data(), at.mask.data()};
            else p.add = {mask_.data(), at.mask.data()};
        }
        p.keep.blocks = blocks_;
        return p;
    }
    template <class Dense>
    static batched_matrix<T> gradient_of(Dense& d, std::array<std::ptrdiff_t, rank> const& strides) {
        if constexpr (Dense::tape_type::differentiable) return {d.gradient(), strides.data()};
        else return {};
    }

    node const* node_;
    tapes<operand<Q>, operand<K>, operand<V>, operand<M>...> operands_;
    dense<operand<Q>, repeats<Q> || lies_across<Q>> q_;
    in_place<K> k_;
    in_place<V> v_;
    /// The values stand in for a mask that is not there.
    in_place<nth<has_mask, V, M...>> mask_;
    drawn_blocks blocks_{};
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    buffer<T, differentiable ? dyn : 0> log_totals_;
};

}  // namespace tenon::inline TENON_TARGET::eval
