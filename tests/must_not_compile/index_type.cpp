// An index is a whole number.
// expect: indices_are_whole_numbers
// expect: 2, 3
// expect: double
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<float, 2, 3> t;
    t(1, 2.0) = 1.f;
}
