#include "inkling/core/elementary.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace inkling {
double portable_log(double x) {
  if (std::isnan(x) || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;

  // x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh(s) with s = (m - 1) / (m + 1), |s| < 0.172.
  int e = 0;
  if (x < std::numeric_limits<double>::min()) {  // subnormal
    x *= 0x1p54;
    e = -54;
  }
  constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1, kExponentOfHalf = std::uint64_t{1022} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  e += static_cast<int>(bits >> 52) - 1022;
  double m = std::bit_cast<double>((bits & kMantissa) | kExponentOfHalf);
  if (m < 0.70710678118654752) {
    m *= 2;
    --e;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double series = 0;  // 1 + s2/3 + s2^2/5 + ...; 0.0295^11 / 23 is below 1e-18
  for (int k = 23; k >= 3; k -= 2) series = (series + 1.0 / k) * s2;
  return e * kLn2High + (2 * s + (2 * s * series + e * kLn2Low));
}

double portable_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 710) return std::numeric_limits<double>::infinity();
  if (x < -746) return 0;

  // x = n log 2 + r with |r| <= log(2) / 2; e^x = 2^n e^r.
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  // Taylor: e^r - 1 = r (1 + r (1/2! + r (1/3! + ...))); 0.3466^14 / 14! is below 5e-18.
  constexpr double kInverseFactorials[] = {
      1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040,
      1.0 / 720,        1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0};
  double series = 0;
  for (const double c : kInverseFactorials) series = series * r + c;
  return std::ldexp(1 + r * series, static_cast<int>(n));
}

double portable_power(double base, std::uint64_t exponent) {
  double power = 1;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if (exponent & 1) power *= base;
  return power;
}

double portable_cos_turn(double t) {
  // To the first eighth of a turn, where both series are short: cos is even about 1/2, odd about 1/4.
  constexpr double kTwoPi = 6.283185307179586;
  double sign = 1;
  if (t > 0.5) t = 1 - t;
  if (t > 0.25) {
    t = 0.5 - t;
    sign = -1;
  }
  const bool by_sine = t > 0.125;  // cos(2 pi t) = sin(2 pi (1/4 - t))
  const double a = kTwoPi * (by_sine ? 0.25 - t : t);
  const double a2 = a * a;
  double series = 0;  // Taylor to a^18: (pi/4)^18 / 18! is below 2e-18
  for (int k = by_sine ? 17 : 18; k >= 2; k -= 2) series = -(series + 1) * a2 / (k * (k - 1));
  return sign * (by_sine ? a + a * series : 1 + series);
}

}  // namespace inkling
