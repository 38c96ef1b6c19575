// Products with a bias and an activation: one call of the library, and the same numbers where it refuses.
#include "device.hpp"

using namespace device_test;
namespace nn = tenon::nn;

namespace {

/// Turns the library's epilogues off for as long as it lives.
struct without_epilogues {
    without_epilogues() { calls::has_epilogues = false; }
    ~without_epilogues() { calls::has_epilogues = true; }
};

/// Calls f with and without the library's epilogues; plans are made anew for each.
template <class F>
void both_ways(F const& f) {
    f();
    tn::cuda::context::local().products.reset();
    without_epilogues const refused;
    f();
    tn::cuda::context::local().products.reset();
}

auto const affine = [](auto const& x, auto const& w, auto const& b) { return tn::matmul(x, tn::transpose(w)) + b; };
auto const turned = [](auto const& x, auto const& w, auto const& b) { return b + tn::matmul(x, w); };

auto const activated = [](auto const&... a) { return tn::relu(affine(a...)); };
/// Linear layers with the library's activations and without.
auto const functions = [](auto const&... a) {
    return tn::relu(affine(a...)) + tn::gelu_tanh(affine(a...)) * affine(a...);
};
/// And with what is computed from them.
auto const all_functions = [](auto const&... a) {
    return functions(a...) + tn::gelu(affine(a...)) + tn::softmax<-1>(tn::relu(affine(a...)) * 2.f);
};

/// Sizes of layers: of nothing, of one element, and with more columns than relu's slopes have in one row's first part.
struct size {
    std::size_t rows, depth, columns;
};
constexpr size sizes[] = {{9, 6, 8}, {1, 1, 1}, {1, 3, 130}, {0, 6, 8}, {4, 0, 4}};

}  // namespace

TEST_CASE("a bias and an activation belong to the product's call", "[kernels]") {
    tn::generator gen{31};
    auto const x = tn::to<tn::cuda::device>(tn::randn<float, 33, 12>(gen));
    nn::linear<12, 7, tn::cuda::device> const layer;
    auto const takes = [&](auto const& f) {
        auto const before = calls::launches + calls::copies;
        tn::cuda::tensor const y = f();
        return calls::launches + calls::copies - before;
    };
    CHECK(launched(takes([&] { return layer(x); }), 1));
    CHECK(launched(takes([&] { return tn::relu(layer(x)); }), 1));
    CHECK(launched(takes([&] { return tn::gelu_tanh(layer(x)); }), 1));
    CHECK(launched(takes([&] { return tn::relu(tn::matmul(x, tn::transpose(layer.weight))); }), 1));
    // gelu is not the library's; it is computed from the product and its bias.
    CHECK(launched(takes([&] { return tn::gelu(layer(x)); }), 2));
}

TEST_CASE("values of linear layers of all sizes", "[kernels]") {
    tn::generator gen{32};
    both_ways([&] {
        auto const x = tn::randn<float, 33, 12>(gen);
        auto const w = tn::randn<float, 7, 12>(gen);
        auto const b = tn::randn<float, 7>(gen);
        // Alone: written where the result belongs.
        CHECK(values_agree(affine, x, w, b));
        CHECK(values_agree(activated, x, w, b));
        CHECK(values_agree([](auto const&... a) { return tn::gelu_tanh(affine(a...)); }, x, w, b));
        for (auto const& [rows, depth, columns] : sizes)
            CHECK(values_agree(activated, tn::randn<float, tn::dyn, tn::dyn>(rows, depth, gen),
                               tn::randn<float, tn::dyn, tn::dyn>(columns, depth, gen),
                               tn::randn<float, tn::dyn>(columns, gen)));
        CHECK(values_agree(activated, tn::randn<double, 4, 6>(gen), tn::randn<double, 5, 6>(gen),
                           tn::randn<double, 5>(gen)));
        CHECK(values_agree(turned, tn::randn<float, 9, 4>(gen), tn::randn<float, 4, 6>(gen), tn::randn<float, 6>(gen)));
        // Rows at odd distances are no operand of the library; a bias may be computed, or lie at an odd place.
        CHECK(values_agree(
            [](auto const& a, auto const& u, auto const& c) {
                return affine(tn::slice<1, 0, 8, 2>(a), u, tn::exp(tn::slice<0, 2, 8>(c))) +
                       tn::relu(affine(tn::slice<1, 0, 4>(a), u, tn::slice<0, 1, 7>(c)));
            },
            tn::randn<float, 9, 8>(gen), tn::randn<float, 6, 4>(gen), tn::randn<float, 8>(gen)));
    });
}

TEST_CASE("gradients of linear layers, alone and one after the other", "[kernels]") {
    tn::generator gen{33};
    both_ways([&] {
        CHECK(squares_agree(functions, tn::randn<float, 13, 12>(gen), tn::randn<float, 7, 12>(gen),
                            tn::randn<float, 7>(gen)));
        for (auto const& [rows, depth, columns] : sizes)
            CHECK(squares_agree(all_functions, tn::randn<float, tn::dyn, tn::dyn>(rows, depth, gen),
                                tn::randn<float, tn::dyn, tn::dyn>(columns, depth, gen),
                                tn::randn<float, tn::dyn>(columns, gen)));
        CHECK(squares_agree(activated, tn::randn<float, 2, 3, 6>(gen), tn::randn<float, 5, 6>(gen),
                            tn::randn<float, 5>(gen)));
        CHECK(squares_agree(functions, tn::randn<double, 4, 6>(gen), tn::randn<double, 5, 6>(gen),
                            tn::randn<double, 5>(gen)));
        CHECK(
            squares_agree(activated, tn::randn<float, 3>(gen), tn::randn<float, 5, 3>(gen), tn::randn<float, 5>(gen)));
        auto const w = tn::randn<float, 7, 7>(gen);
        auto const b = tn::randn<float, 7>(gen);
        auto const x = tn::randn<float, 9, 7>(gen);
        CHECK(squares_agree(
            [](auto const& a, auto const& u, auto const& c) {
                return affine(tn::relu(affine(a, u, c)), u, c) +
                       tn::gelu_tanh(affine(tn::gelu_tanh(affine(a, u, c)), u, c)) +
                       turned(tn::relu(turned(tn::relu(turned(a, u, c)), u, tn::exp(c))), u, c);
            },
            x, w, b));
        // Readers other than products: a named node, a reshape, views, the right factor.
        CHECK(squares_agree(
            [](auto const& a, auto const& u, auto const& c) {
                auto h = tn::let(tn::relu(affine(a, u, c)));
                return affine(h, u, c) + h +
                       affine(tn::reshape<9, 7>(tn::reshape<63>(tn::relu(affine(a, u, c)))), u, c);
            },
            x, w, b));
        CHECK(squares_agree(
            [](auto const& a, auto const& u, auto const& c) {
                return tn::matmul(tn::transpose(tn::relu(affine(a, u, c))) * (tn::transpose(a) + 1.f),
                                  tn::matmul(a, tn::transpose(tn::relu(affine(a, u, c)))));
            },
            x, w, b));
        on_both const input(x);
        CHECK(gradients_agree(
            [&](auto const& u) { return tn::sum(tn::relu(tn::matmul(input.where(u), tn::transpose(u)))); }, w));
    });
}
