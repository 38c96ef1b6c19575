// Fourier transforms with gradients: torch.fft as tn::fft. Needs nothing but a C++20 compiler.
//
// Functions take real or complex signals of any length along any axis, float or double, with static or run-time extents, and give
// expressions. n data points take O(n log n) operations for all n, also primes; batches and long signals go on several threads.
#pragma once

#include <tenon/fft/frequency.hpp>
#include <tenon/fft/transform.hpp>
#include <tenon/fft/transforms.hpp>
#include <tenon/tenon.hpp>
