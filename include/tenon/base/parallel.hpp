// Large loops on several threads, where the program is compiled for that: docs/threads.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <type_traits>

#include <tenon/base/target.hpp>

/// @def TENON_THREADS
/// Whether large loops use several threads: 1 with -fopenmp, otherwise 0 unless the program is compiled with -DTENON_THREADS=1.
#ifndef TENON_THREADS
#if defined(_OPENMP) || defined(TENON_PARALLEL_FOR)
#define TENON_THREADS 1
#else
#define TENON_THREADS 0
#endif
#endif

/// @def TENON_PARALLEL_FOR
/// `TENON_PARALLEL_FOR(n, f)` may be defined by a program that has threads already: it calls f(i) for every i in [0, n), each once, in
/// any order and on any threads, and returns when all have returned. Tenon then starts no threads.

#if TENON_THREADS
#include <tenon/base/thread_pool.hpp>
#if defined(_OPENMP)
#include <omp.h>
#endif
#endif

namespace tenon::inline TENON_TARGET {

namespace detail {
#if TENON_THREADS
/// What `set_num_threads` was given, or 0.
inline atomic<std::size_t> wanted_threads{0};

/// How many threads a program has if it says nothing: TENON_NUM_THREADS of its environment, what OpenMP says where it is compiled with
/// that, or one for each processor that it may run on.
[[gnu::noinline, gnu::cold]] inline std::size_t default_threads() {
    static std::size_t const fixed = [] {
        char const* const text = std::getenv("TENON_NUM_THREADS");
        std::size_t const n = text ? std::strtoul(text, nullptr, 10) : 0;
#if !defined(_OPENMP)
        if (n == 0) return processor_count();
#endif
        return n;
    }();
#if defined(_OPENMP)
    if (fixed == 0) return static_cast<std::size_t>(std::max(1, omp_get_max_threads()));
#endif
    return fixed;
}

/// Where cuts are computed without overflow.
inline constexpr std::size_t most_pieces = std::size_t{1} << 16;

/// Where a loop is cut, and its body: f(first, last) of what `context` is.
struct cut_loop {
    std::size_t n, unit, units, pieces;
    void (*f)(void const*, std::size_t, std::size_t);
    void const* context;

    std::size_t begin_of(std::size_t piece) const { return std::min(n, units * piece / pieces * unit); }
    static void run(void const* loop, std::size_t first, std::size_t last) {
        auto const& l = *static_cast<cut_loop const*>(loop);
        l.f(l.context, l.begin_of(first), l.begin_of(last));
    }
};
#endif
}  // namespace detail

/// How many threads large loops use: `set_num_threads`, or TENON_NUM_THREADS in the environment, or with -fopenmp what OpenMP says
/// (OMP_NUM_THREADS), or one for each processor that the program may use; 1 where it is compiled for one; torch.get_num_threads.
inline std::size_t num_threads() {
#if TENON_THREADS
    std::size_t const wanted = detail::wanted_threads.load();
    return wanted != 0 ? wanted : detail::default_threads();
#else
    return 1;
#endif
}
/// Sets how many threads large loops use, from the next on; torch.set_num_threads. Results do not depend on it.
/// @throws std::invalid_argument for 0
inline void set_num_threads(std::size_t n) {
    if (n == 0) throw std::invalid_argument("set_num_threads: a program has one thread at least");
#if TENON_THREADS
    detail::wanted_threads.store(n);
#endif
}

/// How many threads a loop that begins here may use: 1 inside of another loop's piece, a loader's worker, or a parallel region of
/// OpenMP.
inline std::size_t thread_count() {
#if TENON_THREADS
    if (detail::helps) return 1;
#if defined(_OPENMP)
    if (omp_in_parallel()) return 1;
#endif
#endif
    return num_threads();
}

#if TENON_THREADS
namespace detail {
/// Runs a loop in pieces on several threads, or as one where that is not to be had. A function of its own: clang's OpenMP makes itself
/// known to the thread, and allocates, wherever it is asked anything.
[[gnu::noinline]] inline void run_in_pieces(cut_loop const& loop) {
    std::size_t const threads = thread_count();
    if (threads < 2) return loop.f(loop.context, 0, loop.n);
#if defined(TENON_PARALLEL_FOR)
    TENON_PARALLEL_FOR(loop.pieces, [&loop](std::size_t piece) {
        helping const now_on;
        cut_loop::run(&loop, piece, piece + 1);
    });
#else
    piece_loop pieces{cut_loop::run, &loop, loop.pieces};
    helpers.run(pieces, threads);
#endif
}
}  // namespace detail
#endif

/// Cuts [0, n) into pieces at multiples of `unit`, and calls `f(first, last)` for each: threads take them as they come free. Where the
/// cuts are does not depend on the number of threads; with one thread the call is f(0, n). The pieces must not depend on each other, so
/// that results are the same for any number of threads. What one of several pieces throws is thrown when all that had begun have ended.
/// @param worth into how many pieces the work is cut, each large enough for a thread to be woken; below 2 the call is f(0, n)
template <class F>
TENON_INLINE constexpr void for_each_part(std::size_t n, [[maybe_unused]] std::size_t unit,
                                          [[maybe_unused]] std::size_t worth, F const& f) {
#if TENON_THREADS
    TENON_AT_RUN_TIME {
        // One copy of the loop, for one thread and for several.
        auto const run = [](void const* context, std::size_t first, std::size_t last)
                             __attribute__((noinline)) { (*static_cast<F const*>(context))(first, last); };
        if (worth < 2 || n <= unit) return run(&f, 0, n);
        std::size_t const units = (n + unit - 1) / unit;
        return detail::run_in_pieces({n, unit, units, std::min({worth, units, detail::most_pieces}), run, &f});
    }
#endif
    f(std::size_t{0}, n);
}

}  // namespace tenon::inline TENON_TARGET
