// One number for all elements is given by fill.
// expect: fill
// expect: 2, 3
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<float, 2, 3> t;
    t = 3.f;
}
