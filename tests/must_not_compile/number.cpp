// Bits and divisors are integers', the parts of a number those of floating point.
#include <tenon/tenon.hpp>
namespace tn = tenon;
int main() {
    tn::tensor<float, 3> x;
    tn::tensor<int, 3> n;
    (void)tn::gcd(x, n);              // expect: only_for_integers; gcd
    (void)(n << x);                   // expect: only_for_integers; bitwise_left_shift
    (void)tn::bitwise_right_shift(x, 2);  // expect: only_for_integers; bitwise_right_shift
    (void)tn::nextafter(n, 3);        // expect: only_for_floating_point; nextafter
    (void)tn::frexp(n);               // expect: only_for_floating_point; frexp
    (void)tn::lcm(tn::cast<bool>(n), tn::cast<bool>(n));  // expect: not_for_bools; lcm
}
