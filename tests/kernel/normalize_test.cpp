// Batch normalisation's kernels, for every instruction set: against loops in double, and byte for byte against the
// portable table. Comparisons are `difference <= tolerance`, which NaN fails; u = 2^-24 is one rounding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/core/rng.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;

class NormalizeTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, NormalizeTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(31, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

// Columns of several sizes and means; every fifth is constant, the first of them 0.
Matrix sums(std::size_t rows, std::size_t cols) {
  Matrix z = random_matrix(rows, cols, 1);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) {
      const auto place = static_cast<float>(c);
      z(r, c) = c % 5 == 0 ? 0.37f * place : z(r, c) * (1 + place) + 3 * (place - 4);
    }
  return z;
}

struct Shape {
  std::size_t rows, cols;
};
// One row; around the unit of columns; a batch as in training.
const Shape kShapes[] = {{1, 1}, {1, 20}, {2, 16}, {3, 15}, {7, 17}, {128, 49}, {600, 3}};

struct Outputs {
  Outputs(ConstMatrixView z, std::size_t cols)
      : x(z), y(z.rows, cols), mean(1, cols), variance(1, cols), inverse(1, cols) {}
  GuardedMatrix x, y, mean, variance, inverse;

  Normalize problem(const Matrix& scale, const Matrix& shift) {
    return {.x = x,
            .scale = scale.data(),
            .shift = shift.data(),
            .y = y,
            .mean = mean.view().data,
            .variance = variance.view().data,
            .inverse = inverse.view().data};
  }
  bool same(Outputs& o) {
    return same_bytes(x, o.x) && same_bytes(y, o.y) && same_bytes(mean, o.mean) && same_bytes(variance, o.variance) &&
           same_bytes(inverse, o.inverse);
  }
};

TEST_P(NormalizeTest, IsALoopInDouble) {
  for (const auto [rows, cols] : kShapes) {
    const Matrix z = sums(rows, cols), scale = random_matrix(1, cols, 2), shift = random_matrix(1, cols, 3);
    Outputs out(z, cols);
    kernels().normalize(out.problem(scale, shift), 0, round_up(cols, kColumnUnit));
    for (GuardedMatrix* each : {&out.x, &out.y}) each->expect_sound();
    const auto B = static_cast<double>(rows);
    for (std::size_t c = 0; c < cols; ++c) {
      double mean = 0, absolute = 0, variance = 0;
      for (std::size_t b = 0; b < rows; ++b) mean += z(b, c) / B, absolute += std::abs(z(b, c)) / B;
      for (std::size_t b = 0; b < rows; ++b) variance += (z(b, c) - mean) * (z(b, c) - mean) / B;
      const double inverse = 1 / std::sqrt(variance + 1e-5f);
      // B sums and a quotient; squares about a mean that is off by e are larger by e^2.
      const double mean_error = (B + 1) * kU * absolute;
      const double variance_error = (B + 6) * kU * (variance + absolute * kU) + 2 * mean_error * mean_error;
      const double inverse_error = inverse * (0.5 * variance_error * inverse * inverse + 4 * kU);
      ASSERT_TRUE(std::abs(out.mean(0, c) - mean) <= mean_error);
      ASSERT_TRUE(std::abs(out.variance(0, c) - variance) <= variance_error) << out.variance(0, c) << " " << variance;
      ASSERT_TRUE(std::abs(out.inverse(0, c) - inverse) <= inverse_error) << out.inverse(0, c) << " " << inverse;
      for (std::size_t b = 0; b < rows; ++b) {
        const double x = (z(b, c) - mean) * inverse, y = scale(0, c) * x + shift(0, c);
        const double x_error = mean_error * inverse + std::abs(z(b, c) - mean) * inverse_error + 3 * kU * std::abs(x);
        ASSERT_TRUE(std::abs(out.x(b, c) - x) <= 1.1 * x_error) << b << " " << c << " " << out.x(b, c) << " " << x;
        ASSERT_TRUE(std::abs(out.y(b, c) - y) <= 1.1 * std::abs(scale(0, c)) * x_error + 2 * kU * std::abs(y))
            << b << " " << c << " " << out.y(b, c) << " " << y;
      }
    }
  }
}

TEST_P(NormalizeTest, OneRowAndAZeroColumnBecomeTheShift) {
  const Matrix scale = random_matrix(1, 20, 2), shift = random_matrix(1, 20, 3);
  for (const Matrix& z : {random_matrix(1, 20, 1), Matrix(9, 20)}) {
    Outputs out(z, 20);
    kernels().normalize(out.problem(scale, shift), 0, 32);
    for (std::size_t b = 0; b < z.rows(); ++b)
      for (std::size_t c = 0; c < 20; ++c) {
        EXPECT_EQ(out.x(b, c), 0);
        EXPECT_EQ(out.y(b, c), shift(0, c));
        EXPECT_EQ(out.variance(0, c), 0);
      }
  }
}

TEST_P(NormalizeTest, BlocksOfColumnsAreTheWholeAndTheSameBytesEverywhere) {
  const Matrix z = sums(33, 70), scale = random_matrix(1, 70, 2), shift = random_matrix(1, 70, 3);
  Outputs whole(z, 70), blocks(z, 70);
  kernels_for(Isa::portable).normalize(whole.problem(scale, shift), 0, 80);
  kernels().normalize(blocks.problem(scale, shift), 32, 64);
  for (std::size_t b = 0; b < 33; ++b)
    for (std::size_t c = 0; c < 70; ++c)
      if (c < 32 || c >= 64) {
        ASSERT_EQ(blocks.x(b, c), z(b, c)) << "outside the block";
        ASSERT_EQ(blocks.y(b, c), GuardedMatrix::kGuard) << "outside the block";
      }
  kernels().normalize(blocks.problem(scale, shift), 64, 80);
  kernels().normalize(blocks.problem(scale, shift), 0, 32);
  EXPECT_TRUE(blocks.same(whole));
}

TEST_P(NormalizeTest, NaNStaysInItsColumn) {
  Matrix z = sums(5, 20);
  z(2, 7) = NAN;
  const Matrix scale = random_matrix(1, 20, 2), shift = random_matrix(1, 20, 3);
  Outputs out(z, 20);
  kernels().normalize(out.problem(scale, shift), 0, 32);
  for (std::size_t b = 0; b < 5; ++b)
    for (std::size_t c = 0; c < 20; ++c) EXPECT_EQ(std::isnan(out.y(b, c)), c == 7);
}

TEST_P(NormalizeTest, GradientIsALoopInDouble) {
  for (const auto [rows, cols] : kShapes) {
    const Matrix dy = random_matrix(rows, cols, 1), x = random_matrix(rows, cols, 2);
    const Matrix scale = random_matrix(1, cols, 3);
    const Matrix inverse = map(random_matrix(1, cols, 4), [](float v) { return std::abs(v) + 0.1f; });
    GuardedMatrix dz(dy.view()), dscale(1, cols), dshift(1, cols);
    kernels().normalize_gradient({.dz = dz,
                                  .x = x,
                                  .scale = scale.data(),
                                  .inverse = inverse.data(),
                                  .dscale = dscale.view().data,
                                  .dshift = dshift.view().data},
                                 0, round_up(cols, kColumnUnit));
    for (GuardedMatrix* each : {&dz, &dscale, &dshift}) each->expect_sound();
    const auto B = static_cast<double>(rows);
    for (std::size_t c = 0; c < cols; ++c) {
      double want_scale = 0, want_shift = 0, products = 0, absolute = 0;
      for (std::size_t b = 0; b < rows; ++b) {
        want_scale += static_cast<double>(dy(b, c)) * x(b, c), want_shift += dy(b, c);
        products += std::abs(static_cast<double>(dy(b, c)) * x(b, c)), absolute += std::abs(dy(b, c));
      }
      ASSERT_TRUE(std::abs(dscale(0, c) - want_scale) <= B * kU * products);
      ASSERT_TRUE(std::abs(dshift(0, c) - want_shift) <= B * kU * absolute);
      const double factor = static_cast<double>(scale(0, c)) * inverse(0, c);
      for (std::size_t b = 0; b < rows; ++b) {
        const double want = factor * (dy(b, c) - want_shift / B - x(b, c) * want_scale / B);
        // The two sums' errors, and four roundings of each term.
        const double terms = std::abs(dy(b, c)) + (1 + kU * B) * absolute / B + std::abs(x(b, c)) * products / B;
        const double error = kU * (absolute + std::abs(x(b, c)) * products) + 4 * kU * terms;
        ASSERT_TRUE(std::abs(dz(b, c) - want) <= std::abs(factor) * error) << b << " " << c;
      }
    }
  }
}

TEST_P(NormalizeTest, BlocksOfTheGradientAreTheWholeAndTheSameBytesEverywhere) {
  const Matrix dy = random_matrix(33, 70, 1), x = random_matrix(33, 70, 2), scale = random_matrix(1, 70, 3);
  struct Result {
    explicit Result(const Matrix& dy) : dz(dy.view()), dscale(1, 70), dshift(1, 70) {}
    GuardedMatrix dz, dscale, dshift;
  };
  const auto problem = [&](Result& r) -> NormalizeGradient {
    return {.dz = r.dz,
            .x = x,
            .scale = scale.data(),
            .inverse = scale.data(),
            .dscale = r.dscale.view().data,
            .dshift = r.dshift.view().data};
  };
  Result whole(dy), blocks(dy);
  kernels_for(Isa::portable).normalize_gradient(problem(whole), 0, 80);
  for (const auto& [first, last] : {std::pair<std::size_t, std::size_t>{48, 80}, {0, 16}, {16, 48}})
    kernels().normalize_gradient(problem(blocks), first, last);
  EXPECT_TRUE(same_bytes(blocks.dz, whole.dz));
  EXPECT_TRUE(same_bytes(blocks.dscale, whole.dscale));
  EXPECT_TRUE(same_bytes(blocks.dshift, whole.dshift));
}

TEST_P(NormalizeTest, ScaleAndShiftIsOneFusedMultiplyAdd) {
  for (const auto [rows, cols] : kShapes) {
    const Matrix x = random_matrix(rows, cols, 1);
    Matrix scale = random_matrix(1, cols, 2), shift = random_matrix(1, cols, 3), expected(rows, cols);
    for (std::size_t b = 0; b < rows; ++b)
      for (std::size_t c = 0; c < cols; ++c) expected(b, c) = std::fma(x(b, c), scale(0, c), shift(0, c));
    // What stands behind the rows of scale and shift must not reach the padding.
    for (std::size_t c = cols; c < scale.stride(); ++c) scale.data()[c] = shift.data()[c] = 7;
    GuardedMatrix y(rows, cols, NAN), in_place(x.view());
    kernels().scale_and_shift(x, scale.data(), shift.data(), y);
    kernels().scale_and_shift(in_place.view(), scale.data(), shift.data(), in_place);
    EXPECT_TRUE(same_bytes(y, expected)) << rows << " " << cols;
    EXPECT_TRUE(same_bytes(in_place, expected)) << rows << " " << cols;
    y.expect_sound();
    in_place.expect_sound();
  }
}

}  // namespace
}  // namespace inkling
