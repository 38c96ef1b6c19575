// ResNet-18: the scores of one photograph, and steps of training on small pictures.
#include "residual.hpp"
#include "work.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

struct scores {
    residual::resnet18 model;
    tn::tensor<float, 1, 3, 224, 224> x = work::filled(decltype(x)(), network::inputs_sequence);
    tn::tensor<float, 1, 1000> out;

    scores() {
        residual::start(model);
        nn::eval(model);
    }
    void run() { out = model(x); }
    auto result() {
        run();
        return out.flat();
    }
};

struct step {
    static constexpr std::size_t batch = 8;
    using shape = network::shape<batch, 3, 1000>;
    using labels = tn::tensor<std::int64_t, batch>;
    residual::resnet18 model;
    tn::optim::sgd<residual::resnet18> optimizer{model, {.lr = residual::learning_rate}};
    tn::tensor<float, batch, 3, 64, 64> x = work::filled(decltype(x)(), network::inputs_sequence);
    std::array<labels, network::label_sets> sets;
    std::size_t at = 0;
    float loss = 0;

    step() {
        residual::start(model);
        for (std::size_t s = 0; s != network::label_sets; ++s)
            for (std::size_t i = 0; i != batch; ++i) sets[s](i) = shape::label(s, i);
    }
    void run() {
        optimizer.zero_grad();
        loss = tn::backward(tn::cross_entropy(model(x), sets[at++ % network::label_sets]));
        optimizer.step();
    }
    auto result() { return network::losses(*this); }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<scores>("inference/resnet18 of 224x224", "Tenon");
    work::add<step>("training/resnet18 x8 of 64x64", "Tenon");
    return work::main(count, arguments);
}
