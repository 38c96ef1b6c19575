// Tensors as text; the expected texts are NumPy's.
#include <tenon/core/print.hpp>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>

#include <tenon/core/creation.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

template <class X>
std::string text(X const& x) {
    std::ostringstream out;
    out << x;
    return out.str();
}

}  // namespace

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
