// A weight for other channels than the volume has.
// expect: volumes_do_not_fit
// expect: 1, 3, 4, 4, 4
#include <tenon/tenon.hpp>
int main() {
    auto y = tenon::conv3d(tenon::zeros<float, 1, 3, 4, 4, 4>(), tenon::zeros<float, 2, 4, 3, 3, 3>());
    (void)y;
}
