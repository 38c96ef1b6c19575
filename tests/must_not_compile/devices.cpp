// Operands of one computation that live on two devices.
// expect: devices_differ<
// expect: cuda::device
#include <tenon/cuda.hpp>

int main() {
    tenon::tensor<float, 3> a;
    tenon::cuda::tensor<float, 3> b;
    auto const c = a + b;
}
