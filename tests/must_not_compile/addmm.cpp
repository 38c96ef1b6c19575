// expect: addend_does_not_fit
// expect: addmm
// expect: 3
// expect: 2, 4
#include <tenon/tenon.hpp>
int main() { auto y = tenon::addmm(tenon::zeros<float, 3>(), tenon::zeros<float, 2, 5>(), tenon::zeros<float, 5, 4>()); (void)y; }
