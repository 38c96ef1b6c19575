// A node that one block of threads does not run.
// expect: one_block_cannot_run<
// expect: conv_node
#include <tenon/cuda.hpp>
#include <tenon/cuda/fuse.hpp>

int main() {
    tenon::nn::conv2d<1, 2, 3, tenon::nn::conv_options{}, tenon::cuda::device> layer;
    tenon::cuda::tensor<float, 4, 1, 8, 8> x;
    tenon::optim::sgd optimizer(layer, {.lr = 0.1f});
    auto const step = tenon::cuda::fuse(optimizer, [&] { return tenon::mean(layer(x)); });
}
