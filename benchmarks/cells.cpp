// Recurrent cells: ten steps from a state of zeros, on one batch.
#include <tenon/tenon.hpp>

#include "network.hpp"
#include "work.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

constexpr std::size_t steps = 10, batch = 32, size = 128;
using state = tn::tensor<float, batch, size>;

/// @tparam State what a cell takes and returns: the hidden state, with that of the cell where it has one
template <class Cell, class State>
struct with_tenon {
    Cell cell;
    tn::tensor<float, steps, batch, size> inputs = work::filled(decltype(inputs)(), network::inputs_sequence);
    State now;

    with_tenon() {
        std::size_t which = 0;
        nn::visit_parameters(cell, [&](auto& p) { network::fill_parameter(p.value().flat(), which++, size); });
    }
    void run() {
        now = State{};
        for (std::size_t i = 0; i != steps; ++i) {
            auto const x = tn::select<0>(inputs, static_cast<std::ptrdiff_t>(i));
            if constexpr (std::is_same_v<State, state>) now = cell(x, now);
            else now = tn::compute(cell(x, now));
        }
    }
    auto result() {
        run();
        if constexpr (std::is_same_v<State, state>) return now.flat();
        else return now.first.flat();
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<with_tenon<nn::lstm_cell<size, size>, std::pair<state, state>>>("lstm_cell/128-128 x32, 10 steps",
                                                                              "Tenon");
    work::add<with_tenon<nn::gru_cell<size, size>, state>>("gru_cell/128-128 x32, 10 steps", "Tenon");
    return work::main(count, arguments);
}
