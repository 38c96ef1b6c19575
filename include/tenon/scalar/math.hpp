// Elementary functions of packs, in namespace math: call them qualified, math::exp(x). Those of math_lanewise.hpp go
// through the C library lane by lane; all others are the same few operations for every lane count and constexpr with
// one lane.
#pragma once

#include "math_complex.hpp"
#include "math_erf.hpp"
#include "math_exp.hpp"
#include "math_hyperbolic.hpp"
#include "math_lanewise.hpp"
#include "math_log.hpp"
#include "math_pow.hpp"
#include "math_trig.hpp"
