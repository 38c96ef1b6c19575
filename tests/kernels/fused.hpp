// Fused steps against the processor's.
#pragma once

#include "device.hpp"

#include <tenon/cuda/fuse.hpp>

#include <vector>

namespace device_test {

namespace nn = tenon::nn;

/// All parameters of a model, and their gradients after them.
template <class Model>
std::vector<double> numbers(Model& model) {
    std::vector<double> all;
    auto const add = [&](auto const& t) {
        auto const here = tn::to<tn::cpu>(t);
        for (auto const x : here.flat()) all.push_back(static_cast<double>(x));
    };
    nn::visit_parameters(model, [&](auto& v) { add(v.value()); });
    nn::visit_parameters(model, [&](auto& v) { add(v.grad()); });
    return all;
}
inline bool close(std::vector<double> const& a, std::vector<double> const& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i != a.size(); ++i)
        if (!(std::abs(a[i] - b[i]) <= 1e-5)) return false;
    return true;
}

/// Whether the tapes of a node and of all below it fulfil the contract of a block's.
template <class Node, class Place>
constexpr bool fulfils_contract();
template <class Place, class... A>
constexpr bool fulfil_contract(tn::node_list<A...>) {
    return (fulfils_contract<A, Place>() && ...);
}
template <class Node, class Place>
constexpr bool fulfils_contract() {
    return tn::eval::is_block_tape<tn::eval::block_tape<Node, tn::propagates_gradient<Node>>, Node, Place> &&
           fulfil_contract<Place>(tn::operand_list<Node>{});
}

/// Whether 20 fused steps are those of the processor: the losses of all, and parameters and gradients after the last.
/// @param loss gives the loss from a model and operands of its device
template <template <class> class Model, class Make, class Loss, class... X>
bool steps_agree(Make const& make, Loss const& loss, X const&... x) {
    Model<tn::cpu> host;
    Model<tn::cuda::device> device;
    tn::copy(host, device);
    auto a = make(host);
    auto b = make(device);
    auto const operands = std::tuple(tn::to<tn::cuda::device>(x)...);
    auto step =
        std::apply([&](auto const&... d) { return tn::cuda::fuse(b, [&] { return loss(device, d...); }); }, operands);
    using node = tn::node_t<decltype(loss(device, tn::to<tn::cuda::device>(x)...))>;
    bool good = fulfils_contract<node, tn::eval::block_place<tn::eval::block_program<node>>>();
    for (int i = 0; i != 20; ++i) {
        a.zero_grad();
        float const expected = tn::backward(loss(host, x...)).item();
        a.step();
        auto const before = calls::launches;
        step();
        good = good && calls::launches - before == 1;
        good = good && std::abs(step.loss().item() - expected) <= 1e-5f * (1 + std::abs(expected));
    }
    return good && close(numbers(device), numbers(host));
}

/// An optimiser of which one kernel is made, whatever its options.
inline constexpr auto adamax = [](auto& model) { return tn::optim::adamax(model, {.lr = 1e-2f}); };
inline constexpr auto cross_entropy = [](auto const& model, auto const& x, auto const& y) {
    return tn::cross_entropy(model(x), y);
};

}  // namespace device_test
