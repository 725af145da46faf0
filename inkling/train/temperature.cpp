#include "inkling/train/temperature.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/core/matrix.h"

namespace inkling {
namespace {

// Mean negative log-likelihood at some T and its derivative by log T; by b = 1 / T it is -1 / b times this.
struct Likelihood {
  double loss = 0;
  double slope = 0;
};

// log sigmoid(t), without cancellation or overflow at either end. log(1 + e) by way of (1 + e) - 1, the e that was
// added, which makes up for its rounding (Kahan; Goldberg 1991, theorem 4).
double log_sigmoid(double t) {
  const double e = portable_exp(-std::abs(t));
  const double one_and_e = 1 + e;
  const double log_1_e = one_and_e == 1 ? e : portable_log(one_and_e) * (e / (one_and_e - 1));
  return (t < 0 ? t : 0) - log_1_e;
}

// For p_c = w_c / sum_k w_k, with log w = z / T (softmax) or log sigmoid(z / T), b = 1 / T and g_c = d log w_c / d b:
// d (-log p_y) / d b = sum_c p_c g_c - g_y.
Likelihood likelihood(ConstMatrixView logits, std::span<const std::uint8_t> labels, Output output, double T) {
  std::vector<double> log_w(logits.cols), g(logits.cols);
  Likelihood sum;
  for (std::size_t j = 0; j < logits.rows; ++j) {
    const std::span<const float> z = logits.row(j);
    for (std::size_t c = 0; c < z.size(); ++c) {
      g[c] = static_cast<double>(z[c]);
      log_w[c] = g[c] / T;
      if (output != Output::sigmoid) continue;
      g[c] *= portable_exp(log_sigmoid(-log_w[c]));  // 1 - sigmoid(t) = sigmoid(-t)
      log_w[c] = log_sigmoid(log_w[c]);
    }
    const double top = *std::ranges::max_element(log_w);
    double total = 0, weighted = 0;
    for (std::size_t c = 0; c < z.size(); ++c) {
      const double w = portable_exp(log_w[c] - top);
      total += w;
      weighted += w * (g[c] - g[labels[j]]);
    }
    sum.loss += portable_log(total) - (log_w[labels[j]] - top);
    sum.slope -= weighted / total / T;
  }
  const auto count = static_cast<double>(logits.rows);
  return {.loss = sum.loss / count, .slope = sum.slope / count};
}

void check_input(ConstMatrixView logits, std::span<const std::uint8_t> labels) {
  if (labels.empty() || labels.size() != logits.rows)
    fail(ErrorKind::shape, "temperature: {} labels for logits of shape {}; expected one a row, and one row at least",
         labels.size(), shape(logits));
  for (std::size_t j = 0; j < logits.rows; ++j) {
    if (labels[j] >= logits.cols)
      fail(ErrorKind::shape, "temperature: image {} has label {}; expected one below {}", j, labels[j], logits.cols);
    for (const float z : logits.row(j))
      if (!std::isfinite(z))
        fail(ErrorKind::numeric, "temperature: image {} has a logit {}; expected finite ones", j, z);
  }
}

}  // namespace

float fit_temperature(ConstMatrixView logits, std::span<const std::uint8_t> labels, Output output) {
  check_input(logits, labels);
  if (output == Output::linear) return 1;
  const auto at = [&](double T) { return likelihood(logits, labels, output, T); };
  if (at(1).slope == 0) return 1;

  // A coarse grid brackets the least loss: for softmax the loss is convex in 1 / T, so the grid only saves time; for
  // sigmoid it may have more than one minimum.
  constexpr std::size_t kPoints = 13;         // guess: factors of 1.65 from one to the next
  std::vector<double> grid(kPoints), losses;  // T = exp(log least + i / 12 (log most - log least))
  const double low = portable_log(kLeastTemperature), high = portable_log(kMostTemperature);
  for (std::size_t i = 0; i < kPoints; ++i) {
    grid[i] = portable_exp(low + (high - low) * static_cast<double>(i) / (kPoints - 1));
    losses.push_back(at(grid[i]).loss);
  }
  const auto best = static_cast<std::size_t>(std::ranges::min_element(losses) - losses.begin());
  if (best == 0 && at(kLeastTemperature).slope >= 0) return static_cast<float>(kLeastTemperature);
  if (best == kPoints - 1 && at(kMostTemperature).slope <= 0) return static_cast<float>(kMostTemperature);
  double left = grid[best == 0 ? 0 : best - 1], right = grid[std::min(best + 1, kPoints - 1)];

  // Halves the bracket, in log T, around the place where the slope turns from falling to rising.
  constexpr double kPrecision = 1e-7;
  while (right / left - 1 > kPrecision) {
    const double middle = std::sqrt(left * right);
    (at(middle).slope < 0 ? left : right) = middle;
  }
  return static_cast<float>(std::sqrt(left * right));
}

}  // namespace inkling
