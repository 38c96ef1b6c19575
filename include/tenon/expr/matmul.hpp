// Matrix products, with NumPy's rules for vectors, matrices and batches.
#pragma once

#include <utility>

#include <tenon/expr/reduce.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/op/cast.hpp>

namespace tenon::inline TENON_TARGET {

/// The inner extents of a product differ, or an operand has no axis.
template <class A, class B>
struct matmul_shapes_do_not_fit;
/// An operation takes two vectors; those of dot are equally long.
template <operation_name Operation, class A, class B>
struct vectors_do_not_fit;

namespace detail {
template <class S>
struct batch_extents {
    static constexpr std::size_t rank = S::rank() - 2;
    static constexpr auto value = [] {
        std::array<std::size_t, rank + 1> e{};
        for (std::size_t a = 0; a != rank; ++a) e[a] = S::static_extents[a];
        return e;
    }();
};
template <class S>
using batch_shape = shape_from<batch_extents<S>::rank, batch_extents<S>>;

template <class A, class B>
struct product_extents {
    using batch = broadcast_t<batch_shape<A>, batch_shape<B>>;
    static constexpr std::size_t rank = batch::rank() + 2;
    static constexpr auto value = [] {
        std::array<std::size_t, rank> e{};
        for (std::size_t a = 0; a + 2 != rank; ++a) e[a] = batch::static_extents[a];
        e[rank - 2] = A::static_extents[A::rank() - 2];
        e[rank - 1] = B::static_extents[B::rank() - 1];
        return e;
    }();
};
template <class A, class B>
using product_shape = shape_from<product_extents<A, B>::rank, product_extents<A, B>>;

template <class A, class B>
constexpr bool product_fits() {
    if constexpr (A::rank() == 0 || B::rank() == 0) return false;
    else {
        std::size_t const k = A::static_extents[A::rank() - 1];
        std::size_t const l = B::static_extents[B::rank() == 1 ? 0 : B::rank() - 2];
        bool const inner =
            k == l || (is_dynamic(k) && !is_dynamic(l)) || (is_dynamic(l) && !is_dynamic(k)) || k == dyn || l == dyn;
        if constexpr (A::rank() > 2 && B::rank() > 2)
            return inner && broadcast_pair<batch_shape<A>, batch_shape<B>>::fits;
        else return inner;
    }
}
}  // namespace detail

namespace detail {
/// How many products of matrices a batch has.
template <class Product>
constexpr std::size_t batch_count(Product const& s) {
    std::size_t n = 1;
    for (std::size_t a = 0; a + 2 < Product::rank(); ++a) n *= s[a];
    return n;
}
/// Where the matrix of an operand lies that belongs to product number q. Axes of extent 1 serve all.
template <class Product, class Operand, class Strides>
constexpr std::ptrdiff_t batch_offset(std::size_t q, Product const& product, Operand const& operand,
                                      Strides const& strides) {
    std::ptrdiff_t o = 0;
    for (std::size_t a = Product::rank() - 2; a-- > 0; q /= product[a]) {
        std::size_t const from_last = Product::rank() - a;
        if (Operand::rank() >= from_last && operand[Operand::rank() - from_last] != 1)
            o += static_cast<std::ptrdiff_t>(q % product[a]) * strides[Operand::rank() - from_last];
    }
    return o;
}
/// The shape of a product. @throws shape_error where run-time extents don't fit @param what the operation that errors name
template <class A, class B>
constexpr product_shape<A, B> product_of_shapes(char const* what, A const& s, B const& t) {
    // Static extents have been compared in the type.
    if constexpr (A::is_static && B::is_static) return {};
    else {
        if (s[s.rank() - 1] != t[t.rank() - 2]) throw_shapes(what, to_string(s), to_string(t));
        std::array<std::size_t, product_shape<A, B>::rank()> all{};
        for (std::size_t i = 0; i + 2 < all.size(); ++i) {
            std::size_t const from_last = all.size() - i;
            std::size_t const x = s.rank() >= from_last ? s[s.rank() - from_last] : 1;
            std::size_t const y = t.rank() >= from_last ? t[t.rank() - from_last] : 1;
            if (x != y && x != 1 && y != 1) throw_shapes(what, to_string(s), to_string(t));
            all[i] = x == 1 ? y : x;
        }
        all[all.size() - 2] = s[s.rank() - 2];
        all[all.size() - 1] = t[t.rank() - 1];
        return product_shape<A, B>(all, what);
    }
}
}  // namespace detail

/// Whether a device multiplies narrow elements as they are; others multiply floats. Its executor says so.
template <class Device>
inline constexpr bool multiplies_narrow = false;

/// A·B over the last two axes of each; the axes before them are broadcast.
template <class A, class B>
class product_node : public expression_base<product_node<A, B>, promote_t<value_t<A>, value_t<B>>,
                                            detail::product_shape<shape_t<A>, shape_t<B>>> {
public:
    using shape_type = detail::product_shape<shape_t<A>, shape_t<B>>;
    using device = device_of_nodes<A, B>;
    constexpr product_node(A x, B y)
        : a(std::move(x)), b(std::move(y)), shape_(detail::product_of_shapes("matmul", a.shape(), b.shape())) {}
    constexpr shape_type shape() const { return shape_; }
    static constexpr char const *name = "matmul", *kind = "product";
    static constexpr read_as read[2] = {read_as::memory, read_as::memory};
    constexpr auto operands() const { return references(a, b); }
    /// Also for the gradient of each operand.
    constexpr std::size_t operations() const { return 2 * shape_.size() * a.shape()[shape_t<A>::rank() - 1]; }
    A a;
    B b;

private:
    [[no_unique_address]] shape_type shape_;
};

/// The product of vectors, matrices or batches of matrices, as numpy.matmul: a vector on the left is a row, on the right a
/// column, and the axis it was given is dropped again. Compile error `matmul_shapes_do_not_fit`; shape_error where only run
/// time can know.
template <operand A, operand B>
constexpr auto matmul(A&& a, B&& b) {
    using s = shape_t<node_t<A>>;
    using t = shape_t<node_t<B>>;
    if constexpr (!detail::product_fits<s, t>()) return matmul_shapes_do_not_fit<s, t>{};
    else if constexpr (s::rank() == 1 && t::rank() == 1)
        return select<0>(matmul(std::forward<A>(a), unsqueeze<1>(std::forward<B>(b))), 0);
    else if constexpr (s::rank() == 1)
        return select<-2>(matmul(unsqueeze<0>(std::forward<A>(a)), std::forward<B>(b)), 0);
    else if constexpr (t::rank() == 1)
        return select<-1>(matmul(std::forward<A>(a), unsqueeze<1>(std::forward<B>(b))), 0);
    else if constexpr (!std::is_same_v<value_t<node_t<A>>, promote_t<value_t<node_t<A>>, value_t<node_t<B>>>>)
        return matmul(cast<promote_t<value_t<node_t<A>>, value_t<node_t<B>>>>(std::forward<A>(a)), std::forward<B>(b));
    else if constexpr (!std::is_same_v<value_t<node_t<B>>, value_t<node_t<A>>>)
        return matmul(std::forward<A>(a), cast<value_t<node_t<A>>>(std::forward<B>(b)));
    else if constexpr (element::narrow<value_t<node_t<A>>> && !multiplies_narrow<device_of_nodes<node_t<A>, node_t<B>>>)
        return make_map(op::retyped<value_t<node_t<A>>>{},
                        matmul(cast<float>(std::forward<A>(a)), cast<float>(std::forward<B>(b))));
    else return product_node<node_t<A>, node_t<B>>(as_node(std::forward<A>(a)), as_node(std::forward<B>(b)));
}

/// Σ a_i b_i of two vectors; torch.dot.
template <expression A, expression B>
constexpr auto dot(A&& a, B&& b) {
    if constexpr (shape_t<A>::rank() != 1 || shape_t<B>::rank() != 1 || !detail::product_fits<shape_t<A>, shape_t<B>>())
        return vectors_do_not_fit<"dot", shape_t<A>, shape_t<B>>{};
    else return matmul(std::forward<A>(a), std::forward<B>(b));
}
/// a_i b_j of two vectors; torch.outer.
template <expression A, expression B>
constexpr auto outer(A&& a, B&& b) {
    if constexpr (shape_t<A>::rank() != 1 || shape_t<B>::rank() != 1)
        return vectors_do_not_fit<"outer", shape_t<A>, shape_t<B>>{};
    else return unsqueeze<1>(std::forward<A>(a)) * unsqueeze<0>(std::forward<B>(b));
}
/// The sum of the diagonal of the last two axes; torch.trace.
template <expression A>
constexpr auto trace(A&& x) {
    if constexpr (shape_t<A>::rank() < 2) return too_few_axes<"trace", shape_t<A>>{};
    else return sum<-1>(diagonal(std::forward<A>(x)));
}

}  // namespace tenon::inline TENON_TARGET
