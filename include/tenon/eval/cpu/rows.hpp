// Row operations on the processor: one tape for every rule. Vectors are worked on while they are in the cache, rows of the result
// also when they are read.
#pragma once

#include <tenon/eval/cpu/column_teams.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Whether rows of so many elements, in memory, are worked on by a function that all rows of their type share: others are part of
/// their caller, which is faster for a few elements, or for what is left of whole registers.
template <class T, std::size_t Length>
inline constexpr bool shares_rows = is_dynamic(Length) || (Length * sizeof(T) >= 2048 && Length % row_lanes<T> == 0);

/// A rule on a vector of neighbours in memory.
template <std::size_t Length, class Rule, class T, class R, class Out>
TENON_INLINE constexpr void forward_vector(Rule const& rule, T const* x, T* room, R* to, std::size_t n, T* kept,
                                           Out const& out) {
    memory_row<T, 1, false> const row{x, {}, {}};
    row_team<row_lanes<T>, Length, memory_row<T, 1, false>, T, R, Out> team(row, room, to, n, kept, out);
    rule.forward(team);
}
template <class Rule, class T, class R>
[[gnu::noinline]] constexpr void forward_shared(Rule const& rule, T const* x, T* room, R* to, std::size_t n, T* kept,
                                                destination<R, dyn> const& out) {
    forward_vector<dyn>(rule, x, room, to, n, kept, out);
}
template <std::size_t Length, class Rule, class T>
TENON_INLINE constexpr void backward_vector(Rule const& rule, T const* x, T const* y, T const* g, T* to, std::size_t n,
                                            T const* kept) {
    row_gradient<Length, T> team(x, y, g, to, n, kept);
    rule.backward(team);
}
template <class Rule, class T>
[[gnu::noinline]] constexpr void backward_shared(Rule const& rule, T const* x, T const* y, T const* g, T* to,
                                                 std::size_t n, T const* kept) {
    backward_vector<dyn>(rule, x, y, g, to, n, kept);
}

/// Kept: the results and, where the rule wants that, a number of each vector.
template <class Rule, class Vectors, class A, bool Grad>
struct tape<row_node<Rule, Vectors, A>, Grad>
    : in_memory<tape<row_node<Rule, Vectors, A>, Grad>, typename row_node<Rule, Vectors, A>::value_type, shape_t<A>,
                tape<A, Grad && differentiates<row_node<Rule, Vectors, A>, A>>::differentiable> {
    using node = row_node<Rule, Vectors, A>;
    using operand = tape<A, Grad && differentiates<node, A>>;
    using T = value_t<A>;
    using R = typename node::value_type;
    using Shape = shape_t<A>;
    static constexpr bool differentiable = operand::differentiable;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = node::are_rows && !differentiable && pays_by_rows<R, Shape>;
    /// Whether the operand's elements are in memory in row-major order, where `forward()` has been called.
    static constexpr bool operand_in_order = [] {
        if constexpr (addressable<operand>) return operand::is_contiguous;
        else return false;
    }();
    /// Whether the operand may compute its rows when they are read. Vectors with a step are read from memory.
    static constexpr bool asks_for_rows = !differentiable && (node::neighbours || !operand_in_order);
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, Shape>;

    explicit constexpr tape(node const& n) : rule_(n.rule), operand_(n.operand) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr R const* data() const { return values_.data(); }
    TENON_INLINE constexpr R* gradient() {
        if (overwrite_gradient()) gradients_.reserve_zeros(shape().size());
        return gradients_.data();
    }
    TENON_INLINE constexpr bool overwrite_gradient() { return std::exchange(zeros_to_write_, false); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && operand_.overlaps(begin, end, aligned);
    }

    /// The result may be computed where it is wanted: every element is read before its place is written.
    constexpr void write_to(R* p) { values_.borrow(p, shape().size()); }
    constexpr bool aliases(void const* begin, void const* end) const { return operand_.overlaps(begin, end, true); }

    constexpr void forward() {
        auto const s = shape();
        std::size_t const n = s.size();
        values_.reserve(n);
        if constexpr (Rule::keeps_number) kept_.reserve(node::divided(s).count);
        if constexpr (asks_for_rows) eval::forward_by_rows(operand_);
        else operand_.forward();
        if (n != 0) {
            if constexpr (node::are_rows) forward_rows();
            else if constexpr (node::neighbours) forward_stretches();
            else {
                buffer<T, same_type || operand_in_order ? 0 : static_size<Shape>> copy;
                T const* x = nullptr;
                if constexpr (operand_in_order) x = operand_.data();
                else {
                    copy.reserve(n);
                    T* to = copy.data();
                    if constexpr (same_type) to = values_.data();
                    evaluate_region(operand_, to, s);
                    x = to;
                }
                forward_columns<Rule, T, R>(rule_, x, values_.data(), kept_.data(), node::divided(s));
            }
        }
        if constexpr (differentiable) {
            gradients_.reserve(n);
            zeros_to_write_ = true;
        }
    }
    constexpr void forward_by_rows()
        requires on_demand
    {
        eval::forward_by_rows(operand_);
        values_.reserve(row_length(shape()));
        if constexpr (!same_type) room_.reserve(row_length(shape()));
        by_rows_ = true;
    }
    constexpr bool computes_rows() const { return by_rows_; }
    template <std::size_t N>
    TENON_INLINE constexpr auto row(position<N> const& outer) {
        if constexpr (on_demand)
            if (by_rows_) {
                compute_row(outer, room_for(values_.data()), values_.data(), nullptr, destination<R, 0>());
                return memory_row<R, 1, false>{values_.data(), {}, {}};
            }
        return row_in_memory(*this, outer);
    }
    static constexpr std::size_t kept_by_rows(node const& n)
        requires on_demand
    {
        return row_length(n.shape());
    }

    constexpr void finish() {
        if constexpr (differentiable) {
            auto const s = shape();
            // Zeros, where no consumer has written.
            R* const g = gradient();
            buffer<T, copies_operand ? static_size<Shape> : 0> copy;
            T const* x = nullptr;
            if constexpr (copies_operand) {
                copy.reserve(s.size());
                evaluate_region(operand_, copy.data(), s);
                x = copy.data();
            } else if constexpr (Rule::needs_operand) x = operand_.data();
            if constexpr (!node::neighbours) {
                if (s.size() != 0)
                    backward_columns(rule_, x, std::as_const(values_).data(), g, std::as_const(kept_).data(),
                                     node::divided(s));
                backward_from_memory(operand_, static_cast<R const*>(g));
            } else backward_neighbours(x, g);
            operand_.finish();
        }
    }

    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        auto const s = n.shape();
        if (Rule::keeps_number && !p.by_rows()) p.template holds<kept_numbers>(node::divided(s).count);
        if constexpr (!node::neighbours) {
            if (!Rule::scans) p.template scratch<buffer<T, dyn>>(16 * node::divided(s).length);
            if (!same_type && !operand_in_order) p.template scratch<buffer<T, static_size<Shape>>>(s.size());
        } else if (node::are_rows && (!same_type || (!p.by_rows() && destination_type::fits(s.size(), row_length(s)))))
            p.template scratch<buffer<T, dyn>>(row_length(s));
        if (differentiable && copies_operand) p.template gradient_scratch<buffer<T, static_size<Shape>>>(s.size());
    }

private:
    static constexpr bool same_type = std::is_same_v<T, R>;
    static constexpr bool copies_operand = differentiable && Rule::needs_operand && !operand_in_order;
    static constexpr std::size_t row_extent = inner_extent<Shape>, vector_extent = node::known.length;
    static constexpr std::size_t out_size = shares_rows<T, row_extent> ? dyn : static_size<Shape>;
    using destination_type = destination<R, out_size>;
    using kept_numbers = buffer<T, Rule::keeps_number ? node::known.count : 0>;

    /// Where a row's elements are while it is worked on: where its results belong, or else memory of its own.
    TENON_INLINE constexpr T* room_for(R* to) {
        if constexpr (same_type) return to;
        else return room_.data();
    }
    /// A row of the operand's values. Asking for its gradient too would write zeros there, which backward may not need.
    template <std::size_t N>
    TENON_INLINE constexpr auto operand_row(position<N> const& outer) {
        if constexpr (differentiable && operand_in_order) {
            auto const s = shape();
            return memory_row<T, 1, false>{operand_.data() + row_number(s, outer) * row_length(s), {}, {}};
        } else return operand_.row(outer);
    }
    template <std::size_t N, class Out>
    TENON_INLINE constexpr void compute_row(position<N> const& outer, T* room, R* to, T* kept, Out const& out) {
        std::size_t const n = row_length(shape());
        auto const r = operand_row(outer);
        using row_type = std::remove_const_t<decltype(r)>;
        if constexpr (!is_memory_row<row_type>) {
            row_team<lanes_for<operand>, row_extent, row_type, T, R, Out> team(r, room, to, n, kept, out);
            rule_.forward(team);
        } else if constexpr (shares_rows<T, row_extent> && std::is_same_v<Out, destination<R, dyn>>)
            forward_shared(rule_, r.values, room, to, n, kept, out);
        else if constexpr (shares_rows<T, row_extent>)
            forward_shared(rule_, r.values, room, to, n, kept, destination<R, dyn>());
        else forward_vector<row_extent>(rule_, r.values, room, to, n, kept, out);
    }
    /// The whole result. Row by row, so that each stays in the L1 cache from its operand to its result.
    constexpr void forward_rows() {
        auto const s = shape();
        std::size_t const length = row_length(s);
        destination_type const out(values_.data(), s.size(), length);
        std::size_t const worth = eval::computes_rows(operand_) ? 1 : s.size() / elements_for_thread;
        for_each_part_of_rows(s, worth, [&](std::size_t first, auto const& each) TENON_LAMBDA_INLINE {
            // A result that passes the caches by is written once.
            buffer<T, dyn> room;
            bool const apart = !same_type || out.streams();
            if (apart) room.reserve(length);
            std::size_t k = first;
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                R* const to = values_.data() + k * length;
                T* in = room.data();
                if constexpr (same_type)
                    if (!apart) in = to;
                compute_row(outer, in, to, Rule::keeps_number ? kept_.data() + k : nullptr, out);
                ++k;
            });
            out.close();
        });
    }
    /// Stretches of several rows, or of a part of one: each as soon as its elements are there.
    constexpr void forward_stretches() {
        static_assert(same_type);
        auto const s = shape();
        std::size_t const n = s.size(), length = node::divided(s).length;
        std::size_t filled = 0, done = 0;
        T* kept = kept_.data();
        for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
            auto r = operand_.row(outer);
            T* const to = values_.data() + filled;
            for_each_pack_of<operand>(row_length(s), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
            });
            filled += row_length(s);
            for (; done + length <= filled && done < n; done += length) {
                T* const x = values_.data() + done;
                if constexpr (shares_rows<T, vector_extent>)
                    forward_shared(rule_, x, x, x, length, kept, destination<T, dyn>());
                else forward_vector<vector_extent>(rule_, x, x, x, length, kept, destination<T, 0>());
                if constexpr (Rule::keeps_number) ++kept;
            }
        });
    }
    /// Each vector's gradient is found when the first row of it is to be sent.
    /// @param to the results' gradient, in whose place the operand's is found
    constexpr void backward_neighbours(T const* x, T* to) {
        auto const s = shape();
        std::size_t const row = row_length(s), length = node::divided(s).length;
        std::size_t sent = 0, done = 0;
        T const* kept = kept_.data();
        if constexpr (operand_in_order && shares_rows<T, vector_extent>)
            if (operand_.overwrite_gradient()) return write_neighbours(x, to, operand_.gradient());
        backward_region(operand_, [&](auto const&) TENON_LAMBDA_INLINE {
            T const* const g = to + sent;
            sent += row;
            for (; done < sent; done += length) {
                T const* const own = x ? x + done : nullptr;
                T const* const y = values_.data() + done;
                if constexpr (shares_rows<T, vector_extent>)
                    backward_shared(rule_, own, y, to + done, to + done, length, kept);
                else backward_vector<vector_extent>(rule_, own, y, to + done, to + done, length, kept);
                if constexpr (Rule::keeps_number) ++kept;
            }
            return gradient_row<T>{g};
        });
    }

    /// The same where the operand's gradient lies in memory and counts as zero: it is written, and need not be zero before. A
    /// softmax of 256×1024 with its gradient takes 400 µs, and 435 where zeros are written and added to.
    void write_neighbours(T const* x, T const* g, T* to) {
        auto const v = node::divided(shape());
        T const *const y = values_.data(), *const numbers = kept_.data();
        for_each_part(v.count, 1, v.count * v.length / elements_for_thread, [&](std::size_t first, std::size_t last) {
            for (std::size_t k = first; k != last; ++k) {
                std::size_t const at = k * v.length;
                backward_shared(rule_, x ? x + at : x, y + at, g + at, to + at, v.length,
                                Rule::keeps_number ? numbers + k : nullptr);
            }
        });
    }

    Rule rule_;
    operand operand_;
    bool by_rows_ = false;
    buffer<R, static_size<Shape>> values_;
    buffer<R, differentiable ? static_size<Shape> : 0> gradients_;
    bool zeros_to_write_ = false;
    kept_numbers kept_;
    buffer<T, same_type ? 0 : row_extent> room_;
};

}  // namespace tenon::inline TENON_TARGET::eval
