// Every kernel of every instruction set that this machine has, against the plain loops of kernel/reference.h.
//
// Products must give the reference's bytes. Outputs lie between guard rows that no kernel may touch, and the padding
// behind each row must stay zero.
#include "inkling/kernel/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "inkling/core/matrix.h"
#include "inkling/core/rng.h"
#include "inkling/kernel/fused.h"
#include "inkling/kernel/reference.h"

namespace inkling {
namespace {

constexpr float kGuard = -12345.5f;

std::string isa_name(const testing::TestParamInfo<Isa>& info) { return std::string(name(info.param)); }

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(11, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

// A matrix between two rows of guards.
class Guarded {
 public:
  Guarded(std::size_t rows, std::size_t cols) : rows_(rows), cols_(cols), all_(rows + 2, cols) {
    for (std::size_t k = 0; k < (rows + 2) * all_.stride(); ++k) all_.data()[k] = kGuard;
    for (std::size_t r = 1; r <= rows; ++r)
      for (std::size_t c = cols; c < all_.stride(); ++c) all_.data()[r * all_.stride() + c] = 0;
  }
  float* data() { return all_.data() + all_.stride(); }
  std::size_t stride() const { return all_.stride(); }
  MatrixView view() { return {data(), rows_, cols_, stride()}; }

  void expect_untouched_around() {
    for (std::size_t c = 0; c < stride(); ++c) {
      EXPECT_EQ(all_.data()[c], kGuard) << "before the output";
      EXPECT_EQ(all_.data()[(rows_ + 1) * stride() + c], kGuard) << "behind the output";
    }
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = cols_; c < stride(); ++c)
        ASSERT_EQ(data()[r * stride() + c], 0.0f) << "padding of row " << r;
  }

 private:
  std::size_t rows_, cols_;
  Matrix all_;
};

void expect_same_bytes(MatrixView actual, MatrixView expected) {
  for (std::size_t r = 0; r < actual.rows; ++r)
    ASSERT_EQ(std::memcmp(actual.row(r).data(), expected.row(r).data(), actual.cols * sizeof(float)), 0)
        << "row " << r << " of (" << actual.rows << ", " << actual.cols << ")";
}

class KernelTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, KernelTest, testing::ValuesIn(available_isas()), isa_name);

struct Shape {
  std::size_t M, N, K;
};
// Around the unit of columns (16), the panel (48), the rows of a block (6, 8), the depth of a panel (192); one of
// anything; deep; narrow; and the real ones.
const Shape kShapes[] = {{1, 1, 1},    {2, 15, 3},     {3, 16, 2},     {5, 17, 7},      {6, 31, 1},
                         {7, 33, 191}, {8, 47, 192},   {9, 48, 193},   {12, 49, 64},    {33, 97, 385},
                         {1, 10, 784}, {128, 10, 128}, {128, 128, 10}, {40, 128, 784},  {64, 25, 25},
                         {3, 1, 2000}, {2, 200, 5},    {31, 144, 200}, {32, 145, 1000}, {4, 5, 0}};

TEST_P(KernelTest, ProductGivesTheReferencesBytes) {
  for (const auto [M, N, K] : kShapes) {
    for (const bool a_transposed : {false, true})
      for (const bool b_transposed : {false, true})
        for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias, Epilogue::bias_relu, Epilogue::relu_gradient}) {
          if (M * N * K > 500'000 && epilogue != Epilogue::bias_relu) continue;  // the small ones have shown the others
          const Matrix a = a_transposed ? random_matrix(K, M, 1) : random_matrix(M, K, 1);
          const Matrix b = b_transposed ? random_matrix(N, K, 2) : random_matrix(K, N, 2);
          const Matrix bias = random_matrix(1, N, 3);
          const Matrix gate = random_matrix(M, N, 4);
          Guarded actual(M, N), expected(M, N);
          Product p{.M = M,
                    .N = N,
                    .K = K,
                    .a = a.data(),
                    .a_row = a_transposed ? 1 : a.stride(),
                    .a_column = a_transposed ? a.stride() : 1,
                    .b = b.data(),
                    .b_stride = b.stride(),
                    .b_transposed = b_transposed,
                    .c = actual.data(),
                    .c_stride = actual.stride(),
                    .epilogue = epilogue,
                    .bias = bias.data(),
                    .gate = gate.data(),
                    .gate_stride = gate.stride()};
          kernels().product(p, 0, M, 0, N);
          p.c = expected.data();
          reference::product(p);
          expect_same_bytes(actual.view(), expected.view());
          actual.expect_untouched_around();
          if (HasFatalFailure())
            FAIL() << "M " << M << " N " << N << " K " << K << " transposed " << a_transposed << b_transposed;
        }
  }
}

TEST_P(KernelTest, BlocksOfAProductAreTheWhole) {
  const std::size_t M = 50, N = 200, K = 300;
  const Matrix a = random_matrix(M, K, 1), b = random_matrix(K, N, 2);
  Guarded whole(M, N), blocks(M, N);
  Product p{.M = M,
            .N = N,
            .K = K,
            .a = a.data(),
            .a_row = a.stride(),
            .b = b.data(),
            .b_stride = b.stride(),
            .c = whole.data(),
            .c_stride = whole.stride()};
  kernels().product(p, 0, M, 0, N);
  p.c = blocks.data();
  for (std::size_t n = 0; n < N; n += kernels().panel_width)
    for (std::size_t m = 0; m < M; m += 7)
      kernels().product(p, m, std::min(m + 7, M), n, std::min(n + kernels().panel_width, N));
  expect_same_bytes(blocks.view(), whole.view());
}

TEST_P(KernelTest, ProductsPropagateNaNAndInfinity) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, std::numeric_limits<float>::infinity()}) {
    Matrix a = random_matrix(9, 20, 1), b = random_matrix(20, 20, 2);
    const Matrix bias(1, 20);
    a(4, 7) = bad;
    Matrix c(9, 20);
    const Product p{.M = 9,
                    .N = 20,
                    .K = 20,
                    .a = a.data(),
                    .a_row = a.stride(),
                    .b = b.data(),
                    .b_stride = b.stride(),
                    .c = c.data(),
                    .c_stride = c.stride(),
                    .epilogue = Epilogue::bias_relu,
                    .bias = bias.data()};
    kernels().product(p, 0, 9, 0, 20);
    for (std::size_t n = 0; n < 20; ++n) {
      if (std::isnan(bad))
        EXPECT_TRUE(std::isnan(c(4, n)));
      else
        EXPECT_TRUE(c(4, n) == (b(7, n) > 0 ? bad : 0));
      EXPECT_TRUE(std::isfinite(c(3, n)));
    }
    for (std::size_t n = 20; n < c.stride(); ++n) EXPECT_EQ(c.data()[4 * c.stride() + n], 0.0f) << "padding";
  }
}

TEST_P(KernelTest, ExponentialIsWithinItsBoundAndTheSameEverywhere) {
  std::vector<float> x;
  for (float v = -104.5f; v < 89.5f; v += 0.00731f) x.push_back(v);
  for (const float v : {0.0f, -0.0f, 1e-30f, -1e-30f, 88.72f, 88.73f, -87.33f, -103.9f, -104.1f, 1000.0f, -1000.0f})
    x.push_back(v);
  x.push_back(std::numeric_limits<float>::infinity());
  x.push_back(-std::numeric_limits<float>::infinity());
  x.push_back(std::numeric_limits<float>::quiet_NaN());
  x.resize(round_up(x.size(), 16), 1.0f);
  std::vector<float> y(x.size()), portable(x.size());
  kernels().exponential(x.data(), y.data(), x.size());
  kernels_for(Isa::portable).exponential(x.data(), portable.data(), x.size());
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(y[i]));
      continue;
    }
    ASSERT_EQ(std::memcmp(&y[i], &portable[i], sizeof(float)), 0) << x[i];
    const double exact = std::exp(static_cast<double>(x[i]));
    if (exact > std::numeric_limits<float>::max()) {
      EXPECT_EQ(y[i], std::numeric_limits<float>::infinity()) << x[i];
    } else if (exact < 1.18e-38) {
      EXPECT_NEAR(y[i], exact, 2.0 * std::numeric_limits<float>::denorm_min()) << x[i];
    } else {
      const float nearest = static_cast<float>(exact);
      const double ulp = static_cast<double>(std::nextafter(nearest, INFINITY)) - static_cast<double>(nearest);
      worst = std::max(worst, std::abs(static_cast<double>(y[i]) - exact) / ulp);
    }
  }
  EXPECT_LT(worst, 1.5) << "units in the last place";
  EXPECT_EQ(y[x.size() - 1], y[x.size() - 2]);
}

TEST_P(KernelTest, SoftmaxLossIsTheReferencesWithinRounding) {
  for (const std::size_t C : {2u, 10u, 15u, 16u, 17u, 47u}) {
    const std::size_t B = 37;
    const Matrix logits = 5.0f * random_matrix(B, C, C);
    std::vector<std::uint8_t> labels(B);
    for (std::size_t b = 0; b < B; ++b) labels[b] = static_cast<std::uint8_t>(b % C);
    Guarded dz(B, C);
    Matrix expected_dz(B, C);
    std::vector<double> loss(B), expected_loss(B);
    std::vector<std::uint8_t> correct(B), expected_correct(B);
    SoftmaxLoss p{.logits = logits,
                  .labels = labels.data(),
                  .scale = 0.25f,
                  .dz = dz.view(),
                  .loss = loss.data(),
                  .correct = correct.data()};
    kernels().softmax_loss(p, 0, B / 2);
    kernels().softmax_loss(p, B / 2, B);
    p.dz = expected_dz, p.loss = expected_loss.data(), p.correct = expected_correct.data();
    reference::softmax_loss(p);
    dz.expect_untouched_around();
    EXPECT_EQ(correct, expected_correct);
    // derived: C + 3 roundings of 2^-24 in the sum of exponentials, each within 1.5 ulp
    const double tolerance = (static_cast<double>(C) + 6) * 0x1p-23;
    for (std::size_t b = 0; b < B; ++b) {
      EXPECT_TRUE(std::abs(loss[b] - expected_loss[b]) <= tolerance) << loss[b] << " " << expected_loss[b];
      for (std::size_t c = 0; c < C; ++c)
        EXPECT_TRUE(std::abs(dz.view()(b, c) - expected_dz(b, c)) <= 0.25 * tolerance);
    }
  }
}

TEST_P(KernelTest, SoftmaxLossOfExtremeLogitsIsExact) {
  // No clamping of probabilities: a certain mistake costs what it costs.
  const Matrix logits({{1000, 0, -1000}, {0, 1000, 0}, {-1e30f, 0, 0}});
  const std::uint8_t labels[] = {2, 1, 0};
  Matrix dz(3, 3);
  double loss[3];
  std::uint8_t correct[3];
  kernels().softmax_loss({.logits = logits, .labels = labels, .scale = 1, .dz = dz, .loss = loss, .correct = correct},
                         0, 3);
  EXPECT_EQ(loss[0], 2000);
  EXPECT_EQ(loss[1], 0);
  EXPECT_NEAR(loss[2] / 1e30, 1, 1e-6);
  EXPECT_EQ(dz(0, 0), 1);
  EXPECT_EQ(dz(0, 2), -1);
  EXPECT_EQ(dz(1, 1), 0);
}

TEST_P(KernelTest, SoftmaxLossOfNaNIsNaN) {
  const Matrix logits(
      {{1, std::numeric_limits<float>::quiet_NaN(), 2}, {std::numeric_limits<float>::infinity(), 0, 0}});
  const std::uint8_t labels[] = {0, 1};
  Matrix dz(2, 3);
  double loss[2] = {0, 0};
  std::uint8_t correct[2];
  kernels().softmax_loss({.logits = logits, .labels = labels, .scale = 1, .dz = dz, .loss = loss, .correct = correct},
                         0, 2);
  EXPECT_FALSE(std::isfinite(loss[0]));
  EXPECT_FALSE(std::isfinite(loss[1]));
}

TEST_P(KernelTest, SoftmaxSumsToOne) {
  const Matrix z = 3.0f * random_matrix(5, 10, 1);
  Guarded p(5, 10);
  kernels().softmax(z, p.view());
  p.expect_untouched_around();
  for (std::size_t b = 0; b < 5; ++b) {
    double sum = 0;
    for (const float value : p.view().row(b)) sum += value;
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST_P(KernelTest, ColumnSumsGoDownInOrder) {
  for (const auto& [rows, cols] : {std::pair<std::size_t, std::size_t>{33, 21}, {1, 1}, {128, 128}, {7, 16}, {2, 49}}) {
    const Matrix m = random_matrix(rows, cols, 1);
    Guarded out(1, cols);
    kernels().column_sums(m, out.data());
    out.expect_untouched_around();
    EXPECT_TRUE(ConstMatrixView(out.view()) == sum(m, Axis::rows).view());
  }
}

TEST_P(KernelTest, SgdIsOneFusedMultiplyAdd) {
  for (const std::size_t n : {16u, 32u, 48u, 64u, 1008u}) {
    Matrix w = random_matrix(1, n + 16, 1);
    const Matrix before = w, g = random_matrix(1, n + 16, 2);
    kernels().sgd(w.data(), g.data(), n, 0.1f);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(w(0, i), std::fma(-0.1f, g(0, i), before(0, i)));
    for (std::size_t i = n; i < n + 16; ++i) EXPECT_EQ(w(0, i), before(0, i)) << "behind the end";
  }
}

TEST(FusedMultiplyAdd, IsTheProcessorsBitForBit) {
  const Rng rng(5, 5);
  const auto any_float = [&](std::uint64_t i, int spread) {
    const double exponent = static_cast<double>(rng.below(static_cast<std::uint64_t>(2 * spread), 3 * i)) - spread;
    return static_cast<float>(std::ldexp(2 * rng.uniform(3 * i + 1) - 1, static_cast<int>(exponent)));
  };
  for (const int spread :
       {2, 30, 150}) {  // of one size; where roundings meet; into the subnormals and beyond the range
    for (std::uint64_t i = 0; i < 400000; ++i) {
      const float a = any_float(3 * i, spread), b = any_float(3 * i + 1, spread);
      // Half of the sums almost cancel, which is where double rounding would show.
      const float c = i % 2 ? -a * b * (1 + 0x1p-20f) : any_float(3 * i + 2, spread);
      const float expected = std::fma(a, b, c), actual = fused_multiply_add(a, b, c);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(actual));
        continue;
      }
      ASSERT_EQ(std::memcmp(&actual, &expected, sizeof(float)), 0) << a << " * " << b << " + " << c;
    }
  }
}

TEST(FusedMultiplyAdd, RoundsTiesAndSpecialValuesAsTheProcessorDoes) {
  const float inf = std::numeric_limits<float>::infinity(), tiny = std::numeric_limits<float>::denorm_min();
  const float values[] = {
      0.0f,     -0.0f,        1.0f,     -1.0f,     1 + 0x1p-23f, 1 - 0x1p-24f,
      0x1p-12f, 1 + 0x1p-12f, 0x1p-24f, -0x1p-24f, 0x1p-25f,     3e38f,
      -3e38f,   tiny,         -tiny,    inf,       -inf,         std::numeric_limits<float>::quiet_NaN()};
  for (const float a : values)
    for (const float b : values)
      for (const float c : values) {
        const float expected = std::fma(a, b, c), actual = fused_multiply_add(a, b, c);
        if (std::isnan(expected))
          EXPECT_TRUE(std::isnan(actual)) << a << " * " << b << " + " << c;
        else
          EXPECT_EQ(std::memcmp(&actual, &expected, sizeof(float)), 0) << a << " * " << b << " + " << c;
      }
}

}  // namespace
}  // namespace inkling
