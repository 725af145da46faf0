// log, exp and cos in double precision, from IEEE operations alone.
//
// The C library's versions differ from one release to the next; weights and losses must not. Accuracy: below 4 units in
// the last place over the ranges stated (measured by the tests against long double). Pure functions, safe from any
// thread.
#pragma once

#include <cstdint>

namespace inkling {

inline constexpr double kLn2High = 0x1.62e42fefa3800p-1;  // log 2 to 42 bits, so that a product with 11 bits is exact
inline constexpr double kLn2Low = 0x1.ef35793c76730p-45;  // what is left of it

// Natural logarithm of a finite x > 0, subnormals included; NaN for x < 0 or NaN, -infinity for 0, infinity for
// infinity.
double portable_log(double x);

// e to the x: infinity above 709.79, 0 below -745.14, subnormals between; NaN for NaN.
double portable_exp(double x);

// base^exponent by repeated squaring.
double portable_power(double base, std::uint64_t exponent);

// cos(2 pi t) for 0 <= t < 1: the turn that Box and Muller's method needs.
double portable_cos_turn(double t);

}  // namespace inkling
