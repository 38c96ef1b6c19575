// expect: channels_do_not_fit
// expect: 3
// expect: 2, 4, 5, 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::batch_norm2d<3>{}(tenon::zeros<float, 2, 4, 5, 5>()); (void)y; }
