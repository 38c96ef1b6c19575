// A scaler is given an optimiser, not the model.
// expect: grad_scaler takes an optimiser
#include <tenon/tenon.hpp>
int main() {
    tenon::nn::linear<2, 2> model;
    tenon::optim::grad_scaler scaler(model);
    scaler.update();
}
