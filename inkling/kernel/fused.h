// One fused multiply-add in plain C++: a * b + c rounded once, on processors that have no instruction for it.
//
// The product of two floats is exact in double. Its sum with c may not be; rounding that sum to odd (Boldo and
// Melquiond 2008, "Emulation of FMA and correctly rounded sums") keeps what the final rounding to float must know. Bit
// for bit std::fma, NaN payloads apart, and free of the C library.
#pragma once

#include <bit>
#include <cstdint>

namespace inkling {

inline float fused_multiply_add(float a, float b, float c) noexcept {
  const double p = static_cast<double>(a) * static_cast<double>(b);
  const double q = static_cast<double>(c);
  const double s = p + q;
  // Knuth's two-sum: s + error == p + q exactly, where all is finite.
  const double t = s - p;
  const double error = (p - (s - t)) + (q - t);
  const auto bits = std::bit_cast<std::uint64_t>(s);
  const bool inexact = (error > 0) | (error < 0);  // false for NaN, which infinities bring
  const bool even = (bits & 1) == 0;
  // An even s that is inexact moves one unit towards the true sum: away from zero when error has the sign of s.
  const std::uint64_t away = ((error > 0) == (s > 0)) ? 1 : ~std::uint64_t{0};
  return static_cast<float>(std::bit_cast<double>(bits + ((inexact & even) ? away : 0)));
}

}  // namespace inkling
