// What softmax, normalisation and running sums have in common: a launch that reads the operand's region, and one that sends
// the gradient back into it.
#pragma once

#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/vectors.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// The base of a tape whose node works on vectors of its operand and has its shape. `Self` has
/// - `width`: elements that the operand's readers read at a time;
/// - `all_vectors()`: the vectors, as kernels take them;
/// - `launch_forward(reader, vectors, count)`: makes the values, of one vector at least;
/// - `launch_backward(reader, vectors, count)`: sends the gradient to the reader.
template <class Self, class A, bool Grad>
struct row_operation_on_device : result_on_device<Self, value_t<A>, shape_t<A>, device_tape<A, Grad>::differentiable> {
    using T = value_t<A>;
    using Shape = shape_t<A>;
    using operand = device_tape<A, Grad>;
    static constexpr bool differentiable = operand::differentiable;

    explicit row_operation_on_device(A const& a) : operand_(a) {}
    auto shape() const { return operand_.shape(); }
    bool reads(void const* begin, void const* end) { return operand_.overlaps(begin, end, false); }

    void forward() {
        operand_.forward();
        this->make_room();
        with_vectors([&](auto const& v, auto count) {
            self().launch_forward(operand_.template reader<Self::width, pass::values>(nullptr), v, count);
        });
    }
    void finish() {
        if constexpr (differentiable) {
            gradient_list list;
            operand_.template prepare<pass::exact>(list);
            with_vectors([&](auto const& v, auto count) {
                self().launch_backward(operand_.template reader<Self::width, pass::exact>(&list), v, count);
            });
            operand_.finish();
        }
    }

private:
    template <class F>
    void with_vectors(F const& f) {
        if (shape().size() == 0) return;
        auto const v = self().all_vectors();
        f(v, static_cast<typename decltype(v)::index>(shape().size() / v.length()));
    }
    Self& self() { return static_cast<Self&>(*this); }
    operand operand_;
};

}  // namespace tenon::inline TENON_TARGET::eval
