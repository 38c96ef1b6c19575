// Memory for temporaries: a pool that asks the system once and then hands the same blocks out again.
#pragma once

#include <bit>
#include <cstddef>
#include <new>
#include <string>  // has std::allocator and std::construct_at; <memory> takes a compiler 0.2 s more, for shared pointers
#include <type_traits>
#include <utility>

#include <tenon/base/target.hpp>
#include <tenon/core/shape.hpp>

namespace tenon::inline TENON_TARGET {

/// Memory is aligned to a cache line, which is also the widest SIMD register.
inline constexpr std::size_t alignment = 64;

/// Elements inside an object are aligned to a register of at most 32 bytes: more would cost room, and objects that are
/// aligned beyond the widest register are passed by value differently by different compiler versions.
inline constexpr std::size_t inline_alignment = TENON_VECTOR_BYTES < 32 ? TENON_VECTOR_BYTES : 32;

namespace detail {
inline void* aligned_new(std::size_t bytes) { return ::operator new(bytes, std::align_val_t{alignment}); }
inline void aligned_delete(void* p) noexcept { ::operator delete(p, std::align_val_t{alignment}); }

/// No processor addresses more.
inline constexpr std::size_t most_bytes = std::size_t{1} << 47;
TENON_ON_USE
[[noreturn, gnu::noinline, gnu::cold]] void throw_too_large(std::size_t n, std::size_t bytes) {
    throw shape_error(text_of({"memory: ", n, " elements of ", bytes, " bytes are more than 2^47 bytes"}));
}
/// How many bytes n elements need. @throws shape_error where no processor has so many addresses
template <class T>
constexpr std::size_t bytes_for(std::size_t n) {
    if (n > most_bytes / sizeof(T)) [[unlikely]]
        throw_too_large(n, sizeof(T));
    return n * sizeof(T);
}
/// Memory for n elements. @throws shape_error where no processor has so much, std::bad_alloc where this one has not
template <class T>
T* aligned_elements(std::size_t n) {
    return static_cast<T*>(aligned_new(bytes_for<T>(n)));
}
}  // namespace detail

/// A thread's pool of blocks, in classes of four sizes for each power of two. A block that comes back is the first to be
/// handed out again, while it is still in the cache; memory goes back to the system when the thread ends. A training
/// loop therefore allocates in its first step alone.
class workspace {
public:
    workspace() = default;
    workspace(workspace const&) = delete;
    workspace& operator=(workspace const&) = delete;
    ~workspace() { release(); }

    /// At least `bytes` bytes, aligned to 64.
    void* allocate(std::size_t bytes) {
        std::size_t const k = size_class(bytes);
        if (block* b = free_[k]) {
            free_[k] = b->next;
            return b;
        }
        return detail::aligned_new(class_bytes(k));
    }
    /// Takes back what `allocate(bytes)` gave.
    void deallocate(void* p, std::size_t bytes) noexcept {
        std::size_t const k = size_class(bytes);
        free_[k] = ::new (p) block{free_[k]};
    }
    /// Gives the free blocks back to the system.
    void release() noexcept {
        for (block*& head : free_)
            while (head) detail::aligned_delete(std::exchange(head, head->next));
    }
    /// The calling thread's pool.
    static workspace& local() {
        thread_local workspace w;
        return w;
    }

private:
    struct block {
        block* next;
    };
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t size_class(std::size_t bytes) {
        if (bytes <= smallest) return 0;
        std::size_t const top = 63 - static_cast<std::size_t>(std::countl_zero(bytes - 1));
        return (top - 6) * 4 + (((bytes - 1) >> (top - 2)) & 3) + 1;
    }
    static constexpr std::size_t class_bytes(std::size_t k) {
        if (k == 0) return smallest;
        std::size_t const top = (k - 1) / 4 + 6, part = (k - 1) % 4;
        return (std::size_t{1} << top) + ((part + 1) << (top - 2));
    }
    block* free_[4 * 58] = {};
};

namespace detail {
/// Memory of an evaluation from the thread's workspace, whatever its elements are. What is not a comparison is a function
/// that each program has once: buffers are members of most nodes' tapes.
struct workspace_memory {
    [[gnu::noinline]] static void* allocate(std::size_t bytes) { return workspace::local().allocate(bytes); }
    [[gnu::noinline]] static void deallocate(void* p, std::size_t bytes) noexcept {
        workspace::local().deallocate(p, bytes);
    }
    /// Gives memory back, where there is some, and allocates room for n elements.
    /// @param held the bytes of that memory, or 0, and then of the new
    [[gnu::noinline]] static void* replace(void* old, std::size_t& held, std::size_t n, std::size_t size) {
        if (std::size_t const bytes = std::exchange(held, 0); bytes != 0) deallocate(old, bytes);
        if (n > most_bytes / size) [[unlikely]]
            throw_too_large(n, size);
        void* const p = allocate(n * size);
        held = n == 0 ? 1 : n * size;
        return p;
    }
};

/// Elements in memory of their own, or borrowed.
template <class T>
struct remote_elements {
    T* p = nullptr;
    std::size_t n = 0;
    std::size_t held = 0;  ///< how much memory it owns: bytes, or elements in a constant expression

    constexpr remote_elements() {}
    remote_elements(remote_elements const&) = delete;
    remote_elements& operator=(remote_elements const&) = delete;
    constexpr ~remote_elements() { release(); }

    constexpr void reserve(std::size_t count) {
        if (!p || n != count) replace(count);
    }
    constexpr void borrow(T* memory, std::size_t count) {
        release();
        p = memory;
        n = count;
        held = 0;
    }

private:
    constexpr void release() {
        if (held == 0) return;
        if (__builtin_is_constant_evaluated()) std::allocator<T>{}.deallocate(p, held);
        else workspace_memory::deallocate(p, held);
    }
    constexpr void replace(std::size_t count) {
        if (__builtin_is_constant_evaluated()) {
            release();
            held = count == 0 ? 1 : count;
            p = std::allocator<T>{}.allocate(held);
            for (std::size_t i = 0; i != count; ++i) std::construct_at(p + i);
        } else {
            T* const old = std::exchange(p, nullptr);
            p = static_cast<T*>(workspace_memory::replace(old, held, count, sizeof(T)));
        }
        n = count;
    }
};
/// Elements inside an object.
template <class T, std::size_t Size>
struct local_elements {
    alignas(Size * sizeof(T) >= inline_alignment ? inline_alignment : alignof(T)) T elements[Size > 0 ? Size : 1];
    T* p = elements;

    constexpr local_elements() {}
    static constexpr void reserve(std::size_t) {}
    constexpr void borrow(T* memory, std::size_t) { p = memory; }
};
}  // namespace detail

/// Elements that live as long as one evaluation: inside the object when few and of a static number, otherwise from the
/// thread's workspace. Elements start uninitialised.
/// @tparam Size number of elements, or `dyn`
template <class T, std::size_t Size>
class buffer {
public:
    static constexpr bool is_inline = !is_dynamic(Size) && Size <= 1024 / sizeof(T);

    constexpr buffer() {}
    buffer(buffer const&) = delete;
    buffer& operator=(buffer const&) = delete;
    /// Makes room for n elements; n is Size where that is static.
    constexpr void reserve(std::size_t n) { held_.reserve(n); }
    /// The same with zeros in it.
    constexpr void reserve_zeros(std::size_t n) {
        reserve(n);
        T* const p = data();
        for (std::size_t i = 0; i != n; ++i) p[i] = T(0);
    }
    /// Takes memory of n elements that somebody else keeps, instead of its own.
    constexpr void borrow(T* p, std::size_t n) { held_.borrow(p, n); }
    TENON_INLINE constexpr T* data() { return held_.p; }
    TENON_INLINE constexpr T const* data() const { return held_.p; }

private:
    std::conditional_t<is_inline, detail::local_elements<T, Size>, detail::remote_elements<T>> held_;
};

}  // namespace tenon::inline TENON_TARGET
