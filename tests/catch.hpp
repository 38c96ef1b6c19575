// The one header that a test includes for Catch2, whichever of its two interfaces is installed: version 3 or 2.13.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using Catch::Approx;

namespace tenon_test {
inline auto contains(char const* text) { return Catch::Matchers::ContainsSubstring(text); }
}  // namespace tenon_test
#else
// No assertion has a handler of its own: what one throws without being asked to ends its test, which fails. Tests with many
// assertions compile in a tenth less time.
#define CATCH_CONFIG_FAST_COMPILE
#include <catch2/catch.hpp>

namespace tenon_test {
inline auto contains(char const* text) { return Catch::Matchers::Contains(text); }
}  // namespace tenon_test

// Version 2 cannot skip: the test says why and ends.
#define SKIP(...)                                                                                                      \
    do {                                                                                                               \
        WARN("skipped: " << __VA_ARGS__);                                                                              \
        return;                                                                                                        \
    } while (false)
#endif
