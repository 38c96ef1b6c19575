// An element is named by one index for each axis.
// expect: wrong_number_of_indices
// expect: 2, 3
// expect: 2, 1
#include <tenon/tenon.hpp>
int main() { return static_cast<int>(tenon::zeros<float, 2, 3>()(1)); }
