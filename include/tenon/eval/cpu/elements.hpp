// Expressions as random-access ranges: iterators over elements in row-major order, in memory or computed as they are read.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

#include <tenon/eval/common/view.hpp>
#include <tenon/eval/cpu/executor.hpp>
#include <tenon/expr/writable.hpp>

namespace tenon::inline TENON_TARGET::eval {

/// A place in row-major order, also as positions along the axes.
template <class Shape>
struct row_major_place {
    std::ptrdiff_t index = 0;
    std::size_t last = 0;
    outer_position<Shape> outer{};

    constexpr void go(Shape const& s, std::ptrdiff_t i) {
        index = i;
        auto rest = static_cast<std::size_t>(i);
        if constexpr (Shape::rank() != 0) {
            std::size_t const n = row_length(s);
            if (n == 0) return;
            last = rest % n;
            rest /= n;
        }
        for (std::size_t a = outer_rank<Shape>; a-- > 0;) {
            if (a != 0 && s[a] == 0) return;  // there is no element, and an end alone
            outer.at[a] = a == 0 ? rest : rest % s[a];
            if (a != 0) rest /= s[a];
        }
    }
    constexpr void next(Shape const& s) {
        if (Shape::rank() > 1 && last + 1 == row_length(s)) go(s, index + 1);
        else {
            ++index;
            ++last;
        }
    }
};

/// What iterators by place share. A derived class reads the element at `place()`.
template <class Self, class Shape>
class place_iterator {
public:
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::random_access_iterator_tag;
    using iterator_concept = std::random_access_iterator_tag;

    constexpr place_iterator() = default;
    constexpr place_iterator(Shape const& s, std::size_t i) : shape_(s) {
        place_.go(shape_, static_cast<std::ptrdiff_t>(i));
    }
    constexpr decltype(auto) operator[](std::ptrdiff_t n) const { return *(self() + n); }
    constexpr Self& operator++() {
        place_.next(shape_);
        return self();
    }
    constexpr Self operator++(int) {
        Self const before = self();
        ++*this;
        return before;
    }
    constexpr Self& operator--() { return *this += -1; }
    constexpr Self operator--(int) {
        Self const before = self();
        --*this;
        return before;
    }
    constexpr Self& operator+=(std::ptrdiff_t n) {
        place_.go(shape_, place_.index + n);
        return self();
    }
    constexpr Self& operator-=(std::ptrdiff_t n) { return *this += -n; }
    friend constexpr Self operator+(Self i, std::ptrdiff_t n) { return i += n; }
    friend constexpr Self operator+(std::ptrdiff_t n, Self i) { return i += n; }
    friend constexpr Self operator-(Self i, std::ptrdiff_t n) { return i -= n; }
    friend constexpr std::ptrdiff_t operator-(Self const& a, Self const& b) { return a.index() - b.index(); }
    friend constexpr bool operator==(Self const& a, Self const& b) { return a.index() == b.index(); }
    friend constexpr auto operator<=>(Self const& a, Self const& b) { return a.index() <=> b.index(); }

protected:
    constexpr std::ptrdiff_t index() const { return place_.index; }
    constexpr row_major_place<Shape> const& place() const { return place_; }

private:
    constexpr Self& self() { return static_cast<Self&>(*this); }
    constexpr Self const& self() const { return static_cast<Self const&>(*this); }
    row_major_place<Shape> place_;
    [[no_unique_address]] Shape shape_{};
};

/// Elements in memory under strides.
/// @tparam T const where they cannot be written
template <class T, class Shape>
class strided_iterator : public place_iterator<strided_iterator<T, Shape>, Shape> {
    using base = place_iterator<strided_iterator, Shape>;
    friend base;

public:
    using value_type = std::remove_const_t<T>;
    using reference = T&;
    using pointer = T*;
    using strides = std::array<std::ptrdiff_t, Shape::rank() + 1>;

    constexpr strided_iterator() = default;
    constexpr strided_iterator(T* first, strides const& by, Shape const& s, std::size_t i)
        : base(s, i), first_(first), strides_(by) {}
    constexpr T& operator*() const { return *operator->(); }
    constexpr T* operator->() const {
        auto const& at = this->place();
        return first_ + (offset_of(at.outer, strides_.data()) +
                         static_cast<std::ptrdiff_t>(at.last) * strides_[outer_rank<Shape>]);
    }

private:
    T* first_ = nullptr;
    strides strides_{};
};

/// A node and its tape, which the iterators over it share: what a temporary expression refers to may be read after it is gone. What has
/// to be in memory, such as a product, is computed when the first element is read.
template <class Node>
class computed_elements {
public:
    using tape_type = tape<Node, false>;
    explicit computed_elements(Node const& n) : node_(n) {}
    computed_elements(computed_elements const&) = delete;
    ~computed_elements() { delete tape_; }

    tape_type& values() {
        // Builtins: <atomic> would take every program 0.03 s to read.
        if (tape_type* const t = __atomic_load_n(&tape_, __ATOMIC_ACQUIRE)) [[likely]]
            return *t;
        auto made = std::make_unique<tape_type>(node_);
        made->forward();
        tape_type* other = nullptr;
        return __atomic_compare_exchange_n(&tape_, &other, made.get(), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
                   ? *made.release()
                   : *other;
    }

private:
    Node const node_;
    tape_type* tape_ = nullptr;
};

/// Elements that are computed each time they are read.
template <class Node>
class computed_iterator : public place_iterator<computed_iterator<Node>, shape_t<Node>> {
    using base = place_iterator<computed_iterator, shape_t<Node>>;
    friend base;

public:
    using value_type = value_t<Node>;
    using reference = value_type;
    using pointer = void;

    computed_iterator() = default;
    computed_iterator(Node const& n, std::size_t i)
        : base(n.shape(), i), elements_(std::make_shared<computed_elements<Node>>(n)) {}
    value_type operator*() const {
        auto const& at = this->place();
        auto const v = elements_->values().row(at.outer).template load<1>(at.last).value;
        return element::element_of<value_type>(math::convert<value_type>(v));
    }

private:
    std::shared_ptr<computed_elements<Node>> elements_;
};

/// The iterator at an element of a node: a pointer where the elements lie in a row.
template <bool Writable, class Node>
constexpr auto iterator_at(Node const& n, std::size_t i) {
    if constexpr (lies_in_memory<tape, Node>) {
        using T = std::conditional_t<Writable, value_t<Node>, value_t<Node> const>;
        tape<Node, false> t(n);
        t.forward();
        auto* const p = const_cast<T*>(t.data());
        if constexpr (tape<Node, false>::is_contiguous) return p + i;
        else return strided_iterator<T, shape_t<Node>>(p, t.strides(), n.shape(), i);
    } else return computed_iterator<Node>(n, i);
}

}  // namespace tenon::inline TENON_TARGET::eval

namespace tenon::inline TENON_TARGET {
namespace detail {
template <>
struct elements_of_device<cpu> {
    static constexpr bool exists = true;
    template <class A>
    static constexpr auto at(A const& a, std::size_t i) {
        if constexpr (requires { typename A::variable_class; }) return a.value().data() + i;
        else return eval::iterator_at<is_writable<A>>(node_of(a), i);
    }
};

/// Whether iterators over an expression may be used when it is gone: not those of a tensor's own elements.
template <class X>
inline constexpr bool elements_outlive = false;
template <expression X>
    requires(
                std::is_same_v<device_of_t<X>, cpu> && !requires { typename X::tensor_tag; } &&
                !requires { typename X::variable_class; })
inline constexpr bool elements_outlive<X> =
    !eval::lies_in_memory<eval::tape, node_t<X const&>> || std::is_trivially_destructible_v<X>;
}  // namespace detail
}  // namespace tenon::inline TENON_TARGET

/// An expression's iterators keep what they read from: an algorithm that is given a temporary returns an iterator.
template <class X>
    requires tenon::detail::elements_outlive<X>
inline constexpr bool std::ranges::enable_borrowed_range<X> = true;
