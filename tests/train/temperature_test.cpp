// The temperature that fits: against a root finder at 30 digits, its meaning on data of a known temperature, its
// limits.
#include "inkling/train/temperature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/core/rng.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/output.h"
#include "inkling/train/statistics.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

using Labels = std::vector<std::uint8_t>;

const Matrix kLogits({{4, 0, -1},
                      {1, 3, 0},
                      {0, 5, 1},
                      {2, 2.5f, -1},
                      {-1, 0, 6},
                      {3, -2, 2},
                      {0.5f, 0.25f, 0},
                      {-3, 1, 2},
                      {5, -1, -3}});
const Labels kLabels = {0, 1, 2, 0, 2, 0, 1, 2, 1};

// mpmath's findroot on the derivative of the mean of log(sum_c w_c / w_label), w = exp(z / T) or sigmoid(z / T).
TEST(FitTemperature, IsTheRootThatMpmathFinds) {
  const float softmax = fit_temperature(kLogits, kLabels, Output::softmax);
  EXPECT_TRUE(std::abs(softmax / 3.64635917711164759 - 1) <= 1e-6) << softmax;
  const float sigmoid = fit_temperature(kLogits, kLabels, Output::sigmoid);
  EXPECT_TRUE(std::abs(sigmoid / 0.865548082935739077 - 1) <= 1e-6) << sigmoid;
}

// Labels drawn from softmax(z): for logits s z the temperature is s, up to the error of 20,000 draws.
TEST(FitTemperature, FindsTheScaleOfTheLogits) {
  const Rng rng(11, 0);
  constexpr std::size_t kImages = 20000, kClasses = 4;
  Matrix z(kImages, kClasses), p(kImages, kClasses);
  for (std::size_t j = 0; j < kImages; ++j)
    for (std::size_t c = 0; c < kClasses; ++c) z(j, c) = 2 * static_cast<float>(rng.normal(j * kClasses + c));
  const Runtime rt({.threads = 1});
  class_probabilities(rt, {.widths = {1, kClasses}}, z, p);
  Labels labels;
  for (std::size_t j = 0; j < kImages; ++j) {
    double u = Rng(12, 0).uniform(j);
    std::uint8_t label = 0;
    while (label + 1u < kClasses && (u -= static_cast<double>(p(j, label))) > 0) ++label;
    labels.push_back(label);
  }
  for (const float scale : {0.25f, 1.0f, 3.0f}) {
    const float T = fit_temperature(z * scale, labels, Output::softmax);
    EXPECT_TRUE(std::abs(T / scale - 1) <= 0.03f) << T;  // derived: three standard errors of about 1 %
    // The fitted one is calibrated, and its loss is below that of both neighbours.
    const auto loss_at = [&](float temperature) {
      class_probabilities(rt, {.widths = {1, kClasses}, .temperature = temperature}, z * scale, p);
      return statistics_of(p, labels);
    };
    const Statistics fitted = loss_at(T);
    EXPECT_LT(fitted.expected_calibration_error, 0.015);
    EXPECT_LT(fitted.negative_log_likelihood, loss_at(1.02f * T).negative_log_likelihood);
    EXPECT_LT(fitted.negative_log_likelihood, loss_at(T / 1.02f).negative_log_likelihood);
  }
}

TEST(FitTemperature, EndsAtItsLimits) {
  for (const Output output : {Output::softmax, Output::sigmoid}) {
    EXPECT_EQ(fit_temperature(Matrix({{3, -1}, {-1, 2}}), Labels{0, 1}, output), 0.05f) << "nothing is wrong";
    EXPECT_EQ(fit_temperature(Matrix({{3, -1}, {-1, 2}}), Labels{1, 0}, output), 20.0f) << "nothing is right";
  }
  EXPECT_EQ(fit_temperature(Matrix({{1, 0}}), Labels{0}, Output::softmax), 0.05f) << "one image";
}

TEST(FitTemperature, IsOneWhereNothingDependsOnIt) {
  EXPECT_EQ(fit_temperature(Matrix({{2, 2}, {-1, -1}}), Labels{0, 1}, Output::softmax), 1.0f);
  EXPECT_EQ(fit_temperature(Matrix({{2, 2}, {-1, -1}}), Labels{0, 1}, Output::sigmoid), 1.0f);
  EXPECT_EQ(fit_temperature(Matrix({{5000, 0}}), Labels{0}, Output::softmax), 1.0f) << "the loss is 0 at once";
  EXPECT_EQ(fit_temperature(kLogits, kLabels, Output::linear), 1.0f);
  EXPECT_EQ(fit_temperature(Matrix({{7}}), Labels{0}, Output::softmax), 1.0f);
}

TEST(FitTemperature, RefusesWhatItCannotFit) {
  const auto fit = [](const Matrix& z, const Labels& labels) { fit_temperature(z, labels, Output::softmax); };
  EXPECT_TRUE(refuses(ErrorKind::shape, "0 labels", [&] { fit(Matrix(0, 2), {}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 labels for logits of shape (1, 2)", [&] { fit(Matrix({{1, 2}}), {0, 1}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "image 0 has label 2", [&] { fit(Matrix({{1, 2}}), {2}); }));
  for (const float bad : {NAN, INFINITY, -INFINITY})
    EXPECT_TRUE(refuses(ErrorKind::numeric, fmt::format("image 1 has a logit {}", bad), [&] {
      fit(Matrix({{1, 2}, {1, bad}}), {0, 0});
    }));
}

}  // namespace
}  // namespace inkling
