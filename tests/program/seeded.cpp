// Two files of one program that are built for different processors share its default generator and its exceptions.
#include <cstdio>

#include <tenon/base/error.hpp>
#include <tenon/core/random.hpp>

double draw_elsewhere();
void seed_elsewhere(unsigned long long seed);
void refuse_elsewhere();

int main() {
    auto const draw = [] { return static_cast<double>(tenon::rand<float, 1>()(0)); };
    seed_elsewhere(5);
    double const first = draw(), second = draw_elsewhere();
    tenon::manual_seed(5);
    bool fine = draw_elsewhere() == first && draw() == second && first != second;
    try {
        refuse_elsewhere();
        fine = false;
    } catch (tenon::shape_error const&) {}
    std::puts(fine ? "one generator" : "two generators");
    return fine ? 0 : 1;
}
