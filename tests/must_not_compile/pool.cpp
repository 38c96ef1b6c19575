// A window that is larger than what it should slide over.
// expect: kernel_larger_than_input
// expect: 3, 4, 9
#include <tenon/tenon.hpp>
int main() { auto y = tenon::max_pool2d<5>(tenon::zeros<float, 3, 4, 9>()); (void)y; }
