// Large loops on several threads, where the program is compiled with OpenMP.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <tenon/base/target.hpp>

#if defined(_OPENMP)
#include <exception>

#include <omp.h>
#endif

namespace tenon::inline TENON_TARGET {

/// How many threads a loop may use: omp_get_max_threads(), or 1 without OpenMP and inside a parallel region.
inline std::size_t thread_count() {
#if defined(_OPENMP)
    return omp_in_parallel() ? 1 : static_cast<std::size_t>(std::max(1, omp_get_max_threads()));
#else
    return 1;
#endif
}

#if defined(_OPENMP)
namespace detail {
/// A loop over parts, whatever they do. A function of its own: clang's OpenMP makes itself known to the thread, and allocates,
/// wherever a parallel region may begin.
/// @param f called with `context` and the bounds of a part
[[gnu::noinline]] inline void run_parts(std::size_t n, std::size_t unit, std::size_t units, std::size_t parts,
                                        void (*f)(void const*, std::size_t, std::size_t), void const* context) {
    std::exception_ptr thrown;
#pragma omp parallel for num_threads(static_cast<int>(parts)) schedule(static)
    for (std::size_t part = 0; part < parts; ++part) try {
            f(context, std::min(n, units * part / parts * unit), std::min(n, units * (part + 1) / parts * unit));
        } catch (...) {
#pragma omp critical
            thrown = std::current_exception();
        }
    if (thrown) std::rethrow_exception(thrown);
}
}  // namespace detail
#endif

/// Cuts [0, n) into one part for each thread, at multiples of `unit`, and calls `f(first, last)` for each. The parts must not
/// depend on each other, so that results are the same for any number of threads. What one of several parts throws is thrown when
/// all have ended.
/// @param worth how many threads the work is worth; with 1 the call is f(0, n)
template <class F>
TENON_INLINE constexpr void for_each_part(std::size_t n, [[maybe_unused]] std::size_t unit,
                                          [[maybe_unused]] std::size_t worth, F const& f) {
#if defined(_OPENMP)
    TENON_AT_RUN_TIME {
        std::size_t const units = (n + unit - 1) / unit,
                          parts = worth > 1 ? std::min({worth, units, thread_count()}) : 1;
        if (parts > 1) {
            auto const run = [](void const* context, std::size_t first, std::size_t last) {
                (*static_cast<F const*>(context))(first, last);
            };
            return detail::run_parts(n, unit, units, parts, run, &f);
        }
    }
#endif
    f(std::size_t{0}, n);
}

}  // namespace tenon::inline TENON_TARGET
