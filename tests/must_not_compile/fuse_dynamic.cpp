// A batch whose extent is not known when the program is compiled.
// expect: one_block_needs_static_extents<
// expect: 10>
#include <tenon/cuda.hpp>
#include <tenon/cuda/fuse.hpp>

int main() {
    tenon::nn::linear<10, 2, tenon::cuda::device> layer;
    tenon::cuda::tensor<float, tenon::dyn, 10> x;
    tenon::optim::sgd optimizer(layer, {.lr = 0.1f});
    auto const step = tenon::cuda::fuse(optimizer, [&] { return tenon::mean(layer(x)); });
}
