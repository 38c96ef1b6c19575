// Shapes: extents that are known when the program is compiled, and those that are not.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include <tenon/base/error.hpp>
#include <tenon/base/target.hpp>
#include <tenon/base/text.hpp>

namespace tenon::inline TENON_TARGET {

/// An extent that is known only at run time.
inline constexpr std::size_t dyn = static_cast<std::size_t>(-1);

/// The name of a run-time extent, as `dyn_as` takes it.
struct extent_name {
    std::size_t hash = 14695981039346656037U;
    template <std::size_t N>
    consteval extent_name(char const (&text)[N]) {
        for (std::size_t i = 0; i + 1 < N; ++i) hash = (hash ^ static_cast<unsigned char>(text[i])) * 1099511628211U;
    }
};

/// A run-time extent with a name: `tensor<float, dyn_as<"batch">, 3>`. Two extents of one name count as equal when the
/// program is compiled, two of different names do not mix. The name is kept as a 63-bit FNV-1a hash.
template <extent_name Name>
inline constexpr std::size_t dyn_as = (Name.hash >> 1) | (std::size_t{1} << 63);

/// Whether an extent in a type stands for a run-time value.
constexpr bool is_dynamic(std::size_t extent) { return (extent >> 63) != 0; }

namespace detail {
// Not templates, so that a program has them once and not for each shape.

/// `[4, 2]`, as PyTorch prints a shape. What is too large for an extent was a negative number when it was given.
TENON_ON_USE
std::string extents_as_text(std::size_t const* extents, std::size_t rank) {
    std::string text = "[";
    for (std::size_t a = 0; a != rank; ++a) {
        auto const n = static_cast<std::ptrdiff_t>(extents[a]);
        append_text(text, {a == 0 ? "" : ", ", n});
    }
    append_text(text, {"]"});
    return text;
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_extent(std::size_t const* given, std::size_t rank, std::size_t axis,
                                                         std::size_t expected, char const* what) {
    throw shape_error(
        text_of({what, ": extent ", axis, " of ", extents_as_text(given, rank), " has to be ", expected}));
}
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_uncountable(std::size_t const* given, std::size_t rank,
                                                              char const* what) {
    bool negative = false;
    for (std::size_t a = 0; a != rank; ++a) negative = negative || is_dynamic(given[a]);
    throw shape_error(text_of({what, ": ", extents_as_text(given, rank),
                               negative ? " has a negative extent, or one of 2^63 or more"
                                        : " has 2^63 elements or more, where extents of 0 count as 1"}));
}
/// Multiplies extents, where those of 0 count as 1 so that the elements along all other axes are countable too.
/// @return whether the product stays below 2^63; where not, it is as it was
constexpr bool multiply_extent(std::size_t& product, std::size_t extent) {
    if (extent == 0) return true;
    // Divided is only what is large. (nvcc calls no __builtin_mul_overflow in constant expressions.)
    if (((product | extent) >> 31) != 0 && extent > (dyn >> 1) / product) return false;
    product *= extent;
    return true;
}
/// The product of extents that are known when the program is compiled; 0 where it is 2^63 or more.
template <std::size_t... E>
inline constexpr std::size_t static_product = [] {
    std::size_t n = 1;
    return (multiply_extent(n, is_dynamic(E) ? 1 : E) && ...) ? n : std::size_t{0};
}();
}  // namespace detail

/// The extents of a shape multiply to 2^63 or more.
template <std::size_t... E>
struct too_many_elements;

/// The extents of a tensor. Stores the run-time ones alone; an all-static shape is an empty class. Every extent is below 2^63,
/// and so is their product, even where those of 0 are left out of it: nothing that counts elements overflows.
/// @tparam E the extents: a number, `dyn`, or `dyn_as<"name">`. Compile error `too_many_elements<E…>`
template <std::size_t... E>
struct shape {
    static_assert(sizeof(std::conditional_t < detail::static_product<E...> != 0, char, too_many_elements < E... >>) ==
                  1);
    static constexpr std::size_t static_extents[sizeof...(E) + 1] = {E..., 0};
    static constexpr bool is_static = !(is_dynamic(E) || ...);
    static constexpr std::size_t dynamic_count = (std::size_t{is_dynamic(E)} + ... + 0);

    constexpr shape() = default;
    /// From the run-time extents, in their order, or from all extents. @throws shape_error when a static one differs, one is
    /// negative, or they multiply to 2^63 or more
    template <class... I>
        requires(sizeof...(I) > 0 && (std::is_convertible_v<I, std::size_t> && ...))
    explicit constexpr shape(I... extents) {
        static_assert(sizeof...(I) == dynamic_count || sizeof...(I) == sizeof...(E),
                      "give the run-time extents of a shape, or all of them");
        static_assert(!(std::floating_point<I> || ...), "shape: extents are whole numbers");
        std::size_t const given[] = {static_cast<std::size_t>(extents)...};
        if constexpr (sizeof...(I) == sizeof...(E)) assign(given, "shape");
        else {
            for (std::size_t i = 0; i != sizeof...(I); ++i) run_time.at[i] = given[i];
            refuse_uncountable("shape");
        }
    }
    /// From an array of all extents. @throws shape_error as above @param what the operation that errors name
    explicit constexpr shape(std::array<std::size_t, sizeof...(E)> const& extents, char const* what = "shape") {
        assign(extents.data(), what);
    }

    static constexpr std::size_t rank() { return sizeof...(E); }
    /// Extent of one axis.
    constexpr std::size_t operator[](std::size_t axis) const {
        if constexpr (is_static) return static_extents[axis];
        else return is_dynamic(static_extents[axis]) ? run_time.at[places[axis]] : static_extents[axis];
    }
    /// Number of elements.
    constexpr std::size_t size() const {
        std::size_t n = 1;
        for (std::size_t a = 0; a != rank(); ++a) n *= (*this)[a];
        return n;
    }
    constexpr std::array<std::size_t, sizeof...(E)> extents() const {
        std::array<std::size_t, sizeof...(E)> all{};
        for (std::size_t a = 0; a != rank(); ++a) all[a] = (*this)[a];
        return all;
    }
    template <std::size_t... F>
    friend constexpr bool operator==(shape const& a, shape<F...> const& b) {
        if constexpr (sizeof...(E) != sizeof...(F)) return false;
        else {
            for (std::size_t i = 0; i != sizeof...(E); ++i)
                if (a[i] != b[i]) return false;
            return true;
        }
    }

    struct none {};
    /// For each axis, how many before it have an extent that is known at run time.
    static constexpr auto places = [] {
        std::array<std::size_t, sizeof...(E) + 1> before{};
        for (std::size_t a = 0; a != sizeof...(E); ++a) before[a + 1] = before[a] + is_dynamic(static_extents[a]);
        return before;
    }();
    struct some {
        std::size_t at[dynamic_count == 0 ? 1 : dynamic_count] = {};
    };
    [[no_unique_address]] std::conditional_t<dynamic_count == 0, none, some> run_time{};

private:
    constexpr void assign(std::size_t const* given, char const* what);
    constexpr void refuse_uncountable(char const* what) const;
};

/// `[4, 2]`, as PyTorch prints a shape.
template <std::size_t... E>
std::string to_string(shape<E...> const& s) {
    auto const extents = s.extents();
    return detail::extents_as_text(extents.data(), extents.size());
}
template <std::size_t... E>
std::ostream& operator<<(std::ostream& out, shape<E...> const& s) {
    return out << to_string(s);
}

// Inlined, so that nothing is left of the comparison where the extents are known; what throws stays a call.
template <std::size_t... E>
TENON_INLINE constexpr void shape<E...>::assign(std::size_t const* given, char const* what) {
    [[maybe_unused]] std::size_t k = 0;
    for (std::size_t a = 0; a != rank(); ++a) {
        if (is_dynamic(static_extents[a])) {
            if constexpr (!is_static) run_time.at[k++] = given[a];
        } else if (static_extents[a] != given[a]) detail::throw_extent(given, rank(), a, static_extents[a], what);
    }
    refuse_uncountable(what);
}
template <std::size_t... E>
TENON_INLINE constexpr void shape<E...>::refuse_uncountable([[maybe_unused]] char const* what) const {
    if constexpr (!is_static) {
        std::size_t n = detail::static_product<E...>;
        bool fits = true;
        for (std::size_t i = 0; i != dynamic_count; ++i) fits &= detail::multiply_extent(n, run_time.at[i]);
        if (!fits) [[unlikely]]
            detail::throw_uncountable(extents().data(), rank(), what);
    }
}
/// The type `shape<...>` whose extents are the first Rank entries of a constant array; how shape arithmetic ends.
template <class Computed, std::size_t... I>
shape<Computed::value[I]...> make_shape_from(std::index_sequence<I...>);
template <std::size_t Rank, class Computed>
using shape_from = decltype(make_shape_from<Computed>(std::make_index_sequence<Rank>{}));

/// Number of elements of a shape type; `dyn` when an extent is not static.
template <class Shape>
inline constexpr std::size_t static_size = [] {
    if constexpr (Shape::is_static) return Shape{}.size();
    else return dyn;
}();

/// Last static extent of a shape type; 1 for a shape without axes.
template <class Shape>
inline constexpr std::size_t inner_extent =
    Shape::rank() == 0 ? 1 : Shape::static_extents[Shape::rank() == 0 ? 0 : Shape::rank() - 1];
/// Elements before, along and after an axis: in row-major order element (b, i, c) is number (b · along + i) · after + c.
struct axis_extents {
    std::size_t before, along, after;
};
/// Those of axis Axis; an axis behind the last one stands for all.
template <std::size_t Axis, class Shape>
constexpr axis_extents around_axis(Shape const& s) {
    if constexpr (Axis >= Shape::rank()) return {1, s.size(), 1};
    else {
        axis_extents e{1, s[Axis], 1};
        for (std::size_t a = 0; a != Axis; ++a) e.before *= s[a];
        for (std::size_t a = Axis + 1; a != Shape::rank(); ++a) e.after *= s[a];
        return e;
    }
}
/// Last extent of a shape; 1 without axes.
template <class Shape>
TENON_INLINE constexpr std::size_t row_length(Shape const& s) {
    if constexpr (Shape::rank() == 0) return 1;
    else return s[Shape::rank() - 1];
}

/// Positive axis number for an axis that may count from the end; `rank` itself when it is out of range.
constexpr std::size_t axis_of(std::ptrdiff_t axis, std::size_t rank) {
    auto const n = static_cast<std::ptrdiff_t>(rank);
    if (axis < -n || axis >= n) return rank;
    return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

namespace detail {
/// Whether two shapes have as many axes, and no extents in their types that differ.
template <class A, class B>
constexpr bool shapes_may_match() {
    if constexpr (A::rank() != B::rank()) return false;
    else {
        for (std::size_t a = 0; a != A::rank(); ++a) {
            std::size_t const x = A::static_extents[a], y = B::static_extents[a];
            if (!is_dynamic(x) && !is_dynamic(y) && x != y) return false;
        }
        return true;
    }
}
}  // namespace detail

TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_shapes(char const* what, std::string const& a, std::string const& b) {
    throw shape_error(text_of({what, ": shapes ", a, " and ", b, " do not fit"}));
}

}  // namespace tenon::inline TENON_TARGET
