// A network of four layers and its training loop, in dlib.
#include <dlib/dnn.h>

#include <cstdio>

using namespace dlib;
using classifier = loss_multiclass_log<fc<10, relu<fc<64, relu<fc<128, relu<fc<256, input<matrix<float>>>>>>>>>>;

int main() {
    classifier net;
    std::vector<adam> solvers(net.num_computational_layers, adam(0, 0.9f, 0.999f));
    std::vector<matrix<float>> x(64, matrix_cast<float>(gaussian_randm(784, 1)));
    std::vector<unsigned long> y(64);
    for (std::size_t i = 0; i != y.size(); ++i) y[i] = i % 10;
    resizable_tensor batch;
    net.to_tensor(x.begin(), x.end(), batch);
    for (int step = 0; step != 100; ++step) {
        double loss = net.compute_loss(batch, y.begin());
        net.back_propagate_error(batch);
        net.update_parameters(make_sstack(solvers), 1e-3);
        std::printf("%f\n", loss);
    }
}
