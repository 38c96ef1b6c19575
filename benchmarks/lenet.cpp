// A step of training LeNet-5.
#include "networks_with_tenon.hpp"
#if WITH_DLIB
#include "networks_with_dlib.hpp"
#endif
#include "work.hpp"

int main(int count, char** arguments) {
    using shape = network::lenet<64>;
    work::add<with_tenon::step<shape>>("training/lenet x64", "Tenon");
#if WITH_DLIB
    work::add<with_dlib::step<shape>>("training/lenet x64", "dlib");
#endif
    return work::main(count, arguments);
}
