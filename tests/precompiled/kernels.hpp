// What all tests of the device's executor include, which g++ reads once for all of them.
#include <tenon/cuda.hpp>

#include "../catch.hpp"
