// expect: not_for_bools
// expect: op::sub
#include <tenon/tenon.hpp>

namespace tn = tenon;

int main() {
    tn::tensor<bool, 3> const a, b;
    tn::tensor const difference = a - b;
}
