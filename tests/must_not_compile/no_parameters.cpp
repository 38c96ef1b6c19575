// A model without anything to learn: a tensor is none.
// expect: model_has_no_parameters<model>
#include <tenon/tenon.hpp>
struct model {
    tenon::tensor<float, 2, 2> weight;
    tenon::nn::relu activation;
};
int main() {
    model m;
    tenon::optim::adam optimizer(m);
    optimizer.step();
}
