// Tensors one after another: concat along an axis that they have, stack along a new one.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/base/tuple.hpp>
#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET {

/// Shapes of different ranks, or of different extents along another axis than the one that is joined.
template <std::size_t Axis, class... Shapes>
struct cannot_concat;
/// Shapes that differ.
template <class... Shapes>
struct cannot_stack;

namespace detail {
/// The shape of operands one after another along an axis; it is static where all are.
template <std::size_t Axis, class First, class... Rest>
struct concat_extents {
    static constexpr std::size_t rank = First::rank();
    struct result {
        std::array<std::size_t, rank> value;
        bool fits;
    };
    static constexpr void join(result& r, std::size_t const* e, std::size_t rank_of_e) {
        if (rank_of_e != rank) {
            r.fits = false;
            return;
        }
        for (std::size_t a = 0; a < rank; ++a) {
            std::size_t& x = r.value[a];
            if (a == Axis) x = is_dynamic(x) || is_dynamic(e[a]) ? dyn : x + e[a];
            else if (is_dynamic(x) && (x == dyn || !is_dynamic(e[a]))) x = e[a];
            else if (x != e[a] && !(is_dynamic(e[a]) && (e[a] == dyn || !is_dynamic(x)))) r.fits = false;
        }
    }
    static constexpr result computed = [] {
        result r{{}, true};
        for (std::size_t a = 0; a < rank; ++a) r.value[a] = First::static_extents[a];
        (join(r, Rest::static_extents, Rest::rank()), ...);
        return r;
    }();
    static constexpr bool fits = computed.fits;
    static constexpr auto value = computed.value;
    using type = shape_from<rank, concat_extents>;

    template <class All, class S>
    static constexpr void add(All& all, First const& first, S const& s) {
        for (std::size_t a = 0; a < rank; ++a)
            // What is too large stays so, and is refused when the shape is made.
            if (a == Axis) all[a] = is_dynamic(all[a]) ? all[a] : all[a] + s[a];
            else if (all[a] != s[a]) throw_shapes("concat", to_string(first), to_string(s));
    }
    static constexpr type joined(First const& first, Rest const&... rest) {
        auto all = first.extents();
        (add(all, first, rest), ...);
        return type(all, "concat");
    }
};
}  // namespace detail

/// The elements of operands one after another along an axis.
template <std::size_t Axis, class... A>
class concat_node : public expression_base<concat_node<Axis, A...>, promoted_value_t<A...>,
                                           typename detail::concat_extents<Axis, shape_t<A>...>::type> {
public:
    using shape_type = typename detail::concat_extents<Axis, shape_t<A>...>::type;
    using device = device_of_nodes<A...>;
    static constexpr char const *name = "concat", *kind = "concat";
    explicit constexpr concat_node(A... a)
        : shape_(detail::concat_extents<Axis, shape_t<A>...>::joined(a.shape()...)), operands_{{std::move(a)}...} {}
    constexpr shape_type shape() const { return shape_; }
    constexpr tuple<A...> const& operands() const { return operands_; }
    static constexpr std::size_t operations() { return 0; }

private:
    [[no_unique_address]] shape_type shape_;
    tuple<A...> operands_;
};

namespace detail {
/// Whether a vector of no elements stands beside operands of more axes: PyTorch leaves it out.
template <class S, class... All>
inline constexpr bool stands_aside = std::is_same_v<S, shape<0>> && ((All::rank() > 1) || ...);
template <class First, class X>
constexpr auto unless_aside(X&& x) {
    if constexpr (stands_aside<shape_t<X>, First>) return std::tuple<>();
    else return std::forward_as_tuple(std::forward<X>(x));
}
template <std::size_t Axis, class... X>
constexpr auto make_concat(X&&... x) {
    if constexpr (!concat_extents<Axis, shape_t<X>...>::fits) return cannot_concat<Axis, shape_t<X>...>{};
    else return concat_node<Axis, node_t<X>...>(as_node(std::forward<X>(x))...);
}
}  // namespace detail

/// The operands one after another along an axis; every other extent is the same in all. Mixed element types become their
/// common type. A vector whose type says that it has no elements may stand beside any. Compile error `cannot_concat`, or shape_error
/// where only run time can know; torch.cat.
template <std::ptrdiff_t Axis, expression X, expression... Rest>
constexpr auto concat(X&& x, Rest&&... rest) {
    if constexpr (detail::stands_aside<shape_t<X>, shape_t<Rest>...>) return concat<Axis>(std::forward<Rest>(rest)...);
    else if constexpr ((detail::stands_aside<shape_t<Rest>, shape_t<X>> || ...))
        return std::apply([](auto&&... kept) { return concat<Axis>(std::forward<decltype(kept)>(kept)...); },
                          std::tuple_cat(std::forward_as_tuple(std::forward<X>(x)),
                                         detail::unless_aside<shape_t<X>>(std::forward<Rest>(rest))...));
    else if constexpr (!detail::axes_fit<shape_t<X>::rank(), Axis>)
        return detail::wrong_axes<"concat", shape_t<X>, Axis>{};
    else return detail::make_concat<axis_of(Axis, shape_t<X>::rank())>(std::forward<X>(x), std::forward<Rest>(rest)...);
}
/// The same under PyTorch's name.
template <std::ptrdiff_t Axis, expression X, expression... Rest>
constexpr auto cat(X&& x, Rest&&... rest) {
    return concat<Axis>(std::forward<X>(x), std::forward<Rest>(rest)...);
}

/// Operands of one shape along a new axis, which is axis Axis of the result. Compile error `cannot_stack`, or shape_error
/// where only run time can know; torch.stack.
template <std::ptrdiff_t Axis, expression X, expression... Rest>
constexpr auto stack(X&& x, Rest&&... rest) {
    constexpr std::size_t a = axis_of(Axis, shape_t<X>::rank() + 1);
    if constexpr (a > shape_t<X>::rank()) return no_such_axis<"stack", Axis, shape_t<X>>{};
    else if constexpr (!detail::concat_extents<shape_t<X>::rank(), shape_t<X>, shape_t<Rest>...>::fits)
        return cannot_stack<shape_t<X>, shape_t<Rest>...>{};
    else {
        if constexpr (!(shape_t<X>::is_static && ... && shape_t<Rest>::is_static))
            ((rest.shape() == x.shape() ? void()
                                        : throw_shapes("stack", to_string(x.shape()), to_string(rest.shape()))),
             ...);
        return detail::make_concat<a>(unsqueeze<Axis>(std::forward<X>(x)),
                                      unsqueeze<Axis>(std::forward<Rest>(rest))...);
    }
}

}  // namespace tenon::inline TENON_TARGET
