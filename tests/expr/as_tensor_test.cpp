// Arrays of the standard library as operands.
#include <array>
#include <span>
#include <type_traits>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// What a std::mdspan of two axes has, where the library has none yet: extents, and a mapping that says its strides.
template <class Index, std::size_t... E>
struct extents {
    static constexpr std::size_t static_extent(std::size_t r) { return std::array{E...}[r]; }
    std::array<std::size_t, sizeof...(E)> at{E...};
};
struct layout_right {
    template <class X>
    struct mapping {
        X all{};
        constexpr std::size_t stride(std::size_t r) const { return r == 1 ? 1 : all.at[1]; }
    };
    static constexpr bool has_no_gaps = true;
};
struct layout_left {
    template <class X>
    struct mapping {
        X all{};
        constexpr std::size_t stride(std::size_t r) const { return r == 0 ? 1 : all.at[0]; }
    };
    static constexpr bool has_no_gaps = true;
};
struct layout_stride {
    template <class X>
    struct mapping {
        X all{};
        std::array<std::size_t, 2> steps{};
        constexpr std::size_t stride(std::size_t r) const { return steps[r]; }
    };
    static constexpr bool has_no_gaps = false;
};
template <class T, class X, class Layout>
struct mdspan {
    using element_type = T;
    using extents_type = X;
    using layout_type = Layout;
    using mapping_type = typename Layout::template mapping<X>;
    using accessor_type = void;
    using data_handle_type = T*;
    T* p;
    mapping_type map{};
    static constexpr std::size_t rank() { return 2; }
    static constexpr bool is_always_strided() { return true; }
    static constexpr bool is_always_exhaustive() { return Layout::has_no_gaps; }
    T* data_handle() const { return p; }
    std::size_t extent(std::size_t r) const { return map.all.at[r]; }
    std::size_t stride(std::size_t r) const { return map.stride(r); }
};
/// One that shows products of its elements, as std::linalg's scaled spans do.
struct scaled : mdspan<float, extents<int, 2, 2>, layout_right> {
    using reference = float;
};
static_assert(tn::detail::mdspan_like<mdspan<float, extents<int, 2, 2>, layout_right>>);
static_assert(!tn::detail::mdspan_like<scaled>);
constexpr auto at_run_time = static_cast<std::size_t>(-1);

constexpr std::int64_t constant() {
    std::array<int, 4> a{1, 2, 3, 4};
    tn::as_tensor(a) += 1;
    tn::as_tensor(std::span(a).first<2>()) = 7;
    return tn::sum(tn::as_tensor(a)).item();
}
static_assert(constant() == 23);

}  // namespace

TEST_CASE("contiguous ranges are tensors without a copy", "[as_tensor]") {
    std::vector<float> v{1, 2, 3, 4, 5, 6};
    std::array<float, 6> const a{6, 5, 4, 3, 2, 1};
    float m[2][3] = {{1, 1, 1}, {2, 2, 2}};
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(v))>, tn::shape<tn::dyn>>);
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(a))>, tn::shape<6>>);
    static_assert(!tn::detail::is_writable<decltype(tn::as_tensor(a))>);
    static_assert(std::is_same_v<tn::shape_t<decltype(tn::as_tensor(m))>, tn::shape<2, 3>>);
    static_assert(
        std::is_same_v<tn::value_t<decltype(tn::as_tensor(std::span<double const, 2>(std::declval<double*>(), 2)))>,
                       double>);
    CHECK(tn::sum(tn::as_tensor(v) + tn::as_tensor(a)).item() == 42);
    tn::as_tensor(v) = tn::as_tensor(v) * 2.f + tn::as_tensor(a);
    CHECK(v == std::vector<float>{8, 9, 10, 11, 12, 13});
    tn::as_tensor(v).reshape<2, 3>() = tn::as_tensor(m);
    CHECK(v == std::vector<float>{1, 1, 1, 2, 2, 2});
    tn::as_tensor(v).reshape<2, 3>()[1] = tn::as_tensor(m)[0];
    tn::as_tensor(std::span(v).subspan(1, 2)).fill(9);
    CHECK(v == std::vector<float>{1, 9, 9, 1, 1, 1});
    tn::flip<0>(tn::as_tensor(v)) = tn::as_tensor(v);  // reads what it writes
    CHECK(v == std::vector<float>{1, 1, 1, 9, 9, 1});
    CHECK_THROWS_AS(tn::as_tensor(v) = (tn::zeros<float, 5>()), tn::shape_error);
    CHECK(v == std::vector<float>{1, 1, 1, 9, 9, 1});
    CHECK(tn::tensor(tn::as_tensor(std::vector<float>().empty() ? std::span<float>() : std::span(v))).size() == 0);
    tn::variable w(tn::as_tensor(v));
    tn::backward(tn::sum(w * tn::as_tensor(a)));
    CHECK(std::equal(a.begin(), a.end(), w.grad().begin()));
    bool flags[] = {true, false};
    CHECK(tn::any(tn::as_tensor(flags)).item());
}

TEST_CASE("spans of several axes are tensors under their strides", "[as_tensor]") {
    float data[] = {0, 1, 2, 3, 4, 5, 6, 7};
    auto const right = tn::as_tensor(mdspan<float, extents<int, at_run_time, 3>, layout_right>{data, {{{2, 3}}}});
    auto const left = tn::as_tensor(mdspan<float, extents<int, 2, at_run_time>, layout_left>{data, {{{2, 3}}}});
    auto const gaps = tn::as_tensor(mdspan<float const, extents<int, 2, 2>, layout_stride>{data, {{{2, 2}}, {4, 2}}});
    static_assert(decltype(right)::strides_type::is_packed);
    static_assert(std::is_same_v<tn::shape_t<decltype(left)>, tn::shape<2, tn::dyn>>);
    static_assert(!tn::detail::is_writable<decltype(gaps)>);
    CHECK(tn::tensor(right)(1, 2) == 5);
    CHECK((tn::tensor(left)(1, 2) == 5 && tn::tensor(left)(1, 0) == 1));
    CHECK((tn::tensor(gaps)(1, 1) == 6 && tn::tensor(tn::sum<1>(gaps))(0) == 2));
    auto to = left;
    to = tn::tensor<float, 2, 3>({{9, 8, 7}, {6, 5, 4}});
    CHECK((data[0] == 9 && data[1] == 6 && data[2] == 8 && data[5] == 4));
}
