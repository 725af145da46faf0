// The exact products of pixels, and what brings pixels in order for them, on every instruction set of this machine.
//
// The oracle is kernel/reference.h's product in 64-bit integers, whose bytes they must give. Outputs lie between
// guards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "inkling/core/rng.h"
#include "inkling/kernel/reference.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(23, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

// Bytes of which a share is not zero; in some rows none, in some all.
std::vector<std::uint8_t> random_pixels(std::size_t rows, std::size_t stride, double ink) {
  const Rng rng(24, 0);
  std::vector<std::uint8_t> pixels(rows * stride);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t row = i / stride;
    const double share = row % 11 == 3 ? 0 : row % 11 == 7 ? 1 : ink;
    if (rng.uniform(2 * i) < share) pixels[i] = static_cast<std::uint8_t>(1 + rng.below(255, 2 * i + 1));
  }
  return pixels;
}

class PixelProductTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }

  // p with b made of rows of B, in the smallest pieces of columns, and 96 rows of one panel of columns at a time.
  void compute(const PixelKernels& k, PixelProduct p, ConstMatrixView B, RowNumbers rows, int bits) {
    p.b = buffer_.resize(rows.empty() ? B.rows : rows.size(), B.cols, bits);
    for (std::size_t n = 0; n < B.cols; n += k.fixed_columns)
      k.to_fixed(B, rows, p.b, n, std::min(n + k.fixed_columns, B.cols));
    for (std::size_t n = 0; n < B.cols; n += k.columns) {
      const std::size_t end = std::min(n + k.columns, B.cols);
      for (std::size_t r = 0; r < p.pixels.rows; r += 96) k.product(p, r, std::min(r + 96, p.pixels.rows), n, end);
    }
  }

 private:
  FixedBuffer buffer_;
};
INSTANTIATE_TEST_SUITE_P(Isa, PixelProductTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

struct Shape {
  std::size_t M, N, K;
};
// Around the rows (32, 64), columns (16, 32, 64) and terms (2, 64, 128, 256, 1024, 2048) that are taken at once; real
// ones.
const Shape kShapes[] = {{1, 1, 1},     {2, 10, 63},   {3, 16, 64},    {5, 17, 65},    {31, 25, 128},  {33, 128, 784},
                         {1, 128, 784}, {7, 130, 784}, {130, 300, 70}, {97, 20, 129},  {70, 33, 255},  {64, 64, 256},
                         {32, 63, 257}, {6, 48, 1024}, {34, 49, 1025}, {20, 65, 2048}, {35, 32, 2049}, {9, 15, 6001}};

TEST_P(PixelProductTest, GivesTheIntegerReferencesBytes) {
  for (const auto& [M, N, K] : kShapes)
    for (const int bits : {kFixedBits, kFixedBitsOfBf16})
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu, Epilogue::descend}) {
        const double ink = std::vector{0.0, 0.19, 1.0}[(M + N + static_cast<std::size_t>(epilogue)) % 3];
        const bool aligned = (M + N + K) % 2 == 0;
        const std::size_t stride = aligned ? round_up(K, kPixelBlock) : K + 3;
        AlignedBuffer<std::uint8_t> pixels(M * stride);
        std::ranges::copy(random_pixels(M, stride, ink), pixels.data());
        const Matrix B = random_matrix(K, N, 2), bias = random_matrix(1, N, 3), w = random_matrix(M, N, 4);
        for (const PixelKernels& k : {kernels().pixels, kernels().one_image}) {
          const bool descends = epilogue == Epilogue::descend;
          GuardedMatrix actual(w.view());
          Matrix expected = w;
          PixelProduct p{.pixels = {pixels.data(), M, K, stride},
                         .rows_aligned = aligned,
                         .b = {.K = K, .N = N, .bits = bits},
                         .worth = 3.0f / 255,
                         .rows = {},
                         .c = descends ? nullptr : actual.view().data,
                         .c_stride = actual.view().stride,
                         .epilogue = epilogue,
                         .bias = bias.data(),
                         .w = descends ? actual.view().data : nullptr,
                         .w_stride = actual.view().stride,
                         .rate = 0.3f};
          compute(k, p, B, {}, bits);
          p.c = p.w = expected.data();
          p.c_stride = p.w_stride = expected.stride();
          reference::pixel_product(p, B);
          ASSERT_TRUE(same_bytes(actual, expected))
              << M << " x " << K << " x " << N << ", " << bits << " bits, ink " << ink;
          actual.expect_sound();
        }
      }
}

// Sums as large as they can be, of both signs, and longer than 32 bits hold.
TEST_P(PixelProductTest, HoldsTheLargestSums) {
  for (const std::size_t K : {255u, 256u, 257u, 2048u, 4096u, 65536u, 65600u, 140000u}) {
    constexpr std::size_t kM = 2, kN = 5;
    std::vector<std::uint8_t> pixels(kM * K, 255);
    Matrix B(K, kN);
    for (std::size_t k = 0; k < K; ++k) {
      const float wave = k % 2 == 0 ? 1.0f : -1.0f;
      const float values[kN] = {1.984f, -1.984f, 1.999999f, wave * 1.5f, k + 1 == K ? 1.0f : 0.0f};
      std::ranges::copy(values, B.view().row(k).begin());
    }
    for (const int bits : {kFixedBits, kFixedBitsOfBf16})
      for (const PixelKernels& kernel : {kernels().pixels, kernels().one_image}) {
        GuardedMatrix actual(kM, kN), expected(kM, kN);
        PixelProduct p{.pixels = {pixels.data(), kM, K},
                       .b = {.K = K, .N = kN, .bits = bits},
                       .worth = 1,
                       .rows = {},
                       .c = actual.view().data,
                       .c_stride = actual.view().stride};
        compute(kernel, p, B, {}, bits);
        p.c = expected.view().data;
        reference::pixel_product(p, B);
        ASSERT_TRUE(same_bytes(actual, expected)) << K << " terms, " << bits << " bits";
        EXPECT_NEAR(actual(0, 0), 255.0 * 1.984 * static_cast<double>(K), 1e-4 * 255 * static_cast<double>(K));
      }
  }
}

// Rows of B that are left out count for its units and not for its product; rows of C that are not named stay.
TEST_P(PixelProductTest, TakesRowsByNumber) {
  constexpr std::size_t kM = 40, kAll = 150, kN = 70;
  const std::vector<std::uint32_t> numbers = {0, 3, 4, 17, 80, 149};
  Matrix B = random_matrix(kAll, kN, 2);
  for (float& x : B.view().row(100)) x = 50;
  Matrix taken(numbers.size() + 1, kN);
  for (std::size_t k = 0; k < numbers.size(); ++k)
    std::ranges::copy(B.view().row(numbers[k]), taken.view().row(k).begin());
  std::ranges::copy(B.view().row(100), taken.view().row(numbers.size()).begin());
  const auto pixels = random_pixels(kM, numbers.size(), 0.7);
  auto with_blank = std::vector<std::uint8_t>(kM * (numbers.size() + 1));
  for (std::size_t m = 0; m < kM; ++m)
    std::copy_n(&pixels[m * numbers.size()], numbers.size(), &with_blank[m * (numbers.size() + 1)]);
  std::vector<std::uint32_t> out_rows;
  for (std::uint32_t m = 0; m < kM; ++m) out_rows.push_back(2 * m + 1);
  for (const PixelKernels& kernel : {kernels().pixels, kernels().one_image}) {
    GuardedMatrix actual(random_matrix(2 * kM, kN, 5).view());
    Matrix expected(kM, kN);
    PixelProduct p{.pixels = {pixels.data(), kM, numbers.size()},
                   .b = {},
                   .worth = 0.5f,
                   .rows = out_rows,
                   .c = actual.view().data,
                   .c_stride = actual.view().stride};
    compute(kernel, p, B, numbers, kFixedBits);
    PixelProduct q{.pixels = {with_blank.data(), kM, numbers.size() + 1},
                   .b = {.K = numbers.size() + 1, .N = kN},
                   .worth = 0.5f,
                   .rows = {},
                   .c = expected.data(),
                   .c_stride = expected.stride()};
    reference::pixel_product(q, taken);
    const Matrix before = random_matrix(2 * kM, kN, 5);
    for (std::size_t m = 0; m < kM; ++m) {
      ASSERT_TRUE(same_bytes(actual.view().middle_rows(2 * m + 1, 1), expected.view().middle_rows(m, 1))) << m;
      ASSERT_TRUE(same_bytes(actual.view().middle_rows(2 * m, 1), before.view().middle_rows(2 * m, 1))) << m;
    }
    actual.expect_sound();
  }
}

// A column with a NaN or an infinity is NaN, whatever the pixels; the others are what they would be.
TEST_P(PixelProductTest, ColumnsThatAreNotFiniteGiveNaN) {
  constexpr std::size_t kM = 20, kK = 130, kN = 20;
  const auto pixels = random_pixels(kM, kK, 0.5);
  Matrix B = random_matrix(kK, kN, 2);
  B(5, 3) = std::numeric_limits<float>::quiet_NaN();
  B(129, 7) = std::numeric_limits<float>::infinity();
  B(0, 19) = -std::numeric_limits<float>::infinity();
  for (std::size_t k = 0; k < kK; ++k) B(k, 8) = 0, B(k, 9) = 1e-40f, B(k, 10) *= 1e30f;
  for (const PixelKernels& kernel : {kernels().pixels, kernels().one_image})
    for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias_relu}) {
      const Matrix bias(1, kN);
      GuardedMatrix actual(kM, kN), expected(kM, kN);
      PixelProduct p{.pixels = {pixels.data(), kM, kK},
                     .b = {.K = kK, .N = kN},
                     .worth = 1,
                     .rows = {},
                     .c = actual.view().data,
                     .c_stride = actual.view().stride,
                     .epilogue = epilogue,
                     .bias = bias.data()};
      compute(kernel, p, B, {}, kFixedBits);
      p.c = expected.view().data;
      reference::pixel_product(p, B);
      for (std::size_t m = 0; m < kM; ++m)
        for (std::size_t n = 0; n < kN; ++n) {
          EXPECT_EQ(std::isnan(actual(m, n)), n == 3 || n == 7 || n == 19) << m << ", " << n;
          if (!std::isnan(actual(m, n))) {
            EXPECT_EQ(actual(m, n), expected(m, n)) << m << ", " << n;
          }
        }
    }
}

// The root mean square error against double, beside that of a chain of fp32 multiply-adds: forward's 784 terms and
// gradient's 128.
TEST_P(PixelProductTest, IsAsExactAsFp32) {
  for (const auto& [M, N, K] : {Shape{64, 64, 784}, Shape{64, 64, 128}}) {
    const auto pixels = random_pixels(M, K, 0.19);
    const Matrix B = random_matrix(K, N, 2);
    GuardedMatrix exact(M, N);
    constexpr float kWorth = 3.0f / 255;
    const PixelProduct p{.pixels = {pixels.data(), M, K},
                         .b = {},
                         .worth = kWorth,
                         .rows = {},
                         .c = exact.view().data,
                         .c_stride = exact.view().stride};
    compute(kernels().pixels, p, B, {}, kFixedBits);
    double squares = 0, squares_of_chain = 0;
    for (std::size_t m = 0; m < M; ++m)
      for (std::size_t n = 0; n < N; ++n) {
        double sum = 0;
        float chain = 0;
        for (std::size_t k = 0; k < K; ++k) {
          sum += static_cast<double>(kWorth) * pixels[m * K + k] * static_cast<double>(B(k, n));
          chain = std::fma(kWorth * pixels[m * K + k], B(k, n), chain);
        }
        squares += std::pow(static_cast<double>(exact(m, n)) - sum, 2);
        squares_of_chain += std::pow(static_cast<double>(chain) - sum, 2);
      }
    EXPECT_LE(std::sqrt(squares), 1.1 * std::sqrt(squares_of_chain)) << K << " terms";
  }
}

TEST_P(PixelProductTest, FindsTakesAndTransposes) {
  for (const auto& [B, I] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {3, 63}, {16, 64}, {17, 65}, {64, 784}, {130, 200}}) {
    const std::size_t stride = I + 3;
    auto pixels = random_pixels(B, stride, 0.02);
    for (std::size_t b = 0; b < B; ++b)
      for (std::size_t i = 0; i < stride; ++i)
        if (i % 5 == 2 || i >= I) pixels[b * stride + i] = i >= I ? 99 : 0;
    const PixelView X{pixels.data(), B, I, stride};
    AlignedBuffer<std::uint8_t> any(round_up(I, kPixelBlock) + 64);
    for (std::size_t i = 0; i < any.size(); ++i) any[i] = 77;
    kernels().find_ink(X, any.data());
    std::vector<std::size_t> ink;
    for (std::size_t i = 0; i < I; ++i) {
      int all = 0;
      for (std::size_t b = 0; b < B; ++b) all |= X(b, i);
      ASSERT_EQ(any[i], all) << i;
      if (all != 0) ink.push_back(i);
    }
    for (std::size_t i = I; i < any.size(); ++i) ASSERT_EQ(any[i], i < round_up(I, kPixelBlock) ? 0 : 77) << i;

    const std::size_t J = ink.size(), taken_stride = round_up(J, kPixelBlock), long_stride = round_up(B, kPixelBlock);
    std::vector<std::uint8_t> taken(B * taken_stride + 64, 77), turned(J * long_stride + 64, 77);
    const View<std::uint8_t> out{taken.data(), B, J, taken_stride}, t{turned.data(), J, B, long_stride};
    kernels().take_columns(X, any.data(), out, 0, B / 2);
    kernels().take_columns(X, any.data(), out, B / 2, B);
    for (std::size_t c = 0; c < J; c += kPixelBlock)
      kernels().transpose_pixels(out, t, c, std::min(c + kPixelBlock, J));
    for (std::size_t b = 0; b < B; ++b)
      for (std::size_t j = 0; j < taken_stride; ++j)
        ASSERT_EQ(taken[b * taken_stride + j], j < J ? X(b, ink[j]) : 0) << b << ", " << j;
    for (std::size_t j = 0; j < J; ++j)
      for (std::size_t b = 0; b < long_stride; ++b)
        ASSERT_EQ(turned[j * long_stride + b], b < B ? X(b, ink[j]) : 0) << j << ", " << b;
    for (std::size_t k = 0; k < 64; ++k)
      ASSERT_TRUE(taken[B * taken_stride + k] == 77 && turned[J * long_stride + k] == 77);
  }
}

}  // namespace
}  // namespace inkling
