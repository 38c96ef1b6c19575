// Products of several matrices and of vectors, and equations of tensors: multi_dot, vecdot, cross, vander, tensorinv, tensorsolve.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <tenon/linalg/solve.hpp>

namespace tenon::inline TENON_TARGET {
namespace linalg {

namespace detail {
/// The order of a chain of matrix products with the fewest operations. A run-time extent counts as 100.
/// @tparam S the shapes, of two axes
template <class... S>
struct chain {
    static constexpr std::size_t count = sizeof...(S);
    /// The first matrix of the right factor of the product of matrices i to j.
    static constexpr auto splits = [] {
        std::array<std::array<std::size_t, count>, count> split{};
        double extents[count + 1] = {(is_dynamic(rows_of<S>) ? 100. : static_cast<double>(rows_of<S>))...},
                               cost[count][count]{};
        std::size_t const last[] = {columns_of<S>...};
        extents[count] = is_dynamic(last[count - 1]) ? 100. : static_cast<double>(last[count - 1]);
        for (std::size_t length = 2; length <= count; ++length)
            for (std::size_t i = 0; i + length <= count; ++i) {
                std::size_t const j = i + length - 1;
                for (std::size_t k = i + 1; k <= j; ++k)
                    if (double const c = cost[i][k - 1] + cost[k][j] + extents[i] * extents[k] * extents[j + 1];
                        k == i + 1 || c <= cost[i][j]) {
                        cost[i][j] = c;
                        split[i][j] = k;
                    }
            }
        return split;
    }();
    template <std::size_t I, std::size_t J, class Matrices>
    static constexpr auto make(Matrices& all) {
        if constexpr (I == J) return std::move(get<I>(all));
        else return matmul(make<I, splits[I][J] - 1>(all), make<splits[I][J], J>(all));
    }
};
template <class... M>
constexpr auto multiply_chain(M&&... matrices) {
    tuple<node_t<M>...> all{{as_node(std::forward<M>(matrices))}...};
    return chain<shape_t<M>...>::template make<0, sizeof...(M) - 1>(all);
}
/// Whether the inner extents fit, of matrices between which others may not stand: the first and the last may be vectors.
template <class... S>
constexpr bool chain_fits() {
    std::size_t const ranks[] = {S::rank()...};
    std::size_t const first[] = {S::static_extents[0]...},
                      last[] = {S::static_extents[S::rank() == 0 ? 0 : S::rank() - 1]...};
    for (std::size_t i = 0; i != sizeof...(S); ++i) {
        bool const end = i == 0 || i + 1 == sizeof...(S);
        if (ranks[i] != 2 && !(end && ranks[i] == 1)) return false;
        if (i != 0 && !may_equal(last[i - 1], first[i])) return false;
    }
    return true;
}
template <class First, class... Rest>
constexpr auto chain_with_rows(First&& first, Rest&&... rest) {
    if constexpr (shape_t<First>::rank() == 1)
        return squeeze<0>(multiply_chain(unsqueeze<0>(std::forward<First>(first)), std::forward<Rest>(rest)...));
    else return multiply_chain(std::forward<First>(first), std::forward<Rest>(rest)...);
}

/// The extents of axes From to To of S, behind each other, and those of T.
template <class S, std::size_t First, std::size_t Last, std::size_t Then, std::size_t End>
struct chosen_extents {
    static constexpr std::size_t rank = Last - First + (End - Then);
    template <class E>
    static constexpr auto of(E const& e) {
        std::array<std::size_t, rank> all{};
        std::size_t n = 0;
        for (std::size_t a = First; a != Last; ++a) all[n++] = e[a];
        for (std::size_t a = Then; a != End; ++a) all[n++] = e[a];
        return all;
    }
    static constexpr auto value = [] {
        std::array<std::size_t, rank + 1> all{};
        auto const e = of(S::static_extents);
        for (std::size_t a = 0; a != rank; ++a) all[a] = e[a];
        return all;
    }();
    using type = shape_from<rank, chosen_extents>;
};
/// x as a matrix whose rows are its first axes.
template <std::size_t First, class A>
constexpr auto as_matrix(A&& x) {
    return tenon::detail::as_matrices<0, First, shape_t<A>::rank() - First>(std::forward<A>(x));
}
}  // namespace detail

/// The product of several matrices, in the order with the fewest operations, which the compiler finds and `explain` shows: a run-time
/// extent counts as 100. The first and the last may be vectors. Compile error `operands_do_not_fit`, or shape_error where only run time can
/// know. torch.linalg.multi_dot.
template <expression First, expression Second, expression... Rest>
constexpr auto multi_dot(First&& first, Second&& second, Rest&&... rest) {
    if constexpr (!detail::chain_fits<shape_t<First>, shape_t<Second>, shape_t<Rest>...>())
        return operands_do_not_fit<"multi_dot", shape_t<First>, shape_t<Second>, shape_t<Rest>...>{};
    else {
        tuple<node_t<First>, node_t<Second>, node_t<Rest>...> all{{as_node(std::forward<First>(first))},
                                                                  {as_node(std::forward<Second>(second))},
                                                                  {as_node(std::forward<Rest>(rest))}...};
        constexpr std::size_t last = sizeof...(Rest) + 1;
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            auto& end = get<last>(all);
            if constexpr (shape_t<decltype(end)>::rank() == 1)
                return squeeze<-1>(detail::chain_with_rows(std::move(get<I>(all))..., unsqueeze<1>(std::move(end))));
            else return detail::chain_with_rows(std::move(get<I>(all))..., std::move(end));
        }(std::make_index_sequence<last>{});
    }
}
/// Σ conj(a_i) b_i along an axis, the last where none is named; other axes are broadcast. torch.linalg.vecdot.
template <std::ptrdiff_t Axis = -1, expression A, expression B>
constexpr auto vecdot(A&& a, B&& b) {
    auto both = [&] {
        if constexpr (element::is_complex<value_t<A>>) return conj(std::forward<A>(a)) * std::forward<B>(b);
        else return std::forward<A>(a) * std::forward<B>(b);
    }();
    if constexpr (expression<decltype(both)>) return sum<Axis>(std::move(both));
    else return both;
}
/// a × b of vectors of three elements along an axis, the last where none is named. torch.linalg.cross.
template <std::ptrdiff_t Axis = -1, expression A, expression B>
constexpr auto cross(A&& a, B&& b) {
    return tenon::cross<Axis>(std::forward<A>(a), std::forward<B>(b));
}
/// The powers 0 to N − 1 of each element in a new last axis; as many as there are elements in the last axis where N isn't given. Those of
/// integers are int64. A tensor without axes counts as a vector of one element. torch.linalg.vander.
template <std::size_t N = dyn, expression A>
constexpr auto vander(A&& x) {
    if constexpr (shape_t<A>::rank() == 0) return vander<N>(unsqueeze<0>(std::forward<A>(x)));
    else {
        constexpr std::size_t n = is_dynamic(N) ? shape_t<A>::static_extents[shape_t<A>::rank() - 1] : N;
        std::size_t count = n;
        if constexpr (is_dynamic(n)) count = x.shape()[shape_t<A>::rank() - 1];
        using T = std::conditional_t<std::is_integral_v<value_t<A>>, std::int64_t, value_t<A>>;
        tensor<T, n> exponents(uninitialized, tenon::shape<n>(std::array{count}));
        for (std::size_t i = 0; i != count; ++i) exponents.data()[i] = static_cast<T>(i);
        return pow(unsqueeze<-1>(std::forward<A>(x)), std::move(exponents));
    }
}

/// The B with tensordot(B, tensordot(A, X)) = X over the first Count axes of A, whose extents multiply up to those of the others: A⁻¹ of
/// the matrix with these as rows. torch.linalg.tensorinv. Compile error `needs_a_square_matrix`, or shape_error
template <std::size_t Count = 2, expression A>
constexpr auto tensorinv(A&& a) {
    using s = shape_t<A>;
    static_assert(Count > 0 && Count < s::rank(), "tensorinv: some axes are rows, and some are columns");
    using turned = detail::chosen_extents<s, Count, s::rank(), 0, Count>;
    typename turned::type const to(turned::of(a.shape()));
    auto inverse = linalg::inv(detail::as_matrix<Count>(std::forward<A>(a)));
    if constexpr (expression<decltype(inverse)>) return tenon::detail::reshape_to(std::move(inverse), to);
    else return inverse;
}
/// The X with tensordot(A, X) = B over X's axes, which are A's behind as many as B has; Axes of A are moved to the end first.
/// torch.linalg.tensorsolve.
template <std::ptrdiff_t... Axes, expression A, expression B>
constexpr auto tensorsolve(A&& a, B&& b) {
    using s = shape_t<A>;
    constexpr std::size_t rank = s::rank(), rows = shape_t<B>::rank();
    static_assert(rows < rank, "tensorsolve: A has more axes than B");
    if constexpr (!tenon::detail::axes_fit<rank, Axes...>)
        return tenon::detail::wrong_axes<"tensorsolve", s, Axes...>{};
    else if constexpr (sizeof...(Axes) != 0) {
        constexpr auto order = [] {
            std::array<std::ptrdiff_t, rank> all{};
            std::size_t n = 0;
            for (std::size_t i = 0; i != rank; ++i)
                if (((axis_of(Axes, rank) != i) && ...)) all[n++] = static_cast<std::ptrdiff_t>(i);
            ((all[n++] = static_cast<std::ptrdiff_t>(axis_of(Axes, rank))), ...);
            return all;
        }();
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return linalg::tensorsolve(permute<order[I]...>(std::forward<A>(a)), std::forward<B>(b));
        }(std::make_index_sequence<rank>{});
    } else {
        using unknowns = detail::chosen_extents<s, rows, rank, rank, rank>;
        typename unknowns::type const to(unknowns::of(a.shape()));
        auto x = linalg::solve(detail::as_matrix<rows>(std::forward<A>(a)), flatten(std::forward<B>(b)));
        if constexpr (expression<decltype(x)>) return tenon::detail::reshape_to(std::move(x), to);
        else return x;
    }
}

}  // namespace linalg
}  // namespace tenon::inline TENON_TARGET
