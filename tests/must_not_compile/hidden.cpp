// Layers where an optimiser would not find them.
// expect: std::vector
#include <tenon/tenon.hpp>
#include <vector>
struct model {
    std::vector<tenon::nn::linear<2, 2>> layers;
};
int main() {
    model m;
    tenon::optim::sgd optimizer(m, {.lr = 0.1f});
    optimizer.step();
}
