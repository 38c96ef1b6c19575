// The first two shapes that do not fit are named, however many operands there are.
// expect: broadcast
// expect: 3
// expect: 4, 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::where(tenon::zeros<bool, 3>(), tenon::zeros<float, 4, 5>(), 0.f); (void)y; }
