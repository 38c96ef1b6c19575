// What a cell returns would refer to parameters that are gone.
// expect: temporary_layer
// expect: lstm_cell<4, 3>
#include <tenon/tenon.hpp>
int main() { auto [h, c] = tenon::nn::lstm_cell<4, 3>()(tenon::zeros<float, 2, 4>()); }
