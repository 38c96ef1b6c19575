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
          mask_(get<has_mask ? 3 : 0>(operands_)) {}
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
        if (o.dropout_p > 0) blocks_ = drawn_blocks::draw(*o.gen, places().random_blocks());
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
    static void describe_memory(node const& n, Plan& p) {
        auto const take = [&](auto const& room, auto const& each) {
            for (std::size_t elements : room)
                if (elements != 0) each(elements);
        };
        take(attention_forward<T>::room(n.queries(), n.keys(), n.depth(), n.width()),
             [&](std::size_t elements) { p.template scratch<buffer<T, dyn>>(elements); });
        if constexpr (differentiable) {
            p.template holds<buffer<T, dyn>>(n.batches() * n.queries());
            take(attention_backward<T>::room(
                     n.queries(), n.keys(), n.depth(), n.width(),
                     {operand<Q>::differentiable, operand<K>::differentiable, operand<V>::differentiable}),
                 [&](std::size_t elements) { p.template gradient_scratch<buffer<T, dyn>>(elements); });
        }
    }

private:
    template <class A>
    using operand = tape<A, Grad && !std::is_same_v<value_t<A>, bool>>;
    /// An operand in memory. One that shows an element in several rows or columns of a matrix is copied for its gradient, which is
    /// added to in whole tiles.
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
    /// The weights as rows of a matrix, each of which has a number for dropout.
    constexpr dropout_mask<tenon::shape<dyn, dyn>> places() const {
        auto const& o = node_->settings;
        tenon::shape<dyn, dyn> const rows(node_->batches() * node_->queries(), node_->keys());
        return {rows, o.dropout_p, o.gen ? *o.gen : default_generator()};
    }
    attention_problem<T> problem(places_of_operands const& at) const {
        auto const& o = node_->settings;
        attention_problem<T> p{.rank = rank - 2,
                               .extents = at.extents.data(),
                               .batches = node_->batches(),
                               .queries = node_->queries(),
                               .keys = node_->keys(),
                               .depth = node_->depth(),
                               .width = node_->width(),
                               .q = {q_.data(), at.q.data()},
                               .k = {k_.data(), at.k.data()},
                               .v = {v_.data(), at.v.data()},
                               .see = {},
                               .add = {},
                               .scale = static_cast<T>(o.scale),
                               .is_causal = o.is_causal,
                               .drops = o.dropout_p > 0,
                               .kept_scale = static_cast<T>(o.dropout_p == 1 ? 0 : 1 / (1 - o.dropout_p)),
                               .keep = places().rule(blocks_)};
        if constexpr (has_mask) {
            if constexpr (std::is_same_v<typename decltype(mask_)::T, bool>) p.see = {mask_.data(), at.mask.data()};
            else p.add = {mask_.data(), at.mask.data()};
        }
        return p;
    }
    template <class Dense>
    static batched_matrix<T> gradient_of(Dense& d, std::array<std::ptrdiff_t, rank> const& strides) {
        if constexpr (Dense::tape_type::differentiable) return {d.gradient(), strides.data()};
        else return {};
    }

    node const* node_;
    tapes<operand<Q>, operand<K>, operand<V>, operand<M>...> operands_;
    in_place<Q> q_;
    in_place<K> k_;
    in_place<V> v_;
    /// The queries stand in for a mask that is not there.
    in_place<nth<has_mask, Q, M...>> mask_;
    drawn_blocks blocks_{};
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    buffer<T, differentiable ? dyn : 0> log_totals_;
};

}  // namespace tenon::inline TENON_TARGET::eval
