#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "torch_cases.hpp"

namespace tn = tenon;
namespace nn = tenon::nn;
using tn::dyn;
using tn::reduction;

namespace {
torch_cases::file const& data() {
    static torch_cases::file const cases("distance");
    return cases;
}
constexpr auto none = reduction::none;
constexpr double infinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("losses of margins are PyTorch's") {
    auto x = data().operand<dyn, dyn>("margin_ranking.0"), y = data().operand<dyn, dyn>("margin_ranking.1");
    auto const signs = data().get<double, dyn, dyn>("margin_ranking.2");
    data().check("margin_ranking", tn::margin_ranking_loss<none>(x, y, signs, {.margin = 0.5}), x, y);
    data().check("hinge_embedding", tn::hinge_embedding_loss<none>(x, signs, {.margin = 0.5}), x);
    data().check("soft_margin", tn::soft_margin_loss<none>(x, signs), x);
    auto const zero_one = data().get<double, dyn, dyn>("multilabel_soft.1");
    auto const weight = data().get<double, dyn>("multi_margin_weighted.2");
    data().check("multilabel_soft", tn::multilabel_soft_margin_loss<none>(x, zero_one), x);
    data().check("multilabel_soft_weighted", tn::multilabel_soft_margin_loss<none>(x, zero_one, {.weight = weight}), x);
    auto const classes = data().get<std::int64_t, dyn>("multi_margin_1.1");
    data().check("multi_margin_1", tn::multi_margin_loss<none>(x, classes, {.margin = 0.5}), x);
    data().check("multi_margin_2", tn::multi_margin_loss<none>(x, classes, {.p = 2, .margin = 0.5}), x);
    data().check("multi_margin_weighted", tn::multi_margin_loss<none>(x, classes, {.weight = weight}), x);
    data().check("multilabel_margin",
                 tn::multilabel_margin_loss<none>(x, data().get<std::int64_t, dyn, dyn>("multilabel_margin.1")), x);

    tn::tensor const rows = tn::margin_ranking_loss<none>(x, y, signs, {.margin = 0.5});
    CHECK(nn::margin_ranking_loss{.margin = 0.5}(x, y, signs).item() == Approx(tn::mean(rows).item()));
    CHECK(nn::basic_margin_ranking_loss<reduction::sum>{.margin = 0.5}(x, y, signs).item() ==
          Approx(tn::sum(rows).item()));
    CHECK(nn::multi_margin_loss{.weight = weight}(x, classes).item() ==
          tn::multi_margin_loss(x, classes, {.weight = weight}).item());
    CHECK(tn::soft_margin_loss<none>(tn::full<float, 1>(-500.f), tn::ones<float, 1>()).eval()(0) == 500);
    tn::tensor<float, 3> const one({0.5f, 2, 1});
    CHECK(tn::multi_margin_loss(one, tn::full<std::int64_t>(1)).item() == 0);
    CHECK(tn::multi_margin_loss(one, tn::full<std::int64_t>(0)).item() == Approx((2.5 + 1.5) / 3));
    CHECK_THROWS_AS(tn::multi_margin_loss(one, tn::full<std::int64_t>(3)).item(), tn::index_error);
    CHECK_THROWS_AS(tn::multi_margin_loss(one, tn::full<std::int64_t>(0), {.p = 3}), std::invalid_argument);
    tn::tensor<std::int64_t, dyn> labels(3);
    labels.fill(3);
    CHECK_THROWS_AS(tn::multilabel_margin_loss(one, labels).item(), tn::index_error);
    labels(0) = 1;
    labels(1) = -1;
    CHECK(tn::multilabel_margin_loss(one, labels).item() == 0);
    CHECK_THROWS_AS(tn::multi_margin_loss(x, tn::zeros<std::int64_t, dyn>(3)), tn::shape_error);
}

TEST_CASE("losses of distributions and of linear maps are PyTorch's") {
    auto x = data().operand<dyn, dyn>("poisson.0"), t = data().operand<dyn, dyn>("gaussian.1"),
         variance = data().operand<dyn, dyn>("gaussian.2");
    auto const counts = data().get<double, dyn, dyn>("poisson.1");
    data().check("poisson", tn::poisson_nll_loss<none>(x, counts), x);
    auto rate = data().operand<dyn, dyn>("poisson_full.0");
    data().check("poisson_full",
                 tn::poisson_nll_loss<none>(rate, counts, {.log_input = false, .full = true, .eps = 0.25}), rate);
    data().check("gaussian", tn::gaussian_nll_loss<none>(x, t, variance, {.full = true, .eps = 1e-2}), x, t, variance);
    auto of_rows = data().operand<dyn>("gaussian_rows.2");
    // A variance for each row is stretched, which run-time extents don't show: the column has a static 1.
    data().check("gaussian_rows", tn::gaussian_nll_loss<none>(x, t, of_rows), x, t, of_rows);
    CHECK(nn::gaussian_nll_loss{.full = true}(x, t, 0.5).item() ==
          tn::gaussian_nll_loss(x, t, 0.5, {.full = true}).item());
    CHECK_THROWS_AS(tn::gaussian_nll_loss(x, t, -1.).item(), std::invalid_argument);

    auto w = data().operand<3, 5>("linear_cross_entropy.1");
    auto const classes = data().get<std::int64_t, dyn>("linear_cross_entropy.2");
    data().check("linear_cross_entropy", tn::linear_cross_entropy<none>(x, w, classes, {.label_smoothing = 0.1}), x, w);
    auto places = data().operand<3, 2, 5>("linear_cross_entropy_places.1");
    data().check(
        "linear_cross_entropy_places",
        tn::linear_cross_entropy<none>(x, places, data().get<std::int64_t, dyn, 2>("linear_cross_entropy_places.2")), x,
        places);
}

TEST_CASE("losses of distances are PyTorch's") {
    auto x = data().operand<dyn, dyn>("cosine_embedding.0"), y = data().operand<dyn, dyn>("cosine_embedding.1");
    auto const signs = data().get<std::int64_t, dyn>("cosine_embedding.2");
    data().check("cosine_embedding", tn::cosine_embedding_loss<none>(x, y, signs, {.margin = 0.1}), x, y);
    auto a = data().operand<dyn, dyn>("triplet_plain.0"), p = data().operand<dyn, dyn>("triplet_plain.1"),
         n = data().operand<dyn, dyn>("triplet_plain.2");
    data().check("triplet_plain", tn::triplet_margin_loss<none>(a, p, n), a, p, n);
    data().check("triplet_three", tn::triplet_margin_loss<none>(a, p, n, {.margin = 2, .p = 3}), a, p, n);
    data().check("triplet_swapped", tn::triplet_margin_loss<none>(a, p, n, {.swap = true}), a, p, n);
    data().check("triplet_one", tn::triplet_margin_loss<none>(a, p, n, {.p = 1, .swap = true}), a, p, n);
    auto const city = [](auto const& u, auto const& v) { return tn::sum<-1>(tn::abs(u - v)); };
    data().check("triplet_distance", tn::triplet_margin_with_distance_loss<none>(a, p, n, city, {.swap = true}), a, p,
                 n);
    CHECK(nn::triplet_margin_loss{.p = 1, .swap = true}(a, p, n).item() ==
          tn::triplet_margin_loss(a, p, n, {.p = 1, .swap = true}).item());
    CHECK_THROWS_AS(tn::triplet_margin_loss(a, p, n, {.margin = 0}), std::invalid_argument);
}

TEST_CASE("norms of every order are PyTorch's, also where they have kinks") {
    for (auto const& [name, order] : {std::pair<std::string, double>{"inf", infinity},
                                      {"minus_inf", -infinity},
                                      {"zero", 0},
                                      {"half", 0.5},
                                      {"one", 1},
                                      {"more", 1.5},
                                      {"two", 2},
                                      {"three", 3},
                                      {"minus", -1}}) {
        auto x = data().operand<dyn, dyn>("distance_" + name + ".0"),
             y = data().operand<dyn, dyn>("distance_" + name + ".1");
        data().check("distance_" + name, tn::pairwise_distance(x, y, order, 1e-6, tn::keepdim), x, y);
        auto z = data().operand<dyn, dyn>("normalize_" + name + ".0");
        data().check("normalize_" + name, tn::normalize<0>(z, {.p = order, .eps = 1e-3}), z);
    }
    tn::tensor<float, 2, 2> const v({{3, 4}, {0, 0}});
    CHECK(tn::allclose(tn::normalize<1>(v, 1), tn::tensor<float, 2, 2>({{3 / 7.f, 4 / 7.f}, {0, 0}})));
    CHECK(tn::cosine_similarity<0>(tn::full<double>(2.), tn::full<double>(-3.)).item() == -1);
    CHECK(tn::pairwise_distance(tn::zeros<float, dyn, 3>(0), tn::ones<float, 1>(), 3).eval().size() == 0);
}
