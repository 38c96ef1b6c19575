// A const layer cannot learn.
// expect: parameters_cannot_be_found<model
// expect: {"fc"}
// expect: const_member_or_reference<const
#include <tenon/tenon.hpp>
struct model {
    tenon::nn::linear<2, 2> const fc;
};
int main() {
    model m;
    tenon::optim::adam optimizer(m);
    optimizer.step();
}
