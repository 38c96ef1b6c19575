// Safetensors: round trips, the format's rules, and every way to break them.
#include <tenon/io/safetensors.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/core/sequence.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "folder.hpp"

namespace tn = tenon;
using namespace std::string_literals;

namespace {

std::string file_of(std::string const& header, std::string const& data) {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size() & 0xFFU);
    bytes[1] = static_cast<char>(header.size() >> 8);
    return bytes + header + data;
}

std::string entry(std::string const& name, std::string const& rest) { return '"' + name + "\":{" + rest + '}'; }

}  // namespace

TEST_CASE("tensors and notes come back by name") {
    tenon_test::folder f;
    auto const a = tn::arange<float, 6>();
    tn::tensor<std::int64_t, tn::dyn, 2> b(3);
    b(2, 1) = -7;
    tn::tensor<bool, 3> c({true, false, true});
    tn::io::safetensors_writer().add("c", c).add("a \"\n", a).add("b", b).note("made", "höre").write(f / "m");
    auto const m = tn::io::load_safetensors(f / "m");
    CHECK(m.names() == std::vector<std::string>{"a \"\n", "b", "c"});
    CHECK(m.metadata().at("made") == "höre");
    CHECK(m.get<float, 6>("a \"\n")(5) == 5.f);
    CHECK(m.get<std::int64_t, tn::dyn, tn::dyn>("b")(2, 1) == -7);
    CHECK(m.get<bool, 3>("c")(2));
    CHECK((m.contains("b") && !m.contains("d")));
    CHECK(m.at("b").begin == 0);  // wide elements come first
    CHECK_THROWS_AS(tn::io::safetensors_writer().add("x", a).add("x", a), std::invalid_argument);
    // The format has complex numbers of floats alone.
    CHECK_THROWS_AS((tn::io::safetensors_writer().add("z", tn::element_type{'c', 16}, {1}, std::string(16, '\0'))),
                    std::invalid_argument);
    tn::io::safetensors_writer().write(f / "none");
    CHECK(tn::io::load_safetensors(f / "none").names().empty());
}

TEST_CASE("half precision widens to float") {
    tenon_test::folder f;
    auto const header = '{' + entry("h", R"("dtype":"F16","shape":[4],"data_offsets":[0,8])") + ',' +
                        entry("b", R"("dtype":"BF16","shape":[1],"data_offsets":[8,10])") + '}';
    auto const m = tn::io::load_safetensors(f.file("m", file_of(header, "\0\x3c\1\0\0\xfc\x55\xb5\x80\xc0"s)));
    auto const h = m.get<float, 4>("h");
    CHECK((h(0) == 1.f && h(1) == 0x1p-24f && h(2) < -3e38f && h(3) == -0.333251953125f));
    CHECK(m.get<float, 1>("b")(0) == -4.f);
    CHECK(!error_of<tn::io_error>([&] { (void)m.get<double, 4>("h"); }).empty());
    // As they are, and back.
    CHECK(m.get<tn::float16, 4>("h")(1).bits == 1);
    CHECK(m.get<tn::bfloat16, 1>("b")(0) == -4.f);
    CHECK(!error_of<tn::io_error>([&] { (void)m.get<tn::bfloat16, 4>("h"); }).empty());
    tn::io::safetensors_writer()
        .add("h", m.get<tn::float16, 4>("h"))
        .add("b", m.get<tn::bfloat16, 1>("b"))
        .write(f / "n");
    auto const n = tn::io::load_safetensors(f / "n");
    CHECK(n.get<float, 4>("h")(3) == -0.333251953125f);
    CHECK(n.get<float, 1>("b")(0) == -4.f);
}

TEST_CASE("a tensor of a type that C++ has not is in no other's way") {
    tenon_test::folder f;
    auto const header = '{' + entry("w", R"("dtype":"F32","shape":[1],"data_offsets":[0,4])") + ',' +
                        entry("f", R"("dtype":"F8_E4M3","shape":[2],"data_offsets":[4,6])") + ',' +
                        entry("q", R"("dtype":"F4","shape":[2,3],"data_offsets":[6,9])") + ',' +
                        entry("c", R"("dtype":"C64","shape":[],"data_offsets":[9,17])") + ',' +
                        entry("n", R"("dtype":"C128","shape":[7],"data_offsets":[17,18])") + ',' +
                        entry("u", R"("dtype":"U8","shape":[],"data_offsets":[18,19])") + '}';
    auto const m =
        tn::io::load_safetensors(f.file("mixed", file_of(header, "\0\0\x80\x3f"s + std::string(14, 'x') + "\7")));
    CHECK(m.get<float, 1>("w")(0) == 1.f);
    CHECK(*m.get<std::uint8_t>("u").data() == 7);
    CHECK(m.names().size() == 6);
    CHECK((m.at("f").dtype == "F8_E4M3" && m.at("q").extents == std::vector<std::size_t>{2, 3}));
    CHECK_THAT(error_of<tn::io_error>([&] { (void)m.get<std::uint8_t, 2>("f"); }),
               tenon_test::contains("mixed") && tenon_test::contains("'f'") && tenon_test::contains("F8_E4M3"));
    CHECK_THAT(error_of<tn::io_error>([&] { (void)m.get<float, 7>("n"); }), tenon_test::contains("C128"));
}

TEST_CASE("what the format's own library skips is skipped") {
    tenon_test::folder f;
    auto const rest = R"("note":[{"x":-1.5e+3,"y":[]},null,true,"]"],"dtype":"U8","shape":[0,3],"data_offsets":[0,0])";
    auto const m = tn::io::load_safetensors(
        f.file("m", file_of(R"({"__metadata__":null,)" + entry("a", rest) + ',' +
                                entry("b", R"("dtype":"U8","shape":[0],"data_offsets":[0,0])") + "} \n",
                            "")));
    CHECK(m.metadata().empty());
    CHECK(m.get<std::uint8_t, 0, 3>("a").size() == 0);
    CHECK(m.get<std::uint8_t, tn::dyn>("b").size() == 0);
}

TEST_CASE("what is asked for has to be what is there") {
    tenon_test::folder f;
    tn::io::safetensors_writer().add("w", tn::ones<float, 2, 3>()).write(f / "m");
    auto const m = tn::io::load_safetensors(f / "m");
    CHECK_THAT(error_of<tn::io_error>([&] { (void)m.get<float, 1>("v"); }), tenon_test::contains("'v'"));
    CHECK_THAT(error_of<tn::io_error>([&] { (void)m.get<double, 2, 3>("w"); }), tenon_test::contains("float32"));
    CHECK_THAT(error_of<tn::shape_error>([&] { (void)m.get<float, 3, 2>("w"); }),
               tenon_test::contains("'w'") && tenon_test::contains("[2, 3]") && tenon_test::contains("[3, 2]"));
}

TEST_CASE("every damage of a safetensors file is found and names it") {
    tenon_test::folder f;
    auto const one = [](std::string const& offsets) {
        return entry("a", R"("dtype":"U8","shape":[2],"data_offsets":)" + offsets);
    };
    auto const two = [](std::string const& offsets) {
        return entry("b", R"("dtype":"U8","shape":[2],"data_offsets":)" + offsets);
    };
    CHECK(tn::io::load_safetensors(f.file("ok", file_of('{' + two("[2,4]") + ", " + one("[0,2]") + "}  ", "1234")))
              .get<std::uint8_t, 2>("b")(0) == '3');
    std::vector<std::string> const files{
        "",
        "1234567",
        file_of("{}", "x"),
        file_of("", ""),
        file_of("[]", ""),
        file_of("{} {}", ""),
        file_of('{' + one("[0,2]") + '}', "1"),
        file_of('{' + one("[0,2]") + '}', "123"),
        file_of('{' + one("[1,3]") + '}', "123"),
        file_of('{' + one("[2,0]") + '}', "12"),
        file_of('{' + one("[0,2,4]") + '}', "12"),
        file_of('{' + one("[0,3]") + '}', "123"),
        file_of('{' + one("[0,2]") + ',' + one("[2,4]") + '}', "1234"),
        file_of('{' + one("[0,2]") + ',' + two("[1,3]") + '}', "123"),
        file_of('{' + one("[0,2]") + ',' + two("[3,5]") + '}', "12345"),
        file_of('{' + one("[0,2]") + ",}", "12"),
        file_of('{' + one("[00,2]") + '}', "12"),
        file_of('{' + one("[-0,2]") + '}', "12"),
        file_of('{' + one("[0,2.0]") + '}', "12"),
        file_of("{" + entry("a", R"("dtype":"U7","shape":[2],"data_offsets":[0,2])") + "}", "123"),
        file_of("{" + entry("a", R"("dtype":"U7","shape":[2],"data_offsets":[2,0])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":"F8_E4M3","shape":[3],"data_offsets":[0,2])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":"F4","shape":[3],"data_offsets":[0,2])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":8,"shape":[2],"data_offsets":[0,2])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":"U8","shape":[2])") + "}", "12"),
        file_of("{" + entry("a", R"("dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1.)") + "}", "12"),
        file_of("{\"a\":{\"x\":" + std::string(60000, '['), ""),
        file_of("{" + entry("a", R"("dtype":"U8","shape":[4294967296,4294967296,4],"data_offsets":[0,0])") + "}", ""),
        file_of(R"({"__metadata__":{"a":1}})", ""),
        file_of(R"({"__metadata__":{"a":"1","a":"2"}})", ""),
        file_of(R"({"__metadata__":{},"__metadata__":{}})", ""),
        file_of(R"({"__metadata__":{"a":"\ud800"}})", ""),
        file_of(R"({"__metadata__":{"a":"\x"}})", ""),
        file_of("{\"__metadata__\":{\"a\":\"\n\"}}", ""),
        file_of("{\"__metadata__\":{\"a\":\"\xc0\x80\"}}", ""),
        file_of("{\"__metadata__\":{\"a\":\"\xed\xa0\x80\"}}", ""),
        file_of("{\"__metadata__\":{\"a", ""),
        "\xff\xff\xff\xff\xff\xff\xff\xff{}"s};
    for (auto const& content : files) {
        INFO(content);
        CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_safetensors(f.file("broken", content)); }),
                   tenon_test::contains("broken"));
    }
    auto const m =
        tn::io::load_safetensors(f.file("e", file_of(R"({"__metadata__":{"a":"\u00e9\ud83d\ude00\/\t"}})", "")));
    CHECK(m.metadata().at("a") == "\xc3\xa9\xf0\x9f\x98\x80/\t");
}
