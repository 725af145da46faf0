// The kernels of kernels.h that go row by row or element by element: softmax and its loss, column sums, the SGD update.
//
// Lanes never meet: a sum across a row is a scalar chain in ascending order, so that it does not depend on the vector's
// width.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/rowwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>

#include "inkling/core/elementary.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

// The first index of the largest of n elements; NaN is never larger.
HWY_INLINE std::size_t first_maximum(const float* z, std::size_t n) {
  std::size_t best = 0;
  for (std::size_t c = 1; c < n; ++c)
    if (z[c] > z[best]) best = c;
  return best;
}

// e[c] = exp(z[c] - shift) for c < n, zero in the padding; returns their sum.
HWY_INLINE float exponentials(const float* z, std::size_t n, float shift, float* e) {
  const D d;
  for (std::size_t c = 0; c < n; c += kLanes)
    hn::StoreU(exponential(hn::Sub(hn::LoadU(d, z + c), hn::Set(d, shift))), d, e + c);
  const std::size_t padded = (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for (std::size_t c = n; c < padded; ++c) e[c] = 0;
  float sum = 0;
  for (std::size_t c = 0; c < n; ++c) sum += e[c];
  return sum;
}

HWY_INLINE void multiply(float* x, std::size_t n, float factor) {
  const D d;
  for (std::size_t c = 0; c < n; c += kLanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + c), hn::Set(d, factor)), d, x + c);
}

void softmax(ConstMatrixView z, MatrixView p) noexcept {
  for (std::size_t b = 0; b < z.rows; ++b) {
    const float* row = z.data + b * z.stride;
    float* out = p.data + b * p.stride;
    const float sum = exponentials(row, z.cols, row[first_maximum(row, z.cols)], out);
    multiply(out, z.cols, 1.0f / sum);
  }
}

void softmax_loss(const SoftmaxLoss& p, std::size_t b0, std::size_t b1) noexcept {
  const std::size_t C = p.logits.cols;
  for (std::size_t b = b0; b < b1; ++b) {
    const float* z = p.logits.data + b * p.logits.stride;
    float* dz = p.dz.data + b * p.dz.stride;
    const std::size_t y = p.labels[b];
    assert(y < C);
    const std::size_t top = first_maximum(z, C);
    const float sum = exponentials(z, C, z[top], dz);
    p.loss[b] = portable_log(sum) - (static_cast<double>(z[y]) - static_cast<double>(z[top]));
    p.correct[b] = top == y;
    multiply(dz, C, p.scale / sum);
    dz[y] -= p.scale;
  }
}

void column_sums(ConstMatrixView m, float* out) noexcept {
  const D d;
  for (std::size_t c = 0; c < m.cols; c += kLanes) {
    V sum = hn::Zero(d);
    for (std::size_t r = 0; r < m.rows; ++r) sum = hn::Add(sum, hn::LoadU(d, m.data + r * m.stride + c));
    hn::StoreU(sum, d, out + c);
  }
}

void sgd(float* w, const float* g, std::size_t n, float rate) noexcept {
  const D d;
  const V minus_rate = hn::Set(d, -rate);
  for (std::size_t i = 0; i < n; i += kLanes)
    hn::StoreU(fma(minus_rate, hn::LoadU(d, g + i), hn::LoadU(d, w + i)), d, w + i);
}

void exponential_of(const float* x, float* y, std::size_t n) noexcept {
  const D d;
  for (std::size_t i = 0; i < n; i += kLanes) hn::StoreU(exponential(hn::LoadU(d, x + i)), d, y + i);
}

void describe_rowwise(Kernels& table) noexcept {
  table.softmax = &softmax;
  table.softmax_loss = &softmax_loss;
  table.column_sums = &column_sums;
  table.sgd = &sgd;
  table.exponential = &exponential_of;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_rowwise(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_rowwise)(table); }
}  // namespace inkling
#endif
