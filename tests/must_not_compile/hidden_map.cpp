// A std::map's elements have no place in a model; saving says so as an optimiser does.
// expect: parameters_cannot_be_found<model
// expect: {"heads"}
// expect: not_looked_into<std::map<
#include <tenon/tenon.hpp>
#include <map>
struct model {
    tenon::nn::linear<2, 2> fc;
    std::map<std::string, tenon::nn::linear<2, 2>> heads;
};
int main() {
    model m;
    tenon::io::save_safetensors("model.safetensors", m);
}
