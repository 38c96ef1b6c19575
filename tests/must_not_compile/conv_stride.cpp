// Windows at a distance of 0, which would divide by it.
// expect: impossible_conv_options
// expect: extent2{2, 2}
#include <tenon/tenon.hpp>
int main() {
    using namespace tenon;
    auto y = conv2d<conv_options{.stride = 0}>(zeros<float, 1, 2, 5, 5>(), zeros<float, 3, 2, 2, 2>());
    (void)y;
}
