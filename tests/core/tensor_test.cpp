// Tensors as values: what was moved from, and what never disagrees.
#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tenon/tenon.hpp>

#include "../catch.hpp"

namespace tn = tenon;

namespace {

/// Tensors that were moved from, by construction, assignment and swap, are used in every way.
template <class Tensor, class Make>
void use_after_move(Make const& make) {
    Tensor a = make();
    Tensor b = std::move(a);
    a = b + 1.f;
    CHECK(tn::all(a == b + 1.f).item());
    Tensor c = std::move(a);
    a = c;
    CHECK(tn::all(a == c).item());
    Tensor d = std::move(a);
    a = make();
    CHECK(tn::all(a == b).item());
    Tensor e = std::move(a);
    a.fill(3.f);
    CHECK(tn::all(a == 3.f).item());
    CHECK(a.flat().size() == a.size());
    Tensor f = std::move(a);
    std::swap(a, b);
    b = a * 2.f;
    CHECK(tn::all(b == a * 2.f).item());
    Tensor g = std::move(a);
    for (float const v : a) CHECK(v == 0.f);
    std::ostringstream out;
    out << a;
    CHECK(!out.str().empty());
    Tensor const copy = a;
    CHECK(copy.size() == a.size());
    Tensor h = std::move(a);
    Tensor i = std::move(a);  // twice
    CHECK(tn::sum(i).item() == 0.f);
    CHECK(tn::sum(a * 2.f + a).item() == 0.f);
    CHECK(tn::all(tn::transpose(a) == 0.f).item());
    a = make();
    auto& same = a;
    a = std::move(same);
    CHECK(tn::all(a == b / 2.f).item());
}

}  // namespace

TEST_CASE("a tensor that was moved from is a tensor") {
    use_after_move<tn::tensor<float, 30, 40>>([] { return tn::full<float, 30, 40>(2.f); });
    use_after_move<tn::tensor<float, tn::dyn, 40>>([] { return tn::full<float, tn::dyn, 40>(30, 2.f); });
    tn::tensor<float, 30, 40> a = tn::ones<float, 30, 40>();
    std::vector<tn::tensor<float, 30, 40>> kept;
    for (int i = 0; i < 3; ++i) {
        for (std::size_t r = 0; r < 30; ++r)
            for (std::size_t c = 0; c < 40; ++c) a(r, c) += static_cast<float>(i);
        kept.push_back(std::move(a));
    }
    CHECK((kept[0](29, 39) == 1.f && kept[1](29, 39) == 1.f && kept[2](0, 0) == 2.f));
    tn::tensor<float, 30, 40> const moved = std::move(kept[1]);
    CHECK((kept[1](3, 4) == 0.f && std::as_const(kept[1])[2].eval()(1) == 0.f && moved(3, 4) == 1.f));
    tn::tensor<double, tn::dyn> d = tn::ones<double, tn::dyn>(100);
    auto const rest = std::move(d);
    CHECK((d.size() == 0 && d.extent(0) == 0 && d.begin() == d.end() && rest.size() == 100));
}

TEST_CASE("a computation that was moved from, or whose operand was, is refused or reads what is there") {
    auto e = tn::ones<float, tn::dyn>(1000) * 2.f + 1.f;
    auto f = std::move(e);
    CHECK(tn::sum(f).item() == 3000.f);
    CHECK_THROWS_AS(e.eval(), tn::shape_error);
    auto x = tn::ones<float, tn::dyn>(1000);
    auto const twice = x * 2.f;
    auto const y = std::move(x);
    CHECK_THROWS_AS(twice.eval(), tn::shape_error);
    auto g = tn::ones<float, 1000>() * 2.f;
    auto h = std::move(g);
    CHECK((tn::sum(h).item() == 2000.f && tn::sum(g).item() == 0.f));
}

TEST_CASE("results that cannot be counted are refused by their operation's name") {
    auto const named = [](auto const& make, std::string const& name) {
        CHECK_THROWS_AS(make(), tn::shape_error);
        try {
            make();
        } catch (tn::shape_error const& e) { CHECK(std::string(e.what()).find(name + ": [") == 0); }
    };
    auto const wide = tn::zeros<float, 0, tn::dyn>(std::size_t{1} << 62);
    named([&] { return tn::concat<1>(wide, wide, wide, wide, wide).shape(); }, "concat");
    auto const tall = tn::zeros<float, tn::dyn, 0>(std::size_t{1} << 40);
    named([&] { return tn::matmul(tall, tn::transpose(tall)).shape(); }, "matmul");
    auto const sums = tn::sum<1>(tall);
    named([&] { return (tn::unsqueeze<0>(sums) + tn::unsqueeze<1>(sums)).shape(); }, "add");
}

TEST_CASE("the gradient of a variable has its value's shape") {
    tn::variable<float, tn::dyn> w(tn::ones<float, tn::dyn>(300));
    auto const before = w * 2.f;
    tn::backward(tn::sum(w * w));
    for (std::size_t const n : {1000u, 0u, 20u}) {
        w.value() = tn::ones<float, tn::dyn>(n);
        CHECK((w.grad().size() == n && (n == 0 || tn::sum(w.grad()).item() == 0.f)));
        tn::backward(tn::sum(w * w));
        CHECK(tn::all(w.grad() == 2.f).item());
        w.zero_grad();
        w.value() = tn::ones<float, tn::dyn>(n + 1);
        w.zero_grad();
        tn::backward(tn::sum(w * 3.f));
        CHECK((w.grad().size() == n + 1 && tn::all(w.grad() == 3.f).item()));
    }
    CHECK_THROWS_AS(before.eval(), tn::shape_error);
    CHECK_THROWS_AS(tn::backward(tn::sum(before)), tn::shape_error);

    auto const moved = std::move(w);
    CHECK((w.shape() == w.grad().shape() && moved.grad().size() == 21));
    w.value() = tn::ones<float, tn::dyn>(5);
    tn::backward(tn::sum(w));
    CHECK(tn::all(w.grad() == 1.f).item());

    tn::variable<float, 30, 40> s(tn::ones<float, 30, 40>());
    tn::backward(tn::sum(s));
    auto const t = std::move(s);
    s.value() = t * 2.f;
    tn::backward(tn::sum(s * s));
    CHECK((tn::all(s.grad() == 4.f).item() && tn::all(t.grad() == 1.f).item()));
}

namespace {
struct growing {
    tn::variable<float, tn::dyn> w{tn::ones<float, tn::dyn>(300)};
    tn::variable<float, 2> b;
};
}  // namespace

TEST_CASE("an optimiser refuses parameters of other sizes than its buffers have") {
    growing m;
    tn::optim::adam adam(m, {.lr = 0.1f});
    auto const train = [&] {
        adam.zero_grad();
        tn::backward(tn::sum(m.w * m.w) + tn::sum(m.b));
        tn::nn::clip_grad_norm(m, 100.f);
        adam.step();
    };
    m.w.value() = tn::ones<float, tn::dyn>(500);  // before the first step anything goes
    train();
    CHECK(std::abs(m.w.value()(499) - 0.9f) < 1e-5f);
    m.w.value() = tn::ones<float, tn::dyn>(1000);
    m.b.value().fill(7.f);
    try {
        train();
        FAIL("a longer parameter was taken");
    } catch (tn::shape_error const& e) {
        CHECK(std::string(e.what()) == "step: parameter 'w' is [1000] now, and had 500 elements when the optimiser's "
                                       "buffers were made: make another "
                                       "optimiser");
    }
    CHECK((m.b.value()(0) == 7.f && m.w.value()(999) == 1.f));
    m.w = tn::variable<float, tn::dyn>(tn::ones<float, tn::dyn>(3));
    CHECK_THROWS_AS(train(), tn::shape_error);
    auto const moved = std::move(m);
    CHECK_THROWS_AS(adam.step(), tn::shape_error);
    m.w.value() = tn::ones<float, tn::dyn>(500);
    train();
}

tn::tensor<float, tn::dyn, 6> empty_tensor_of_another_file();

TEST_CASE("a tensor without elements is one file's as well as another's", "[tensor]") {
    auto made_there = empty_tensor_of_another_file();
    tn::tensor<float, tn::dyn, 6> made_here;
    made_here = std::move(made_there);
    made_there = tn::ones<float, tn::dyn, 6>(2);
    CHECK(made_here.size() == 0);
    CHECK(tn::sum(made_there).item() == 12.f);
}
