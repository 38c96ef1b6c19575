// A view of a const tensor is not assigned to, also not from a view of its own type.
// expect: view_is_read_only
// expect: tensor<float, 4, 3>
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<float, 4, 3> const m;
    m[0] = m[1];
}
