// Where a tensor's elements live: inside the object when they are few, otherwise on the heap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include <tenon/core/shape.hpp>
#include <tenon/core/target.hpp>
#include <tenon/core/workspace.hpp>

namespace tenon::inline TENON_TARGET {

/// Tensors up to this size live inside the object, and so on the stack and in constant expressions; a network's large
/// weights never land on the stack by accident.
inline constexpr std::size_t inline_bytes = 1024;

template <class T, std::size_t Size>
inline constexpr bool stored_inline = !is_dynamic(Size) && Size * sizeof(T) <= inline_bytes;

/// Elements inside the object; uninitialised until written.
template <class T, std::size_t Size, bool Inline = stored_inline<T, Size>>
class storage {
public:
    constexpr storage() : storage(Size) {}
    explicit constexpr storage(std::size_t) {
        // A tensor without elements still hands out a pointer, which the compiler may not take for an uninitialised read.
        if constexpr (Size == 0) elements_[0] = T{};
    }
    constexpr T* data() { return elements_; }
    constexpr T const* data() const { return elements_; }

private:
    alignas(Size * sizeof(T) >= inline_alignment ? inline_alignment : alignof(T)) T elements_[Size == 0 ? 1 : Size];
};

/// Elements on the heap, aligned to 64 bytes; uninitialised until written. A moved-from one is empty.
template <class T, std::size_t Size>
class storage<T, Size, false> {
public:
    storage() : storage(is_dynamic(Size) ? 0 : Size) {}
    explicit storage(std::size_t n)
        : data_(n == 0 ? nullptr : static_cast<T*>(detail::aligned_new(n * sizeof(T)))), size_(n) {
        static_assert(std::is_trivially_copyable_v<T>, "tensors hold numbers");
    }
    storage(storage const& other) : storage(other.size_) { std::copy_n(other.data_, size_, data_); }
    storage(storage&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    storage& operator=(storage const& other) {
        if (this == &other) return *this;
        if (size_ != other.size_) *this = storage(other.size_);
        std::copy_n(other.data_, size_, data_);
        return *this;
    }
    storage& operator=(storage&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~storage() {
        if (data_) detail::aligned_delete(data_);
    }
    T* data() { return data_; }
    T const* data() const { return data_; }

private:
    T* data_;
    std::size_t size_;
};

}  // namespace tenon::inline TENON_TARGET
