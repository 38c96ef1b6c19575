// What PyTorch's layers computed: tests/nn/data/*.safetensors, written by make.py and make_sequences.py there.
#pragma once

#include <cmath>
#include <sstream>
#include <string>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace torch_values {

namespace tn = tenon;

inline std::string path(std::string const& name) { return TENON_TESTS_DIR "/nn/data/" + name + ".safetensors"; }

/// A tensor of values.safetensors or sequences.safetensors.
template <class T, std::size_t... E>
tn::tensor<T, E...> get(std::string const& name) {
    static auto const file = tn::io::load_safetensors(path("values"));
    static auto const sequences = tn::io::load_safetensors(path("sequences"));
    return (file.contains(name) ? file : sequences).template get<T, E...>(name);
}
template <class T, class Shape>
struct reader;
template <class T, std::size_t... E>
struct reader<T, tn::shape<E...>> {
    static auto read(std::string const& name) { return get<T, E...>(name); }
};

/// Compares a tensor with the stored one, within the rounding of float sums.
template <class X>
void check(std::string const& name, X const& found, float tolerance = 2e-5f) {
    auto const expected = reader<float, typename X::shape_type>::read(name);
    std::ostringstream wrong;
    for (std::size_t i = 0; i != found.size(); ++i) {
        float const a = found.data()[i], b = expected.data()[i];
        if (!(std::abs(a - b) <= tolerance * (1 + std::abs(b)))) wrong << i << ": " << a << ", PyTorch " << b << '\n';
    }
    INFO(name);
    CHECK(wrong.str() == "");
}

/// Compares the value of y with `<name>.out<k>`, and returns Σ y · `<name>.w<k>`, which the stored gradients belong to.
template <class Y>
auto output(std::string const& name, Y const& y, std::string const& k = "") {
    check(name + ".out" + k, tn::tensor(y));
    return tn::sum(y * reader<float, typename Y::shape_type>::read(name + ".w" + k));
}

/// Compares the gradients of a layer's parameters.
template <class Layer>
void check_parameters(std::string const& name, Layer& layer) {
    tn::nn::visit_named_parameters(
        layer, [&](std::string_view p, auto& v) { check(name + ".grad." + std::string(p), v.grad()); });
}

/// A layer with PyTorch's parameters; names, shapes and types have to be PyTorch's.
template <class Layer>
Layer load(std::string const& name, Layer layer = {}) {
    tn::io::load_safetensors(path(name), layer);
    return layer;
}

}  // namespace torch_values
