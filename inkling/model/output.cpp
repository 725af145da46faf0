#include "inkling/model/output.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>

#include "inkling/core/aligned.h"
#include "inkling/model/layer.h"

namespace inkling {
namespace {

// The first maximum of a row, where NaN is never larger, as the softmax kernel takes it.
float first_maximum(std::span<const float> z) {
  float top = z.front();
  for (const float value : z)
    if (value > top) top = value;
  return top;
}

// exp of a row in its place. The kernel takes the padding along, which is zeroed again.
void exponentials_in_place(const Kernels& kernels, std::span<float> row) {
  const std::size_t padded = round_up(row.size(), kColumnUnit);
  kernels.exponential(row.data(), row.data(), padded);
  std::fill(row.data() + row.size(), row.data() + padded, 0.0f);
}

// p = p / sum p, the sum in ascending order; uniform where it is 0.
void normalise(std::span<float> p) {
  float sum = 0;
  for (const float value : p) sum += value;
  for (float& value : p) value = sum == 0 ? 1.0f / static_cast<float>(p.size()) : value / sum;
}

void softmax_row(const Kernels& kernels, std::span<const float> z, float T, std::span<float> p) {
  const float top = first_maximum(z);  // subtracted first, so that no T makes an infinity of it
  for (std::size_t c = 0; c < z.size(); ++c) p[c] = (z[c] - top) / T;
  exponentials_in_place(kernels, p);
  normalise(p);
}

// s = sigmoid(t) = exp(t) / (1 + exp(t)) with t = z / T. Where even the largest t is far below 0, 1 + exp(t) is 1 and s
// is exp(t), whose ratios, unlike exp(t) itself, do not underflow: they are a softmax.
void sigmoid_row(const Kernels& kernels, std::span<const float> z, float T, std::span<float> p) {
  constexpr float kFarBelow = -17;  // derived: exp(-17) = 4.1e-8 is below half a unit in the last place of 1, 6.0e-8
  if (first_maximum(z) / T < kFarBelow) return softmax_row(kernels, z, T, p);
  for (std::size_t c = 0; c < z.size(); ++c) p[c] = -(z[c] / T);
  exponentials_in_place(kernels, p);
  for (float& value : p) value = 1.0f / (1.0f + value);
  normalise(p);
}

void linear_row(std::span<const float> z, std::span<float> p) {
  for (std::size_t c = 0; c < z.size(); ++c) p[c] = z[c] < 0 ? 0.0f : z[c] > 1 ? 1.0f : z[c];  // NaN stays
  normalise(p);
}

void probabilities_of_rows(const Kernels& kernels, const Config& config, ConstMatrixView logits, MatrixView p) {
  if (config.output == Output::softmax && config.temperature == 1) return kernels.softmax(logits, p);
  for (std::size_t b = 0; b < logits.rows; ++b) {
    const std::span<const float> z = logits.row(b);
    switch (config.output) {
      case Output::softmax: softmax_row(kernels, z, config.temperature, p.row(b)); break;
      case Output::sigmoid: sigmoid_row(kernels, z, config.temperature, p.row(b)); break;
      case Output::linear: linear_row(z, p.row(b)); break;
    }
    std::fill(p.data + b * p.stride + p.cols, p.data + b * p.stride + round_up(p.cols, kColumnUnit), 0.0f);
  }
}

}  // namespace

void class_probabilities(const Runtime& rt, const Config& config, ConstMatrixView logits, MatrixView p) {
  assert(logits.rows == p.rows && logits.cols == p.cols && p.stride % kColumnUnit == 0);
  constexpr std::size_t kMultiplyAddsAnElement = 20;  // guess: an exponential and a division
  in_blocks(rt, p.rows, 1, p.rows * p.cols * kMultiplyAddsAnElement, [&](std::size_t b0, std::size_t b1) noexcept {
    probabilities_of_rows(rt.kernels(), config, logits.middle_rows(b0, b1 - b0), p.middle_rows(b0, b1 - b0));
  });
}

}  // namespace inkling
