// expect: normalized_shape_does_not_fit
// expect: 8
// expect: 4, 10
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::layer_norm<8>{}(tenon::zeros<float, 4, 10>()); (void)y; }
