// The other file of seeded.cpp. It may be built for a processor that this one is not: nothing here uses vectors.
#include <tenon/base/error.hpp>
#include <tenon/core/random.hpp>

double draw_elsewhere() { return static_cast<double>(tenon::rand<float, 1>()(0)); }
void seed_elsewhere(unsigned long long seed) { tenon::manual_seed(seed); }
void refuse_elsewhere() { static_cast<void>(tenon::zeros<float, tenon::dyn>(-1)); }
