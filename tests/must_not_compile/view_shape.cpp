// A view is assigned to by what can be broadcast to its shape.
// expect: cannot_assign
// expect: 2, 3
// expect: 4
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<float, 4, 3> m;
    tenon::slice<0, 0, 2>(m) = tenon::zeros<float, 4>();
}
