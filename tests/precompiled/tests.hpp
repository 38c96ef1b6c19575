// What most tests include, which g++ reads once for all of them.
#include <tenon/tenon.hpp>

#include "../catch.hpp"
