// expect: attention_input_does_not_fit
// expect: 8
// expect: 2, 5, 6
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::multihead_attention<8, 2>{}(tenon::zeros<float, 2, 5, 6>()); (void)y; }
