// Everything that needs no GPU: a C++20 compiler and Eigen are enough.
#pragma once

#include <tenon/autograd/backward.hpp>
#include <tenon/autograd/variable.hpp>
#include <tenon/core/creation.hpp>
#include <tenon/core/print.hpp>
#include <tenon/core/random.hpp>
#include <tenon/core/reflect.hpp>
#include <tenon/core/tensor.hpp>
#include <tenon/data/adaptors.hpp>
#include <tenon/data/loader.hpp>
#include <tenon/data/tensor_dataset.hpp>
#include <tenon/eval/evaluate.hpp>
#include <tenon/expr/matmul.hpp>
#include <tenon/expr/reduce.hpp>
#include <tenon/expr/reshape.hpp>
#include <tenon/expr/view.hpp>
#include <tenon/io/idx.hpp>
#include <tenon/io/model.hpp>
#include <tenon/io/npy.hpp>
#include <tenon/io/safetensors.hpp>
#include <tenon/nn/module.hpp>
#include <tenon/op/arithmetic.hpp>
#include <tenon/op/exp.hpp>
