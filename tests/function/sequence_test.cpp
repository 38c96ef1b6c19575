#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "torch_cases.hpp"

namespace tn = tenon;
using tn::dyn;
using tn::reduction;

namespace {
torch_cases::file const& data() {
    static torch_cases::file const cases("sequence");
    return cases;
}
template <std::size_t... E>
auto whole(std::string const& name) {
    return data().get<std::int64_t, E...>(name);
}
}  // namespace

TEST_CASE("bags of rows are PyTorch's") {
    auto table = data().operand<dyn, dyn>("bags_sum.1");
    auto const bags = whole<dyn, dyn>("bags_sum.0");
    auto const line = whole<dyn>("bags_sum_offsets.0"), offsets = whole<dyn>("bags_sum_offsets.2");
    // Names of cases count operands, of which the indices have no gradient: the table is number 1.
    auto const check = [&](std::string const& name, auto const& y) {
        data().compare(name + ".out", tn::tensor(y));
        table.zero_grad();
        tn::backward(tn::sum(y * data().get<double, dyn, dyn>(name + ".w")));
        data().compare(name + ".g1", table.grad());
    };
    for (auto const& [name, mode] : {std::pair<std::string, tn::bag_mode>{"sum", tn::bag_mode::sum},
                                     {"mean", tn::bag_mode::mean},
                                     {"max", tn::bag_mode::max}}) {
        check("bags_" + name, tn::embedding_bag(bags, table, {.mode = mode}));
        check("bags_" + name + "_offsets", tn::embedding_bag(line, table, offsets, {.mode = mode, .padding_idx = -4}));
    }
    check("bags_frequency", tn::embedding_bag(bags, table, {.scale_grad_by_freq = true}));
    auto weights = data().operand<dyn, dyn>("bags_weighted.2");
    check("bags_weighted", tn::embedding_bag(bags, table, weights, {.mode = tn::bag_mode::sum}));
    data().compare("bags_weighted.g2", weights.grad());
    auto of_line = data().operand<dyn>("bags_last.3");
    check("bags_last",
          tn::embedding_bag<true>(line, table, whole<dyn>("bags_last.2"), of_line, {.mode = tn::bag_mode::sum}));
    data().compare("bags_last.g3", of_line.grad());

    CHECK_THROWS_AS(tn::embedding_bag(tn::tensor<std::int64_t, 1, 1>({{6}}), table).eval(), tn::index_error);
    CHECK_THROWS_AS(tn::embedding_bag(line, table, tn::full<std::int64_t, 2>(1)).eval(), tn::index_error);
    CHECK_THROWS_AS(tn::embedding_bag(bags, table, weights), std::invalid_argument);
}

TEST_CASE("losses of label sequences are PyTorch's") {
    auto x = data().operand<dyn, dyn, dyn>("ctc.0");
    auto const labels = whole<dyn, dyn>("ctc.1");
    auto const steps = whole<dyn>("ctc.2"), lengths = whole<dyn>("ctc.3");
    data().check("ctc", tn::ctc_loss<reduction::none>(x, labels, steps, lengths, {.zero_infinity = true}), x);
    data().check("ctc_mean", tn::ctc_loss(x, labels, steps, lengths, {.zero_infinity = true}), x);
    data().check(
        "ctc_list",
        tn::ctc_loss<reduction::none>(x, whole<dyn>("ctc_list.1"), steps, whole<dyn>("ctc_list.3"), {.blank = 3}), x);
    auto one = data().operand<dyn, dyn>("ctc_one.0");
    data().check("ctc_one",
                 tn::ctc_loss<reduction::none>(one, whole<dyn>("ctc_one.1"), tn::full<std::int64_t>(6),
                                               tn::full<std::int64_t>(2)),
                 one);
    tn::tensor const alone = tn::ctc_loss<reduction::none>(x, labels, steps, lengths);
    CHECK(alone(3) == std::numeric_limits<double>::infinity());
    CHECK_THROWS_AS(tn::ctc_loss(x, labels + 3, steps, lengths).item(), tn::index_error);
    CHECK_THROWS_AS(tn::ctc_loss(x, labels, steps + 1, lengths).item(), std::invalid_argument);
    tn::variable<double, 4, 1, 3> logits(tn::tensor<double, 4, 1, 3>(tn::rand<double, 4, 1, 3>()));
    tn::tensor<std::int64_t, 1, 2> const twice({{1, 1}});
    CHECK(tn::gradcheck(
        tn::ctc_loss(tn::log_softmax<-1>(logits), twice, tn::full<std::int64_t, 1>(4), tn::full<std::int64_t, 1>(2))));
}

TEST_CASE("bilinear forms and normalisation over channels are PyTorch's") {
    auto a = data().operand<dyn, dyn, dyn>("bilinear.0"), b = data().operand<dyn, dyn, dyn>("bilinear.1");
    auto w = data().operand<5, 3, 2>("bilinear.2");
    auto bias = data().operand<5>("bilinear.3");
    data().check("bilinear", tn::bilinear(a, b, w, bias), a, b, w, bias);
    tn::variable<double, dyn, dyn, dyn> alone(tn::tensor<double, dyn, dyn, dyn>(1, 4, 2));
    CHECK_THROWS_AS(tn::bilinear(a, alone, w), tn::shape_error);
    auto x = data().operand<dyn, dyn, dyn>("response_2.0");
    data().check("response_2", tn::local_response_norm<2>(x, 0.3, 0.5, 1.25), x);
    auto y = data().operand<dyn, dyn, dyn>("response_5.0");
    data().check("response_5", tn::local_response_norm<5>(y, 0.3, 0.5, 1.25), y);
}
