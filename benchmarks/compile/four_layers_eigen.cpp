// A network of four layers and its training loop, in Eigen, which leaves gradients, loss and Adam to its user.
#include "../networks_with_eigen.hpp"

int main() {
    using shape = network::shape<64, 784, 256, 128, 64, 10>;
    with_eigen::classifier<shape> model;
    with_eigen::classifier<shape>::input x = with_eigen::classifier<shape>::input::Random(64, 784);
    std::array<std::int64_t, 64> y;
    for (std::size_t i = 0; i != y.size(); ++i) y[i] = static_cast<std::int64_t>(i % 10);
    for (int step = 0; step != 100; ++step) std::printf("%f\n", static_cast<double>(model.step(x, y.data())));
}
