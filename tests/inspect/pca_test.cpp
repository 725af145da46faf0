// Principal components against points whose components are known, and against what defines them.
#include "inkling/inspect/pca.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/matrix.h"
#include "inkling/core/rng.h"

namespace {

using namespace inkling;

Matrix random_points(std::size_t n, std::size_t d, std::uint64_t seed) {
  Matrix points(n, d);
  const Rng rng(seed, 0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j)
      points(i, j) = static_cast<float>(rng.normal(i * d + j) * (1 + 0.2 * static_cast<double>(j)) + 3);
  return points;
}

TEST(PrincipalComponents, OfFourPointsOnACross) {
  const Matrix points({{13, 5, 1}, {7, 5, 1}, {10, 6, 1}, {10, 4, 1}});
  const PrincipalComponents pc = principal_components(points, 2);
  EXPECT_NEAR(pc.mean[0], 10, 1e-12);
  EXPECT_NEAR(pc.mean[1], 5, 1e-12);
  EXPECT_NEAR(pc.variances[0], 6, 1e-9);  // 2 * 3^2 / (4 - 1)
  EXPECT_NEAR(pc.variances[1], 2.0 / 3, 1e-9);
  EXPECT_NEAR(pc.total_variance, 6 + 2.0 / 3, 1e-12);
  const double expected[] = {1, 0, 0, 0, 1, 0};
  for (std::size_t k = 0; k < 6; ++k) EXPECT_NEAR(pc.components[k], expected[k], 1e-6);
  EXPECT_NEAR(pc.projected[0], 3, 1e-6);
  EXPECT_NEAR(pc.projected[2], -3, 1e-6);
  EXPECT_NEAR(pc.projected[5], 1, 1e-6);
}

// C v = lambda v with C formed directly; no other direction has a larger variance.
TEST(PrincipalComponents, AreEigenvectorsOfTheCovariance) {
  constexpr std::size_t N = 60, D = 17, K = 3;
  const Matrix points = random_points(N, D, 5);
  const PrincipalComponents pc = principal_components(points, K);
  std::vector<double> covariance(D * D);
  for (std::size_t i = 0; i < D; ++i)
    for (std::size_t j = 0; j < D; ++j)
      for (std::size_t n = 0; n < N; ++n)
        covariance[i * D + j] += (static_cast<double>(points(n, i)) - pc.mean[i]) *
                                 (static_cast<double>(points(n, j)) - pc.mean[j]) / (N - 1);
  double trace = 0;
  for (std::size_t i = 0; i < D; ++i) trace += covariance[i * D + i];
  EXPECT_NEAR(pc.total_variance, trace, 1e-9);
  for (std::size_t k = 0; k < K; ++k) {
    const double* v = &pc.components[k * D];
    double length = 0;
    for (std::size_t i = 0; i < D; ++i) {
      length += v[i] * v[i];
      double product = 0;
      for (std::size_t j = 0; j < D; ++j) product += covariance[i * D + j] * v[j];
      EXPECT_NEAR(product, pc.variances[k] * v[i], 1e-4 * pc.variances[0]) << k << " " << i;
    }
    EXPECT_NEAR(length, 1, 1e-12);
    if (k > 0) EXPECT_LE(pc.variances[k], pc.variances[k - 1]);
  }
  // Directions drawn at random, and each axis.
  const Rng rng(1, 1);
  for (std::size_t trial = 0; trial < 100 + D; ++trial) {
    std::vector<double> v(D);
    double length = 0, variance = 0;
    for (std::size_t i = 0; i < D; ++i) v[i] = trial < D ? i == trial : rng.normal(trial * D + i);
    for (const double x : v) length += x * x;
    for (std::size_t i = 0; i < D; ++i)
      for (std::size_t j = 0; j < D; ++j) variance += v[i] * covariance[i * D + j] * v[j] / length;
    EXPECT_LE(variance, pc.variances[0] * (1 + 1e-9));
  }
}

TEST(PrincipalComponents, HaveOneSign) {
  const Matrix points = random_points(30, 6, 2);
  Matrix mirrored = points;
  mirrored *= -1.0f;
  const PrincipalComponents a = principal_components(points), b = principal_components(mirrored);
  for (std::size_t k = 0; k < a.components.size(); ++k) EXPECT_NEAR(a.components[k], b.components[k], 1e-6);
  EXPECT_EQ(a.components, principal_components(points).components);
}

TEST(PrincipalComponents, OfPointsThatDoNotDifferAreAllZero) {
  Matrix points(5, 3);
  for (std::size_t n = 0; n < 5; ++n)
    for (std::size_t d = 0; d < 3; ++d) points(n, d) = 2;
  const PrincipalComponents pc = principal_components(points);
  for (const double p : pc.projected) EXPECT_EQ(p, 0);
  for (const double v : pc.variances) EXPECT_EQ(v, 0);
}

TEST(PrincipalComponents, RefusesTooLittleAndNumbersThatAreNone) {
  EXPECT_THROW(principal_components(Matrix(1, 5)), Error);
  EXPECT_THROW(principal_components(Matrix(5, 1)), Error);
  Matrix points(4, 4);
  points(2, 1) = NAN;
  EXPECT_THROW(principal_components(points), Error);
}

}  // namespace
