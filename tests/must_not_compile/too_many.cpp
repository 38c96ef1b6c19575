// Extents whose product no std::size_t counts.
// expect: too_many_elements
// expect: 8589934592
#include <tenon/tenon.hpp>
int main() { return static_cast<int>(tenon::zeros<float, (1ull << 33), (1ull << 33)>().size()); }
