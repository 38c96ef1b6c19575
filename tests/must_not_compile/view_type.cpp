// Integers take no fractions.
// expect: cannot_assign_elements
// expect: int, double
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<int, 4, 3> m;
    m[0] = 2.5;
}
