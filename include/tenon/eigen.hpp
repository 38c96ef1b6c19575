// Eigen's matrices as tensors and tensors as Eigen's matrices, without a copy. Needs Eigen 3.4 besides a C++20 compiler.
//
// `as_eigen(t)` is an Eigen::Map of a tensor's elements, and `as_tensor(m)` a view of a matrix, array, map or block: both read and
// write where the elements are. What is computed goes either way: `as_eigen(t) = a * b`, `as_tensor(m) = tn::softmax<1>(x)`,
// `tn::tensor t = as_tensor(a * b)`, `Eigen::MatrixXf m = to_eigen(tn::softmax<1>(x))`.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <Eigen/Core>

#include <tenon/tenon.hpp>

namespace tenon::inline TENON_TARGET {

/// as_eigen takes vectors and matrices in the processor's memory: tensors, the values of variables, and views of these.
template <class X>
struct as_eigen_takes_vectors_and_matrices;
/// as_eigen refers to the elements of its argument, which is a temporary that owns them: give it a name, or use to_eigen.
template <class X>
struct as_eigen_of_a_temporary_would_dangle;

namespace detail {
constexpr int eigen_extent(std::size_t e) { return is_dynamic(e) ? Eigen::Dynamic : static_cast<int>(e); }

/// The Eigen matrix of an element type and a shape type: a column for one axis, row-major for two.
template <class T, class Shape>
struct eigen_matrix_of;
template <class T>
struct eigen_matrix_of<T, shape<>> {
    using type = Eigen::Matrix<T, 1, 1>;
};
template <class T, std::size_t A>
struct eigen_matrix_of<T, shape<A>> {
    using type = Eigen::Matrix<T, eigen_extent(A), 1>;
};
template <class T, std::size_t A, std::size_t B>
struct eigen_matrix_of<T, shape<A, B>> {
    // Eigen has no row-major columns.
    using type =
        Eigen::Matrix<T, eigen_extent(A), eigen_extent(B), B == 1 && A != 1 ? Eigen::ColMajor : Eigen::RowMajor>;
};

template <class M>
concept eigen_dense = requires(std::remove_cvref_t<M> const& m) { []<class D>(Eigen::DenseBase<D> const&) {}(m); };
/// A row-major map without gaps.
template <class M>
inline constexpr bool is_packed_map = false;
template <class P, int O>
inline constexpr bool is_packed_map<Eigen::Map<P, O, Eigen::Stride<0, 0>>> = true;

/// An Eigen object's extents and strides, as its type knows them. As in Eigen one element has no axes, a row or column one.
template <class M>
struct eigen_layout {
    static constexpr int row_count = M::RowsAtCompileTime, column_count = M::ColsAtCompileTime;
    static constexpr bool is_scalar = row_count == 1 && column_count == 1,
                          is_vector = !is_scalar && (row_count == 1 || column_count == 1);
    static constexpr std::size_t extent(int n) { return n == Eigen::Dynamic ? dyn : static_cast<std::size_t>(n); }
    static constexpr auto of_shape() {
        if constexpr (is_scalar) return std::type_identity<shape<>>{};
        else if constexpr (is_vector)
            return std::type_identity<shape<extent(row_count == 1 ? column_count : row_count)>>{};
        else return std::type_identity<shape<extent(row_count), extent(column_count)>>{};
    }
    using shape_type = typename decltype(of_shape())::type;
    static constexpr std::ptrdiff_t stride(int s) { return s == Eigen::Dynamic ? dynamic_stride : s; }
    static constexpr auto of_strides() {
        if constexpr (is_scalar) return packed_memory{};
        else {
            constexpr bool by_rows = M::IsRowMajor;
            constexpr int inner = M::InnerStrideAtCompileTime, outer = M::OuterStrideAtCompileTime;
            constexpr bool no_gaps = requires { typename M::PlainObject; } &&
                                     (std::is_base_of_v<Eigen::PlainObjectBase<M>, M> || is_packed_map<M> ||
                                      (outer != Eigen::Dynamic && outer == column_count));
            if constexpr (inner == 1 && (is_vector || (by_rows && no_gaps))) return packed_memory{};
            else if constexpr (is_vector) return memory_strides<stride(inner)>{};
            else if constexpr (by_rows) return memory_strides<stride(outer), stride(inner)>{};
            else return memory_strides<stride(inner), stride(outer)>{};
        }
    }
    using strides_type = decltype(of_strides());

    static constexpr shape_type shape_of(M const& m) {
        if constexpr (is_scalar) return {};
        else if constexpr (is_vector) return shape_type(std::array{static_cast<std::size_t>(m.size())});
        else return shape_type(std::array{static_cast<std::size_t>(m.rows()), static_cast<std::size_t>(m.cols())});
    }
};
/// Whether an Eigen object's elements lie in memory, and can be written there.
template <class M>
inline constexpr bool is_eigen_memory = (int{std::remove_cvref_t<M>::Flags} & int{Eigen::DirectAccessBit}) != 0;
template <class M>
inline constexpr bool is_eigen_writable =
    !std::is_const_v<std::remove_reference_t<M>> && (int{std::remove_cvref_t<M>::Flags} & int{Eigen::LvalueBit}) != 0;
/// A matrix or array that is a temporary owns its elements; maps and blocks refer to others'.
template <class M>
inline constexpr bool is_eigen_temporary =
    !std::is_lvalue_reference_v<M> &&
    std::is_base_of_v<Eigen::PlainObjectBase<std::remove_cvref_t<M>>, std::remove_cvref_t<M>>;
}  // namespace detail

/// A tensor's elements as an Eigen::Map, which can be assigned to where the tensor isn't const; of a variable its value's. Static
/// extents are static there; one axis is a column. A view of a tensor, such as a slice or a transpose, is a map with strides.
/// @param t a tensor or variable that has a name, or a view of one, with one or two axes. Compile errors
///          `as_eigen_takes_vectors_and_matrices`, `as_eigen_of_a_temporary_would_dangle`
template <expression A>
constexpr auto as_eigen(A&& t) {
    using plain = std::remove_cvref_t<A>;
    constexpr bool is_tensor = requires { typename plain::tensor_tag; };
    if constexpr (!std::is_same_v<device_of_t<plain>, cpu> || shape_t<plain>::rank() == 0 || shape_t<plain>::rank() > 2)
        return as_eigen_takes_vectors_and_matrices<plain>{};
    else if constexpr (is_tensor || requires { typename plain::variable_class; }) {
        if constexpr (!std::is_lvalue_reference_v<A>) return as_eigen_of_a_temporary_would_dangle<plain>{};
        else if constexpr (!is_tensor) return tenon::as_eigen(t.value());
        else {
            using matrix = typename detail::eigen_matrix_of<value_t<plain>, shape_t<plain>>::type;
            using element = std::conditional_t<std::is_const_v<std::remove_reference_t<A>>, matrix const, matrix>;
            auto const s = t.shape();
            if constexpr (plain::rank() == 1) return Eigen::Map<element>(t.data(), static_cast<Eigen::Index>(s[0]));
            else return Eigen::Map<element>(t.data(), static_cast<Eigen::Index>(s[0]), static_cast<Eigen::Index>(s[1]));
        }
    } else {
        auto const n = as_node(std::forward<A>(t));
        using node = std::remove_const_t<decltype(n)>;
        if constexpr (!executor<cpu>::writes_view<node>) return as_eigen_takes_vectors_and_matrices<plain>{};
        else {
            using matrix = typename detail::eigen_matrix_of<value_t<node>, shape_t<node>>::type;
            constexpr bool writes = detail::is_writable<plain>;
            using strides = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
            using map = Eigen::Map<std::conditional_t<writes, matrix, matrix const>, Eigen::Unaligned, strides>;
            eval::tape<node, false> at(n);
            at.forward();
            auto const s = n.shape();
            auto const step = at.strides();
            auto* const p = const_cast<value_t<node>*>(at.data());
            if constexpr (plain::rank() == 1) return map(p, static_cast<Eigen::Index>(s[0]), 1, strides(0, step[0]));
            else {
                // A column is column-major to Eigen: its rows are the inner ones.
                auto const [outer, inner] =
                    matrix::IsRowMajor ? std::pair(step[0], step[1]) : std::pair(step[1], step[0]);
                return map(p, static_cast<Eigen::Index>(s[0]), static_cast<Eigen::Index>(s[1]), strides(outer, inner));
            }
        }
    }
}

/// The elements of an Eigen matrix, array, map or block as a tensor without a copy: an operand like any other, and where they are not
/// const it can be assigned to, which writes there. Row- or column-major and under any strides; static extents are static here, and a
/// row or a column has one axis. What Eigen has still to compute, or a matrix that is a temporary, is put into a new tensor:
/// `tn::tensor t = tn::as_tensor(a * b)`.
///
/// A matrix has to outlive the view, as it has to outlive a block.
template <detail::eigen_dense M>
auto as_tensor(M&& m) {
    using plain = std::remove_cvref_t<M>;
    using layout = detail::eigen_layout<plain>;
    using T = typename plain::Scalar;
    using shape = typename layout::shape_type;
    if constexpr (detail::is_eigen_memory<M> && !detail::is_eigen_temporary<M>) {
        using node = memory_node<T, shape, typename layout::strides_type>;
        typename node::stride_array s{};
        if constexpr (layout::is_vector) s[0] = m.innerStride();
        else if constexpr (!layout::is_scalar) {
            s[0] = m.rowStride();
            s[1] = m.colStride();
        }
        return detail::memory_view<detail::is_eigen_writable<M>>(node(m.data(), layout::shape_of(m), s));
    } else {
        tensor_of_t<T, shape> t(uninitialized, layout::shape_of(m));
        // A map of the result's own extents: Eigen transposes no row into a column by itself.
        using matrix = Eigen::Matrix<T, plain::RowsAtCompileTime, plain::ColsAtCompileTime,
                                     plain::ColsAtCompileTime == 1 && plain::RowsAtCompileTime != 1 ? Eigen::ColMajor
                                                                                                    : Eigen::RowMajor>;
        Eigen::Map<matrix>(t.data(), m.rows(), m.cols()).noalias() = m.matrix();
        return t;
    }
}

/// The elements of a computation in an Eigen matrix of its own: row-major, and a column for one axis.
template <expression A>
auto to_eigen(A&& a) {
    static_assert(shape_t<A>::rank() <= 2, "to_eigen: a matrix has at most two axes");
    using matrix = typename detail::eigen_matrix_of<value_t<A>, shape_t<A>>::type;
    auto const s = a.shape();
    matrix m;
    if constexpr (s.rank() == 1) m.resize(static_cast<Eigen::Index>(s[0]));
    else if constexpr (s.rank() == 2) m.resize(static_cast<Eigen::Index>(s[0]), static_cast<Eigen::Index>(s[1]));
    memory_node<value_t<A>, shape_t<A>, packed_memory> const to(m.data(), s);
    assign_through(to, std::forward<A>(a));
    return m;
}

}  // namespace tenon::inline TENON_TARGET
