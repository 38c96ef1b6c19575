// Recurrent cells: ten steps from a state of zeros, on one batch.
#include <tenon/tenon.hpp>

#include "network.hpp"
#include "work.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;

namespace {

constexpr std::size_t steps = 10, batch = 32, size = 128;
using state = tn::tensor<float, batch, size>;

template <class Cell>
struct with_tenon {
    Cell cell;
    tn::tensor<float, steps, batch, size> inputs = work::filled(decltype(inputs)(), network::inputs_sequence);
    state h, c;

    with_tenon() {
        std::size_t which = 0;
        nn::visit_parameters(cell, [&](auto& p) { network::fill_parameter(p.value().flat(), which++, size); });
    }
    void run() {
        h.fill(0);
        c.fill(0);
        for (std::size_t i = 0; i != steps; ++i) {
            auto const x = tn::select<0>(inputs, static_cast<std::ptrdiff_t>(i));
            if constexpr (requires { cell(x, h, c); }) {
                auto const [h2, c2] = cell(x, h, c);
                state const next = h2;
                c = c2;
                h = next;
            } else h = cell(x, h);
        }
    }
    auto result() {
        run();
        return h.flat();
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<with_tenon<nn::lstm_cell<size, size>>>("lstm_cell/128-128 x32, 10 steps", "Tenon");
    work::add<with_tenon<nn::gru_cell<size, size>>>("gru_cell/128-128 x32, 10 steps", "Tenon");
    return work::main(count, arguments);
}
