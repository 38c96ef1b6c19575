// Attention of eight heads over 256 positions and of one over 1024: forward, and with the gradients of queries, keys and values.
#include <tenon/tenon.hpp>

#include "work.hpp"

namespace tn = tenon;

namespace {

constexpr std::size_t width = 64;

template <std::size_t Heads, std::size_t Positions, bool Causal>
struct forward {
    using matrices = tn::tensor<float, 1, Heads, Positions, width>;
    matrices q = work::filled(matrices(), 0), k = work::filled(matrices(), 1), v = work::filled(matrices(), 2), out;

    void run() { out = tn::scaled_dot_product_attention(q, k, v, {.is_causal = Causal}); }
    auto result() {
        run();
        return out.flat();
    }
};

template <std::size_t Heads, std::size_t Positions, bool Causal>
struct with_gradients {
    using matrices = tn::tensor<float, 1, Heads, Positions, width>;
    using variables = tn::variable<float, 1, Heads, Positions, width>;
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

template <std::size_t Heads, std::size_t Positions>
void add(std::string const& size) {
    work::add<forward<Heads, Positions, false>>("attention/" + size, "Tenon");
    work::add<forward<Heads, Positions, true>>("attention/" + size + " causal", "Tenon");
    work::add<with_gradients<Heads, Positions, false>>("attention gradients/" + size, "Tenon");
    work::add<with_gradients<Heads, Positions, true>>("attention gradients/" + size + " causal", "Tenon");
}

}  // namespace

int main(int count, char** arguments) {
    add<8, 256>("8x256x64");
    add<1, 1024>("1x1024x64");
    return work::main(count, arguments);
}
