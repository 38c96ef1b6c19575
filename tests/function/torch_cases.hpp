// Cases of PyTorch's functions: tests/function/data/<file>.safetensors, written by make_cases.py there.
#pragma once

#include <cmath>
#include <sstream>
#include <string>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace torch_cases {

namespace tn = tenon;

/// A file of cases, whose tensors are read with run-time extents so that cases share code.
class file {
public:
    explicit file(std::string const& name)
        : all_(tn::io::load_safetensors(TENON_TESTS_DIR "/function/data/" + name + ".safetensors")) {}

    template <class T, std::size_t... E>
    tn::tensor<T, E...> get(std::string const& name) const {
        return all_.get<T, E...>(name);
    }
    template <class T, class Shape>
    auto like(std::string const& name) const {
        return [&]<std::size_t... E>(tn::shape<E...>) {
            return get<T, (static_cast<void>(E), tn::dyn)...>(name);
        }(Shape{});
    }
    /// An operand of a case as a variable.
    template <std::size_t... E>
    tn::variable<double, E...> operand(std::string const& name) const {
        return tn::variable<double, E...>(get<double, E...>(name));
    }

    template <class X>
    void compare(std::string const& name, X const& found, double tolerance = 1e-11) const {
        auto const expected = like<typename X::value_type, typename X::shape_type>(name);
        INFO(name << " " << tn::to_string(found.shape()) << ", PyTorch " << tn::to_string(expected.shape()));
        REQUIRE(found.shape() == expected.shape());
        std::ostringstream wrong;
        for (std::size_t i = 0; i != found.size(); ++i) {
            auto const a = static_cast<double>(found.data()[i]), b = static_cast<double>(expected.data()[i]);
            if (!(std::abs(a - b) <= tolerance * (1 + std::abs(b))) && a == a)
                wrong << i << ": " << a << ", PyTorch " << b << '\n';
            if ((a != a) != (b != b)) wrong << i << ": " << a << ", PyTorch " << b << '\n';
        }
        CHECK(wrong.str() == "");
    }
    /// Compares Σ y · w, in which the weights w tell elements apart, and the gradients of the variables in y: both from one evaluation,
    /// which halves what is compiled for a case.
    template <class Y, class... V>
    void check(std::string const& name, Y const& y, V&... x) const {
        auto const out = like<double, typename Y::shape_type>(name + ".out");
        auto const w = like<double, typename Y::shape_type>(name + ".w");
        INFO(name << " " << tn::to_string(y.shape()) << ", PyTorch " << tn::to_string(out.shape()));
        REQUIRE(y.shape() == out.shape());
        double expected = 0, size = 1;
        for (std::size_t i = 0; i != out.size(); ++i) {
            expected += out.data()[i] * w.data()[i];
            size += std::abs(out.data()[i] * w.data()[i]);
        }
        ((x.zero_grad()), ...);
        double const found = tn::backward(tn::sum(y * w));
        CHECK(((found != found && expected != expected) || std::abs(found - expected) <= 1e-11 * size));
        std::size_t i = 0;
        (compare(name + ".g" + std::to_string(i++), x.grad()), ...);
    }

private:
    decltype(tn::io::load_safetensors("")) all_;
};

}  // namespace torch_cases
