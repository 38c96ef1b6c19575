// expect: equation_shapes_do_not_fit
// expect: solve
// expect: 2, 3, 3
// expect: 4, 3, 1
#include <tenon/linalg/solve.hpp>
int main() { auto y = tenon::linalg::solve(tenon::zeros<float, 2, 3, 3>(), tenon::zeros<float, 4, 3, 1>()); (void)y; }
