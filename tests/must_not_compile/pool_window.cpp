// A window without elements.
// expect: impossible_pool_options
// expect: extent2{0, 2}
#include <tenon/tenon.hpp>
int main() {
    using namespace tenon;
    auto y = avg_pool2d<extent2{0, 2}>(zeros<float, 3, 4, 9>());
    (void)y;
}
