// expect: linear_input_does_not_fit
// expect: 4, 12
// expect: 2, 5
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::lstm_cell<4, 3>{}(tenon::zeros<float, 2, 5>()); (void)y; }
