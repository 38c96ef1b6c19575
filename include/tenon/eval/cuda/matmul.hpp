// Matrix products on the device: operands where they lie, gradients written where they belong.
#pragma once

#include <vector>

#include <tenon/eval/cuda/blas.hpp>
#include <tenon/eval/cuda/device.hpp>
#include <tenon/eval/cuda/result.hpp>
#include <tenon/eval/cuda/view.hpp>
#include <tenon/expr/matmul.hpp>

namespace tenon::inline TENON_TARGET {
/// The library has tensor cores for them.
template <>
inline constexpr bool multiplies_narrow<cuda::device> = true;
}  // namespace tenon::inline TENON_TARGET

namespace tenon::inline TENON_TARGET::eval {

/// A product's operands and how it is computed from them and sent back to them. An operand that is a leaf, a view of one or
/// another product is read where it lies; an elementwise one is evaluated once, since backward needs its values again.
template <class A, class B, bool Grad>
class product_on_device {
public:
    using node = product_node<A, B>;
    using T = typename node::value_type;
    using Shape = typename node::shape_type;
    using left = device_tape<A, Grad>;
    using right = device_tape<B, Grad>;
    static constexpr bool differentiable = left::differentiable || right::differentiable;
    static constexpr std::size_t rank = Shape::rank(), left_rank = shape_t<A>::rank(), right_rank = shape_t<B>::rank();

    explicit product_on_device(node const& n)
        : shape_(n.shape()), left_(n.a), right_(n.b), a_(left_), b_(right_), depth_(n.a.shape()[left_rank - 1]) {}
    product_on_device(product_on_device const&) = delete;
    auto shape() const { return shape_; }
    std::size_t columns() const { return shape_[rank - 1]; }
    bool aliases(void const* begin, void const* end) {
        return left_.overlaps(begin, end, false) || right_.overlaps(begin, end, false);
    }

    /// Writes the product. @return whether the epilogue was applied to all of it
    bool multiply(T* to, cuda::epilogue const& e = {}) {
        left_.forward();
        right_.forward();
        a_.forward();
        b_.forward();
        bool done = false;
        each_batch([&](batch const& q) {
            done = cuda::gemm<T>(q.rows, columns(), depth_, left_at(a_.data(), q), right_at(b_.data(), q),
                                 product_at(to, q), false, q.count, is_all(q) ? e : cuda::epilogue{});
        });
        return done;
    }
    /// ∂A ← G·Bᵀ, ∂B ← Aᵀ·G, or added to what is there.
    /// @param column_sums where the sums of G's columns are wanted too, or null
    /// @return whether those were written
    bool send(T const* gradients, T* column_sums = nullptr) {
        bool summed = false;
        if constexpr (left::differentiable) {
            bool adds = false;
            bool const several = repeated(left_.shape());
            T* const g = gradient_of(a_, several, adds);
            each_batch(
                [&](batch const& q) {
                    cuda::epilogue e;
                    if constexpr (left_has_epilogue)
                        if (is_all(q) && !adds) e = a_.slope_epilogue();
                    if (cuda::gemm<T>(q.rows, depth_, columns(), product_at(gradients, q),
                                      right_at(b_.data(), q).transposed(), left_at(g, q), adds, q.count, e))
                        a_.slope_applied();
                },
                several);
        }
        if constexpr (right::differentiable) {
            bool adds = false;
            bool const several = repeated(right_.shape());
            T* const g = gradient_of(b_, several, adds);
            each_batch(
                [&](batch const& q) {
                    cuda::epilogue e;
                    if (column_sums && is_all(q)) e = {CUBLASLT_EPILOGUE_BGRADB, column_sums};
                    summed = cuda::gemm<T>(depth_, columns(), q.rows, left_at(a_.data(), q).transposed(),
                                           product_at(gradients, q), right_at(g, q), adds, q.count, e);
                },
                several);
        }
        return summed;
    }
    /// How many calls of the library, or launches, the product takes.
    std::size_t calls() const { return calls(false); }
    /// Whether one call makes all of it.
    bool in_one() const { return in_one(false); }
    /// Whether one call finds the right factor's gradient.
    bool finds_right_in_one() const { return in_one(repeated(right_.shape())); }

    /// Says to a plan how the product is made.
    /// @tparam Tape the tape that has the product as its values, of node n
    /// @param after what the library does beside it
    /// @param finishing, summing launches that come with the product, and with the right factor's gradient
    /// @param others names other operands
    template <class Tape, class Node, class Plan, class Others>
    void describe(Node const& n, node const& product, Plan& p, std::vector<char const*> const& after,
                  std::size_t finishing, std::size_t summing, Others const& others) const {
        std::size_t const of_right = right::differentiable ? calls(repeated(right_.shape())) : 0;
        auto facts = p.facts_of(product);
        facts.after = after;
        facts.gradient_for_each = true;
        facts.launches = calls() + finishing;
        facts.gradient_launches = {calls(repeated(left_.shape())), of_right + summing};
        p.template kernel<Tape>(n, facts, [&] {
            others();
            p.template takes<dense_on_device<left>>(product.a,
                                                    {.number = 1, .applies_slope = applies_slope(product.a)});
            p.template takes<dense_on_device<right>>(product.b, {.number = 2});
        });
    }
    /// Sends the operands' gradients on, after `send` and whatever else the product's owner does with its own: an operand may
    /// have a variable that the owner has to reach first.
    void finish() {
        if constexpr (left::differentiable) a_.finish();
        if constexpr (right::differentiable) b_.finish();
    }

private:
    /// Whether the left operand's gradient lies before a slope that the library knows.
    static constexpr bool left_has_epilogue = requires(dense_on_device<left> const& d) { d.slope_epilogue(); };

    /// Products that one call of the library makes: where they begin, how many there are and how far apart, and the rows of
    /// each.
    struct batch {
        std::size_t rows, count;
        std::ptrdiff_t left, right, product;                 // offsets
        std::ptrdiff_t left_step, right_step, product_step;  // distances
    };

    /// Whether the call that finds the left operand's gradient applies such a slope.
    bool applies_slope(A const& a) const {
        if constexpr (left_has_epilogue) return in_one(repeated(left_.shape())) && left::saves_slope(a);
        else return false;
    }
    std::size_t calls(bool adds_up) const {
        std::size_t n = 0;
        each_batch([&](batch const& q) { n += cuda::detail::in_library<T> ? 1 : q.count; }, adds_up);
        return n;
    }
    bool in_one(bool adds_up) const {
        bool all = false;
        each_batch([&](batch const& q) { all = is_all(q); }, adds_up);
        return all;
    }
    std::size_t rows() const { return shape_[rank - 2]; }
    /// Whether a call makes the whole product.
    bool is_all(batch const& q) const { return q.count == 1 && q.rows * columns() == shape_.size(); }

    template <class P>
    cuda::strided<P> left_at(P* p, batch const& q) const {
        auto const s = a_.strides();
        return {p + q.left, s[left_rank - 2], s[left_rank - 1], q.left_step};
    }
    template <class P>
    cuda::strided<P> right_at(P* p, batch const& q) const {
        auto const s = b_.strides();
        return {p + q.right, s[right_rank - 2], s[right_rank - 1], q.right_step};
    }
    template <class P>
    cuda::strided<P> product_at(P* p, batch const& q) const {
        return {p + q.product, static_cast<std::ptrdiff_t>(columns()), 1, q.product_step};
    }

    /// Whether an operand of this shape is used by several matrices of the product.
    template <class S>
    bool repeated(S const& s) const {
        return tenon::detail::batch_count(s) != tenon::detail::batch_count(shape_);
    }
    /// The operand's gradient; where several matrices add to one, it starts at 0 unless it has a value.
    template <class Dense>
    static T* gradient_of(Dense& d, bool is_repeated, bool& adds) {
        if (!is_repeated) return d.gradient(adds);
        adds = true;
        return d.zeroed_gradient();
    }

    /// Calls f(batch) until all matrices are done: once for a plain product, once where rows of all matrices can stand below each
    /// other, once where matrices lie at equal distances, otherwise for each matrix.
    /// @param adds_up whether the results of several matrices are added up, which one call cannot do
    template <class F>
    void each_batch(F&& f, bool adds_up = false) const {
        if constexpr (rank == 2) f(batch{rows(), 1, 0, 0, 0, 0, 0, 0});
        else {
            auto const sa = a_.strides();
            auto const sb = b_.strides();
            auto const m = static_cast<std::ptrdiff_t>(rows());
            std::size_t const count = tenon::detail::batch_count(shape_);
            if constexpr (right_rank == 2)
                if (left_stands(sa)) return f(batch{rows() * count, 1, 0, 0, 0, 0, 0, 0});
            std::ptrdiff_t const product_step = m * static_cast<std::ptrdiff_t>(columns());
            auto const offsets = [&](std::size_t q) {
                batch b{rows(), 1, 0, 0, static_cast<std::ptrdiff_t>(q) * product_step, 0, 0, product_step};
                b.left = tenon::detail::batch_offset(q, shape_, left_.shape(), sa);
                b.right = tenon::detail::batch_offset(q, shape_, right_.shape(), sb);
                return b;
            };
            if (!adds_up && count > 1) {
                batch all = offsets(0);
                batch const second = offsets(1);
                all.left_step = second.left;
                all.right_step = second.right;
                bool even = true;
                for (std::size_t q = 2; q < count && even; ++q) {
                    batch const b = offsets(q);
                    even = b.left == static_cast<std::ptrdiff_t>(q) * all.left_step &&
                           b.right == static_cast<std::ptrdiff_t>(q) * all.right_step;
                }
                if (even) {
                    all.count = count;
                    return f(all);
                }
            }
            for (std::size_t q = 0; q != count; ++q) f(offsets(q));
        }
    }
    /// Whether the rows of all the left operand's matrices lie at equal distances, batch after batch.
    template <class Strides>
    bool left_stands(Strides const& s) const {
        if constexpr (left_rank != rank) return false;
        else {
            std::ptrdiff_t expected = s[left_rank - 2];
            for (std::size_t a = left_rank - 1; a-- > 0;) {
                if (left_.shape()[a] != shape_[a] || s[a] != expected) return false;
                expected *= static_cast<std::ptrdiff_t>(shape_[a]);
            }
            return true;
        }
    }

    [[no_unique_address]] Shape shape_;
    left left_;
    right right_;
    dense_on_device<left> a_;
    dense_on_device<right> b_;
    std::size_t depth_;
};

/// Kept: the product, and with gradients that of the product.
template <class A, class B, bool Grad>
struct device_tape<product_node<A, B>, Grad>
    : result_on_device<device_tape<product_node<A, B>, Grad>, typename product_node<A, B>::value_type,
                       typename product_node<A, B>::shape_type, product_on_device<A, B, Grad>::differentiable> {
    static constexpr bool differentiable = product_on_device<A, B, Grad>::differentiable;

    explicit device_tape(product_node<A, B> const& n) : product_(n) {}
    auto shape() const { return product_.shape(); }
    bool aliases(void const* begin, void const* end) { return product_.aliases(begin, end); }
    void forward() {
        this->make_room();
        product_.multiply(this->device_data());
    }
    void finish() {
        if constexpr (differentiable) {
            product_.send(this->device_gradient());
            product_.finish();
        }
    }
    template <class Plan>
    static void describe(product_node<A, B> const& n, Plan& p) {
        product_on_device<A, B, Grad>(n).template describe<device_tape>(n, n, p, {}, 0, 0, [] {});
    }

private:
    product_on_device<A, B, Grad> product_;
};

}  // namespace tenon::inline TENON_TARGET::eval
