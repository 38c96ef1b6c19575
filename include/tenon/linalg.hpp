// Linear algebra with gradients: torch.linalg as tn::linalg. Needs Eigen 3.4 besides a C++20 compiler.
//
// Functions take matrices in the last two axes and batches in those before, of float or double, with static or run-time extents, and
// give expressions: they fuse with what is around them, and gradients pass.
// What an algorithm refuses in a matrix's values, it throws as `linalg_error`, which names the operation, the matrix's place in its
// batch, and the pivot.
// Eigen computes eigenvalues and singular values (eigh.hpp, svd.hpp and what includes them); the rest does without, and so compiles in
// less: a program that wants little includes that header alone.
#pragma once

#include <tenon/linalg/cholesky.hpp>
#include <tenon/linalg/cholesky_solve.hpp>
#include <tenon/linalg/det.hpp>
#include <tenon/linalg/eig.hpp>
#include <tenon/linalg/eigh.hpp>
#include <tenon/linalg/householder.hpp>
#include <tenon/linalg/ldl.hpp>
#include <tenon/linalg/lstsq.hpp>
#include <tenon/linalg/lu_factor.hpp>
#include <tenon/linalg/lu_solve.hpp>
#include <tenon/linalg/matrix_function.hpp>
#include <tenon/linalg/norm.hpp>
#include <tenon/linalg/polar.hpp>
#include <tenon/linalg/product.hpp>
#include <tenon/linalg/qr.hpp>
#include <tenon/linalg/solve.hpp>
#include <tenon/linalg/svd.hpp>
