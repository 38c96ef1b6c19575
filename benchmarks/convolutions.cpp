// Convolutions on one picture, as residual networks have them: forward alone.
#include <tenon/tenon.hpp>

#include "work.hpp"

namespace tn = tenon;

namespace {

/// In channels to Out on a picture of Side × Side, which keeps its size.
template <std::size_t In, std::size_t Out, std::size_t Kernel, std::size_t Side, std::size_t Groups = 1>
struct with_tenon {
    static constexpr std::size_t fan_in = In / Groups * Kernel * Kernel;
    tn::tensor<float, 1, In, Side, Side> x = work::filled(decltype(x)(), 0);
    tn::tensor<float, Out, In / Groups, Kernel, Kernel> weight =
        work::filled(decltype(weight)(), 1, 1 / std::sqrt(static_cast<float>(fan_in)));
    tn::tensor<float, Out> bias = work::filled(decltype(bias)(), 2);
    tn::tensor<float, 1, Out, Side, Side> out;

    void run() { out = tn::conv2d<tn::conv_options{.padding = Kernel / 2, .groups = Groups}>(x, weight, bias); }
    auto result() {
        run();
        return out.flat();
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<with_tenon<256, 256, 1, 14>>("convolution/256-256 1x1 of 14x14", "Tenon");
    work::add<with_tenon<64, 64, 3, 56>>("convolution/64-64 3x3 of 56x56", "Tenon");
    work::add<with_tenon<128, 128, 3, 28>>("convolution/128-128 3x3 of 28x28", "Tenon");
    work::add<with_tenon<128, 128, 3, 28, 128>>("depthwise/128-128 3x3 of 28x28", "Tenon");
    return work::main(count, arguments);
}
