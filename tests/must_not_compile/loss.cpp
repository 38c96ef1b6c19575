// expect: loss_shapes_differ
// expect: 2, 3
// expect: 3
#include <tenon/tenon.hpp>
int main() { auto y = tenon::huber_loss(tenon::zeros<float, 2, 3>(), tenon::zeros<float, 3>()); (void)y; }
