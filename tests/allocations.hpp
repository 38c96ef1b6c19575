// Counts what a program asks the system for. Included by one file of a program, whose operator new it replaces.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// TSan brings an operator new of its own, which cannot be replaced beside it: allocations are counted without it.
#if defined(__SANITIZE_THREAD__)
#define TENON_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TENON_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef TENON_COUNTS_ALLOCATIONS
#define TENON_COUNTS_ALLOCATIONS 1
#endif

#if TENON_COUNTS_ALLOCATIONS
namespace {

std::atomic<std::size_t> allocations = 0;

void* counted(std::size_t bytes, std::size_t alignment) {
    ++allocations;
    if (void* p = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment)) return p;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes, 16); }
void* operator new(std::size_t bytes, std::align_val_t a) { return counted(bytes, static_cast<std::size_t>(a)); }
// The standard library's sorts ask without exceptions; a replacement that left this form out would free what it did not make.
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept { return counted(bytes, 16); }
// Not inlined: g++ would warn where it sees what frees and not what allocates.
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::nothrow_t const&) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
#endif
