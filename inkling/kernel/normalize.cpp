// Batch normalisation, its gradient and its inference form: kernels.h has the equations.
//
// A column's sums run down the rows in one lane, in ascending order: lanes never meet, and blocks of columns may go to
// any threads.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/normalize.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

HWY_INLINE void clear_padding(MatrixView m) {
  const std::size_t padded = (m.cols + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for (std::size_t r = 0; r < m.rows; ++r)
    std::fill(m.data + r * m.stride + m.cols, m.data + r * m.stride + padded, 0.0f);
}

void normalize(const Normalize& p, std::size_t c0, std::size_t c1) noexcept {
  assert(p.x.rows > 0 && c0 % kColumnUnit == 0);
  const D d;
  const V count = hn::Set(d, static_cast<float>(p.x.rows));
  for (std::size_t c = c0; c < c1; c += kLanes) {
    V sum = hn::Zero(d);
    for (std::size_t b = 0; b < p.x.rows; ++b) sum = hn::Add(sum, hn::LoadU(d, p.x.data + b * p.x.stride + c));
    // A first mean, and what rounding left out of it: a column of one value must become zeros.
    const V rough = hn::Div(sum, count);
    V squares = hn::Zero(d), rest = hn::Zero(d);
    for (std::size_t b = 0; b < p.x.rows; ++b) {
      const V centred = hn::Sub(hn::LoadU(d, p.x.data + b * p.x.stride + c), rough);
      rest = hn::Add(rest, centred);
      squares = fma(centred, centred, squares);
    }
    rest = hn::Div(rest, count);
    const V mean = hn::Add(rough, rest);
    V variance = fma(hn::Neg(rest), rest, hn::Div(squares, count));
    variance = hn::IfThenElse(hn::Lt(variance, hn::Zero(d)), hn::Zero(d), variance);  // a NaN stays
    const V inverse = hn::Div(hn::Set(d, 1.0f), hn::Sqrt(hn::Add(variance, hn::Set(d, p.epsilon))));
    const V scale = hn::LoadU(d, p.scale + c), shift = hn::LoadU(d, p.shift + c);
    for (std::size_t b = 0; b < p.x.rows; ++b) {
      float* x = p.x.data + b * p.x.stride + c;
      const V normal = hn::Mul(hn::Sub(hn::LoadU(d, x), mean), inverse);
      hn::StoreU(normal, d, x);
      hn::StoreU(fma(scale, normal, shift), d, p.y.data + b * p.y.stride + c);
    }
    hn::StoreU(mean, d, p.mean + c);
    hn::StoreU(variance, d, p.variance + c);
    hn::StoreU(inverse, d, p.inverse + c);
  }
}

void normalize_gradient(const NormalizeGradient& p, std::size_t c0, std::size_t c1) noexcept {
  const D d;
  const V count = hn::Set(d, static_cast<float>(p.x.rows));
  for (std::size_t c = c0; c < c1; c += kLanes) {
    V dscale = hn::Zero(d), dshift = hn::Zero(d);
    for (std::size_t b = 0; b < p.x.rows; ++b) {
      const V dy = hn::LoadU(d, p.dz.data + b * p.dz.stride + c);
      dscale = fma(dy, hn::LoadU(d, p.x.data + b * p.x.stride + c), dscale);
      dshift = hn::Add(dshift, dy);
    }
    hn::StoreU(dscale, d, p.dscale + c);
    hn::StoreU(dshift, d, p.dshift + c);
    const V factor = hn::Mul(hn::LoadU(d, p.scale + c), hn::LoadU(d, p.inverse + c));
    const V minus_dscale = hn::Neg(hn::Div(dscale, count)), mean = hn::Div(dshift, count);
    for (std::size_t b = 0; b < p.x.rows; ++b) {
      float* dz = p.dz.data + b * p.dz.stride + c;
      const V centred = hn::Sub(hn::LoadU(d, dz), mean);
      const V x = hn::LoadU(d, p.x.data + b * p.x.stride + c);
      hn::StoreU(hn::Mul(factor, fma(x, minus_dscale, centred)), d, dz);
    }
  }
}

void scale_and_shift(ConstMatrixView x, const float* scale, const float* shift, MatrixView y) noexcept {
  const D d;
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t c = 0; c < x.cols; c += kLanes)
      hn::StoreU(fma(hn::LoadU(d, x.data + r * x.stride + c), hn::LoadU(d, scale + c), hn::LoadU(d, shift + c)), d,
                 y.data + r * y.stride + c);
  clear_padding(y);
}

void describe_normalize(Kernels& table) noexcept {
  table.normalize = &normalize;
  table.normalize_gradient = &normalize_gradient;
  table.scale_and_shift = &scale_and_shift;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_normalize(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_normalize)(table); }
}  // namespace inkling
#endif
