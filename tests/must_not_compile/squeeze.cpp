// expect: cannot_squeeze
// expect: 3, 2
#include <tenon/tenon.hpp>
int main() { auto y = tenon::squeeze<0>(tenon::zeros<float, 3, 2>()); (void)y; }
