// The kernels of training, for every instruction set: activations, batch normalisation, the optimisers' steps, and the
// epilogues that they brought with them. Against loops in double, and byte for byte against the portable table.
//
// Tolerances count roundings, u = 2^-24 each. Comparisons are `difference <= tolerance`, which NaN fails.
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

constexpr double kU = 0x1p-24;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Matrix random_matrix(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  const Rng rng(21, stream);
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) m(r, c) = static_cast<float>(rng.normal(r * cols + c));
  return m;
}

std::vector<Activation> all_activations() {
  std::vector<Activation> all;
  for (std::size_t k = 0; k < choice_names(Activation{}).size(); ++k) all.push_back(static_cast<Activation>(k));
  return all;
}

class TrainingKernelTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
  static const Kernels& portable() { return kernels_for(Isa::portable); }
};
INSTANTIATE_TEST_SUITE_P(Isa, TrainingKernelTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

struct Exact {
  double f, slope;
};

// The definitions of activation.h and their derivatives, written so that double loses nothing.
Exact exact(Activation kind, double z) {
  const double s = 1 / (1 + std::exp(-z)), rest = 1 / (1 + std::exp(z));  // sigmoid(z) and 1 - sigmoid(z)
  const double softplus = std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z)));
  const auto sech2 = [](double x) {
    const double e = std::exp(-2 * std::abs(x));
    return 4 * e / ((1 + e) * (1 + e));
  };
  switch (kind) {
    case Activation::linear: return {z, 1};
    case Activation::relu: return {std::max(z, 0.0), z > 0 ? 1.0 : 0.0};
    case Activation::leaky_relu: return {z > 0 ? z : 0.01 * z, z > 0 ? 1 : 0.01};
    case Activation::elu: return {z < 0 ? std::expm1(z) : z, z < 0 ? std::exp(z) : 1};
    case Activation::selu: {
      const double scale = 1.0507009873554805, alpha = 1.6732632423543772;
      return {scale * (z < 0 ? alpha * std::expm1(z) : z), scale * (z < 0 ? alpha * std::exp(z) : 1)};
    }
    case Activation::gelu: {
      const double phi = 0.5 * std::erfc(-z / std::sqrt(2.0));
      return {z * phi, phi + z * std::exp(-z * z / 2) / std::sqrt(2 * M_PI)};
    }
    case Activation::gelu_tanh: {
      const double k = std::sqrt(2 / M_PI), u = k * (z + 0.044715 * z * z * z), du = k * (1 + 3 * 0.044715 * z * z);
      const double phi = 1 / (1 + std::exp(-2 * u));
      return {z * phi, phi + z * 0.5 * sech2(u) * du};
    }
    case Activation::silu: return {z * s, s + z * s * rest};
    case Activation::mish:
      return {z * std::tanh(softplus), std::tanh(softplus) + (z == 0 ? 0 : z * sech2(softplus) * s)};
    case Activation::sigmoid: return {s, s * rest};
    case Activation::tanh: return {std::tanh(z), sech2(z)};
    case Activation::scaled_tanh: return {1.7159 * std::tanh(2 * z / 3), 1.7159 * 2 / 3 * sech2(2 * z / 3)};
    case Activation::softplus: return {softplus, s};
  }
  return {NAN, NAN};
}

bool is_product_with_z(Activation kind) {
  return kind == Activation::gelu || kind == Activation::gelu_tanh || kind == Activation::silu ||
         kind == Activation::mish;
}

// exp is within 3 roundings, and a dozen operations at most stand around it, all on terms of one sign or where one term
// is twice the other. Where an exponent is computed, its own roundings (4 at most) are multiplied by the exponent.
double roundings(Activation kind, double z) {
  switch (kind) {
    case Activation::linear:
    case Activation::relu: return 0;
    case Activation::leaky_relu: return 2;  // of 0.01 and of the product
    case Activation::gelu: return 16 + 4 * z * z / 2;
    case Activation::gelu_tanh: return 16 + 4 * 1.6 * std::abs(z) * (1 + 0.045 * z * z);
    case Activation::scaled_tanh: return 16 + 4 * 4 * std::abs(z) / 3;
    default: return 16;
  }
}

// Both sides of 0 in small steps; where formulas change over (-0.5, +-0.6); the ends of exp's range; far out.
std::vector<float> points() {
  std::vector<float> z;
  for (int k = -2200; k <= 2200; ++k) z.push_back(static_cast<float>(k) * 0.0137f);
  for (const float x :
       {0.0f, 1e-30f, 1e-8f, 1e-4f, 0.5f, 0.59999f, 0.6f, 0.9f, 13.4f, 43.9f, 87.3f, 88.8f, 104.0f, 1e4f}) {
    z.push_back(x);
    z.push_back(-x);
  }
  return z;
}

TEST_P(TrainingKernelTest, ActivationsAreTheirFormulasInDouble) {
  const std::vector<float> all = points();
  for (const std::size_t cols : {1u, 15u, 16u, 17u, 100u}) {
    const std::size_t rows = cols == 100 ? (all.size() + cols - 1) / cols : 3;  // narrow ones for the padding alone
    Matrix z(rows, cols);
    for (std::size_t k = 0; k < rows * cols; ++k) z(k / cols, k % cols) = all[k * (cols == 100 ? 1 : 71) % all.size()];
    for (const Activation kind : all_activations()) {
      GuardedMatrix a(rows, cols, kNaN), slope(rows, cols, kNaN);
      kernels().activate(kind, z, a, slope);
      a.expect_sound();
      slope.expect_sound();
      for (std::size_t k = 0; k < rows * cols; ++k) {
        const double x = z(k / cols, k % cols), got = a(k / cols, k % cols), got_slope = slope(k / cols, k % cols);
        const Exact want = exact(kind, x);
        const double n = roundings(kind, x);
        // Below the smallest normal float nothing is relative.
        ASSERT_TRUE(std::abs(got - want.f) <= n * kU * std::abs(want.f) + (n > 0 ? 0x1p-126 : 0))
            << name(kind) << "(" << x << ") = " << want.f << ", not " << got;
        // (z Phi)' = Phi + z Phi', which may cancel: each term brings its own error, and Phi's polynomial 8e-9.
        const double term = is_product_with_z(kind) && x != 0 ? std::abs(want.f / x) : 0;
        const double scale = std::max(std::abs(want.slope), term);
        ASSERT_TRUE(std::abs(got_slope - want.slope) <= (2 * n * kU + (term > 0 ? 8e-9 : 0)) * scale + 0x1p-126)
            << name(kind) << "'(" << x << ") = " << want.slope << ", not " << got_slope;
      }
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(TrainingKernelTest, ActivationsGiveTheSameBytesInPlaceAndWithoutASlope) {
  const Matrix z = 3.0f * random_matrix(5, 33, 1);
  for (const Activation kind : all_activations()) {
    Matrix a(5, 33), slope(5, 33);
    portable().activate(kind, z, a, slope);
    GuardedMatrix in_place(z.view()), own_slope(5, 33, kNaN), alone(5, 33, kNaN);
    kernels().activate(kind, in_place.view(), in_place, own_slope);
    kernels().activate(kind, z, alone, MatrixView());
    EXPECT_TRUE(same_bytes(in_place, a)) << name(kind);
    EXPECT_TRUE(same_bytes(own_slope, slope)) << name(kind);
    EXPECT_TRUE(same_bytes(alone, a)) << name(kind);
    in_place.expect_sound();
    own_slope.expect_sound();
    alone.expect_sound();
  }
}

TEST_P(TrainingKernelTest, ActivationsOfLargeSumsAreTheirLimits) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  Matrix z({{1e4f, -1e4f, 1e19f, -1e19f, 1e30f, -1e30f, 3e38f, -3e38f, kHuge / 2, -kHuge / 2}});
  for (const Activation kind : all_activations()) {
    Matrix a(1, z.cols()), slope(1, z.cols());
    kernels().activate(kind, z, a, slope);
    for (std::size_t c = 0; c < z.cols(); ++c) {
      // Either side is 0, a constant or a multiple of z, and so is the slope: what it is at +-200.
      const bool above = z(0, c) > 0;
      const Exact at_200 = exact(kind, above ? 200 : -200);
      const double limit = std::abs(at_200.slope) < 1e-30 ? at_200.f : at_200.slope * z(0, c);
      const double f = std::abs(limit) < 1e-30 ? 0 : limit;
      EXPECT_TRUE(std::abs(a(0, c) - f) <= 4 * kU * std::abs(f)) << name(kind) << "(" << z(0, c) << ") " << a(0, c);
      EXPECT_TRUE(std::abs(slope(0, c) - at_200.slope) <= 4 * kU)
          << name(kind) << "'(" << z(0, c) << ") " << slope(0, c);
    }
  }
}

TEST_P(TrainingKernelTest, ActivationsKeepNaNAndInfinityGivesTheLimitOrNaN) {
  Matrix z({{1, kNaN, kInfinity, -kInfinity, 2}});
  for (const Activation kind : all_activations()) {
    Matrix a(1, 5), slope(1, 5);
    kernels().activate(kind, z, a, slope);
    EXPECT_TRUE(std::isnan(a(0, 1))) << name(kind);
    EXPECT_TRUE(std::isfinite(a(0, 0)) && std::isfinite(a(0, 4))) << name(kind) << ": its neighbours";
    const Exact above = exact(kind, 200), below = exact(kind, -200);
    const bool bounded = above.slope < 1e-30;
    EXPECT_TRUE(bounded ? std::abs(a(0, 2) - above.f) <= 4 * kU * above.f : a(0, 2) == kInfinity) << name(kind);
    if (is_product_with_z(kind)) {  // -infinity * 0, as in PyTorch
      EXPECT_TRUE(std::isnan(a(0, 3)) || a(0, 3) == 0) << name(kind);
      continue;
    }
    if (std::abs(below.slope) > 1e-30)
      EXPECT_EQ(a(0, 3), -kInfinity) << name(kind);
    else
      EXPECT_TRUE(std::abs(a(0, 3) - below.f) <= 4 * kU * std::abs(below.f) + 1e-30) << name(kind) << a(0, 3);
    EXPECT_TRUE(std::abs(slope(0, 2) - above.slope) <= 4 * kU * 2) << name(kind);
    EXPECT_TRUE(std::abs(slope(0, 3) - below.slope) <= 4 * kU) << name(kind);
  }
}

TEST_P(TrainingKernelTest, ProductsMultiplyByTheGate) {
  for (const auto& [M, N, K] : {std::array<std::size_t, 3>{1, 1, 1}, {7, 33, 5}, {13, 49, 193}, {8, 48, 192}}) {
    const Matrix a = random_matrix(M, K, 1), b = random_matrix(K, N, 2);
    Matrix gate = random_matrix(M, N, 4);
    gate(M - 1, N - 1) = kInfinity;
    GuardedMatrix c(M, N);
    Matrix expected(M, N);
    Product p{.M = M, .N = N, .K = K, .a = a.data(), .a_row = a.stride(), .b = b.data(), .b_stride = b.stride()};
    p.epilogue = Epilogue::multiply;
    p.gate = gate.data();
    p.gate_stride = gate.stride();
    p.c = c.view().data;
    p.c_stride = c.view().stride;
    kernels().product(p, 0, M, 0, N);
    p.c = expected.data();
    p.c_stride = expected.stride();
    reference::product(p);
    EXPECT_TRUE(same_bytes(c, expected)) << M << " " << N << " " << K;
    c.expect_sound();
  }
}

}  // namespace
}  // namespace inkling
