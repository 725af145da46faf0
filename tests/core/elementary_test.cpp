// exp from IEEE operations, against the C library's in long double.
#include "inkling/core/elementary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace inkling {
namespace {

TEST(Elementary, ExpIsWithinFourUnits) {
  for (int i = 0; i <= 1'000'000; ++i) {
    const double x = -708 + 1417.7 * i / 1'000'000;  // up to 709.7: all results are normal
    const long double exact = std::exp(static_cast<long double>(x));
    const double ulp = std::nextafter(static_cast<double>(exact), INFINITY) - static_cast<double>(exact);
    ASSERT_TRUE(std::abs(portable_exp(x) - exact) <= 4 * static_cast<long double>(ulp)) << x;
  }
}

TEST(Elementary, ExpIsExactEnoughNearZero) {
  for (int e = 0; e < 60; ++e)
    for (const double x : {std::ldexp(0.7, -e), -std::ldexp(0.7, -e)}) {
      const long double exact = std::exp(static_cast<long double>(x));
      ASSERT_TRUE(std::abs(portable_exp(x) - exact) <= 4e-16L * exact) << x;
    }
  EXPECT_EQ(portable_exp(0), 1);
  EXPECT_EQ(portable_exp(-0.0), 1);
}

TEST(Elementary, ExpEndsInInfinityAndZeroAndKeepsNaN) {
  EXPECT_TRUE(std::isfinite(portable_exp(709.78)));
  for (const double x : {709.79, 710.0, 711.0, 1e300, static_cast<double>(INFINITY)})
    EXPECT_EQ(portable_exp(x), INFINITY) << x;
  for (const double x : {-745.2, -746.0, -747.0, -1e300, -static_cast<double>(INFINITY)})
    EXPECT_EQ(portable_exp(x), 0) << x;
  EXPECT_EQ(portable_exp(-745), 5e-324);
  EXPECT_TRUE(std::abs(portable_exp(-720) - 2.0322308024467e-313L) <= 1e-323L);  // a subnormal
  EXPECT_TRUE(std::isnan(portable_exp(NAN)));
}

}  // namespace
}  // namespace inkling
