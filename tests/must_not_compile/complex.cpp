// Complex numbers have no order, and some functions no value for them.
#include <tenon/fft.hpp>
namespace tn = tenon;
int main() {
    tn::tensor<std::complex<float>, 3> z;
    tn::tensor<float, 3> x;
    tn::variable<std::complex<float>, 3> v(z);
    (void)tn::tensor(z < z);                 // expect: not_for_complex; lt
    (void)tn::tensor(tn::max(z));            // expect: not_for_complex; max
    (void)tn::tensor(tn::floor(z));          // expect: not_for_complex; floor
    (void)tn::tensor(tn::softmax<0>(z));     // expect: not_for_complex; softmax
    (void)tn::sort(z);                       // expect: complex numbers have no order
    (void)tn::tensor(tn::imag(x));           // expect: imag_needs_complex_numbers<float>
    tn::tensor<float, 3> y = z;              // expect: cannot_assign_elements<float, std::complex<float>
    (void)tn::backward(tn::sum(v));          // expect: backward_needs_a_real_number
    (void)tn::view_as_complex(x);            // expect: view_as_complex_needs_pairs
    (void)tn::fft::rfft(z);                  // expect: needs_real_elements; rfft
    (void)tn::fft::fft<1>(z);                // expect: no_such_axis; fft
    (void)tn::fft::fft2(z);                  // expect: no_such_axis; fftn
    (void)tn::fft::irfft(tn::tensor<float, 1>());  // expect: needs_data_points; irfft
}
