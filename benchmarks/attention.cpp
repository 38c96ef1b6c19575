// Attention of eight heads over 256 positions: forward, and with the gradients of queries, keys and values.
#include <tenon/tenon.hpp>

#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t heads = 8, positions = 256, width = 64;
using matrices = tn::tensor<float, 1, heads, positions, width>;

template <bool Causal>
struct forward {
    matrices q = work::filled(matrices(), 0), k = work::filled(matrices(), 1), v = work::filled(matrices(), 2), out;

    void run() { out = tn::scaled_dot_product_attention(q, k, v, {.is_causal = Causal}); }
    auto result() {
        run();
        return out.flat();
    }
};

template <bool Causal>
struct with_gradients {
    using variables = tn::variable<float, 1, heads, positions, width>;
    variables q{work::filled(matrices(), 0)}, k{work::filled(matrices(), 1)}, v{work::filled(matrices(), 2)};
    matrices weights = work::filled(matrices(), 3);

    void run() {
        q.zero_grad();
        k.zero_grad();
        v.zero_grad();
        tn::backward(tn::sum(tn::scaled_dot_product_attention(q, k, v, {.is_causal = Causal}) * weights));
    }
    auto result() {
        run();
        std::vector<float> all;
        for (auto const* g : {&q.grad(), &k.grad(), &v.grad()}) all.insert(all.end(), g->data(), g->data() + g->size());
        return all;
    }
};

}  // namespace

int main(int count, char** arguments) {
    work::add<forward<false>>("attention/8x256x64", "Tenon");
    work::add<forward<true>>("attention/8x256x64 causal", "Tenon");
    work::add<with_gradients<false>>("attention gradients/8x256x64", "Tenon");
    work::add<with_gradients<true>>("attention gradients/8x256x64 causal", "Tenon");
    return work::main(count, arguments);
}
