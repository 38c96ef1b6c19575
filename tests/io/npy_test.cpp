// NumPy's files: both ways, all their variants, and all the ways in which they can be damaged.
#include <tenon/io/npy.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <tenon/core/creation.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "folder.hpp"

namespace tn = tenon;
using namespace std::string_literals;

namespace {

std::string npy(std::string header, std::string_view data, char version = 1) {
    auto const n = header.size();
    std::string start = "\x93NUMPY"s + version + '\0' + static_cast<char>(n & 0xFFU) + static_cast<char>(n >> 8);
    if (version > 1) start += "\0\0"s;
    return start + header + std::string(data);
}

template <class T, std::size_t... E, class... I>
void round_trip(tenon_test::folder const& f, I... extents) {
    tn::tensor<T, E...> x = tn::zeros<T, E...>(extents...);
    for (std::size_t i = 0; i != x.size(); ++i) x.data()[i] = static_cast<T>(i * 3);
    tn::io::save_npy(f / "x.npy", x);
    auto const y = tn::io::load_npy<T, E...>(f / "x.npy");
    CHECK(x.shape() == y.shape());
    CHECK(std::equal(x.begin(), x.end(), y.begin(), y.end()));
}

}  // namespace

TEST_CASE("a tensor comes back from its file") {
    tenon_test::folder f;
    round_trip<float, 2, 3>(f);
    round_trip<double, tn::dyn, 3>(f, 4);
    round_trip<std::int8_t, 5>(f);
    round_trip<std::uint64_t, 5, 1, 2>(f);
    round_trip<bool, 3>(f);
    round_trip<tn::float16, 3, 2>(f);
    CHECK(tn::io::read_file(f / "x.npy").find("'<f2'") != std::string::npos);
    round_trip<float>(f);
    round_trip<float, 0, 3>(f);
    CHECK(tn::io::read_file(f / "x.npy").size() % 64 == 0);
}

TEST_CASE("the bytes are those that NumPy writes") {
    tenon_test::folder f;
    tn::io::save_npy(f / "x.npy", tn::tensor({1.f}));
    auto header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"s;
    header += std::string(128 - 10 - header.size() - 1, ' ') + '\n';
    header = "\x93NUMPY\x01\0v\0"s + header;
    CHECK(tn::io::read_file(f / "x.npy") == header + "\0\0\x80\x3f"s);
}

TEST_CASE("versions, byte orders and orders of axes are understood") {
    tenon_test::folder f;
    for (char version : {'\1', '\2', '\3'}) {
        auto const file = f.file(
            "v.npy", npy("{\"shape\": (2, 2), 'fortran_order': True, 'descr': '>i2'}\n", "\0\1\0\3\0\2\0\4"s, version));
        auto const x = tn::io::load_npy<std::int16_t, 2, tn::dyn>(file);
        CHECK(std::vector<int>(x.begin(), x.end()) == std::vector<int>{1, 2, 3, 4});
    }
    auto const file = f.file(
        "t.npy", npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2), }", "\0\1\2\3\4\5\6\7\x8\x9\xa\xb"s));
    auto const x = tn::io::load_npy<std::uint8_t, 2, 3, 2>(file);
    CHECK((x(1, 0, 0) == 1 && x(0, 1, 0) == 2 && x(0, 0, 1) == 6 && x(1, 2, 1) == 11));
}

TEST_CASE("headers are read in all the forms that NumPy reads") {
    tenon_test::folder f;
    // numpy.load gives 1, 2, 3, 4 in a shape of (2, 2) for each of them.
    auto const shorts = "\1\0\2\0\3\0\4\0"s;
    for (std::string const& header : {
             "{'descr': '<i2', 'fortran_order': False, 'shape': (2L, 2L), }"s,
             "{'descr': 'i2', 'fortran_order': False, 'shape': (2L,2 L,)}"s,
             "{'descr':'h','fortran_order':False,'shape':(2,2)}"s,
             "{\"descr\": '=i2', \"fortran_order\": False, \"shape\": ( 2 , 2 , ) , } \n\n"s,
             "\n {u'shape': (2, 2), u'descr': u'|i2', u'fortran_order':\r\n\f False}"s,
             "{'descr': 'int16', 'fortran_order': False, 'shape': (2, 2)}"s,
         }) {
        INFO(header);
        auto const x = tn::io::load_npy<std::int16_t, 2, tn::dyn>(f.file("x.npy", npy(header, shorts)));
        CHECK(std::vector<int>(x.begin(), x.end()) == std::vector<int>{1, 2, 3, 4});
    }
    auto const one = [&](std::string const& descr, std::string_view data, std::string const& shape = "()") {
        return f.file("d.npy", npy("{'descr': '" + descr + "', 'fortran_order': True, 'shape': " + shape + "}", data));
    };
    CHECK(tn::io::load_npy<float, 0>(one("f4", "", "(00L,)")).size() == 0);
    CHECK(*tn::io::load_npy<float>(one(">f4", "\x3f\x80\0\0"s)).data() == 1.f);
    CHECK(*tn::io::load_npy<double>(one("d", "\0\0\0\0\0\0\xf0\x3f"s)).data() == 1.);
    CHECK(*tn::io::load_npy<tn::float16>(one(">e", "\x3c\0"s)).data() == tn::float16(1.f));
    CHECK(*tn::io::load_npy<std::int64_t>(one("i8", "\2\0\0\0\0\0\0\0"s)).data() == 2);
    CHECK(*tn::io::load_npy<std::uint64_t>(one(">Q", "\0\0\0\0\0\0\0\2"s)).data() == 2);
    for (std::string const truth : {"|b1", "b1", "?", "<?", "bool"})
        CHECK(*tn::io::load_npy<bool>(one(truth, "\1")).data());
    CHECK(*tn::io::load_npy<std::int8_t>(one("b", "\xff")).data() == -1);
}

TEST_CASE("another shape or type is refused with both named") {
    tenon_test::folder f;
    tn::io::save_npy(f / "a.npy", tn::ones<float, 2, 3>());
    auto const text = error_of<tn::shape_error>([&] { (void)tn::io::load_npy<float, tn::dyn, 4>(f / "a.npy"); });
    CHECK_THAT(text,
               tenon_test::contains("a.npy") && tenon_test::contains("[2, 3]") && tenon_test::contains("[dyn, 4]"));
    CHECK(!error_of<tn::shape_error>([&] { (void)tn::io::load_npy<float, 2>(f / "a.npy"); }).empty());
    auto const type = error_of<tn::io_error>([&] { (void)tn::io::load_npy<double, 2, 3>(f / "a.npy"); });
    CHECK_THAT(type,
               tenon_test::contains("a.npy") && tenon_test::contains("float32") && tenon_test::contains("float64"));
}

TEST_CASE("every damage of a .npy file is found and names it") {
    tenon_test::folder f;
    auto const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"s;
    std::vector<std::string> files{
        "", "\x93NUMPY nonsense", npy(good, "123"), npy(good, "12345"), npy(good, "1234").substr(0, 30),
        npy(good, "1234", 4), npy("{'descr': '<f4', 'fortran_order': False}", "1234"), npy(good + "x", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "1234"),
        npy("{'descr': '|O8', 'fortran_order': False, 'shape': (1,)}", "1234"),
        npy("{'descr': '<f9', 'fortran_order': False, 'shape': (1,)}", "1234"), npy("{'descr", "1234"),
        // What NumPy refuses too: numbers of Python 2 in the third version, a number that is no tuple, a leading zero,
        // words with a byte order. Then what is no plain number.
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1L,)}", "1234", 3),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1l,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (01,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (,)}", "1234"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': [1]}", "1234"),
        npy("{'descr': '>float32', 'fortran_order': False, 'shape': (1,)}", "1234"),
        npy("{'descr': '', 'fortran_order': False, 'shape': (1,)}", "1234"),
        npy("{'descr': 'c8', 'fortran_order': False, 'shape': (1,)}", "12345678"),
        npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234")};
    for (auto const& content : files) {
        auto const file = f.file("broken.npy", content);
        INFO(content);
        CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_npy<float, tn::dyn>(file); }),
                   tenon_test::contains("broken.npy"));
    }
    CHECK_THAT(error_of<tn::io_error>([&] { (void)tn::io::load_npy<float, 1>(f / "none.npy"); }),
               tenon_test::contains("none.npy"));
    CHECK_THROWS_AS(tn::io::read_file(f / "."), tn::io_error);
    CHECK_THROWS_AS(tn::io::save_npy(f / "no/x.npy", tn::ones<float, 1>()), tn::io_error);
}

TEST_CASE("a file is replaced at once and leaves nothing beside it") {
    tenon_test::folder f;
    tn::io::replace_file(f / "x", {"old"});
    tn::io::replace_file(f / "x", {"new", " content"});
    CHECK(tn::io::read_file(f / "x") == "new content");
    std::size_t count = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator(f / ".")) ++count;
    CHECK(count == 1);
}
