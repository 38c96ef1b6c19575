// Arrays of the standard library as tensors, without a copy.
#pragma once

#include <array>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include <tenon/expr/memory.hpp>

namespace tenon::inline TENON_TARGET {

/// as_tensor refers to the elements of its argument, which is a temporary that owns them: give it a name.
template <class X>
struct as_tensor_of_a_temporary_would_dangle;

namespace detail {
/// Whether a span's accessor gives the elements themselves, not what it makes of them, such as scaled or conjugated ones.
template <class M>
inline constexpr bool gives_elements = true;
template <class M>
    requires requires { typename M::reference; }
inline constexpr bool gives_elements<M> = std::is_same_v<typename M::reference, typename M::element_type&>;
/// What looks like std::mdspan: the standard library's, its reference implementation, or CUDA's.
template <class M>
concept mdspan_like = requires(M const& m) {
    typename M::extents_type;
    typename M::mapping_type;
    typename M::accessor_type;
    m.data_handle();
    requires std::is_pointer_v<typename M::data_handle_type>;
    requires M::is_always_strided();
    requires gives_elements<M>;
};
/// The extents' class template with extents 2, 3, 5, … of it.
template <class Extents, class Indices>
struct example_extents;
template <template <class, std::size_t...> class X, class Index, std::size_t... E, std::size_t... I>
struct example_extents<X<Index, E...>, std::index_sequence<I...>> {
    using type = X<Index, (2 * I + 2)...>;
};
/// The strides that a layout has: where it is one without gaps, an example tells its order, whatever library it comes from.
template <class M, std::size_t... I>
constexpr auto mdspan_strides(std::index_sequence<I...> axes) {
    using extents = typename M::extents_type;
    constexpr bool is_exhaustive = M::is_always_exhaustive();
    if constexpr (is_exhaustive) {
        using example =
            typename M::layout_type::template mapping<typename example_extents<extents, decltype(axes)>::type>;
        constexpr std::size_t rank = sizeof...(I);
        constexpr std::array<std::size_t, rank + 1> s{static_cast<std::size_t>(example{}.stride(I))..., 0};
        constexpr bool is_right = [&] {
            std::size_t next = 1;
            bool same = true;
            for (std::size_t a = rank; a-- > 0; next *= 2 * a + 2) same = same && s[a] == next;
            return same;
        }();
        if constexpr (is_right) return packed_memory{};
        else return memory_strides<(s[I] == 1 ? 1 : dynamic_stride)...>{};
    } else return memory_strides<(static_cast<void>(I), dynamic_stride)...>{};
}
template <class M, std::size_t... I>
constexpr auto tensor_of_mdspan(M const& m, std::index_sequence<I...> axes) {
    using T = typename M::element_type;
    using extents = typename M::extents_type;
    constexpr auto known = [](std::size_t e) { return e == static_cast<std::size_t>(-1) ? dyn : e; };
    using to = tenon::shape<known(extents::static_extent(I))...>;
    using strides = decltype(mdspan_strides<M>(axes));
    to const s(std::array<std::size_t, sizeof...(I)>{static_cast<std::size_t>(m.extent(I))...});
    return memory_view<!std::is_const_v<T>>(memory_node<std::remove_const_t<T>, to, strides>(
        m.data_handle(), s, {static_cast<std::ptrdiff_t>(m.stride(I))..., 0}));
}
}  // namespace detail

/// The elements of a span, an array, a vector, or of any other contiguous range, as a vector tensor without a copy: an operand like
/// any other, and where they are not const it can be assigned to, which writes there. The extent is static where the range's is;
/// `as_tensor(v).reshape<2, 3>()` gives them other axes. Compile error `as_tensor_of_a_temporary_would_dangle`. torch.from_numpy,
/// numpy.asarray.
template <std::ranges::contiguous_range R>
    requires(!expression<R> && number<std::ranges::range_value_t<R>>)
constexpr auto as_tensor(R&& r) {
    if constexpr (!std::ranges::borrowed_range<R>) return as_tensor_of_a_temporary_would_dangle<R>{};
    else {
        std::span const s(r);
        using span = std::remove_const_t<decltype(s)>;
        using T = std::remove_reference_t<std::ranges::range_reference_t<R>>;
        constexpr std::size_t n = span::extent == std::dynamic_extent ? dyn : span::extent;
        return detail::memory_view<!std::is_const_v<T>>(memory_node<std::remove_const_t<T>, shape<n>, packed_memory>(
            s.data(), shape<n>(std::array<std::size_t, 1>{s.size()})));
    }
}
/// An array of arrays as a matrix.
template <class T, std::size_t A, std::size_t B>
    requires number<std::remove_const_t<T>>
constexpr auto as_tensor(T (&x)[A][B]) {
    return detail::memory_view<!std::is_const_v<T>>(
        memory_node<std::remove_const_t<T>, shape<A, B>, packed_memory>(&x[0][0], shape<A, B>{}));
}
/// The elements of a std::mdspan, or of what has its members, with any layout of strides.
template <class M>
    requires detail::mdspan_like<std::remove_cvref_t<M>>
constexpr auto as_tensor(M&& m) {
    using plain = std::remove_cvref_t<M>;
    return detail::tensor_of_mdspan<plain>(m, std::make_index_sequence<plain::rank()>{});
}

}  // namespace tenon::inline TENON_TARGET
