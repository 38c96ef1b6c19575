// Products whose rows are computed when they are read: the same bits as from memory, whatever reads them.
#include <cstddef>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// Expressions of products, each beside its parts with the product in a tensor of its own: the same bits.
template <class X, class W, class B, class R>
void check_products(X const& x, W const& w, B const& b, R const& residual) {
    auto in_memory = [](auto const& e) {
        return tn::tensor_of_t<tn::value_t<decltype(e)>, tn::shape_t<decltype(e)>>(e);
    };
    auto const product = in_memory(tn::matmul(x, w));
    CAPTURE(tn::to_string(product.shape()));
    auto const equal = [&](auto const& f) {
        CHECK(tn::array_equal(in_memory(f(tn::matmul(x, w))), in_memory(f(product))));
    };
    equal([&](auto const& p) { return tn::relu(p + b) * 2 + residual; });
    equal([&](auto const& p) { return tn::softmax<-1>(p + b); });
    equal([&](auto const& p) { return residual * tn::log_softmax<-1>(p) + p; });
    equal([&](auto const& p) { return p - tn::max<-1>(p, tn::keepdim); });
    equal([&](auto const& p) { return tn::argmax<-1>(p + b); });
    equal([&](auto const& p) { return tn::sum<0>(p * residual); });
    equal([&](auto const& p) { return tn::transpose(tn::exp(p) * b); });
    equal([&](auto const& p) { return tn::flip<0>(tn::exp(p)) + residual; });
    auto const named = tn::let(tn::matmul(x, w) + b);
    CHECK(tn::array_equal(in_memory(named * tn::sum<1>(named, tn::keepdim) + named),
                          in_memory((product + b) * tn::sum<1>(in_memory(product + b), tn::keepdim) + (product + b))));
    // A layer that follows takes the first one's rows.
    auto const next = tn::randn<tn::value_t<X>, tn::shape_t<B>::static_extents[0], 32>();
    CHECK(tn::array_equal(in_memory(tn::matmul(tn::relu(tn::matmul(x, w) + b), next) * 2),
                          in_memory(tn::matmul(in_memory(tn::relu(product + b)), next) * 2)));
}

}  // namespace

TEST_CASE("products whose rows are computed when they are read equal those in memory") {
    tn::manual_seed(2);
    SECTION("static") {
        check_products(tn::randn<float, 517, 64>(), tn::randn<float, 64, 64>(), tn::randn<float, 64>(),
                       tn::randn<float, 517, 64>());
        check_products(tn::randn<double, 200, 100>(), tn::randn<double, 100, 130>(), tn::randn<double, 130>(),
                       tn::randn<double, 200, 130>());
    }
    SECTION("transposed operands") {
        auto const x = tn::randn<float, 70, 291>();
        auto const w = tn::randn<float, 160, 70>();
        check_products(tn::exp(tn::transpose(x)), tn::transpose(w) * 2, tn::randn<float, 160>(),
                       tn::randn<float, 291, 160>());
    }
    SECTION("as many rows as there are") {
        auto const w = tn::randn<float, 24, 48>();
        auto const b = tn::randn<float, 48>();
        for (std::size_t rows : {0u, 1u, 143u, 144u, 145u, 150u, 289u})
            check_products(tn::tensor<float, tn::dyn, 24>(tn::randn<float, tn::dyn, 24>(rows)), w, b,
                           tn::tensor<float, tn::dyn, 48>(tn::randn<float, tn::dyn, 48>(rows)));
    }
    SECTION("into an operand") {
        tn::tensor<float, 200, 64> x = tn::randn<float, 200, 64>();
        auto const w = tn::randn<float, 64, 64>();
        tn::tensor<float, 200, 64> const expected = tn::tanh(tn::tensor<float, 200, 64>(tn::matmul(x, w))) + x;
        x = tn::tanh(tn::matmul(x, w)) + x;
        CHECK(tn::array_equal(x, expected));
        tn::tensor<float, 200, 200> s = tn::randn<float, 200, 200>();
        tn::tensor<float, 200, 200> const square = tn::softmax<1>(tn::tensor<float, 200, 200>(tn::matmul(s, s)));
        s = tn::softmax<1>(tn::matmul(s, s));
        CHECK(tn::array_equal(s, square));
    }
}
