// Temporaries that computations own.
#include <tenon/tenon.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <catch.hpp>

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::dyn;

namespace {
[[maybe_unused]] auto row() { return tn::ones<float, 6>(); }
[[maybe_unused]] auto matrix() { return tn::full<float, 4, 6>(2); }
[[maybe_unused]] auto square() { return tn::full<float, 6, 6>(0.5f); }
[[maybe_unused]] auto image() { return tn::ones<float, 2, 4, 6, 6>(); }
[[maybe_unused]] auto mask() { return tn::tensor<bool, 4, 6>(); }
[[maybe_unused]] auto index() { return tn::zeros<std::int64_t, 4>(); }

/// Whether a computation on temporaries owns them all: its type says what it refers to.
template <class E>
constexpr bool finds_owned_only() {
    std::string_view const type = __PRETTY_FUNCTION__;
    return type.find("owned<") != type.npos && type.find("tensor_ref<") == type.npos;
}
template <class E>
constexpr bool owns = finds_owned_only<E>();
/// A result is the same as with operands that have names, also when it is computed after others have used the memory.
template <class F, class... X>
void computed_later(F const& f, X const&... x) {
    auto const later = f(X(x)...);
    auto const moved = [&, ... copies = X(x)]() mutable { return f(std::move(copies)...); }();
    std::vector<std::unique_ptr<tn::tensor<float, 4096>>> others;
    for (int i = 0; i != 8; ++i) others.push_back(std::make_unique<tn::tensor<float, 4096>>(tn::full<float, 4096>(7)));
    tn::tensor const expected = f(x...);
    CHECK(tn::array_equal(tn::tensor(later), expected));
    CHECK(tn::array_equal(tn::tensor(moved), expected));
}
}  // namespace

TEST_CASE("functions own what was a temporary") {
    static_assert(owns<decltype(tn::relu(row()))>);
    static_assert(owns<decltype(row() + 1.f)>);
    static_assert(owns<decltype(-row() * row() > row())>);
    static_assert(owns<decltype(tn::where(mask(), matrix(), 0.f))>);
    static_assert(owns<decltype(tn::masked_fill(matrix(), mask(), 1.f))>);
    static_assert(owns<decltype(tn::clamp(matrix(), row(), row()))>);
    static_assert(owns<decltype(tn::lerp(matrix(), row(), 0.5f))>);
    static_assert(owns<decltype(tn::prelu(matrix(), row()))>);
    static_assert(owns<decltype(tn::elu(tn::celu(tn::hardtanh(tn::leaky_relu(tn::softplus(row()))), 2.f)))>);
    static_assert(owns<decltype(tn::threshold(tn::softshrink(tn::hardshrink(row())), 0.f, 1.f))>);
    static_assert(owns<decltype(tn::pow(row(), row()))>);
    static_assert(owns<decltype(tn::pow<3>(row()))>);
    static_assert(owns<decltype(tn::cast<double>(row()))>);
    static_assert(owns<decltype(tn::isclose(row(), row()))>);
    static_assert(owns<decltype(tn::map([](auto v) { return v * v; }, row()))>);
    static_assert(owns<decltype(tn::dropout(matrix()))>);
    // Views.
    static_assert(owns<decltype(matrix()[1])>);
    static_assert(owns<decltype(std::as_const(*std::make_unique<tn::tensor<float, 4, 6>>()).eval()[1])>);
    static_assert(owns<decltype(tn::slice<1, 2, 4>(tn::permute<1, 0>(matrix())))>);
    static_assert(owns<decltype(tn::flip<0>(tn::unsqueeze<0>(tn::reshape<3, 8>(matrix()))))>);
    static_assert(owns<decltype(tn::reshape<24>(tn::relu(matrix()) + matrix()))>);
    static_assert(owns<decltype(tn::unflatten<0, 2, 2>(
                      tn::flatten<0>(tn::transpose(tn::diagonal(square()))).eval().slice<0, 0, 4>()))>);
    static_assert(owns<decltype(tn::broadcast_to<3, 4, 6>(matrix()))>);
    static_assert(owns<decltype(matrix().transpose().flatten().select<0>(3))>);
    static_assert(owns<decltype(tn::tril(tn::triu(square())))>);
    static_assert(owns<decltype(tn::pad<0, 1, 1>(matrix()))>);
    static_assert(owns<decltype(tn::concat<0>(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::stack<0>(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::split<1, 2, 4>(matrix()))>);
    static_assert(owns<decltype(tn::chunk<2, 1>(matrix()))>);
    static_assert(owns<decltype(tn::unbind(matrix()))>);
    static_assert(owns<decltype(tn::index_select<0>(matrix(), index()))>);
    static_assert(owns<decltype(tn::gather<0>(matrix(), tn::zeros<std::int64_t, 4, 6>()))>);
    static_assert(owns<decltype(tn::roll<0>(tn::roll(matrix(), 2), 1))>);
    static_assert(owns<decltype(tn::one_hot<3>(index()))>);
    // Reductions and what is made of them.
    static_assert(owns<decltype(tn::sum<0>(matrix()) + tn::mean<0>(matrix(), tn::keepdim) + tn::max<0>(matrix()) +
                                tn::prod<0>(matrix()))>);
    static_assert(owns<decltype(matrix().sum<1>() + matrix().mean<1>() + matrix().max<1>() + matrix().min<1>())>);
    static_assert(owns<decltype(tn::argmax<1>(matrix()) + matrix().argmax<1>())>);
    static_assert(owns<decltype(tn::var<1>(matrix()) + tn::std<1>(matrix()) + tn::logsumexp<1>(matrix()) +
                                tn::norm<1>(matrix()))>);
    static_assert(owns<decltype(tn::any(mask()) & tn::all(mask()))>);
    static_assert(owns<decltype(tn::cumsum<0>(tn::log_softmax<1>(tn::softmax<1>(matrix()))))>);
    static_assert(owns<decltype(tn::normalize(matrix()))>);
    static_assert(owns<decltype(tn::cosine_similarity(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::glu(matrix()))>);
    static_assert(owns<decltype(tn::layer_norm<6>(matrix()))>);
    static_assert(owns<decltype(tn::layer_norm(matrix(), row(), row()))>);
    static_assert(owns<decltype(tn::rms_norm(matrix(), row()))>);
    static_assert(owns<decltype(tn::group_norm<2>(image(), tn::ones<float, 4>(), tn::ones<float, 4>()))>);
    static_assert(owns<decltype(tn::instance_norm(image()))>);
    static_assert(owns<decltype(tn::batch_norm(matrix(), row(), row()))>);
    // Products, convolutions, attention.
    static_assert(owns<decltype(matmul(matrix(), square()))>);
    static_assert(owns<decltype(matmul(matrix(), row()))>);
    static_assert(owns<decltype(tn::dot(row(), row()) + tn::trace(square()) + tn::sum(tn::outer(row(), row())))>);
    static_assert(owns<decltype(tn::einsum<"ij,jk,kk->i">(matrix(), square(), square()))>);
    static_assert(owns<decltype(tn::conv2d(image(), tn::ones<float, 3, 4, 2, 2>(), tn::ones<float, 3>()))>);
    static_assert(owns<decltype(tn::conv_transpose1d(matrix(), tn::ones<float, 4, 3, 2>()))>);
    static_assert(owns<decltype(tn::max_pool2d<2>(tn::avg_pool2d<2>(image())) + tn::adaptive_avg_pool2d<1>(image()))>);
    static_assert(
        owns<decltype(tn::scaled_dot_product_attention(matrix(), matrix(), matrix(), tn::zeros<float, 4, 4>()))>);
    // Losses.
    static_assert(owns<decltype(tn::mse_loss(matrix(), matrix()) + tn::l1_loss(matrix(), matrix()) +
                                tn::huber_loss(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::smooth_l1_loss(matrix(), matrix()) + tn::kl_div(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::cross_entropy(matrix(), index()) + tn::cross_entropy(matrix(), matrix()))>);
    static_assert(owns<decltype(tn::cross_entropy(matrix(), matrix(), {.weight = row()}))>);
    static_assert(owns<decltype(tn::nll_loss(matrix(), index(), {.weight = row()}))>);
    static_assert(owns<decltype(tn::binary_cross_entropy(matrix(), matrix(), {.weight = row()}))>);
    static_assert(owns<decltype(tn::binary_cross_entropy_with_logits(matrix(), matrix(), {.pos_weight = row()}))>);
    // Narrow elements go through other nodes.
    static_assert(owns<decltype(tn::cumsum<0>(tn::softmax<0>(tn::full<tn::bfloat16, 4, 6>(1))))>);
    static_assert(owns<decltype(matmul(tn::full<tn::bfloat16, 4, 6>(1), tn::full<tn::bfloat16, 6, 2>(1)))>);
}

TEST_CASE("layers own what was a temporary") {
    static_assert(owns<decltype(nn::identity{}(row()))>);
    static_assert(owns<decltype((nn::relu() | nn::leaky_relu() | nn::softplus() | nn::glu<>())(matrix()))>);
    static_assert(
        owns<decltype((nn::softmax<>() | nn::flatten<>() | nn::unflatten<1, 2, 3>() | nn::hardtanh())(matrix()))>);
    static_assert(owns<decltype((nn::max_pool2d<2>() | nn::avg_pool2d<2>() | nn::adaptive_avg_pool2d<1>())(image()))>);
    nn::linear<6, 3> const fc;
    nn::linear<6, 3, tn::cpu, nn::no_bias> const bare;
    nn::conv2d<4, 3, 2> const conv;
    nn::conv1d<4, 3, 2, nn::conv_options{}, tn::cpu, nn::no_bias> const flat;
    nn::conv_transpose2d<4, 3, 2> const transposed;
    nn::layer_norm<6> const norm;
    nn::rms_norm<6> const rms;
    nn::group_norm<2, 4> const groups;
    nn::batch_norm2d<4> const batch;
    nn::prelu<6> const slopes;
    nn::dropout const drop;
    nn::embedding<5, 3> const table;
    nn::multihead_attention<6, 2> const attention;
    static_assert(owns<decltype(fc(matrix()) + bare(matrix()) + fc(tn::full<tn::bfloat16, 4, 6>(1)))>);
    static_assert(owns<decltype(conv(image()))>);
    static_assert(owns<decltype(flat(matrix()))>);
    static_assert(owns<decltype(transposed(image()))>);
    static_assert(owns<decltype(norm(matrix()) + rms(matrix()) + slopes(matrix()) + drop(matrix()))>);
    static_assert(owns<decltype(groups(image()) + batch(image()) + nn::instance_norm2d<4>{}(image()))>);
    static_assert(owns<decltype(table(index()))>);
    static_assert(owns<decltype(table(tn::tensor<std::int64_t>(2)))>);
    static_assert(owns<decltype(attention(matrix()) + attention(matrix(), matrix(), matrix()))>);
    nn::lstm_cell<6, 3> const lstm;
    nn::gru_cell<6, 3> const gru;
    nn::rnn_cell<6, 3> const rnn;
    auto const state = [] { return tn::ones<float, 4, 3>(); };
    static_assert(
        owns<decltype(lstm(matrix(), state(), state()).first + lstm(matrix(), std::pair{state(), state()}).second)>);
    static_assert(
        owns<decltype(lstm(matrix()).first + gru(matrix(), state()) + gru(matrix()) + rnn(matrix(), state()))>);
    static_assert(owns<decltype(nn::mse_loss{}(matrix(), matrix()) + nn::l1_loss{}(matrix(), matrix()))>);
    static_assert(owns<decltype(nn::huber_loss{}(matrix(), matrix()) + nn::smooth_l1_loss{}(matrix(), matrix()))>);
    static_assert(
        owns<decltype(nn::cross_entropy_loss{.weight = row()}(matrix(), index()) + nn::nll_loss{}(matrix(), index()))>);
    static_assert(owns<decltype(nn::binary_cross_entropy_loss{.weight = 2}(matrix(), matrix()) +
                                nn::binary_cross_entropy_with_logits_loss{}(matrix(), matrix()))>);
    static_assert(owns<decltype(nn::kl_div_loss{}(matrix(), matrix()))>);
}

TEST_CASE("what was a temporary is there when it is computed") {
    tn::manual_seed(1);
    auto const m = tn::randn<float, 20, 30>();
    auto const v = tn::randn<float, dyn>(30);
    nn::linear<30, 8> const fc;
    computed_later([](auto&& x) { return std::forward<decltype(x)>(x)[3]; }, m);
    computed_later([](auto&& x) { return tn::normalize(std::forward<decltype(x)>(x)); }, m);
    computed_later([](auto&& x) { return std::get<1>(tn::split<1, 10, 20>(std::forward<decltype(x)>(x))); }, m);
    computed_later(
        [](auto&& x, auto&& w) {
            return tn::cross_entropy(std::forward<decltype(x)>(x), tn::zeros<int, 20>(),
                                     {.weight = std::forward<decltype(w)>(w)});
        },
        m, v);
    computed_later([&](auto&& x) { return (fc | nn::relu())(std::forward<decltype(x)>(x)); }, m);
    // A struct of the user's behind a layer takes what that returns; in front, the temporary in the pipeline.
    auto const doubled = [](auto const& x) { return x * 2; };
    computed_later([&](auto&& x) { return (doubled | fc)(std::forward<decltype(x)>(x)); }, m);
}

TEST_CASE("the parameters of a layer that is a temporary, and the value of such a variable, are owned") {
    tn::manual_seed(2);
    auto const x = tn::randn<float, 5, 30>();
    auto const later = (nn::linear<30, 20>() | nn::prelu<20>() | nn::layer_norm<20>() | nn::rms_norm<20>())(x);
    tn::manual_seed(2);
    (void)tn::randn<float, 5, 30>();
    nn::linear<30, 20> const fc;
    CHECK(tn::allclose(later, (nn::prelu<20>() | nn::layer_norm<20>() | nn::rms_norm<20>())(fc(x)), {.rtol = 1e-4}));

    tn::variable v(tn::ones<float, 300>());
    auto const sum = tn::sum(tn::variable(v) * v);
    auto const values = tn::relu(tn::variable(v).value()) + tn::variable(v).grad();
    CHECK(float(tn::backward(sum)) == 300);
    CHECK(tn::all(v.grad() == 1).item());
    CHECK(tn::all(values == 1).item());
}
