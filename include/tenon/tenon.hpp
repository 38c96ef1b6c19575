// Everything that needs no GPU: a C++20 compiler and Eigen are enough.
#pragma once

#include <tenon/autograd/backward.hpp>
#include <tenon/autograd/variable.hpp>
#include <tenon/core/reflect.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/eval/evaluate.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/exp.hpp>
