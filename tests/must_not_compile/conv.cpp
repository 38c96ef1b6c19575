// A convolution whose kernel is for other channels than the image has.
// expect: conv_channels_do_not_fit
// expect: 8, 3, 28, 28
// expect: 6, 1, 5, 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::conv2d<1, 6, 5>{}(tenon::zeros<float, 8, 3, 28, 28>()); (void)y; }
