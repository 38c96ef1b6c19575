// Several elements of this view lie in one place.
// expect: view_is_read_only
// expect: broadcast_view<4, 3>
#include <tenon/tenon.hpp>
int main() {
    tenon::tensor<float, 3> v;
    tenon::broadcast_to<4, 3>(v) += 1.f;
}
