// How large a core's second cache is: products are cut to it.
#pragma once

#include <cstddef>
#include <cstdio>

#include <tenon/base/target.hpp>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

/// @def TENON_L2_CACHE
/// Bytes of a core's second cache, for programs that shall not ask the system: it says something else than what is there, or cores
/// share the cache. All of a program has to be compiled with the same. No result depends on it.

namespace tenon::inline TENON_TARGET {

namespace detail {
/// Bytes of the first core's second cache as sysconf or Linux's file says, or 512 KiB where none does.
TENON_ON_USE
std::size_t ask_for_l2_cache() {
#if defined(TENON_L2_CACHE)
    return TENON_L2_CACHE;
#else
    std::size_t bytes = 0;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    if (long const known = sysconf(_SC_LEVEL2_CACHE_SIZE); known > 0) bytes = static_cast<std::size_t>(known);
#endif
    if (bytes == 0)
        if (std::FILE* const file = std::fopen("/sys/devices/system/cpu/cpu0/cache/index2/size", "r")) {
            char unit = 0;
            if (std::fscanf(file, "%zu%c", &bytes, &unit) == 2) bytes <<= unit == 'K' ? 10 : unit == 'M' ? 20 : 0;
            std::fclose(file);
        }
    constexpr std::size_t least = std::size_t{64} << 10, most = std::size_t{64} << 20;
    return bytes >= least && bytes <= most ? bytes : std::size_t{512} << 10;
#endif
}
TENON_ON_USE
[[gnu::noinline]] std::size_t known_l2_cache() {
    static std::size_t const bytes = ask_for_l2_cache();
    return bytes;
}
}  // namespace detail

/// Bytes of a core's second cache; the system is asked once.
constexpr std::size_t l2_cache() {
    if (__builtin_is_constant_evaluated()) return std::size_t{512} << 10;
    return detail::known_l2_cache();
}

}  // namespace tenon::inline TENON_TARGET
