// The networks as a user of Tenon writes them.
#pragma once

#include <tenon/tenon.hpp>

#include "network.hpp"

namespace with_tenon {

namespace tn = tenon;
namespace nn = tenon::nn;

template <std::size_t In, std::size_t Hidden, std::size_t Out>
struct two_layers {
    nn::linear<In, Hidden> fc1;
    nn::linear<Hidden, Out> fc2;
    auto operator()(auto const& x) const { return fc2(tn::relu(fc1(x))); }
};

template <std::size_t In, std::size_t First, std::size_t Second, std::size_t Out>
struct three_layers {
    nn::linear<In, First> fc1;
    nn::linear<First, Second> fc2;
    nn::linear<Second, Out> fc3;
    auto operator()(auto const& x) const { return fc3(tn::relu(fc2(tn::relu(fc1(x))))); }
};

template <std::size_t Batch, std::size_t... Sizes>
auto classifier_of(network::shape<Batch, Sizes...>) {
    if constexpr (sizeof...(Sizes) == 3) return std::type_identity<two_layers<Sizes...>>{};
    else return std::type_identity<three_layers<Sizes...>>{};
}
template <class Shape>
using classifier = typename decltype(classifier_of(Shape{}))::type;

/// Sets all parameters to where every side starts.
template <class Shape>
void start(classifier<Shape>& model) {
    std::size_t which = 0;
    nn::visit_parameters(model, [&](auto& p) {
        network::fill_parameter(p.value().flat(), which, Shape::sizes[which / 2]);
        ++which;
    });
}

}  // namespace with_tenon
