// Probabilities from logits, for each kind of output: against the formulas in double, at the ends of the range, and the
// same bytes for every instruction set.
#include "inkling/model/output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

Config config_of(Output output, float temperature, std::size_t classes = 3) {
  return {.widths = {2, classes}, .output = output, .temperature = temperature};
}

// Normal, scaled: 8 reaches into the saturated ends of a sigmoid.
Matrix some_logits(std::size_t rows, std::size_t cols, float scale) {
  Matrix z(rows, cols);
  const Rng rng(5, 0);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) z(r, c) = scale * static_cast<float>(rng.normal(r * cols + c));
  return z;
}

Matrix probabilities(const Config& config, const Matrix& z, const Runtime& rt) {
  Matrix p(z.rows(), z.cols());
  for (std::size_t i = 0; i < p.rows() * p.stride(); ++i) p.data()[i] = 77;  // what was there before must not matter
  class_probabilities(rt, config, z, p);
  return p;
}
Matrix probabilities(const Config& config, const Matrix& z) {
  return probabilities(config, z, Runtime({.threads = 1}));
}

// The definitions, in long double.
std::vector<long double> expected(const Config& config, std::span<const float> z) {
  std::vector<long double> p;
  long double sum = 0;
  for (const float value : z) {
    const long double t = static_cast<long double>(value) / static_cast<long double>(config.temperature);
    switch (config.output) {
      case Output::softmax: p.push_back(std::exp(t)); break;
      case Output::sigmoid: p.push_back(1 / (1 + std::exp(-t))); break;
      case Output::linear: p.push_back(std::clamp(static_cast<long double>(value), 0.0L, 1.0L)); break;
    }
    sum += p.back();
  }
  for (long double& value : p) value = sum == 0 ? 1.0L / static_cast<long double>(p.size()) : value / sum;
  return p;
}

testing::AssertionResult as_defined(const Config& config, const Matrix& z) {
  const Matrix p = probabilities(config, z);
  // derived: a sum of C floats, the exponent's rounding (|t| exp(-|t|) < 1), the exponential's 1.5 units, two divisions
  const long double tolerance = static_cast<long double>(z.cols() + 8) * 0x1p-23L;
  for (std::size_t r = 0; r < z.rows(); ++r) {
    const std::vector<long double> exact = expected(config, z.view().row(r));
    for (std::size_t c = 0; c < z.cols(); ++c)
      if (!(std::abs(p(r, c) - exact[c]) <= tolerance * std::max(exact[c], 1e-3L)))
        return testing::AssertionFailure()
               << name(config.output) << " T " << config.temperature << " (" << r << ", " << c << ") of " << shape(z)
               << ": " << p(r, c) << ", not " << static_cast<double>(exact[c]);
    for (std::size_t c = z.cols(); c < p.stride(); ++c)
      if (p.data()[r * p.stride() + c] != 0) return testing::AssertionFailure() << "padding of row " << r;
  }
  return testing::AssertionSuccess();
}

constexpr Output kOutputs[] = {Output::softmax, Output::sigmoid, Output::linear};

TEST(ClassProbabilities, AreThoseOfTheDefinitions) {
  for (const Output output : kOutputs)
    for (const float temperature : {1.0f, 0.4f, 2.5f})
      for (const std::size_t classes : {1u, 2u, 10u, 15u, 16u, 17u, 33u})
        for (const float scale : {1.0f, 8.0f})
          EXPECT_TRUE(as_defined(config_of(output, temperature, classes), some_logits(7, classes, scale)));
}

TEST(ClassProbabilities, OfAPlainSoftmaxAreTheKernels) {
  const Matrix z = some_logits(5, 10, 4);
  for (const Isa isa : available_isas()) {
    const Runtime rt({.threads = 1, .isa = isa});
    Matrix p(5, 10);
    rt.kernels().softmax(z, p);
    EXPECT_TRUE(probabilities(config_of(Output::softmax, 1, 10), z, rt).view() == p.view()) << name(isa);
  }
}

TEST(ClassProbabilities, AreTheSameBytesForEveryInstructionSet) {
  for (const Output output : kOutputs)
    for (const float temperature : {1.0f, 1.7f}) {
      const Config config = config_of(output, temperature, 21);
      const Matrix z = some_logits(50, 21, 6);
      const Matrix portable = probabilities(config, z, Runtime({.threads = 1, .isa = Isa::portable}));
      for (const Isa isa : available_isas()) {
        const Matrix p = probabilities(config, z, Runtime({.threads = 1, .isa = isa}));
        EXPECT_EQ(std::memcmp(p.data(), portable.data(), p.rows() * p.stride() * sizeof(float)), 0)
            << name(output) << " " << name(isa);
      }
    }
}

TEST(ClassProbabilities, TouchTheirRowsAlone) {
  for (const Output output : kOutputs) {
    Matrix p(3, 10);
    for (std::size_t i = 0; i < p.rows() * p.stride(); ++i) p.data()[i] = 77;
    class_probabilities(Runtime({.threads = 1}), config_of(output, 2, 10), some_logits(1, 10, 1),
                        p.view().middle_rows(1, 1));
    for (const std::size_t row : {0u, 2u})
      for (std::size_t c = 0; c < p.stride(); ++c) EXPECT_EQ(p.data()[row * p.stride() + c], 77) << name(output);
  }
}

TEST(ClassProbabilities, OfSigmoidsTooSmallForAFloatKeepTheirRatio) {
  const float e = 0.36787944f;
  for (const float top : {-16.5f, -17.5f, -40.0f, -90.0f, -5000.0f}) {
    const Matrix p = probabilities(config_of(Output::sigmoid, 1), Matrix({{top, top - 1, top - 1}}));
    EXPECT_TRUE(std::abs(p(0, 0) - 1 / (1 + 2 * e)) <= 1e-6f) << top << ": " << p(0, 0);
    EXPECT_TRUE(std::abs(p(0, 1) - e / (1 + 2 * e)) <= 1e-6f) << top << ": " << p(0, 1);
  }
}

// Where one formula takes over from the other, neither may be off: the ratio of near and of far classes.
TEST(ClassProbabilities, OfLowSigmoidsAreThoseOfTheDefinition) {
  for (const float top : {-2.5f, -4.0f, -10.0f, -16.9f, -17.1f, -30.0f, -79.0f, -81.0f})
    for (const float gap : {0.5f, 4.0f, 11.0f}) {
      const Config config = config_of(Output::sigmoid, 1);
      const Matrix z({{top - gap, top, top - gap}}), p = probabilities(config, z);
      const std::vector<long double> exact = expected(config, z.view().row(0));
      for (std::size_t c = 0; c < 3; ++c)  // derived: as above; the far class is a ratio, whose error is relative
        EXPECT_TRUE(std::abs(p(0, c) / exact[c] - 1) <= 16 * 0x1p-23L) << top << " " << gap << " " << c;
    }
}

TEST(ClassProbabilities, OfSigmoidsThatAreAllOneAreUniform) {
  const Matrix p = probabilities(config_of(Output::sigmoid, 1, 4), Matrix({{30, 40, 50, 1e30f}}));
  for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(p(0, c), 0.25f);
}

TEST(ClassProbabilities, OfLinearOutputsAreClippedAndKnowNoTemperature) {
  const Matrix z({{-1, 0.25f, 3}, {-1, 0, -2}, {0.5f, 0.25f, 0.25f}});
  for (const float temperature : {1.0f, 9.0f}) {
    const Matrix p = probabilities(config_of(Output::linear, temperature), z);
    const Matrix third = Matrix({{1, 1, 1}}) * (1.0f / 3);
    EXPECT_TRUE(Matrix(p.view().middle_rows(0, 1)) == Matrix({{0, 0.2f, 0.8f}}));
    EXPECT_TRUE(Matrix(p.view().middle_rows(1, 1)) == third) << "nothing is above 0";
    EXPECT_TRUE(Matrix(p.view().middle_rows(2, 1)) == Matrix({{0.5f, 0.25f, 0.25f}}));
  }
}

TEST(ClassProbabilities, ColdAndHotAreOneHotAndUniform) {
  const Matrix z({{1000, 3000, 2000}, {-3000, -1000, -2000}});
  for (const Output output : {Output::softmax, Output::sigmoid}) {
    const Matrix cold = probabilities(config_of(output, 1e-38f), z), hot = probabilities(config_of(output, 1e38f), z);
    EXPECT_EQ(cold(1, 0), 0) << name(output);
    EXPECT_EQ(cold(1, 1), 1) << name(output);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_TRUE(std::abs(hot(0, c) - 1.0f / 3) <= 1e-6f) << name(output);
  }
}

TEST(ClassProbabilities, ANaNLogitIsNaNInItsRowAlone) {
  for (const Output output : kOutputs)
    for (const float temperature : {1.0f, 2.0f})
      for (std::size_t bad = 0; bad < 3; ++bad) {
        Matrix z({{-30, -20, -40}, {1, 2, 3}});
        z(0, bad) = NAN;
        const Matrix p = probabilities(config_of(output, temperature), z);
        for (std::size_t c = 0; c < 3; ++c) EXPECT_TRUE(std::isnan(p(0, c))) << name(output) << " " << bad;
        EXPECT_TRUE(std::abs(p(1, 0) + p(1, 1) + p(1, 2) - 1) <= 1e-6f) << name(output);
      }
}

TEST(Predict, GivesTheProbabilitiesOfItsConfig) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(4);
  for (const Output output : kOutputs) {
    const Mlp model({.widths = {144, 12, 10}, .output = output, .temperature = 1.9f}, 3);
    Workspace ws(model, 4);
    Matrix p(4, 10);
    predict(rt, model, data.images(), ws, p);
    EXPECT_TRUE(p.view() == probabilities(model.config(), Matrix(ws.logits())).view()) << name(output);
    EXPECT_FALSE(p.view() == probabilities(config_of(Output::softmax, 1, 10), Matrix(ws.logits())).view());
  }
}

}  // namespace
}  // namespace inkling
