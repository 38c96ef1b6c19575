// A class with a constructor hides its members from an optimiser.
// expect: parameters_cannot_be_found<model
// expect: {"layers.inner"}
// expect: constructor_or_private_member<block>
#include <tenon/tenon.hpp>
#include <vector>
struct block {
    tenon::nn::linear<2, 2> fc;
    block() {}
};
struct stage {
    tenon::nn::relu activation;
    block inner;
};
struct model {
    std::vector<stage> layers;
};
int main() {
    model m;
    tenon::optim::sgd optimizer(m, {.lr = 0.1f});
    optimizer.step();
}
