#include <type_traits>

#include "torch_values.hpp"

namespace nn = tenon::nn;
using namespace torch_values;

TEST_CASE("PyTorch: scaled_dot_product_attention") {
    tn::variable q(get<float, 2, 3, 4, 5>("attention.q"));
    tn::variable k(get<float, 2, 3, 6, 5>("attention.k"));
    tn::variable v(get<float, 2, 3, 6, 7>("attention.v"));
    tn::backward(output("attention", tn::scaled_dot_product_attention(q, k, v)));
    check("attention.grad.q", q.grad());
    check("attention.grad.k", k.grad());
    check("attention.grad.v", v.grad());
}

TEST_CASE("PyTorch: causal and masked attention") {
    tn::variable q(get<float, 2, 4, 5>("attention_causal.q"));
    tn::variable k(get<float, 2, 6, 5>("attention_causal.k"));
    tn::variable v(get<float, 2, 6, 3>("attention_causal.v"));
    tn::backward(output("attention_causal", tn::scaled_dot_product_attention(q, k, v, {.is_causal = true})));
    check("attention_causal.grad.q", q.grad());
    check("attention_causal.grad.k", k.grad());
    check("attention_causal.grad.v", v.grad());

    auto const mask = get<bool, 4, 3>("attention_masked.mask");
    tn::variable a(get<float, 2, 4, 5>("attention_masked.q"));
    auto const b = get<float, 2, 3, 5>("attention_masked.k");
    auto const c = get<float, 2, 3, 3>("attention_masked.v");
    tn::backward(output("attention_masked", tn::scaled_dot_product_attention(a, b, c, mask, {.scale = 0.7})));
    check("attention_masked.grad.q", a.grad());
    tn::tensor const added = tn::where(mask, 0.f, -1e9f);
    CHECK(tn::allclose(tn::scaled_dot_product_attention(a, b, c, mask),
                       tn::scaled_dot_product_attention(a, b, c, added)));
}

TEST_CASE("PyTorch: multihead_attention") {
    auto layer = load<nn::multihead_attention<8, 2>>("multihead");
    tn::variable q(get<float, 3, 4, 8>("multihead.q"));
    tn::variable k(get<float, 3, 5, 8>("multihead.k"));
    tn::variable v(get<float, 3, 5, 8>("multihead.v"));
    tn::backward(output("multihead", layer(q, k, v)));
    check("multihead.grad.q", q.grad());
    check("multihead.grad.k", k.grad());
    check("multihead.grad.v", v.grad());
    check_parameters("multihead", layer);
    static_assert(nn::parameter_count<nn::multihead_attention<8, 2>> == 24 * 8 + 24 + 64 + 8);
    CHECK(nn::summary(layer) == "multihead_attention(8, 2)");
}

TEST_CASE("PyTorch: causal self-attention, and run-time lengths") {
    auto layer = load<nn::multihead_attention<8, 2>>("multihead_causal");
    tn::variable x(get<float, 3, 4, 8>("multihead_causal.x"));
    tn::backward(output("multihead_causal", layer(x, {.is_causal = true})));
    check("multihead_causal.grad.x", x.grad());
    check_parameters("multihead_causal", layer);

    tn::tensor<float, tn::dyn, tn::dyn, 8> open(3, 4);
    open = x;
    CHECK(tn::allclose(layer(open), layer(x, x, x), {.atol = 1e-6}));
    tn::tensor one = layer(tn::select<0>(x, 1));
    static_assert(std::is_same_v<decltype(one), tn::tensor<float, 4, 8>>);
    CHECK(tn::allclose(one, tn::select<0>(layer(x), 1)));
}

TEST_CASE("queries that may look at no key") {
    tn::variable q(get<float, 2, 4, 5>("attention_causal.q"));
    tn::variable k(get<float, 2, 6, 5>("attention_causal.k"));
    tn::variable v(get<float, 2, 6, 3>("attention_causal.v"));
    tn::tensor<bool, 4, 6> see;
    see.fill(true);
    for (std::size_t j = 0; j != 6; ++j) see(1, j) = false;
    tn::tensor<float, 4, 6> const add = tn::where(see, 0.f, -std::numeric_limits<float>::infinity());
    auto const gradients = [&](auto const& e) {
        q.grad().fill(0);
        k.grad().fill(0);
        v.grad().fill(0);
        tn::backward(e);
        return std::tuple(q.grad(), k.grad(), v.grad());
    };
    auto const by_mask = [&](auto const& m) { return tn::let(tn::scaled_dot_product_attention(q, k, v, m)); };
    tn::tensor y = by_mask(see);
    CHECK(tn::norm(tn::select<1>(y, 1)).item() == 0.f);
    CHECK(tn::allclose(y, by_mask(add)));
    auto const whole = gradients(tn::sum(tn::square(by_mask(see))));
    // The others' gradients are those without the masked query.
    auto const others = gradients(tn::sum(tn::square(tn::slice<1, 2, 4>(by_mask(add)))) +
                                  tn::sum(tn::square(tn::slice<1, 0, 1>(by_mask(add)))));
    CHECK(tn::norm(tn::select<1>(std::get<0>(whole), 1)).item() == 0.f);
    CHECK(tn::all(tn::isfinite(std::get<0>(whole))).item());
    CHECK(tn::allclose(std::get<0>(whole), std::get<0>(others)));
    CHECK(tn::allclose(std::get<1>(whole), std::get<1>(others)));
    CHECK(tn::allclose(std::get<2>(whole), std::get<2>(others)));
    CHECK(std::isnan(tn::softmax<0>(tn::full<float, 3>(-std::numeric_limits<float>::infinity())).eval()(0)));
}
