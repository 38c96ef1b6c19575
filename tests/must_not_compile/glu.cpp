// expect: cannot_halve
// expect: 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::glu<>{}(tenon::zeros<float, 2, 5>()); (void)y; }
