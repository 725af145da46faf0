// Random numbers against the published vectors, and their use: uniform, normal, shuffle.
#include "inkling/core/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/elementary.h"

namespace inkling {
namespace {

// Known answers published with Random123 1.14 (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedVectors) {
  using Block = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, IsAFunctionOfSeedStreamAndIndex) {
  EXPECT_EQ(Rng(1, 2).bits(3), Rng(1, 2).bits(3));
  EXPECT_NE(Rng(1, 2).bits(3), Rng(2, 2).bits(3));
  EXPECT_NE(Rng(1, 2).bits(3), Rng(1, 3).bits(3));
  EXPECT_NE(Rng(1, 2).bits(3), Rng(1, 2).bits(4));
}

TEST(Rng, UniformHasTheMomentsOfTheUniformDistribution) {
  const Rng rng(7, 0);
  constexpr int n = 100000;
  double sum = 0, squares = 0, low = 1, high = 0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform(static_cast<std::uint64_t>(i));
    sum += u;
    squares += u * u;
    low = std::min(low, u);
    high = std::max(high, u);
  }
  EXPECT_GE(low, 0.0);
  EXPECT_LT(high, 1.0);
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));  // five standard errors
  EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(Rng, NormalHasTheMomentsAndTailsOfTheNormalDistribution) {
  const Rng rng(7, 1);
  constexpr int n = 100000;
  double m1 = 0, m2 = 0, m4 = 0;
  int beyond_two = 0;
  for (int i = 0; i < n; ++i) {
    const double z = rng.normal(static_cast<std::uint64_t>(i));
    m1 += z;
    m2 += z * z;
    m4 += z * z * z * z;
    beyond_two += std::abs(z) > 2;
  }
  EXPECT_NEAR(m1 / n, 0, 5 * std::sqrt(1.0 / n));
  EXPECT_NEAR(m2 / n, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(m4 / n, 3, 5 * std::sqrt(96.0 / n));
  EXPECT_NEAR(beyond_two / double{n}, 0.0455, 5 * std::sqrt(0.0455 * 0.9545 / n));
}

TEST(Rng, BelowCoversItsRangeEvenly) {
  const Rng rng(7, 2);
  std::array<int, 10> counts{};
  for (std::uint64_t i = 0; i < 100000; ++i) ++counts.at(rng.below(10, i));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(9000.0));
}

TEST(Shuffle, IsAPermutationThatDependsOnSeedAndStream) {
  std::vector<std::uint32_t> a, b, c;
  shuffled_indices(1000, Rng(1, streams::kShuffle), a);
  shuffled_indices(1000, Rng(1, streams::kShuffle), b);
  shuffled_indices(1000, Rng(1, streams::kShuffle + 1), c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  std::ranges::sort(a);
  for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_EQ(a[i], i);
}

TEST(Shuffle, PutsEveryElementEverywhere) {
  std::array<std::array<int, 5>, 5> counts{};
  std::vector<std::uint32_t> order;
  constexpr int n = 20000;
  for (std::uint64_t s = 0; s < n; ++s) {
    shuffled_indices(5, Rng(3, s), order);
    for (std::size_t i = 0; i < 5; ++i) ++counts[i][order[i]];
  }
  for (const auto& row : counts)
    for (const int count : row) EXPECT_NEAR(count, n / 5.0, 5 * std::sqrt(n * 0.2 * 0.8));
}

TEST(Elementary, LogIsWithinFourUnitsInTheLastPlace) {
  const Rng rng(1, 1);
  for (std::uint64_t i = 0; i < 200000; ++i) {
    const double x = std::ldexp(1 + rng.uniform(i), static_cast<int>(rng.below(2000, i + 1000000)) - 1000);
    const auto exact = std::log(static_cast<long double>(x));
    const double ulp =
        std::nextafter(std::abs(static_cast<double>(exact)), 1e300) - std::abs(static_cast<double>(exact));
    ASSERT_TRUE(std::abs(portable_log(x) - exact) <= 4 * static_cast<long double>(ulp)) << x;
  }
  EXPECT_EQ(portable_log(1), 0);
  EXPECT_EQ(portable_log(0), -INFINITY);
  EXPECT_EQ(portable_log(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(portable_log(-1)));
  EXPECT_TRUE(std::isnan(portable_log(NAN)));
  EXPECT_NEAR(portable_log(5e-324), -744.4400719213812, 1e-10);
}

TEST(Elementary, LogIsExactEnoughNearOne) {
  for (const double d : {1e-3, 1e-6, 1e-9, 1e-12, -1e-3, -1e-6, -1e-9}) {
    const double x = 1 + d;
    const long double exact = std::log(static_cast<long double>(x));
    EXPECT_TRUE(std::abs((portable_log(x) - exact) / exact) <= 1e-15L) << d;
  }
}

TEST(Elementary, CosIsWithinRounding) {
  const long double two_pi = 2 * std::acos(-1.0L);
  for (int i = 0; i < 100000; ++i) {
    const double t = i / 100000.0;
    ASSERT_TRUE(std::abs(portable_cos_turn(t) - std::cos(two_pi * static_cast<long double>(t))) <= 4e-16L) << t;
  }
}

}  // namespace
}  // namespace inkling
