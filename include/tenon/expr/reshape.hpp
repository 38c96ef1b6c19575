// Reshaping: the same elements in the same row-major order under another shape.
#pragma once

#include <tenon/expr/view.hpp>

namespace tenon::inline TENON_TARGET {

/// The numbers of elements differ.
template <class From, class To>
struct cannot_reshape;
/// The extents into which an axis is divided do not multiply up to its own.
template <class From, class To>
struct cannot_unflatten;

/// The elements of A in row-major order, under the shape To.
template <class To, class A>
class reshape_node : public expression_base<reshape_node<To, A>, value_t<A>, To>,
                     public read_only_view<reshape_node<To, A>> {
public:
    using device = device_of_nodes<A>;
    constexpr reshape_node(A a, To const& to) : operand(std::move(a)), shape_(to) {}
    using read_only_view<reshape_node>::operator=;
    constexpr To shape() const { return shape_; }
    static constexpr char const *name = "reshape", *kind = "copy";
    static constexpr read_as read[1] = {read_as::packed};
    constexpr auto operands() const { return references(operand); }
    A operand;

private:
    [[no_unique_address]] To shape_;
};

namespace detail {
/// Wanted extents where one may be left open (-1 or dyn): it is static when all others and the operand are.
template <class From, std::size_t... E>
struct reshape_target {
    static constexpr std::size_t open = (std::size_t{is_dynamic(E)} + ... + 0);
    static constexpr std::size_t known = ((is_dynamic(E) ? 1 : E) * ... * 1);
    struct extents {
        static constexpr std::array<std::size_t, sizeof...(E) + 1> value = [] {
            std::array<std::size_t, sizeof...(E) + 1> all{E..., 0};
            if (From::is_static && open == 1 && known != 0)
                for (std::size_t a = 0; a != sizeof...(E); ++a)
                    if (is_dynamic(all[a])) all[a] = static_size<From> / known;
            return all;
        }();
    };
    using type = shape_from<sizeof...(E), extents>;
    static constexpr bool fits =
        open <= 1 &&
        (!From::is_static || (open == 0 ? known == static_size<From> : known != 0 && static_size<From> % known == 0));
};

template <class To, class A>
constexpr auto reshape_to(A&& x, To const& to);

template <class Node>
inline constexpr bool reshapes_inside = false;
/// An elementwise node whose operands all have its shape, or one element, is reshaped operand by operand and stays one loop.
template <class Op, class... A>
inline constexpr bool reshapes_inside<map_node<Op, A...>> =
    shape_t<map_node<Op, A...>>::rank() != 0 && ((std::is_same_v<shape_t<A>, shape_t<map_node<Op, A...>>> ||
                                                  (static_size<shape_t<A>> == 1 && shape_t<A>::rank() == 0)) &&
                                                 ...);

template <class To, class A>
constexpr auto reshape_operand(A&& a, To const& to) {
    if constexpr (shape_t<A>::rank() == 0) return as_node(std::forward<A>(a));
    else return reshape_to(std::forward<A>(a), to);
}

template <class To, class A>
constexpr auto reshape_to(A&& x, To const& to) {
    using node = node_t<A>;
    if constexpr (std::is_same_v<shape_t<node>, To>) return detail::view_of<A>(as_node(std::forward<A>(x)));
    else if constexpr (reshapes_inside<node>) {
        node n = as_node(std::forward<A>(x));
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return make_map(n.operation, reshape_operand(get<I>(std::move(n).operands()), to)...);
        }(std::make_index_sequence<operand_count<node>>{});
    } else return view_of<A>(reshape_node<To, node>(as_node(std::forward<A>(x)), to));
}
}  // namespace detail

/// The elements in row-major order under another shape; one extent may be left open as -1 or `dyn`. Compile error
/// `cannot_reshape`, or shape_error where only run time can know; torch.reshape.
template <auto... E, expression A>
constexpr auto reshape(A&& x) {
    using from = shape_t<A>;
    using target = detail::reshape_target<from, static_cast<std::size_t>(E)...>;
    if constexpr (!target::fits) return cannot_reshape<from, shape<static_cast<std::size_t>(E)...>>{};
    else {
        using to = typename target::type;
        auto const s = x.shape();
        if constexpr (to::is_static) {
            if (to{}.size() != s.size()) throw_shapes("reshape", to_string(s), to_string(to{}));
            return detail::reshape_to(std::forward<A>(x), to{});
        } else {
            if (target::known == 0 || s.size() % target::known != 0)
                throw shape_error(
                    text_of({"reshape: the ", s.size(), " elements of ", to_string(s), " do not fill the extents"}));
            return detail::reshape_to(std::forward<A>(x), to(s.size() / target::known));
        }
    }
}

namespace detail {
template <class S, std::size_t First, std::size_t Last>
struct flatten_target {
    static constexpr std::size_t rank = S::rank() - (Last - First);
    /// Extents with the axes First to Last joined; `dyn` where one of them is.
    template <class Extents>
    static constexpr std::array<std::size_t, rank> joined(Extents const& e) {
        std::array<std::size_t, rank> r{};
        for (std::size_t a = 0; a != rank; ++a) r[a] = a < First ? e[a] : a == First ? 1 : e[a + Last - First];
        for (std::size_t a = First; a <= Last; ++a)
            r[First] = is_dynamic(r[First]) || is_dynamic(e[a]) ? dyn : r[First] * e[a];
        return r;
    }
};
template <class S, std::size_t First, std::size_t Last>
struct flatten_extents {
    static constexpr auto value = flatten_target<S, First, Last>::joined(S::static_extents);
};
}  // namespace detail

/// Joins the axes From to To (inclusive) into one; torch.flatten.
template <std::ptrdiff_t From, std::ptrdiff_t To, expression A>
constexpr auto flatten(A&& x) {
    using s = shape_t<A>;
    if constexpr (s::rank() == 0) return reshape<1>(std::forward<A>(x));
    else if constexpr (axis_of(From, s::rank()) == s::rank()) return no_such_axis<"flatten", From, s>{};
    else if constexpr (axis_of(To, s::rank()) == s::rank()) return no_such_axis<"flatten", To, s>{};
    else {
        constexpr std::size_t first = axis_of(From, s::rank()), last = axis_of(To, s::rank());
        static_assert(first <= last, "flatten: the first axis comes after the last");
        using target = detail::flatten_target<s, first, last>;
        using to_shape = shape_from<target::rank, detail::flatten_extents<s, first, last>>;
        to_shape const to(target::joined(x.shape().extents()));
        return detail::reshape_to(std::forward<A>(x), to);
    }
}
/// All elements along one axis, in row-major order; torch.ravel, numpy.ravel.
template <expression A>
constexpr auto ravel(A&& x) {
    return flatten<0, -1>(std::forward<A>(x));
}

namespace detail {
template <class S, std::size_t Axis, std::size_t... E>
struct unflatten_extents {
    static constexpr std::size_t rank = S::rank() - 1 + sizeof...(E);
    template <class Extents>
    static constexpr auto split(Extents const& e) {
        std::array<std::size_t, rank> all{};
        std::size_t const inner[] = {E...};
        for (std::size_t a = 0; a < rank; ++a)
            all[a] = a < Axis ? e[a] : a < Axis + sizeof...(E) ? inner[a - Axis] : e[a + 1 - sizeof...(E)];
        return all;
    }
    static constexpr auto value = split(S::static_extents);
    using type = shape_from<rank, unflatten_extents>;
};
}  // namespace detail

/// Splits an axis into axes of extents E: `unflatten<1, 2, 3>(x)` makes [n, 2, 3] of [n, 6]; one may be left open as -1 or `dyn`. Compile
/// error `cannot_unflatten`, or shape_error where only run time can know; torch.unflatten.
template <std::ptrdiff_t Axis, auto... E, expression A>
    requires(sizeof...(E) != 0)
constexpr auto unflatten(A&& x) {
    using s = shape_t<A>;
    constexpr std::size_t axis = axis_of(Axis, s::rank()), extent = s::static_extents[axis];
    using target = detail::reshape_target<shape<extent>, static_cast<std::size_t>(E)...>;
    if constexpr (axis == s::rank()) return no_such_axis<"unflatten", Axis, s>{};
    else if constexpr (!target::fits) return cannot_unflatten<shape<extent>, shape<static_cast<std::size_t>(E)...>>{};
    else {
        auto const all = x.shape().extents();
        if (target::known == 0  ? all[axis] != 0
            : target::open == 0 ? all[axis] != target::known
                                : all[axis] % target::known != 0)
            throw_shapes("unflatten", to_string(x.shape()), to_string(shape<target::known>()));
        return [&]<std::size_t... F>(shape<F...>) {
            using extents = detail::unflatten_extents<s, axis, F...>;
            auto to = extents::split(all);
            for (std::size_t a = axis; a != axis + sizeof...(F); ++a)
                if (is_dynamic(to[a])) to[a] = all[axis] / (target::known == 0 ? 1 : target::known);
            return detail::reshape_to(std::forward<A>(x), typename extents::type(to));
        }(typename target::type{});
    }
}

}  // namespace tenon::inline TENON_TARGET
