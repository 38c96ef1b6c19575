// Texts that are put together of pieces.
#include <tenon/base/text.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "../catch.hpp"

namespace tn = tenon;

TEST_CASE("pieces of a text are characters and numbers") {
    std::string const name = "weight";
    CHECK(tn::text_of({}) == "");
    CHECK(tn::text_of({name, std::string_view(".bias", 2), " has ", 3, " of ", std::size_t{4}}) ==
          "weight.b has 3 of 4");
    std::string text = "from ";
    tn::append_text(text,
                    {std::numeric_limits<std::int64_t>::min(), " to ", std::numeric_limits<std::uint64_t>::max()});
    CHECK(text == "from -9223372036854775808 to 18446744073709551615");
}

TEST_CASE("numbers in a text are those of std::to_string") {
    for (double const v :
         {0., -1.5, 1e-7, 123456.789, std::numeric_limits<double>::max(), std::numeric_limits<double>::infinity()})
        CHECK(tn::text_of({v}) == std::to_string(v));
    CHECK(tn::text_of({std::int8_t{-7}}) == "-7");
    CHECK(tn::text_of({std::uint16_t{65535}}) == "65535");
}
