// expect: cannot_concat
// expect: 2, 3
// expect: 3, 4
#include <tenon/tenon.hpp>
int main() { auto y = tenon::concat<0>(tenon::zeros<float, 2, 3>(), tenon::zeros<float, 3, 4>()); (void)y; }
