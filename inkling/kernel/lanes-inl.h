// Lane-wise arithmetic that gives the same bits on every instruction set. Included by kernels only.
//
// Highway compiles a file that includes foreach_target.h once for each instruction set, each time inside another
// namespace HWY_NAMESPACE; such a file, and this one, is therefore read several times, which is why its guard flips
// instead of holding.
#if defined(INKLING_KERNEL_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INKLING_KERNEL_LANES_INL_H_
#undef INKLING_KERNEL_LANES_INL_H_
#else
#define INKLING_KERNEL_LANES_INL_H_
#endif

#include <hwy/highway.h>

#include "inkling/kernel/fused.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;

inline constexpr std::size_t kLanes = HWY_LANES(float);
static_assert(16 % kLanes == 0);

// a * b + c, rounded once.
HWY_INLINE V fma(V a, V b, V c) {
#if HWY_NATIVE_FMA && HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR
  return hn::MulAdd(a, b, c);
#else
  const D d;
  HWY_ALIGN float x[kLanes], y[kLanes], z[kLanes];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  for (std::size_t i = 0; i < kLanes; ++i) z[i] = fused_multiply_add(x[i], y[i], z[i]);
  return hn::Load(d, z);
#endif
}

// exp(x) for any float: relative error below 1.5 ulp where the result is normal (measured in the tests against long
// double); 0 below -104, infinity above 88.73, NaN for NaN. Cody and Waite's reduction to |r| <= log(2) / 2, Taylor's
// series to r^7 (its remainder is below 6e-9), and two exact scalings by powers of two.
HWY_INLINE V exponential(V x) {
  const D d;
  const hn::RebindToSigned<D> di;
  const V low = hn::Set(d, -104.0f);
  const V high = hn::Set(d, 89.0f);
  const V clamped = hn::IfThenElse(hn::Lt(x, low), low, hn::IfThenElse(hn::Gt(x, high), high, x));  // keeps NaN
  const V magic = hn::Set(d, 12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  const V n = hn::Sub(fma(clamped, hn::Set(d, 1.442695041f), magic), magic);
  V r = fma(n, hn::Set(d, -0.693359375f), clamped);  // log 2 in two parts; the first product is exact
  r = fma(n, hn::Set(d, 2.12194440e-4f), r);
  V p = hn::Set(d, 1.0f / 5040);
  p = fma(p, r, hn::Set(d, 1.0f / 720));
  p = fma(p, r, hn::Set(d, 1.0f / 120));
  p = fma(p, r, hn::Set(d, 1.0f / 24));
  p = fma(p, r, hn::Set(d, 1.0f / 6));
  p = fma(p, r, hn::Set(d, 0.5f));
  p = fma(p, r, hn::Set(d, 1.0f));
  p = fma(p, r, hn::Set(d, 1.0f));
  // 2^n as 2^(n/2) * 2^(n - n/2), so that results near both ends of the range come out right. A NaN has no n: any will
  // do.
  const auto exponent = hn::ConvertTo(di, hn::IfThenElse(hn::Eq(x, x), n, hn::Zero(d)));
  const auto half = hn::ShiftRight<1>(exponent);
  const auto power_of_two = [&](auto e) { return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(e, hn::Set(di, 127)))); };
  const V result = hn::Mul(hn::Mul(p, power_of_two(half)), power_of_two(hn::Sub(exponent, half)));
  return hn::IfThenElse(hn::Lt(x, low), hn::Zero(d), result);
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#endif
