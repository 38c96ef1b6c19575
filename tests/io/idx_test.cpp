// IDX files, plain and gzipped.
#include <tenon/io/idx.hpp>

#include <cstdint>
#include <string>
#include <vector>

#if defined(TENON_WITH_ZLIB)
#include <tenon/io/gzip.hpp>
#endif

#include "../catch.hpp"
#include "../error_of.hpp"
#include "folder.hpp"

namespace tn = tenon;
using namespace std::string_literals;

namespace {

std::string const bytes = "\0\0\x8\2\0\0\0\2\0\0\0\3\1\2\3\4\5\xff"s;

}  // namespace

TEST_CASE("an IDX file is read in big-endian order") {
    tenon_test::folder f;
    auto const x = tn::io::load_idx<std::uint8_t, tn::dyn, 3>(f.file("x", bytes));
    CHECK(x.extent(0) == 2);
    CHECK((x(0, 0) == 1 && x(1, 2) == 255));
    auto const i = tn::io::load_idx<std::int32_t, 2>(f.file("i", "\0\0\xC\1\0\0\0\2\0\0\1\0\xff\xff\xff\xfe"s));
    CHECK((i(0) == 256 && i(1) == -2));
    auto const d = tn::io::load_idx<float, 1>(f.file("f", "\0\0\xD\1\0\0\0\1\x3f\x80\0\0"s));
    CHECK(d(0) == 1.f);
    auto const b = tn::io::load_idx<std::int8_t, 1, 1>(f.file("b", "\0\0\x9\2\0\0\0\1\0\0\0\1\xff"s));
    CHECK(b(0, 0) == -1);
    auto const s = tn::io::load_idx<std::int16_t, 1>(f.file("s", "\0\0\xB\1\0\0\0\1\xff\2"s));
    CHECK(s(0) == -254);
    auto const e = tn::io::load_idx<double>(f.file("e", "\0\0\xE\0\x3f\xf0\0\0\0\0\0\0"s));
    CHECK(*e.data() == 1.);
    CHECK(tn::io::load_idx<std::uint8_t, tn::dyn>(f.file("n", "\0\0\x8\1\0\0\0\0"s)).size() == 0);
}

TEST_CASE("IDX files that do not fit or are damaged are refused by name") {
    tenon_test::folder f;
    auto const file = f.file("images", bytes);
    CHECK_THAT(error_of<tn::shape_error>([&] { (void)tn::io::load_idx<std::uint8_t, 2, 4>(file); }),
               tenon_test::contains("images") && tenon_test::contains("[2, 3]") && tenon_test::contains("[2, 4]"));
    CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_idx<float, 2, 3>(file); }),
               tenon_test::contains("uint8"));
    for (auto const& content : {""s, "\0\0\x8"s, bytes.substr(0, 10), bytes.substr(0, 17), bytes + "x", "\0\1"s + bytes,
                                "\0\0\7\1\0\0\0\1\1"s, "\0\0\x8\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s})
        CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_idx<std::uint8_t, 2, 3>(f.file("bad", content)); }),
                   tenon_test::contains("bad"));
}

#if defined(TENON_WITH_ZLIB)
TEST_CASE("a gzipped file is unpacked, and its damages are found") {
    tenon_test::folder f;
    auto const name = (f / "x.gz").string();
    gzFile out = gzopen(name.c_str(), "wb");
    gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(out);
    CHECK(tn::io::load_idx<std::uint8_t, 2, 3>(name)(1, 0) == 4);
    auto const packed = tn::io::read_file(name);
    CHECK(tn::io::gunzip(packed + packed, "twice") == bytes + bytes);
    // gzip passes over zeros behind a member, which tapes and block devices leave there.
    CHECK(tn::io::gunzip(packed + '\0', "padded") == bytes);
    CHECK(tn::io::gunzip(packed + std::string(3000, '\0') + packed + "\0\0"s, "padded") == bytes + bytes);
    CHECK(tn::io::load_idx<std::uint8_t, 2, 3>(f.file("padded", packed + std::string(512, '\0')))(1, 2) == 255);
    for (auto const& content : {packed.substr(0, packed.size() - 3), packed.substr(0, 12), packed + "rest",
                                packed + "\0\0rest"s, packed + "\0\x1f"s, "\x1f\x8b\0\0\0"s})
        CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_idx<std::uint8_t, 2, 3>(f.file("bad", content)); }),
                   tenon_test::contains("bad"));
}
#else
TEST_CASE("a gzipped file is refused with the way to read it") {
    tenon_test::folder f;
    CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_idx<std::uint8_t, 1>(f.file("x.gz", "\x1f\x8b")); }),
               tenon_test::contains("tenon/io/gzip.hpp"));
}
#endif
