#include "inkling/model/penalty.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/kernel/runtime.h"

namespace inkling {
namespace {

void check_number(float value, const char* what) {
  if (!(value >= 0) || !std::isfinite(value))
    fail(ErrorKind::config, "{} {}; expected a finite number, 0 or above", what, value);
}

float sign(float w) { return static_cast<float>((w > 0) - (w < 0)); }

// Sixteen sums side by side, which the compiler may keep in vectors of any width: the order is the same.
double dot_of(const float* x, const float* y, std::size_t n) {
  constexpr std::size_t kSums = 16;
  std::array<double, kSums> sums{};
  std::size_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::size_t j = 0; j < kSums; ++j) sums[j] += static_cast<double>(x[i + j]) * static_cast<double>(y[i + j]);
  for (; i < n; ++i) sums[i % kSums] += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  double sum = 0;
  for (const double each : sums) sum += each;
  return sum;
}

}  // namespace

void check(const PenaltyOptions& options) {
  check_number(options.l2, "l2");
  check_number(options.l1, "l1");
  check_number(options.max_norm, "max norm");
}

double penalty(const Runtime& rt, const Mlp& model, const PenaltyOptions& options) {
  double squares = 0, absolutes = 0;
  for (const Tensor& t : model.table()) {
    if (!t.is_weight()) continue;
    const std::span<const float> W = model.arena().subspan(t.offset, t.rows * t.stride);  // the padding is zero
    if (options.l2 != 0) squares += sum_of_squares(rt, W);
    if (options.l1 != 0)
      for (const float w : W) absolutes += std::abs(static_cast<double>(w));
  }
  return 0.5 * static_cast<double>(options.l2) * squares + static_cast<double>(options.l1) * absolutes;
}

void add_penalty_gradient(const Runtime& rt, const Mlp& model, const PenaltyOptions& options, Workspace& ws) {
  if (options.l2 == 0 && options.l1 == 0) return;
  for (const Tensor& t : model.table()) {
    if (!t.is_weight()) continue;
    rt.pool().run(t.rows, [&](std::size_t i) noexcept {
      const float* w = model.arena().data() + t.offset + i * t.stride;
      float* g = ws.gradients().data() + t.offset + i * t.stride;
      if (options.l2 != 0) rt.kernels().blend(g, w, t.stride, 1, options.l2);
      if (options.l1 != 0)
        for (std::size_t o = 0; o < t.cols; ++o) g[o] += options.l1 * sign(w[o]);
    });
  }
}

void bound_norms(const Runtime& rt, Mlp& model, float max_norm) {
  if (max_norm == 0) return;
  for (const Tensor& t : model.table()) {
    if (!t.is_weight()) continue;
    const MatrixView W = model.tensor(t);
    rt.pool().run(t.stride / kColumnUnit, [&](std::size_t unit) noexcept {
      const std::size_t first = unit * kColumnUnit;
      std::array<double, kColumnUnit> squares{};
      for (std::size_t i = 0; i < W.rows; ++i) {
        const float* w = W.data + i * W.stride + first;
        for (std::size_t o = 0; o < kColumnUnit; ++o)
          squares[o] += static_cast<double>(w[o]) * static_cast<double>(w[o]);
      }
      std::array<float, kColumnUnit> factor{};
      bool any = false;
      for (std::size_t o = 0; o < kColumnUnit; ++o) {
        const double norm = std::sqrt(squares[o]);
        const bool above = norm > static_cast<double>(max_norm);
        factor[o] = above ? static_cast<float>(static_cast<double>(max_norm) / norm) : 1.0f;
        any = any || above;
      }
      if (!any) return;
      for (std::size_t i = 0; i < W.rows; ++i) {
        float* w = W.data + i * W.stride + first;
        for (std::size_t o = 0; o < kColumnUnit; ++o) w[o] *= factor[o];
      }
    });
  }
}

double dot(const Runtime& rt, std::span<const float> x, std::span<const float> y) {
  constexpr std::size_t kChunk = 1u << 14;  // guess: some microseconds of work
  const std::size_t chunks = (x.size() + kChunk - 1) / kChunk;
  std::vector<double> sums(chunks);
  rt.pool().run(chunks, [&](std::size_t c) noexcept {
    sums[c] = dot_of(x.data() + c * kChunk, y.data() + c * kChunk, std::min(kChunk, x.size() - c * kChunk));
  });
  double sum = 0;
  for (const double each : sums) sum += each;
  return sum;
}

double sum_of_squares(const Runtime& rt, std::span<const float> x) { return dot(rt, x, x); }

}  // namespace inkling
