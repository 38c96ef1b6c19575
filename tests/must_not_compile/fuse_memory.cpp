// A loss that takes more than a block's memory.
// expect: one_block_has_not_enough_memory<
// expect: 48128
#include <tenon/cuda.hpp>
#include <tenon/cuda/fuse.hpp>

int main() {
    tenon::nn::linear<10, 200, tenon::cuda::device> layer;
    tenon::cuda::tensor<float, 64, 10> x;
    tenon::optim::sgd optimizer(layer, {.lr = 0.1f});
    auto const step = tenon::cuda::fuse(optimizer, [&] { return tenon::mean(layer(x)); });
}
