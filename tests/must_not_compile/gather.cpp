// expect: cannot_gather
// expect: 2, 3
// expect: 3, 3
#include <tenon/tenon.hpp>
int main() { auto y = tenon::gather<1>(tenon::zeros<float, 2, 3>(), tenon::zeros<int, 3, 3>()); (void)y; }
