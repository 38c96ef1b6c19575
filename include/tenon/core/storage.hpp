// Where a tensor's elements live: inside the object when they are few, otherwise on the heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>
#include <tenon/core/shape.hpp>
#include <tenon/core/workspace.hpp>

namespace tenon::inline TENON_TARGET {

/// Tensors up to this size live inside the object, and so on the stack and in constant expressions; a network's large
/// weights never land on the stack by accident.
inline constexpr std::size_t inline_bytes = 1024;

template <class T, std::size_t Size>
inline constexpr bool stored_inline = !is_dynamic(Size) && Size <= inline_bytes / sizeof(T);

namespace detail {
/// Where no elements are: an address that loops over rows of length 0 may add to, as they may not to a null pointer. One for a
/// program: g++ 12 gives each file its own where this is a static variable of `storage::none`, and a tensor that one file makes and
/// another destroys would free it.
alignas(alignment) inline unsigned char no_elements[alignment];
}  // namespace detail

/// A shape and its elements, uninitialised until written. The two always agree, also in what was moved from.
/// Few elements of a static shape are inside the object, where to move is to copy.
template <class T, class Shape, bool Inline = stored_inline<T, static_size<Shape>>>
class storage {
    static constexpr std::size_t size = static_size<Shape>;

public:
    explicit constexpr storage(Shape const& = {}) {
        // A tensor without elements still hands out a pointer, which the compiler may not take for an uninitialised read.
        if constexpr (size == 0) elements_[0] = T{};
    }
    static constexpr Shape shape() { return {}; }
    constexpr T* data() { return elements_; }
    constexpr T const* data() const { return elements_; }

private:
    alignas(size * sizeof(T) >= inline_alignment ? inline_alignment : alignof(T)) T elements_[size == 0 ? 1 : size];
};

/// Many elements of a static shape, on the heap, aligned to 64 bytes. What was moved from has no memory; it gets some, and
/// zeros in it, when its elements are next asked for, so that they are there at any time.
template <class T, class Shape>
    requires(Shape::is_static)
class storage<T, Shape, false> {
    static constexpr std::size_t size = static_size<Shape>;
    static_assert(std::is_trivially_copyable_v<T>, "tensors hold numbers");

public:
    explicit storage(Shape const& = {}) : data_(detail::aligned_elements<T>(size)) {}
    storage(storage const& other) : storage() { std::memcpy(data_, other.data(), size * sizeof(T)); }
    storage(storage&& other) noexcept : data_(other.held()) { other.data_ = nullptr; }
    storage& operator=(storage const& other) {
        if (this != &other) std::memcpy(data(), other.data(), size * sizeof(T));
        return *this;
    }
    storage& operator=(storage&& other) noexcept {
        T* const mine = held();
        data_ = other.held();
        other.data_ = mine;
        return *this;
    }
    ~storage() {
        if (T* const p = held()) detail::aligned_delete(p);
    }
    static constexpr Shape shape() { return {}; }
    T* data() { return data_ != nullptr ? data_ : regained(this); }
    T const* data() const { return data_ != nullptr ? data_ : regained(this); }

private:
    /// Asked twice it gives the same memory, so it is `pure` to its caller, and a loop over elements stays a loop without
    /// calls: a check that may write cost g++ and clang their vectors there (4 to 7 times as long). Several threads may read
    /// one tensor. Where there is no memory the program ends, since what is pure does not throw.
    [[gnu::pure, gnu::noinline, gnu::cold]] static T* regained(storage const* s) noexcept {
        T* p = nullptr;
        __atomic_load(&s->data_, &p, __ATOMIC_ACQUIRE);
        if (p != nullptr) return p;
        T* const fresh = detail::aligned_elements<T>(size);
        std::fill_n(fresh, size, T{});
        if (__atomic_compare_exchange_n(&s->data_, &p, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return fresh;
        detail::aligned_delete(fresh);
        return p;
    }
    /// What is in memory now: the compiler may take the member for a null pointer after a call of `regained`.
    T* held() const { return *const_cast<T* const volatile*>(&data_); }

    mutable T* data_;
};

/// Elements of a shape that has run-time extents, on the heap, aligned to 64 bytes. What was moved from has extents of 0.
template <class T, class Shape>
    requires(!Shape::is_static)
class storage<T, Shape, false> {
    static_assert(std::is_trivially_copyable_v<T>, "tensors hold numbers");

public:
    explicit storage(Shape const& s = {})
        : shape_(s), data_(s.size() == 0 ? none() : detail::aligned_elements<T>(s.size())) {}
    storage(storage const& other) : storage(other.shape_) {
        std::memcpy(data_, other.data_, shape_.size() * sizeof(T));
    }
    storage(storage&& other) noexcept
        : shape_(std::exchange(other.shape_, {})), data_(std::exchange(other.data_, none())) {}
    storage& operator=(storage const& other) {
        if (this == &other) return *this;
        if (shape_.size() != other.shape_.size()) *this = storage(other.shape_);
        shape_ = other.shape_;
        std::memcpy(data_, other.data_, shape_.size() * sizeof(T));
        return *this;
    }
    storage& operator=(storage&& other) noexcept {
        std::swap(shape_, other.shape_);
        std::swap(data_, other.data_);
        return *this;
    }
    ~storage() {
        if (data_ != none()) detail::aligned_delete(data_);
    }
    Shape shape() const { return shape_; }
    T* data() { return data_; }
    T const* data() const { return data_; }

private:
    static T* none() { return reinterpret_cast<T*>(detail::no_elements); }

    Shape shape_;
    T* data_;
};

}  // namespace tenon::inline TENON_TARGET
