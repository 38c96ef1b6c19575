// expect: permute
// expect: every axis once
#include <tenon/tenon.hpp>
int main() { auto y = tenon::permute<0, 0>(tenon::zeros<float, 3, 2>()); (void)y; }
