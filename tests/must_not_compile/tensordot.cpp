// expect: tensordot
// expect: 2, 3
// expect: 4, 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::tensordot<1>(tenon::zeros<float, 2, 3>(), tenon::zeros<float, 4, 5>()); (void)y; }
