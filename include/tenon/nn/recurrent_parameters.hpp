// The parameters of recurrent networks of several layers and directions, under PyTorch's names.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <tenon/nn/linear.hpp>
#include <tenon/nn/member_kind.hpp>

namespace tenon::inline TENON_TARGET::nn {

namespace detail {
/// `weight_ih_l0_reverse`: PyTorch's names of the parameters of a layer and a direction.
template <std::size_t Layer, bool Reverse>
struct recurrent_names {
    static constexpr std::size_t digits = Layer < 10 ? 1 : 2;
    struct name {
        char text[24]{};
        std::size_t size = 0;
        constexpr std::string_view view() const { return {text, size}; }
    };
    static constexpr name of(std::string_view stem) {
        name n;
        for (char const c : stem) n.text[n.size++] = c;
        if (digits == 2) n.text[n.size++] = static_cast<char>('0' + Layer / 10);
        n.text[n.size++] = static_cast<char>('0' + Layer % 10);
        if (Reverse)
            for (char const c : std::string_view("_reverse")) n.text[n.size++] = c;
        return n;
    }
    static constexpr name weight_ih = of("weight_ih_l"), weight_hh = of("weight_hh_l"), bias_ih = of("bias_ih_l"),
                          bias_hh = of("bias_hh_l");
};
/// The parameters of one layer in one direction.
template <std::size_t In, std::size_t Hidden, std::size_t Gates, class Device, bool HasBias>
struct recurrent_parameters {
    template <std::size_t... E>
    using variable = typename Device::template variable<float, E...>;
    using bias_type = std::conditional_t<HasBias, variable<Gates * Hidden>, no_bias>;
    variable<Gates * Hidden, In> weight_ih = uniform_parameter<variable<Gates * Hidden, In>>(Hidden);
    variable<Gates * Hidden, Hidden> weight_hh = uniform_parameter<variable<Gates * Hidden, Hidden>>(Hidden);
    [[no_unique_address]] bias_type bias_ih = uniform_parameter<bias_type>(Hidden);
    [[no_unique_address]] bias_type bias_hh = uniform_parameter<bias_type>(Hidden);

    template <std::size_t Layer, bool Reverse, class Self, class F>
    static void visit(Self& self, F const& f) {
        using names = recurrent_names<Layer, Reverse>;
        f(names::weight_ih.view(), self.weight_ih);
        f(names::weight_hh.view(), self.weight_hh);
        if constexpr (HasBias) {
            f(names::bias_ih.view(), self.bias_ih);
            f(names::bias_hh.view(), self.bias_hh);
        }
    }
};
/// Parameters of every layer and direction, in PyTorch's order.
template <std::size_t In, std::size_t Hidden, std::size_t Gates, std::size_t Directions, class Device, bool HasBias,
          class Places>
struct recurrent_layers;
template <std::size_t In, std::size_t Hidden, std::size_t Gates, std::size_t Directions, class Device, bool HasBias,
          std::size_t... I>
struct recurrent_layers<In, Hidden, Gates, Directions, Device, HasBias, std::index_sequence<I...>> {
    using tuple = std::tuple<
        recurrent_parameters<(I < Directions ? In : Hidden * Directions), Hidden, Gates, Device, HasBias>...>;
};
template <class Tuple>
struct parts_of_tuple;
template <class... P>
struct parts_of_tuple<std::tuple<P...>> {
    using type = parts_of<P...>;
};
}  // namespace detail

}  // namespace tenon::inline TENON_TARGET::nn
