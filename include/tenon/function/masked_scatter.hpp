// The elements of one tensor, in their order, where a mask of another is true.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/expr/picked.hpp>

namespace tenon::inline TENON_TARGET {

namespace detail {
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_too_few(std::size_t places, std::size_t elements) {
    throw shape_error(text_of(
        {"masked_scatter: the mask is true at ", places, " places, and the source has ", elements, " elements"}));
}
template <class T>
void masked_scatter(T* y, std::size_t n, T const* x, bool const* mask, T const* src, std::size_t elements) {
    std::size_t places = 0;
    for (std::size_t i = 0; i != n; ++i) places += mask[i];
    if (places > elements) throw_too_few(places, elements);
    for (std::size_t i = 0; i != n; ++i) y[i] = mask[i] ? *src++ : x[i];
}
template <class T>
void masked_scatter_gradient(T const* g, std::size_t n, bool const* mask, T* gx, T* gs) {
    for (std::size_t i = 0; i != n; ++i)
        if (mask[i]) {
            if (gs) *gs++ += g[i];
        } else if (gx) gx[i] += g[i];
}
template <class T, class S>
struct masked_scatter_rule {
    using value_type = T;
    using shape_type = S;
    static constexpr char const *name = "masked_scatter", *kind = "scatter";
    static constexpr bool has_gradient = true;
    template <class M, class Src>
    constexpr S shape(S const& x, M const& m, Src const&) const {
        if (!(x == m)) throw_shapes(name, to_string(x), to_string(m));
        return x;
    }
    template <class M, class Src>
    static constexpr std::size_t operations(S const& x, M const&, Src const&) {
        return x.size();
    }
    template <class X, class M, class Src>
    void forward(array_of<T, S> const& y, X const& x, M const& mask, Src const& src) const {
        detail::masked_scatter<T>(y.data, y.shape.size(), x.data, mask.data, src.data, src.shape.size());
    }
    template <class Y, class X, class M, class Src, class GX, class GM, class GS>
    void backward(Y const&, Y const& g, X const&, M const& mask, Src const&, GX const& gx, GM const&,
                  GS const& gs) const {
        masked_scatter_gradient<T>(g.data, g.shape.size(), mask.data, gx.data, gs.data);
    }
};
}  // namespace detail

/// x with the elements of src, in row-major order, at the places where a mask is true; x and mask are broadcast together. Gradients go
/// to x where the mask is false, and to the elements of src that are used. torch.masked_scatter
/// @param mask bools, or numbers that count as true where they aren't 0
/// @throws shape_error when evaluated where src has fewer elements than there are places
template <expression X, expression M, expression Src>
constexpr auto masked_scatter(X&& x, M&& mask, Src&& src) {
    using T = value_t<X>;
    using pair = broadcast_pair<shape_t<X>, shape_t<M>>;
    if constexpr (!std::is_same_v<promote_t<T, value_t<Src>>, T>) return cannot_assign_elements<T, value_t<Src>>{};
    else if constexpr (!pair::fits) return cannot_write_at<"masked_scatter", shape_t<X>, shape_t<M>>{};
    else {
        using S = typename pair::type;
        S const s = broadcast_shapes("masked_scatter", x.shape(), mask.shape());
        return detail::make_array(detail::masked_scatter_rule<T, S>{}, detail::stretched_to(s, std::forward<X>(x)),
                                  detail::stretched_to(s, cast<bool>(std::forward<M>(mask))),
                                  detail::source_of<T>(std::forward<Src>(src)));
    }
}

}  // namespace tenon::inline TENON_TARGET
