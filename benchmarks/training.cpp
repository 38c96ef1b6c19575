// A step of training: forward, mean cross-entropy, backward, Adam.
#include "networks_by_hand.hpp"
#include "networks_with_eigen.hpp"
#include "networks_with_tenon.hpp"
#if WITH_DLIB
#include "networks_with_dlib.hpp"
#endif
#include "work.hpp"

namespace {

template <class Shape>
void add(std::string const& name) {
    work::add<with_tenon::step<Shape>>(name, "Tenon");
    work::add<with_eigen::step<Shape>>(name, "Eigen");
#if WITH_DLIB
    work::add<with_dlib::step<Shape>>(name, "dlib");
#endif
    if constexpr (Shape::in <= 16) work::add<by_hand::step<Shape, by_hand::tiny_classifier<Shape>>>(name, "by hand");
#if WITH_OPENBLAS
    else work::add<by_hand::step<Shape, by_hand::classifier<Shape>>>(name, "by hand");
#endif
}

}  // namespace

int main(int count, char** arguments) {
    add<network::shape<4, 10, 5, 2>>("training/10-5-2 x4");
    add<network::shape<64, 784, 128, 10>>("training/784-128-10 x64");
    add<network::shape<128, 784, 256, 128, 10>>("training/784-256-128-10 x128");
    add<network::shape<256, 784, 512, 512, 10>>("training/784-512-512-10 x256");
    return work::main(count, arguments);
}
