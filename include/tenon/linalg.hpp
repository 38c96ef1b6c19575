// Linear algebra with gradients, on Eigen: torch.linalg as tn::linalg. Needs Eigen 3.4 besides a C++20 compiler.
//
// Functions take matrices in the last two axes and batches in those before, of float or double, with static or run-time extents, and
// give expressions: they fuse with what is around them, and gradients pass.
// What an algorithm refuses in a matrix's values, it throws as `linalg_error`, which names the operation, the matrix's place in its
// batch, and the pivot.
#pragma once

#include <tenon/linalg/cholesky.hpp>
#include <tenon/linalg/det.hpp>
#include <tenon/linalg/eigh.hpp>
#include <tenon/linalg/qr.hpp>
#include <tenon/linalg/solve.hpp>
#include <tenon/linalg/svd.hpp>
