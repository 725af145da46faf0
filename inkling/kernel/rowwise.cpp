// The kernels of kernels.h that go row by row or element by element: softmax and its loss, column sums, the SGD update.
//
// Lanes never meet: a sum across a row is a scalar chain in ascending order, so that it does not depend on the vector's
// width.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/rowwise.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>

#include "inkling/core/aligned.h"
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

// portable_log of normal numbers above 0 and of NaN: the same operations on the same numbers.
template <class DD, class VD = hn::Vec<DD>>
HWY_INLINE VD logarithm(DD dd, VD x) {
  const hn::RebindToUnsigned<DD> du;
  const auto number = [&](double value) HWY_ATTR { return hn::Set(dd, value); };
  const auto bits = hn::BitCast(du, x);
  // An integer below 2^52 behind the exponent of 2^52 is that number plus 2^52.
  VD e = hn::Sub(hn::BitCast(dd, hn::Or(hn::ShiftRight<52>(bits), hn::Set(du, 0x4330000000000000ull))),
                 number(0x1p52 + 1022));
  VD m = hn::BitCast(dd, hn::Or(hn::And(bits, hn::Set(du, 0x000FFFFFFFFFFFFFull)), hn::Set(du, 0x3FE0000000000000ull)));
  const auto small = hn::Lt(m, number(0.70710678118654752));
  m = hn::IfThenElse(small, hn::Add(m, m), m);
  e = hn::IfThenElse(small, hn::Sub(e, number(1)), e);
  const VD s = hn::Div(hn::Sub(m, number(1)), hn::Add(m, number(1))), s2 = hn::Mul(s, s), twice = hn::Add(s, s);
  VD series = hn::Zero(dd);
#pragma GCC unroll 16
  for (int k = 23; k >= 3; k -= 2) series = hn::Mul(hn::Add(series, number(1.0 / k)), s2);
  const VD rest = hn::Add(hn::Mul(twice, series), hn::Mul(e, number(kLn2Low)));
  const VD result = hn::Add(hn::Mul(e, number(kLn2High)), hn::Add(twice, rest));
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

inline constexpr std::size_t kMostClasses = 32;  // guess: rows of more fill vectors by themselves

// Rows [b, b + rows), at most kLanes: a lane has a row, so that a chain along a row is one for all of them.
void softmax_loss_by_lanes(const SoftmaxLoss& p, std::size_t b, std::size_t rows) {
  const D d;
  const std::size_t C = p.logits.cols;
  HWY_ALIGN float columns[kMostClasses * kLanes] = {};  // lanes without a row compute on zeros
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < C; ++c) columns[c * kLanes + r] = p.logits.data[(b + r) * p.logits.stride + c];

  V most = hn::Load(d, columns), top = hn::Zero(d);  // the first of the largest, and where; NaN is never larger
  for (std::size_t c = 1; c < C; ++c) {
    const V z = hn::Load(d, columns + c * kLanes);
    const M larger = hn::Gt(z, most);
    most = hn::IfThenElse(larger, z, most);
    top = hn::IfThenElse(larger, hn::Set(d, static_cast<float>(c)), top);
  }
  HWY_ALIGN float tops[kLanes], mosts[kLanes], labelled[kLanes] = {};
  hn::Store(top, d, tops);
  hn::Store(most, d, mosts);
  for (std::size_t r = 0; r < rows; ++r) {
    assert(p.labels[b + r] < C);
    labelled[r] = columns[p.labels[b + r] * kLanes + r];
  }
  V sum = hn::Zero(d);
  for (std::size_t c = 0; c < C; ++c) {
    const V e = exponential(hn::Sub(hn::Load(d, columns + c * kLanes), most));
    hn::Store(e, d, columns + c * kLanes);
    sum = hn::Add(sum, e);
  }
  const V factor = hn::Div(hn::Set(d, p.scale), sum);
  for (std::size_t c = 0; c < C; ++c)
    hn::Store(hn::Mul(hn::Load(d, columns + c * kLanes), factor), d, columns + c * kLanes);
  HWY_ALIGN float sums[kLanes];
  hn::Store(sum, d, sums);
  for (std::size_t r = 0; r < rows; ++r) {
    float* dz = p.dz.data + (b + r) * p.dz.stride;
    for (std::size_t c = 0; c < C; ++c) dz[c] = columns[c * kLanes + r];
    std::fill(dz + C, dz + round_up(C, kColumnUnit), 0.0f);
    dz[p.labels[b + r]] -= p.scale;
    p.loss[b + r] = static_cast<double>(labelled[r]) - static_cast<double>(mosts[r]);
    p.correct[b + r] = static_cast<float>(p.labels[b + r]) == tops[r];
  }
  // The sums are normal: the largest term is 1.
  const hn::CappedTag<double, kLanes> dd;
  constexpr std::size_t kDoubles = hn::MaxLanes(dd);
  for (std::size_t r = 0; r < kLanes; r += kDoubles) {
    HWY_ALIGN double of_rows[kDoubles];
    for (std::size_t j = 0; j < kDoubles; ++j) of_rows[j] = static_cast<double>(sums[r + j]);
    hn::Store(logarithm(dd, hn::Load(dd, of_rows)), dd, of_rows);
    for (std::size_t j = 0; j < kDoubles && r + j < rows; ++j) p.loss[b + r + j] = of_rows[j] - p.loss[b + r + j];
  }
}

void softmax_loss(const SoftmaxLoss& p, std::size_t b0, std::size_t b1) noexcept {
  const std::size_t C = p.logits.cols;
  std::size_t b = b0;
  for (; b < b1 && C <= kMostClasses; b += kLanes) softmax_loss_by_lanes(p, b, std::min(kLanes, b1 - b));
  for (; b < b1; ++b) {
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

inline constexpr std::size_t kRowsAhead = 16;  // guess: asked of memory before they are added

// Of Vectors vectors at once, whose additions do not wait for one another.
template <std::size_t Vectors>
HWY_INLINE void sums_of_columns(ConstMatrixView m, std::size_t c, float* out) {
  const D d;
  V sums[Vectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (std::size_t r = 0; r < m.rows; ++r) {
    hwy::Prefetch(m.data + (r + kRowsAhead) * m.stride + c);
    for (std::size_t v = 0; v < Vectors; ++v)
      sums[v] = hn::Add(sums[v], hn::LoadU(d, m.data + r * m.stride + c + v * kLanes));
  }
  for (std::size_t v = 0; v < Vectors; ++v) hn::StoreU(sums[v], d, out + c + v * kLanes);
}

void column_sums(ConstMatrixView m, float* out) noexcept {
  std::size_t c = 0;
  for (; c + 4 * kLanes <= m.cols; c += 4 * kLanes) sums_of_columns<4>(m, c, out);
  for (; c + 2 * kLanes <= m.cols; c += 2 * kLanes) sums_of_columns<2>(m, c, out);
  for (; c < m.cols; c += kLanes) sums_of_columns<1>(m, c, out);
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
