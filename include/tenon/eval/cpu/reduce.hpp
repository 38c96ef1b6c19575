// Reductions on the processor: the operand's region is read directly, in registers, in one pass.
#pragma once

#include <algorithm>

#include <tenon/eval/cpu/join_row.hpp>
#include <tenon/eval/cpu/view.hpp>
#include <tenon/expr/reduce.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <class Op, bool Keep, class A, std::size_t... Axes, bool Grad>
struct tape<reduce_node<Op, Keep, A, Axes...>, Grad>
    : in_memory<tape<reduce_node<Op, Keep, A, Axes...>, Grad>, typename reduce_node<Op, Keep, A, Axes...>::value_type,
                typename reduce_node<Op, Keep, A, Axes...>::shape_type,
                tape<A, Grad && propagates_gradient<reduce_node<Op, Keep, A, Axes...>>>::differentiable> {
    using node = reduce_node<Op, Keep, A, Axes...>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using operand = tape<A, Grad && propagates_gradient<node>>;
    using operand_shape = shape_t<A>;
    static constexpr bool differentiable = tape::in_memory::differentiable;
    static constexpr std::size_t rank = operand_shape::rank();
    static constexpr bool joins_last = rank == 0 || node::reduced::reduces(rank == 0 ? 0 : rank - 1);
    static constexpr bool joins_all = sizeof...(Axes) == 0 || sizeof...(Axes) == rank;
    static constexpr std::size_t lanes = TENON_VECTOR_BYTES / std::max(operand::widest, lane_bytes<T>);
    /// How many of the operand's last axes go as one row: all of them are joined, or none.
    static constexpr std::size_t row_axes = [] {
        std::size_t n = 0;
        while (n != own_joined_axes<operand> && node::reduced::reduces(rank - 1 - n) == joins_last) ++n;
        return n;
    }();
    /// How long such a row is, or `dyn`.
    static constexpr std::size_t length = static_length_of_last<row_axes, operand_shape>;

    /// Whether elements may be computed when they are read, each by the consumer of its operand's row: the row is then in the
    /// cache when the consumer reads it.
    static constexpr bool on_demand = Keep && rank > 1 && static_size<Shape> != 1 && joins_last &&
                                      sizeof...(Axes) == 1 && !differentiable &&
                                      !element::is_dual<T> && pays_by_rows<value_t<A>, operand_shape>;
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, Shape>;

    explicit constexpr tape(node const& n) : shape_(n.shape()), operand_(n.operand) {}
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && operand_.overlaps(begin, end, aligned);
    }

    constexpr void forward() {
        if constexpr (differentiable) operand_.forward();
        else eval::forward_by_rows(operand_);
        prepare();
        reduce_into<Op>(values_.data(), as_they_are);
        if constexpr (shares_tangents) share_tangents();
        if constexpr (differentiable) gradients_.reserve_zeros(shape_.size());
    }
    constexpr void forward_by_rows()
        requires on_demand
    {
        eval::forward_by_rows(operand_);
        prepare();
        by_rows_ = true;
    }
    constexpr bool computes_rows() const { return by_rows_; }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand)
            if (by_rows_) {
                std::size_t const o = row_number(shape_, outer);
                values_.data()[o] = Op::template identity<T>();
                join_operand_row<Op>(outer, values_.data() + o, values_.data() + o, as_they_are);
            }
        return row_in_memory(*this, outer);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            if constexpr (requires { Op::splits_gradient; }) share();
            if constexpr (requires { Op::counts_zeros; }) pass_zeros();
            auto const kept = kept_strides();
            backward_rows<row_axes>(operand_, [&](auto const& outer) TENON_LAMBDA_INLINE {
                std::size_t const o = offset(outer, kept);
                if constexpr (takes_turns)
                    return factor_row{values_.data() + o, gradients_.data() + o, others_.data() + o,
                                      zero_sum_.data() + o};
                else return seed_row{values_.data() + o, gradients_.data() + o};
            });
            operand_.finish();
        }
    }
    static constexpr bool asks_for_rows = !differentiable;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        std::size_t const results = n.shape().size();
        using totals = typename wide_sums<T, static_size<Shape>>::buffer_type;
        if constexpr (joins_many_rows<Op>) p.template scratch<totals>(results);
        constexpr bool shares = requires { Op::splits_gradient; }, counts = requires { Op::counts_zeros; };
        if constexpr ((shares || counts) && joins_many_rows<op::sum>) p.template gradient_scratch<totals>(results);
        for (int i = 0; i != shares + 2 * counts; ++i)
            p.template gradient_scratch<buffer<T, static_size<Shape>>>(results);
    }

    static constexpr std::size_t kept_by_rows(node const& n)
        requires on_demand
    {
        return n.shape().size();
    }

private:
    static constexpr auto as_they_are = [](auto const& x, auto const&)
                                            TENON_LAMBDA_INLINE { return math::convert<T>(x); };

    constexpr void prepare() {
        std::size_t const n = shape_.size();
        values_.reserve(n);
        for (std::size_t i = 0; i != n; ++i) values_.data()[i] = Op::template identity<T>();
    }
    /// The gradient that a row of the operand receives.
    struct seed_row {
        T const* y;
        T const* g;
        template <class V>
        TENON_INLINE static constexpr V slope(V x, V y, V g) {
            if constexpr (requires { Op::counts_zeros; }) return Op::slope_past_zeros(x, y, g);
            else return Op::slope(x, y, g);
        }
        template <std::size_t N, class R>
        TENON_INLINE constexpr auto load(std::size_t j, R const& r) const {
            auto const x = math::convert<T>(r.value);
            if constexpr (joins_last)
                return math::convert<value_t<A>>(
                    slope(x, math::splat<N>(element::load_lanes<1>(y)), math::splat<N>(element::load_lanes<1>(g))));
            else
                return math::convert<value_t<A>>(
                    slope(x, element::load_lanes<N>(y + j), element::load_lanes<N>(g + j)));
        }
    };
    static constexpr bool takes_turns = element::is_dual<T> && differentiable && requires { Op::counts_zeros; };
    /// The gradient that a row of factors receives, in dual numbers.
    struct factor_row {
        T const *y, *g, *alone, *pair;
        template <std::size_t N, class R>
        TENON_INLINE constexpr auto load(std::size_t j, R const& r) const {
            auto const x = math::convert<T>(r.value);
            using V = std::remove_const_t<decltype(x)>;
            auto const at = [j](T const* p)
                                TENON_LAMBDA_INLINE { return element::load_lanes<1>(p + (joins_last ? 0 : j)); };
            return math::convert<value_t<A>>(
                math::select(x == V(0), at(alone) - at(pair) * x, at(g) * at(y) / math::select(x == V(0), V(1), x)));
        }
    };
    /// For each axis of the operand, the step in the result; 0 along the axes that are joined.
    constexpr std::array<std::size_t, rank + 1> kept_strides() const {
        return strides_of([](std::size_t a) { return !node::reduced::reduces(a); });
    }
    /// The same among the rows that are joined: which of them a row is.
    constexpr std::array<std::size_t, rank + 1> joined_strides() const {
        return strides_of([](std::size_t a) { return a + row_axes < rank && node::reduced::reduces(a); });
    }
    template <class Counts>
    constexpr std::array<std::size_t, rank + 1> strides_of(Counts counts) const {
        std::array<std::size_t, rank + 1> s{};
        std::size_t next = 1;
        auto const all = operand_.shape();
        for (std::size_t a = rank; a-- > 0;)
            if (counts(a)) {
                s[a] = next;
                next *= all[a];
            }
        return s;
    }
    /// How many rows are joined into one, or `dyn`.
    static constexpr std::size_t rows_joined = [] {
        std::size_t n = 1;
        for (std::size_t a = 0; a + row_axes < rank; ++a)
            if (node::reduced::reduces(a))
                n = is_dynamic(n) || is_dynamic(operand_shape::static_extents[a])
                        ? dyn
                        : n * operand_shape::static_extents[a];
        return n;
    }();
    static constexpr bool joins_all_at_once = row_axes == rank;
    /// Whether the rows that Join joins may be too many for T.
    template <class Join>
    static constexpr bool joins_many_rows =
        detail::adds_up<Join, T> && !joins_all_at_once && (is_dynamic(rows_joined) || rows_joined > terms_in_part);
    template <std::size_t R>
    TENON_INLINE static constexpr std::size_t offset(position<R> const& outer,
                                                     std::array<std::size_t, rank + 1> const& kept) {
        std::size_t o = 0;
        for (std::size_t a = 0; a + 1 < rank; ++a) o += outer.at[a] * kept[a];
        return o;
    }
    /// Joins f(x, y) over the elements x of the operand's row into one element.
    template <class Join, std::size_t R, class F>
    TENON_INLINE constexpr void join_operand_row(position<R> const& outer, T* to, T const* y, F f) {
        auto r = operand_.row(outer);
        auto const joined = join_row<Join, T, lanes, length>(
            length_of_last<row_axes>(operand_.shape()), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                return f(r.template load<N>(j).value, math::splat<N>(element::load_lanes<1>(y)));
            });
        element::store_lanes(to, convert_lane<T>(Join::combine(element::load_lanes<1>(to), joined)));
    }
    /// Whether a row of sums stays in registers while rows are added to it.
    static constexpr bool sums_in_registers =
        !joins_last && !element::is_dual<T> && !is_dynamic(inner_extent<operand_shape>) &&
        inner_extent<operand_shape> % lanes == 0 && inner_extent<operand_shape> / lanes <= 8;
    /// Adds f(x, y) of the operand's rows up to the last to a row of sums.
    template <std::size_t R, class F>
    TENON_INLINE constexpr void add_rows(position<R>& outer, std::size_t last, T* to, F f) {
        constexpr std::size_t packs = inner_extent<operand_shape> / lanes;
        lane_t<T, lanes> sums[packs];
        unroll<packs>([&](auto q) TENON_LAMBDA_INLINE { sums[q] = lane_t<T, lanes>(T(0)); });
        for (; outer.at[0] < last; ++outer.at[0]) {
            auto r = operand_.row(outer);
            unroll<packs>([&](auto q) TENON_LAMBDA_INLINE {
                sums[q] = sums[q] + f(r.template load<lanes>(q * lanes).value,
                                      element::load_lanes<lanes>(values_.data() + q * lanes));
            });
        }
        unroll<packs>([&](auto q) TENON_LAMBDA_INLINE {
            element::store_lanes(to + q * lanes, element::load_lanes<lanes>(to + q * lanes) + sums[q]);
        });
    }
    /// Whether results may be computed by several threads: the first axis is kept, and there are many elements.
    static constexpr bool in_parts =
        rank >= 2 && !node::reduced::reduces(0) && row_axes < rank &&
        (is_dynamic(static_size<operand_shape>) || static_size<operand_shape> >= 2 * elements_for_thread);
    /// Joins f(x, y) over the operand's elements x and this node's results y.
    template <class Join, class F>
    constexpr void reduce_into(T* to, F f) {
        auto const s = operand_.shape();
        if constexpr (joins_all_at_once) {
            join_operand_row<Join>(outer_position<operand_shape>{}, to, values_.data(), f);
        } else {
            auto const kept = kept_strides();
            std::size_t const row = length_of_last<row_axes>(s);
            auto const join = [&](auto const& outer) TENON_LAMBDA_INLINE {
                std::size_t const o = offset(outer, kept);
                if constexpr (joins_last) join_operand_row<Join>(outer, to + o, values_.data() + o, f);
                else {
                    auto r = operand_.row(outer);
                    T* const out = to + o;
                    T const* const y = values_.data() + o;
                    for_each_pack<lanes, length>(row, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                        element::store_lanes(
                            out + j, math::convert<T>(
                                         Join::combine(element::load_lanes<N>(out + j),
                                                       f(r.template load<N>(j).value, element::load_lanes<N>(y + j)))));
                    });
                }
            };
            if constexpr (!joins_many_rows<Join>) {
                if constexpr (in_parts)
                    for_each_part(s[0], 1, eval::computes_rows(operand_) ? 1 : s.size() / elements_for_thread,
                                  [&](std::size_t first, std::size_t last) {
                                      for_each_position<rank - row_axes>(s, first, last, join);
                                  });
                else for_each_position<rank - row_axes>(s, 0, s[0], join);
            } else {
                wide_sums<T, static_size<Shape>> totals;
                totals.start(shape_.size());
                std::size_t const sums = joins_last ? 1 : row;
                if constexpr (rank == 2) {
                    // All rows are joined: parts of them are loops of their own.
                    outer_position<operand_shape> outer{};
                    while (outer.at[0] < s[0]) {
                        std::size_t const last = std::min(s[0], outer.at[0] + terms_in_part);
                        if constexpr (sums_in_registers) { TENON_AT_RUN_TIME add_rows(outer, last, to, f); }
                        for (; outer.at[0] < last; ++outer.at[0]) join(outer);
                        totals.take(to, 0, sums);
                    }
                } else {
                    auto const joined = joined_strides();
                    for_each_position<rank - row_axes>(s, 0, s[0], [&](auto const& outer) TENON_LAMBDA_INLINE {
                        join(outer);
                        std::size_t const o = offset(outer, kept);
                        if ((offset(outer, joined) + 1) % terms_in_part == 0) totals.take(to + o, o, sums);
                    });
                }
                totals.finish(to, shape_.size());
            }
        }
    }
    /// Numbers for each result, joined from f(x, y).
    using numbers = buffer<T, static_size<Shape>>;
    template <class Join, class F>
    constexpr void join_numbers(numbers& to, F f) {
        std::size_t const n = shape_.size();
        to.reserve(n);
        for (std::size_t i = 0; i != n; ++i) to.data()[i] = Join::template identity<T>();
        reduce_into<Join>(to.data(), f);
    }
    static constexpr auto at(numbers const& n, std::size_t i) { return element::load_lanes<1>(n.data() + i); }
    static constexpr auto is_extreme = [](auto const& x, auto const& y) TENON_LAMBDA_INLINE {
        using V = std::remove_cvref_t<decltype(y)>;
        return math::select(math::convert<T>(x) == y, V(1), V(0));
    };
    static constexpr auto extremes = [](auto const& x, auto const& y) TENON_LAMBDA_INLINE {
        using V = std::remove_cvref_t<decltype(y)>;
        return math::select(math::convert<T>(x) == y, V(math::convert<T>(x)), V(0));
    };
    static constexpr auto is_zero = [](auto const& x, auto const& y) TENON_LAMBDA_INLINE {
        using V = std::remove_cvref_t<decltype(y)>;
        return math::select(math::convert<T>(x) == V(0), V(1), V(0));
    };
    static constexpr auto zeros_alone = [](auto const& x, auto const& y) TENON_LAMBDA_INLINE {
        using V = std::remove_cvref_t<decltype(y)>;
        V const v = math::convert<T>(x);
        return math::select(v == V(0), v, V(0));
    };
    static constexpr auto zeros_left_out = [](auto const& x, auto const& y) TENON_LAMBDA_INLINE {
        using V = std::remove_cvref_t<decltype(y)>;
        V const v = math::convert<T>(x);
        return math::select(v == V(0), V(1), v);
    };

    /// Divides each gradient by the number of elements that share the value.
    constexpr void share() {
        numbers counts;
        join_numbers<op::sum>(counts, is_extreme);
        for (std::size_t i = 0; i != shape_.size(); ++i)
            element::store_lanes(gradients_.data() + i, element::load_lanes<1>(gradients_.data() + i) / at(counts, i));
    }
    static constexpr bool shares_tangents = element::is_dual<T> && requires { Op::splits_gradient; };
    /// Gives each extreme value the mean tangent of the elements that share it, as the gradient goes the other way.
    constexpr void share_tangents() {
        numbers counts, sums;
        join_numbers<op::sum>(counts, is_extreme);
        join_numbers<op::sum>(sums, extremes);
        for (std::size_t i = 0; i != shape_.size(); ++i) {
            auto y = element::load_lanes<1>(values_.data() + i);
            mean_tangent(y, at(sums, i) / at(counts, i));
            element::store_lanes(values_.data() + i, y);
        }
    }
    template <class V>
    static constexpr void mean_tangent(V& y, V const& mean) {
        if constexpr (element::is_dual<V>) {
            mean_tangent(y.value, mean.value);
            for (std::size_t k = 0; k != V::directions; ++k) y.tangent[k] = mean.tangent[k];
        }
    }

    /// Counts the zeros among the elements of products, which change their gradients.
    constexpr void pass_zeros() {
        numbers zeros;
        join_numbers<op::sum>(zeros, is_zero);
        join_numbers<op::prod>(others_, zeros_left_out);
        if constexpr (element::is_dual<T>) join_numbers<op::sum>(zero_sum_, zeros_alone);
        for (std::size_t i = 0; i != shape_.size(); ++i) {
            auto const g = element::load_lanes<1>(gradients_.data() + i);
            if constexpr (element::is_dual<T>) {
                // Where one factor is 0 the others' product is its slope; of two, each has the other in its slope besides.
                using V = std::remove_const_t<decltype(g)>;
                auto const one = math::select(at(zeros, i) == V(1), at(others_, i), V(0));
                auto const two = math::select(at(zeros, i) == V(2), at(others_, i), V(0));
                element::store_lanes(others_.data() + i, g * (one + two * at(zero_sum_, i)));
                element::store_lanes(zero_sum_.data() + i, g * two);
            } else
                element::store_lanes(gradients_.data() + i, Op::gradient_past_zeros(g, at(zeros, i), at(others_, i)));
        }
    }

    [[no_unique_address]] Shape shape_;
    operand operand_;
    bool by_rows_ = false;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    static constexpr bool counts_zeros = differentiable && requires { Op::counts_zeros; };
    /// Of products whose factors are dual numbers: what a factor 0 gets as its gradient is first - second · the factor.
    [[no_unique_address]] std::conditional_t<counts_zeros, numbers, tuple<>> others_, zero_sum_;
};

}  // namespace tenon::inline TENON_TARGET::eval
