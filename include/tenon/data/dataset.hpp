// What a dataset is, and how adaptors and loaders hold one.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

#include <tenon/core/tensor.hpp>

namespace tenon::inline TENON_TARGET::data {

/// Anything with `size()` and `operator[]`, both const: a number of samples, each reached by its index. A sample is a
/// tensor, a number, or a pair, tuple or array of samples. A tensor itself is none, since it counts elements.
template <class D>
concept dataset = !expression<D> && requires(std::remove_reference_t<D> const& d, std::size_t i) {
    { d.size() } -> std::convertible_to<std::size_t>;
    d[i];
};

/// The type of a dataset's samples.
template <class D>
using sample_t = std::remove_cvref_t<decltype(std::declval<std::remove_reference_t<D> const&>()[std::size_t{}])>;

namespace detail {

/// An object that was given as a temporary is owned …
template <class D>
class held {
public:
    explicit held(D&& d) : value_(std::move(d)) {}
    D& get() { return value_; }
    D const& get() const { return value_; }

private:
    D value_;
};
/// … and one that has a name is referred to.
template <class D>
class held<D&> {
public:
    explicit held(D& d) : value_(&d) {}
    D& get() const { return *value_; }

private:
    D* value_;
};

/// A dataset that has a new order for each epoch is told when one begins.
template <class D>
void start_epoch([[maybe_unused]] D& d) {
    if constexpr (requires { d.start_epoch(); }) d.start_epoch();
}

}  // namespace detail

/// Base of adapted datasets: makes them ranges of samples. Each `begin()` starts an epoch.
template <class Derived>
class view {
public:
    class iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;

        iterator() = default;
        iterator(Derived const& d, std::size_t at) : data_(&d), at_(at) {}
        decltype(auto) operator*() const { return (*data_)[at_]; }
        iterator& operator++() {
            ++at_;
            return *this;
        }
        iterator operator++(int) {
            iterator const old = *this;
            ++at_;
            return old;
        }
        friend bool operator==(iterator const& a, iterator const& b) { return a.at_ == b.at_; }
        using value_type = std::remove_cvref_t<decltype(std::declval<Derived const&>()[0])>;

    private:
        Derived const* data_ = nullptr;
        std::size_t at_ = 0;
    };

    auto begin() {
        auto& self = static_cast<Derived&>(*this);
        detail::start_epoch(self);
        return iterator_of(self, 0);
    }
    auto end() {
        auto& self = static_cast<Derived&>(*this);
        return iterator_of(self, self.size());
    }

private:
    // In a function template the derived class is complete.
    template <class D>
    static typename view<D>::iterator iterator_of(D& d, std::size_t at) {
        return {d, at};
    }
};

}  // namespace tenon::inline TENON_TARGET::data
