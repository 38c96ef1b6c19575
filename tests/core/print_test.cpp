// Tensors as text; the expected texts are NumPy's.
#include <tenon/core/print.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <tenon/core/creation.hpp>
#include <tenon/core/sequence.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <class X>
std::string text(X const& x) {
    std::ostringstream out;
    out << x;
    return out.str();
}

/// The text of elements that are given by their bits.
template <class T, std::size_t... E>
std::string text_of(std::vector<std::uint64_t> const& bits, std::vector<std::size_t> const& extents) {
    std::array<std::size_t, sizeof...(E)> all{};
    for (std::size_t a = 0; a != all.size(); ++a) all[a] = extents[a];
    tn::tensor<T, E...> x(tn::uninitialized, tn::shape<E...>(all));
    for (std::size_t i = 0; i != bits.size(); ++i) {
        if constexpr (std::is_same_v<T, tn::float16>) x.data()[i] = T::from_bits(static_cast<std::uint16_t>(bits[i]));
        else if constexpr (sizeof(T) == 8) x.data()[i] = std::bit_cast<T>(bits[i]);
        else if constexpr (sizeof(T) == 4) x.data()[i] = std::bit_cast<T>(static_cast<std::uint32_t>(bits[i]));
        else x.data()[i] = static_cast<T>(bits[i]);
    }
    return text(x);
}
template <class T>
std::string text_of_rank(std::vector<std::uint64_t> const& bits, std::vector<std::size_t> const& extents) {
    using tn::dyn;
    switch (extents.size()) {
    case 0: return text_of<T>(bits, extents);
    case 1: return text_of<T, dyn>(bits, extents);
    case 2: return text_of<T, dyn, dyn>(bits, extents);
    case 3: return text_of<T, dyn, dyn, dyn>(bits, extents);
    default: return text_of<T, dyn, dyn, dyn, dyn>(bits, extents);
    }
}

}  // namespace

TEST_CASE("arrays are printed as NumPy prints them") {
    std::ifstream file(TENON_TESTS_DIR "/core/data/print.txt");
    REQUIRE(file);
    int read = 0;
    for (std::string line; std::getline(file, line); ++read) {
        std::istringstream head(line);
        std::string type;
        std::vector<std::size_t> extents;
        head >> type;
        for (std::size_t n = 0; head >> n;) extents.push_back(n);
        std::getline(file, line);
        std::istringstream words(line);
        std::vector<std::uint64_t> bits;
        for (std::uint64_t b = 0; words >> std::hex >> b;) bits.push_back(b);
        std::getline(file, line);
        std::string expected;
        for (int left = std::stoi(line); left != 0; --left) {
            std::getline(file, line);
            expected += line + (left == 1 ? "" : "\n");
        }
        INFO(type << " " << extents.size() << " axes, case " << read);
        CHECK(expected == (type == "float32"   ? text_of_rank<float>(bits, extents)
                           : type == "float64" ? text_of_rank<double>(bits, extents)
                           : type == "float16" ? text_of_rank<tn::float16>(bits, extents)
                           : type == "int32"   ? text_of_rank<std::int32_t>(bits, extents)
                           : type == "uint8"   ? text_of_rank<std::uint8_t>(bits, extents)
                                               : text_of_rank<bool>(bits, extents)));
    }
    CHECK(read > 200);
}

TEST_CASE("numbers of 16 bits have the fewest digits that read back") {
    CHECK(text(tn::tensor<tn::float16, 2>({.1f, .2f})) == "[0.1 0.2]");
    CHECK(text(tn::tensor<tn::bfloat16, 2>({.1f, 1.f / 3})) == "[0.1   0.334]");
    for (unsigned bits = 0; bits < 0x7F80; bits += 7) {
        auto const a = tn::float16::from_bits(static_cast<std::uint16_t>(bits < 0x7C00 ? bits : bits - 0x7C00));
        auto const b = tn::bfloat16::from_bits(static_cast<std::uint16_t>(bits));
        REQUIRE(tn::float16(std::stod(text(tn::full<tn::float16>(a)))).bits == a.bits);
        REQUIRE(tn::bfloat16(std::stod(text(tn::full<tn::bfloat16>(b)))).bits == b.bits);
    }
}

TEST_CASE("numbers are aligned at their points") {
    CHECK(text(tn::tensor({{1.f, 2.f}, {3.f, 4.f}})) == "[[1. 2.]\n [3. 4.]]");
    CHECK(text(tn::tensor({1.f, 2.5f, -10.f})) == "[  1.    2.5 -10. ]");
    CHECK(text(tn::tensor({0.1f, 0.25f})) == "[0.1  0.25]");
    CHECK(text(tn::tensor({1.0 / 3, 2.0 / 3, 1.0})) == "[0.33333333 0.66666667 1.        ]");
    CHECK(text(tn::tensor({0.f, 0.f})) == "[0. 0.]");
    CHECK(text(tn::tensor({-0.f, 1.f})) == "[-0.  1.]");
}

TEST_CASE("far apart numbers have exponents") {
    CHECK(text(tn::tensor({1e10, 1.5e-3})) == "[1.0e+10 1.5e-03]");
    CHECK(text(tn::tensor({1e10})) == "[1.e+10]");
    CHECK(text(tn::tensor({1.f, 1001.f})) == "[1.000e+00 1.001e+03]");
    CHECK(text(tn::tensor({-1e-5, 2e100})) == "[-1.e-005  2.e+100]");
    CHECK(text(tn::tensor({1.f, 1000.f})) == "[   1. 1000.]");
}

TEST_CASE("what is not finite has a name") {
    constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(text(tn::tensor({1.f, nan})) == "[ 1. nan]");
    CHECK(text(tn::tensor({1.5f, -inf})) == "[ 1.5 -inf]");
    CHECK(text(tn::tensor({nan, inf})) == "[nan inf]");
    CHECK(text(tn::tensor({1e10f, inf})) == "[1.e+10    inf]");
}

TEST_CASE("whole numbers and truth values are aligned at their ends") {
    CHECK(text(tn::tensor({1, -20, 300})) == "[  1 -20 300]");
    tn::tensor<std::uint8_t, 2> bytes;
    bytes(1) = 255;
    CHECK(text(bytes) == "[  0 255]");
    CHECK(text(tn::tensor({true, false})) == "[ True False]");
    CHECK(text(tn::full<bool>(true)) == "True");
}

TEST_CASE("one number stands alone") {
    CHECK(text(tn::full<float>(1.f)) == "1.0");
    CHECK(text(tn::full<float>(0.1f)) == "0.1");
    CHECK(text(tn::full<double>(1e-7)) == "1e-07");
    CHECK(text(tn::full<double>(1.5e20)) == "1.5e+20");
    CHECK(text(tn::full<int>(-3)) == "-3");
}

TEST_CASE("blocks are set apart and long lines broken") {
    CHECK(text(tn::zeros<int, 2, 1, 2>()) == "[[[0 0]]\n\n [[0 0]]]");
    CHECK(text(tn::zeros<float, 0, 3>()) == "[]");
    CHECK(text(tn::arange<int, 30>()) == "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
                                         " 24 25 26 27 28 29]");
}

TEST_CASE("large tensors are summarised") {
    CHECK(text(tn::arange<int, 1001>()) == "[   0    1    2 ...  998  999 1000]");
    CHECK(text(tn::zeros<int, 7, 200>()) == "[[0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]\n ...\n"
                                            " [0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]]");
    CHECK(text(tn::zeros<int, 2, 600>()) == "[[0 0 0 ... 0 0 0]\n [0 0 0 ... 0 0 0]]");
}
