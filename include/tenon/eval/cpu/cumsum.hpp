// Running sums on the processor: the operand's region is evaluated where the sums belong, and added up there.
#pragma once

#include <type_traits>

#include <tenon/eval/cpu/row_operation.hpp>
#include <tenon/expr/cumsum.hpp>

namespace tenon::inline TENON_TARGET::eval {

template <std::size_t Axis, class A, bool Grad>
struct tape<cumsum_node<Axis, A>, Grad> : row_operation<tape<cumsum_node<Axis, A>, Grad>, A, Grad, false> {
    using node = cumsum_node<Axis, A>;
    using base = row_operation<tape, A, Grad, false>;
    using base::differentiable;
    using base::shape;
    using typename base::operand;
    using typename base::Shape;
    using typename base::T;

    explicit constexpr tape(node const& n) : base(n) {}

    constexpr void forward() {
        if constexpr (differentiable) operand_.forward();
        else eval::forward_by_rows(operand_);
        values_.reserve(shape().size());
        evaluate_region(operand_, values_.data(), shape());
        add_up<false>(values_.data());
        this->zero_gradients();
    }
    /// An element's gradient is the sum of those from its place on.
    constexpr void finish() {
        if constexpr (differentiable) {
            add_up<true>(gradients_.data());
            backward_from_memory(operand_, static_cast<T const*>(gradients_.data()));
            operand_.finish();
        }
    }

    static constexpr bool asks_for_rows = !differentiable;
    template <class Plan>
    static void describe_memory(node const& n, Plan& p) {
        p.template scratch<buffer<sum_type, after>>(elements_after(n.shape()));
        if (differentiable) p.template gradient_scratch<buffer<sum_type, after>>(elements_after(n.shape()));
    }

private:
    using base::gradients_;
    using base::operand_;
    using base::values_;
    using sum_type = std::conditional_t<std::is_floating_point_v<T>, double, T>;

    static constexpr std::size_t elements_after(auto const& extents) {
        std::size_t n = 1;
        for (std::size_t a = Axis + 1; a < Shape::rank(); ++a) n *= extents[a];
        return n;
    }
    static constexpr std::size_t after = [] {
        for (std::size_t a = Axis + 1; a < Shape::rank(); ++a)
            if (is_dynamic(Shape::static_extents[a])) return dyn;
        return elements_after(Shape::static_extents);
    }();

    /// Replaces elements by running sums, neighbours beyond the axis side by side.
    /// @tparam Backwards whether from the last element to the first
    template <bool Backwards>
    constexpr void add_up(T* p) const {
        auto const s = shape();
        std::size_t const length = s[Axis], width = elements_after(s);
        if (s.size() == 0) return;
        buffer<sum_type, after> sums;
        sums.reserve(width);
        for (std::size_t first = 0; first != s.size(); first += length * width) {
            for (std::size_t k = 0; k != width; ++k) sums.data()[k] = sum_type(0);
            for (std::size_t i = 0; i != length; ++i) {
                T* const row = p + first + (Backwards ? length - 1 - i : i) * width;
                for (std::size_t k = 0; k != width; ++k) {
                    sums.data()[k] = element::sum_of(sums.data()[k], sum_type(row[k]));
                    row[k] = static_cast<T>(sums.data()[k]);
                }
            }
        }
    }
};

}  // namespace tenon::inline TENON_TARGET::eval
