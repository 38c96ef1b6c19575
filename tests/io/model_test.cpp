// Whole models: a load changes everything or nothing.
#include <tenon/io/model.hpp>

#include <string>
#include <vector>

#include <tenon/autograd/variable.hpp>
#include <tenon/core/creation.hpp>

#include "../catch.hpp"
#include "../error_of.hpp"
#include "folder.hpp"

namespace tn = tenon;

namespace {

struct layer {
    tn::variable<float, 2, 3> weight;
    tn::variable<float, 2> bias;
};
struct net {
    layer fc1, fc2;
};
template <class Second>
struct other_net {
    layer fc1;
    Second fc2;
};
struct wide {
    tn::variable<float, 2, 3> weight;
    tn::variable<float, 4> bias;
};
struct precise {
    tn::variable<float, 2, 3> weight;
    tn::variable<double, 2> bias;
};
struct bare {
    tn::variable<float, 2, 3> weight;
};

}  // namespace

TEST_CASE("a model's parameters come back by name") {
    tenon_test::folder f;
    net a, b;
    a.fc1.weight.value().fill(3.f);
    a.fc2.bias.value()(1) = 4.f;
    tn::io::save_safetensors(f / "m", a);
    CHECK(tn::io::load_safetensors(f / "m").names() ==
          std::vector<std::string>{"fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"});
    tn::io::load_safetensors(f / "m", b);
    CHECK(b.fc1.weight.value()(1, 2) == 3.f);
    CHECK((b.fc2.bias.value()(1) == 4.f && b.fc2.bias.value()(0) == 0.f));
}

TEST_CASE("a file of another model is refused and nothing changes") {
    tenon_test::folder f;
    net a;
    a.fc1.weight.value().fill(3.f);
    tn::io::save_safetensors(f / "m", a);
    other_net<wide> shape;
    CHECK_THAT(error_of<tn::shape_error>([&] { tn::io::load_safetensors(f / "m", shape); }),
               tenon_test::contains("fc2.bias") && tenon_test::contains("[2]") && tenon_test::contains("[4]"));
    CHECK(shape.fc1.weight.value()(0, 0) == 0.f);
    other_net<precise> type;
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "m", type); }),
               tenon_test::contains("fc2.bias") && tenon_test::contains("float64"));
    CHECK(type.fc1.weight.value()(0, 0) == 0.f);
    other_net<bare> fewer;
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "m", fewer); }),
               tenon_test::contains("'fc2.bias'"));
    CHECK(fewer.fc1.weight.value()(0, 0) == 0.f);
    tn::io::save_safetensors(f / "fewer", fewer);
    net more;
    CHECK_THAT(error_of<tn::io_error>([&] { tn::io::load_safetensors(f / "fewer", more); }),
               tenon_test::contains("fewer") && tenon_test::contains("'fc2.bias'"));
}
