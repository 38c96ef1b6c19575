// expect: cannot_split
// expect: 5, 2, 2
#include <tenon/tenon.hpp>
int main() { auto y = tenon::split<1, 2, 2>(tenon::zeros<float, 2, 5>()); (void)y; }
