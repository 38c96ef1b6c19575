// Matrix products on the processor: operands where they lie, gradients accumulated where they belong.
#pragma once

#include <limits>

#include <tenon/eval/cpu/gemm_rows.hpp>
#include <tenon/eval/cpu/reduce.hpp>
#include <tenon/expr/matmul.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// Kept: the product, and with gradients that of the product; without them, a consumer that goes row by row has the rows computed
/// as it comes to them. An operand that is a leaf, a view of one or another product is read where it lies; an elementwise one is
/// evaluated once, since backward needs its values again.
template <class A, class B, bool Grad>
struct tape<product_node<A, B>, Grad>
    : in_memory<tape<product_node<A, B>, Grad>, typename product_node<A, B>::value_type,
                typename product_node<A, B>::shape_type,
                tape<A, Grad>::differentiable || tape<B, Grad>::differentiable> {
    using node = product_node<A, B>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using left = tape<A, Grad>;
    using right = tape<B, Grad>;
    static constexpr bool differentiable = left::differentiable || right::differentiable;
    static constexpr std::size_t rank = Shape::rank();
    /// Whether there is one product, of all rows: all meet the same matrix, and lie one after the other.
    static constexpr bool is_one = [] {
        if constexpr (shape_t<B>::rank() != 2) return false;
        else if constexpr (rank == 2 || !dense<left>::in_place) return true;
        else return left::is_contiguous;
    }();
    static constexpr std::size_t M = [] {
        std::size_t m = shape_t<A>::static_extents[shape_t<A>::rank() - 2];
        for (std::size_t i = 0; is_one && i + 2 < rank; ++i) {
            std::size_t const e = shape_t<A>::static_extents[i];
            m = is_dynamic(m) || is_dynamic(e) ? dyn : m * e;
        }
        return m;
    }();
    static constexpr std::size_t N = shape_t<B>::static_extents[shape_t<B>::rank() - 1];
    static constexpr std::size_t K = is_dynamic(shape_t<A>::static_extents[shape_t<A>::rank() - 1])
                                         ? shape_t<B>::static_extents[shape_t<B>::rank() - 2]
                                         : shape_t<A>::static_extents[shape_t<A>::rank() - 1];

    using by_rows = gemm_rows<N, K, T>;
    /// Whether rows may be computed when they are read.
    static constexpr bool on_demand = [] {
        if constexpr (differentiable || !is_one || !pays_by_rows<T, Shape>) return false;
        else return by_rows::template suits<M>;
    }();
    template <class Region>
    static constexpr bool is_flat = !on_demand && std::is_same_v<Region, Shape>;

    explicit constexpr tape(node const& n)
        : shape_(n.shape()),
          left_(n.a),
          right_(n.b),
          a_(left_),
          b_(right_),
          depth_(n.a.shape()[shape_t<A>::rank() - 1]) {}
    tape(tape const&) = delete;
    constexpr auto shape() const { return shape_; }
    TENON_INLINE constexpr T const* data() const { return values_.data(); }
    TENON_INLINE constexpr T* gradient() { return gradients_.data(); }
    constexpr bool overlaps(void const* begin, void const* end, bool) const { return on_demand && aliases(begin, end); }

    /// The product may be computed where it is wanted, unless an operand is there.
    constexpr void write_to(T* p) { values_.borrow(p, shape_.size()); }
    constexpr bool aliases(void const* begin, void const* end) const {
        return left_.overlaps(begin, end, false) || right_.overlaps(begin, end, false);
    }

    constexpr void forward() {
        a_.forward();
        b_.forward();
        multiply();
    }
    constexpr void forward_by_rows()
        requires on_demand
    {
        a_.forward();
        b_.forward();
        matrix<T const> const a = left_matrix(a_.data()), b = right_matrix(b_.data());
        computes_rows_ = !__builtin_is_constant_evaluated() && by_rows::pays(rows(), a, b);
        if (computes_rows_) rows_.start(rows(), a, b);
        else multiply();
    }
    constexpr bool computes_rows() const { return computes_rows_; }
    template <std::size_t R>
    TENON_INLINE constexpr auto row(position<R> const& outer) {
        if constexpr (on_demand)
            if (computes_rows_) return memory_row<T, 1, false>{rows_.row(row_number(shape_, outer)), {}, {}};
        return row_in_memory(*this, outer);
    }
    /// ∂A += G·Bᵀ, ∂B += Aᵀ·G; of complex numbers G·Bᴴ and Aᴴ·G.
    constexpr void finish() {
        if constexpr (differentiable) {
            // A batch may use a matrix several times.
            [[maybe_unused]] bool const add_left = !is_one || !left::differentiable || !a_.overwrite_gradient();
            [[maybe_unused]] bool const add_right = !is_one || !right::differentiable || !b_.overwrite_gradient();
            for (std::size_t q = 0, count = products(); q != count; ++q) {
                auto const g = product_matrix(static_cast<T const*>(gradients_.data()) + offset_of_product(q));
                auto const a = offset_of_left(q);
                auto const b = offset_of_right(q);
                if constexpr (left::differentiable)
                    gemm<M, K, N, T, conjugated::right>(rows(), depth_, columns(), g,
                                                        right_matrix(b_.data() + b).transposed(),
                                                        left_matrix(a_.gradient() + a), add_left);
                if constexpr (right::differentiable)
                    gemm<K, N, M, T, conjugated::left>(depth_, columns(), rows(),
                                                       left_matrix(a_.data() + a).transposed(), g,
                                                       right_matrix(b_.gradient() + b), add_right);
            }
            a_.finish();
            b_.finish();
        }
    }
    /// One kernel forward, and one for the gradient of each operand that wants it.
    template <class Plan>
    static void describe(node const& n, Plan& p) {
        auto const s = n.shape();
        std::size_t const m = rows(s), c = s[rank - 1], k = n.a.shape()[shape_t<A>::rank() - 1];
        auto const operands = [&] {
            p.template takes<dense<left>>(n.a);
            p.template takes<dense<right>>(n.b);
            auto const a = operand_layout<left>();
            auto const b = operand_layout<right>();
            constexpr std::ptrdiff_t width = is_dynamic(N) ? run_time_stride : static_cast<std::ptrdiff_t>(N);
            auto const product = static_matrix<width, 1>(static_cast<T const*>(nullptr));
            if constexpr (on_demand)
                if (p.by_rows() && kept_by_rows(n) != Plan::all) {
                    auto const [block, packed_a, packed_b] = by_rows::held(a, b);
                    p.template holds<buffer<T, dyn>>(packed_a);
                    p.template holds<buffer<T, dyn>>(packed_b);
                    p.template scratch<buffer<T, dyn>>(by_rows::scratch(a, b));
                    return;
                }
            for (std::size_t packed : gemm_packed<M, N, K, T>(m, c, k, a, b, product))
                if (packed != 0) p.template scratch<buffer<T, dyn>>(packed);
            for (std::size_t packed : gemm_packed<M, K, N, T>(m, k, c, product, b.transposed(), a))
                if (packed != 0) p.template gradient_scratch<buffer<T, dyn>>(packed, 0);
            for (std::size_t packed : gemm_packed<K, N, M, T>(k, c, m, a.transposed(), product, b))
                if (packed != 0) p.template gradient_scratch<buffer<T, dyn>>(packed, 1);
        };
        auto facts = p.facts_of(n);
        facts.gradient_for_each = true;
        p.template kernel<tape>(n, facts, operands);
    }

    /// How much of the result is in memory where its rows are computed when they are read; `all` where they are not.
    static constexpr std::size_t kept_by_rows(node const& n)
        requires on_demand
    {
        auto const a = operand_layout<left>();
        auto const b = operand_layout<right>();
        return by_rows::pays(rows(n.shape()), a, b) ? by_rows::held(a, b)[0] : std::numeric_limits<std::size_t>::max();
    }

private:
    /// Whether the product may be small enough for code of its own, which knows its strides (`has_small_product`); others share
    /// theirs. So do those of layers that learn, of which programs have many.
    static constexpr bool is_small = !is_dynamic(M) && !is_dynamic(N) && !is_dynamic(K) &&
                                     M * N * K <= (differentiable ? largest_small_product : largest_product_in_rows);

    /// A matrix with the given static strides, in its type where that helps.
    template <std::ptrdiff_t Rows, std::ptrdiff_t Columns, class E>
    TENON_INLINE static constexpr auto static_matrix(E* p) {
        if constexpr (is_small && Rows != run_time_stride && Columns != run_time_stride)
            return fixed_matrix<E, Rows, Columns>{p};
        else return matrix<E>{p, Rows, Columns};
    }
    template <class Dense>
    static constexpr std::ptrdiff_t row_stride = Dense::static_strides[Dense::shape_type::rank() - 2];
    template <class Dense>
    static constexpr std::ptrdiff_t column_stride = Dense::static_strides[Dense::shape_type::rank() - 1];
    /// A matrix of an operand.
    template <class Dense, class E>
    TENON_INLINE static constexpr auto operand_matrix(Dense const& d, E* p) {
        constexpr std::size_t r = Dense::shape_type::rank();
        if constexpr (row_stride<Dense> != run_time_stride && column_stride<Dense> != run_time_stride)
            return static_matrix<row_stride<Dense>, column_stride<Dense>>(p);
        else {
            auto const strides = d.strides();
            return matrix<E>{p, strides[r - 2], strides[r - 1]};
        }
    }
    template <class E>
    TENON_INLINE constexpr auto left_matrix(E* p) const {
        return operand_matrix(a_, p);
    }
    template <class E>
    TENON_INLINE constexpr auto right_matrix(E* p) const {
        return operand_matrix(b_, p);
    }
    template <class E>
    TENON_INLINE constexpr auto product_matrix(E* p) const {
        if constexpr (is_dynamic(N)) return matrix<E>{p, static_cast<std::ptrdiff_t>(columns()), 1};
        else return static_matrix<static_cast<std::ptrdiff_t>(N), 1>(p);
    }
    /// An operand's matrix without its elements.
    template <class Tape>
    static constexpr auto operand_layout() {
        return static_matrix<row_stride<dense<Tape>>, column_stride<dense<Tape>>>(static_cast<T const*>(nullptr));
    }
    /// Rows of each product.
    static constexpr std::size_t rows(Shape const& s) {
        std::size_t m = s[rank - 2];
        for (std::size_t i = 0; is_one && i + 2 < rank; ++i) m *= s[i];
        return m;
    }
    constexpr std::size_t rows() const { return rows(shape_); }
    constexpr std::size_t columns() const { return shape_[rank - 1]; }
    /// How many products a batch has, and where number q of them and its operands lie.
    constexpr std::size_t products() const { return is_one ? 1 : tenon::detail::batch_count(shape_); }
    TENON_INLINE constexpr std::size_t offset_of_product(std::size_t q) const { return q * rows() * columns(); }
    TENON_INLINE constexpr std::ptrdiff_t offset_of_left(std::size_t q) const {
        if constexpr (is_one) return 0;
        else return tenon::detail::batch_offset(q, shape_, left_.shape(), a_.strides());
    }
    TENON_INLINE constexpr std::ptrdiff_t offset_of_right(std::size_t q) const {
        if constexpr (is_one) return 0;
        else return tenon::detail::batch_offset(q, shape_, right_.shape(), b_.strides());
    }

    TENON_INLINE constexpr void multiply() {
        std::size_t const n = shape_.size();
        values_.reserve(n);
        for (std::size_t q = 0, count = products(); q != count; ++q)
            gemm<M, N, K, T>(rows(), columns(), depth_, left_matrix(a_.data() + offset_of_left(q)),
                             right_matrix(b_.data() + offset_of_right(q)),
                             product_matrix(values_.data() + offset_of_product(q)), false);
        if constexpr (differentiable) gradients_.reserve_zeros(n);
    }

    [[no_unique_address]] Shape shape_;
    left left_;
    right right_;
    dense<left> a_;
    dense<right> b_;
    std::size_t depth_;
    buffer<T, static_size<Shape>> values_;
    buffer<T, differentiable ? static_size<Shape> : 0> gradients_;
    [[no_unique_address]] std::conditional_t<on_demand, by_rows, tuple<>> rows_;
    bool computes_rows_ = false;
};

}  // namespace tenon::inline TENON_TARGET::eval
