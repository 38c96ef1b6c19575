// Normalisation within samples on the processor: each stretch of elements is standardised while it is in the cache, on the way
// forward and on the way back.
#pragma once

#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/normalize.hpp>
#include <tenon/op/sqrt.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Lanes of a row operation in memory: dual numbers go one at a time.
template <class T>
inline constexpr std::size_t row_lanes = element::is_dual<T> ? 1 : TENON_VECTOR_BYTES / sizeof(T);

/// Standardises n elements; returns what they were multiplied with, 1/√(var + eps).
/// @tparam Wide how many elements a register of the row that is read holds
/// @param x room for n elements, which may be where the result belongs
/// @param put called as put(N, j, v) with each pack of the result
template <bool Centered, std::size_t Wide, std::size_t Length, class Row, class T, class Put>
TENON_INLINE constexpr lane_t<T, 1> standardize_row(Row const& row, T* x, std::size_t n, double eps, Put&& put) {
    constexpr std::size_t lanes = row_lanes<T>;
    using V = lane_t<T, 1>;
    V const count(static_cast<T>(static_cast<double>(n)));
    reread_row<Row, T> const from{row, x};
    auto const first = [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return from.template first<N>(j); };
    V mean(T(0)), squares(T(0));
    if constexpr (Centered) {
        mean = join_row<op::sum, T, Wide, Length>(n, first) / count;
        squares = join_row<op::sum, T, lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            auto const d = from.template again<N>(j) - math::splat<N>(mean);
            return d * d;
        });
    } else
        squares = join_row<op::sum, T, Wide, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
            auto const v = first(N, j);
            return v * v;
        });
    V const scale = apply_op(op::rsqrt{}, squares / count + V(static_cast<T>(eps)));
    for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        put(N, j, (from.template again<N>(j) - math::splat<N>(mean)) * math::splat<N>(scale));
    });
    return scale;
}

/// Turns the gradient g of standardised elements y into that of the elements: scale · (g − mean g − y · mean(g y)).
template <bool Centered, class T, std::size_t Length>
constexpr void standardize_row_back(T* g, T const* y, std::size_t n, lane_t<T, 1> scale) {
    constexpr std::size_t lanes = row_lanes<T>;
    using V = lane_t<T, 1>;
    V const count(static_cast<T>(static_cast<double>(n)));
    auto const load = [g](auto N, std::size_t j) TENON_LAMBDA_INLINE { return element::load_lanes<N>(g + j); };
    V mean(T(0));
    if constexpr (Centered) mean = join_row<op::sum, T, lanes, Length>(n, load) / count;
    V const slope =
        join_row<op::sum, T, lanes, Length>(
            n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE { return load(N, j) * element::load_lanes<N>(y + j); }) /
        count;
    for_each_pack<lanes, Length>(n, [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
        auto const through = load(N, j) - math::splat<N>(mean) - element::load_lanes<N>(y + j) * math::splat<N>(slope);
        element::store_lanes(g + j, through * math::splat<N>(scale));
    });
}

/// Kept: the standardised elements and each stretch's scale.
template <bool Centered, std::size_t Outer, std::size_t Groups, class A, bool Grad>
struct tape<standardize_node<Centered, Outer, Groups, A>, Grad>
    : in_memory<tape<standardize_node<Centered, Outer, Groups, A>, Grad>, value_t<A>, shape_t<A>,
                tape<A, Grad>::differentiable> {
    using node = standardize_node<Centered, Outer, Groups, A>;
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;

    /// Elements of one stretch, and how many stretches there are; `dyn` where that is not static.
    struct division {
        std::size_t length, count;
    };
    template <class Extents>
    static constexpr division divided(Extents const& e) {
        division d{1, Groups};
        for (std::size_t a = 0; a < Outer; ++a)
            d.count = is_dynamic(d.count) || is_dynamic(e[a]) ? dyn : d.count * e[a];
        for (std::size_t a = Outer; a < Shape::rank(); ++a)
            d.length = is_dynamic(d.length) || is_dynamic(e[a]) ? dyn : d.length * e[a];
        if (!is_dynamic(d.length)) d.length /= Groups;
        return d;
    }
    static constexpr division known = divided(Shape::static_extents);
    /// Whether a stretch is a row.
    static constexpr bool row_by_row = Outer + 1 == Shape::rank() && Groups == 1;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = row_by_row && !differentiable && pays_by_rows<T, Shape>;
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, Shape>;

    explicit constexpr tape(node const& n)
        : operand_(n.operand), eps_(n.eps), length_(divided(n.shape().extents()).length) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return operand_.shape(); }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool aligned) const {
        return on_demand && operand_.overlaps(begin, end, aligned);
    }

    constexpr void forward() {
        std::size_t const n = shape().size();
        values_.reserve(n);
        scales_.reserve(divided(shape().extents()).count);
        if constexpr (row_by_row) forward_rows();
        else forward_stretches();
        if constexpr (differentiable) {
            gradients_.reserve(n);
            for (std::size_t i = 0; i < n; ++i) gradients_.data()[i] = T(0);
        }
    }
    constexpr void forward_by_rows()
        requires(on_demand)
    {
        eval::forward_by_rows(operand_);
        values_.reserve(row_length(shape()));
        by_rows_ = true;
    }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand)
            if (by_rows_) {
                compute_row(outer, values_.data(), values_.data(), destination<T, 0>());
                return memory_row<T, 1, false>{values_.data(), {}, {}};
            }
        return row_in_memory(*this, outer);
    }
    /// The result may be computed where it is wanted: every element is read before its place is written.
    constexpr void write_to(T* p)
        requires row_by_row
    {
        values_.borrow(p, shape().size());
    }
    constexpr bool reads(void const* begin, void const* end) const
        requires row_by_row
    {
        return operand_.overlaps(begin, end, true);
    }
    constexpr void finish() {
        if constexpr (differentiable) {
            std::size_t const row = row_length(shape());
            std::size_t sent = 0, done = 0;
            T const* scale = scales_.data();
            backward_region(operand_, [&](auto const&) TENON_LAMBDA_INLINE {
                T const* const g = gradients_.data() + sent;
                sent += row;
                for (; done < sent; done += length_)
                    standardize_row_back<Centered, T, known.length>(gradients_.data() + done, values_.data() + done,
                                                                    length_, element::load_lanes<1>(scale++));
                return gradient_row<T>{g};
            });
            operand_.finish();
        }
    }

    /// A sum, a difference, a square, its sum, and a difference with a scale for each element.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        std::size_t const elements = n.shape().size();
        auto const operands = [&] {
            p.template streams<operand>(n.operand, 1, Plan::all, row_by_row && !differentiable);
            if (p.by_rows()) return;
            p.template holds<buffer<T, known.count>>(divided(n.shape().extents()).count);
            if (row_by_row && destination<T, static_size<Shape>>::fits(elements, row_length(n.shape())))
                p.template scratch<buffer<T, dyn>>(row_length(n.shape()));
        };
        p.template kernel<tape>(n,
                                {.kind = "normalization",
                                 .name = Centered ? "standardize" : "rms",
                                 .operations = 6 * elements,
                                 .gradient_operations = 8 * elements},
                                operands);
    }
    static constexpr std::size_t kept_by_rows(Shape const& s)
        requires on_demand
    {
        return row_length(s);
    }

private:
    /// @return what the row was multiplied with
    template <std::size_t R>
    TENON_INLINE constexpr lane_t<T, 1> compute_row(position<R> const& outer, T* room, T* to, auto const& out) {
        return standardize_row<Centered, lanes_for<operand>, inner_extent<Shape>>(
            operand_.row(outer), room, row_length(shape()), eps_,
            [&](auto, std::size_t j, auto const& y) TENON_LAMBDA_INLINE { out.store(to + j, y); });
    }
    /// Row by row, so that each stays in the L1 cache from its operand to its result.
    constexpr void forward_rows() {
        if constexpr (differentiable) operand_.forward();
        else eval::forward_by_rows(operand_);
        auto const s = shape();
        std::size_t const length = row_length(s);
        if (length == 0) return;
        destination<T, static_size<Shape>> const out(values_.data(), s.size(), length);
        std::size_t const worth = forwards_by_rows<operand> ? 1 : s.size() / elements_for_thread;
        for_each_part_of_rows(s, worth, [&](std::size_t row, auto const& each) TENON_LAMBDA_INLINE {
            T *to = values_.data() + row * length, *scale = scales_.data() + row;
            // A result that passes the caches by is written once.
            buffer<T, dyn> room;
            if (out.streams()) room.reserve(length);
            each([&](auto const& outer) TENON_LAMBDA_INLINE {
                element::store_lanes(scale++, compute_row(outer, out.streams() ? room.data() : to, to, out));
                to += length;
            });
            out.close();
        });
    }
    /// Stretches of several rows, or of a part of one: each as soon as its elements are there.
    constexpr void forward_stretches() {
        operand_.forward();
        auto const s = shape();
        std::size_t const n = s.size();
        std::size_t filled = 0, done = 0;
        T* scale = scales_.data();
        for_each_row(s, [&](auto const& outer) TENON_LAMBDA_INLINE {
            auto r = operand_.row(outer);
            T* const to = values_.data() + filled;
            for_each_pack<lanes_for<operand>, inner_extent<Shape>>(
                row_length(s), [&](auto N, std::size_t j) TENON_LAMBDA_INLINE {
                    element::store_lanes(to + j, math::convert<T>(r.template load<N>(j).value));
                });
            filled += row_length(s);
            for (; done + length_ <= filled && done < n; done += length_) {
                T* const x = values_.data() + done;
                element::store_lanes(scale++, standardize_row<Centered, row_lanes<T>, known.length>(
                                                  memory_row<T, 1, false>{x, {}, {}}, x, length_, eps_,
                                                  [x](auto, std::size_t j, auto const& y)
                                                      TENON_LAMBDA_INLINE { element::store_lanes(x + j, y); }));
            }
        });
    }

    operand operand_;
    double eps_;
    std::size_t length_;
    bool by_rows_ = false;
    buffer<T, static_size<Shape>> values_;
    buffer<T, known.count> scales_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
};

}  // namespace tenon::inline TENON_TARGET::eval
