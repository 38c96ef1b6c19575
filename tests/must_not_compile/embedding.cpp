// expect: embedding_takes_integers
// expect: float
#include <tenon/tenon.hpp>
int main() { auto y = tenon::nn::embedding<5, 3>{}(tenon::zeros<float, 4>()); (void)y; }
