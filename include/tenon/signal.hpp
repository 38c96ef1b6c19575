// Signals: short-time Fourier transforms (tn::stft, tn::istft), convolution by spectra, and windows, torch.signal.windows as
// tn::signal::windows. Needs nothing but a C++20 compiler.
#pragma once

#include <tenon/fft.hpp>
#include <tenon/signal/convolve.hpp>
#include <tenon/signal/stft.hpp>
#include <tenon/signal/windows.hpp>
#include <tenon/tenon.hpp>
