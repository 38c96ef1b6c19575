// An optimiser of a const model.
// expect: cannot_optimise_a_const_model<const
// expect: linear<2, 2
#include <tenon/tenon.hpp>
void fit(tenon::nn::linear<2, 2> const& model) {
    tenon::optim::adam optimizer(model);
    optimizer.step();
}
int main() {
    fit({});
}
