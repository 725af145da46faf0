// Activations and their derivatives, row by row: activate() of kernels.h.
//
// Each formula is a function from a vector of z to the pair f(z), f'(z), written so that neither overflows nor cancels
// where the result is an ordinary number: everything exponential is computed from e = exp(-|z|), which is at most 1.
// Every finite z has a finite slope. A NaN stays; an infinite z gives the limit, but where that is infinity times 0
// (gelu and its kin at -infinity, their slopes at both ends) NaN, as in PyTorch.
// Lanes never meet, so the bytes are the same on every instruction set.

#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/activation.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cassert>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

struct ValueAndSlope {
  V f, slope;
};

HWY_INLINE V constant(float x) { return hn::Set(D(), x); }
HWY_INLINE M is_negative(V z) { return hn::Lt(z, hn::Zero(D())); }

// exp(-|z|)
HWY_INLINE V decay(V z) { return exponential(hn::Neg(hn::Abs(z))); }

// exp(z) - 1 for z <= 0: Taylor's polynomial of degree 8 where the difference would cancel (its remainder is below 6e-9
// of the sum for |z| < 0.5).
HWY_INLINE V exponential_minus_1(V z) {
  V p = constant(1.0f / 40320);
  p = fma(p, z, constant(1.0f / 5040));
  p = fma(p, z, constant(1.0f / 720));
  p = fma(p, z, constant(1.0f / 120));
  p = fma(p, z, constant(1.0f / 24));
  p = fma(p, z, constant(1.0f / 6));
  p = fma(p, z, constant(0.5f));
  p = fma(p, z, constant(1.0f));
  const V near_0 = hn::Mul(p, z);
  return hn::IfThenElse(hn::Lt(z, constant(-0.5f)), hn::Sub(exponential(z), constant(1.0f)), near_0);
}

// 1 / (1 + exp(-z)); its derivative is e / (1 + e)^2 on both sides of 0.
HWY_INLINE ValueAndSlope sigmoid(V z) {
  const V e = decay(z);
  const V r = hn::Div(constant(1.0f), hn::Add(constant(1.0f), e));
  const V er = hn::Mul(e, r);
  return {hn::IfThenElse(is_negative(z), er, r), hn::Mul(er, r)};
}

// Near 0 an odd polynomial (least squares on |z| < 0.6, relative error below 4e-10), else (1 - e^2) / (1 + e^2).
HWY_INLINE ValueAndSlope hyperbolic_tangent(V z) {
  const V one = constant(1.0f);
  const V e2 = exponential(hn::Mul(constant(-2.0f), hn::Abs(z)));
  const V r = hn::Div(one, hn::Add(one, e2));
  const V far = hn::CopySign(hn::Mul(hn::Sub(one, e2), r), z);
  const V s = hn::Mul(z, z);
  V p = constant(0.002373476279899478f);
  p = fma(p, s, constant(-0.008412515744566917f));
  p = fma(p, s, constant(0.02178909443318844f));
  p = fma(p, s, constant(-0.05396164953708649f));
  p = fma(p, s, constant(0.13333313167095184f));
  p = fma(p, s, constant(-0.3333333432674408f));
  const V near_0 = fma(hn::Mul(p, s), z, z);
  const V slope = hn::Mul(hn::Mul(constant(4.0f), e2), hn::Mul(r, r));
  return {hn::IfThenElse(hn::Lt(hn::Abs(z), constant(0.6f)), near_0, far), slope};
}

// log(1 + e) for 0 <= e <= 1 as 2 artanh(e / (2 + e)), whose series in s <= 1/3 ends after s^13 (the rest is below 2e-8
// of the sum).
HWY_INLINE V log_1_plus(V e) {
  const V s = hn::Div(e, hn::Add(constant(2.0f), e));
  const V s2 = hn::Mul(s, s);
  V p = constant(2.0f / 13);
  p = fma(p, s2, constant(2.0f / 11));
  p = fma(p, s2, constant(2.0f / 9));
  p = fma(p, s2, constant(2.0f / 7));
  p = fma(p, s2, constant(2.0f / 5));
  p = fma(p, s2, constant(2.0f / 3));
  p = fma(p, s2, constant(2.0f));
  return hn::Mul(p, s);
}

// The normal distribution's Phi(z) and its density. For x = |z| / sqrt 2, exp(x^2) erfc(x) is a polynomial in
// t = 1 / (1 + 0.35 x) without constant term (least squares on x in [0, 9.5], relative error below 8e-9).
HWY_INLINE ValueAndSlope normal_distribution(V z) {
  const V x = hn::Mul(hn::Abs(z), constant(0.70710678f));
  const V t = hn::Div(constant(1.0f), fma(constant(0.35f), x, constant(1.0f)));
  V p = constant(0.0382435683f);
  p = fma(p, t, constant(-0.157946656f));
  p = fma(p, t, constant(0.178813369f));
  p = fma(p, t, constant(-0.0236548239f));
  p = fma(p, t, constant(0.0831517858f));
  p = fma(p, t, constant(0.148426608f));
  p = fma(p, t, constant(0.150238293f));
  p = fma(p, t, constant(0.188136232f));
  p = fma(p, t, constant(0.19710593f));
  p = fma(p, t, constant(0.197485702f));
  const V gauss = exponential(hn::Mul(hn::Mul(constant(-0.5f), z), z));
  const V tail = hn::Mul(hn::Mul(constant(0.5f), gauss), hn::Mul(p, t));  // Phi(-|z|)
  return {hn::IfThenElse(is_negative(z), tail, hn::Sub(constant(1.0f), tail)), hn::Mul(constant(0.39894228f), gauss)};
}

struct Linear {
  HWY_INLINE ValueAndSlope operator()(V z) const { return {z, constant(1.0f)}; }
};
struct Relu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const V zero = hn::Zero(D());
    return {hn::IfThenElse(is_negative(z), zero, z),  // a NaN stays
            hn::IfThenElse(hn::Gt(z, zero), constant(1.0f), zero)};
  }
};
struct LeakyRelu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const V slope = hn::IfThenElse(hn::Gt(z, hn::Zero(D())), constant(1.0f), constant(kLeakySlope));
    return {hn::Mul(z, slope), slope};
  }
};
struct Elu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const M negative = is_negative(z);
    return {hn::IfThenElse(negative, exponential_minus_1(z), z),
            hn::IfThenElse(negative, exponential(z), constant(1.0f))};
  }
};
struct Selu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const ValueAndSlope elu = Elu()(z);
    const V scale = hn::IfThenElse(is_negative(z), constant(kSeluScale * kSeluAlpha), constant(kSeluScale));
    return {hn::Mul(scale, elu.f), hn::Mul(scale, elu.slope)};
  }
};
struct Gelu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const ValueAndSlope phi = normal_distribution(z);
    return {hn::Mul(z, phi.f), fma(z, phi.slope, phi.f)};
  }
};
struct GeluTanh {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    constexpr float k2 = 1.5957691216f, k = 0.044715f;  // 2 sqrt(2 / pi): (1 + tanh u) / 2 is sigmoid(2 u)
    // Beyond 100 Phi is 0 or 1 in any case; held there, z^2 cannot overflow, and 0 * infinity is no slope.
    const V square = hn::Mul(z, z), most = constant(1e4f);
    const V z2 = hn::IfThenElse(hn::Gt(square, most), most, square);
    const V u2 = hn::Mul(hn::Mul(constant(k2), z), fma(constant(k), z2, constant(1.0f)));
    const V du2 = hn::Mul(constant(k2), fma(constant(3 * k), z2, constant(1.0f)));
    const ValueAndSlope s = sigmoid(u2);
    return {hn::Mul(z, s.f), fma(hn::Mul(z, s.slope), du2, s.f)};
  }
};
struct Silu {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const ValueAndSlope s = sigmoid(z);
    return {hn::Mul(z, s.f), fma(z, s.slope, s.f)};
  }
};
// With w = exp(z), tanh(log(1 + w)) = (w^2 + 2 w) / (w^2 + 2 w + 2); above 0 both are divided by w^2, so that only e is
// needed.
struct Mish {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const V one = constant(1.0f), two = constant(2.0f);
    const M negative = is_negative(z);
    const V e = decay(z);
    const V n = hn::IfThenElse(negative, hn::Mul(e, hn::Add(e, two)), fma(two, e, one));
    const V rest = hn::IfThenElse(negative, two, hn::Mul(hn::Mul(two, e), e));
    const V r = hn::Div(one, hn::Add(n, rest));
    const V t = hn::Mul(n, r);
    const V dt = hn::Mul(hn::Mul(hn::Mul(rest, r), hn::Add(one, t)), sigmoid(z).f);  // (1 - t^2) sigmoid
    return {hn::Mul(z, t), fma(z, dt, t)};
  }
};
struct Sigmoid {
  HWY_INLINE ValueAndSlope operator()(V z) const { return sigmoid(z); }
};
struct Tanh {
  HWY_INLINE ValueAndSlope operator()(V z) const { return hyperbolic_tangent(z); }
};
struct ScaledTanh {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const ValueAndSlope t = hyperbolic_tangent(hn::Mul(constant(kScaledTanhIn), z));
    return {hn::Mul(constant(kScaledTanhOut), t.f), hn::Mul(constant(kScaledTanhOut * kScaledTanhIn), t.slope)};
  }
};
struct Softplus {
  HWY_INLINE ValueAndSlope operator()(V z) const {
    const V zero = hn::Zero(D());
    const V above_0 = hn::IfThenElse(is_negative(z), zero, z);
    return {hn::Add(above_0, log_1_plus(decay(z))), sigmoid(z).f};
  }
};

template <class F>
void rows_of(const F& f, ConstMatrixView z, MatrixView a, MatrixView slope) {
  const D d;
  const std::size_t padded = (z.cols + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for (std::size_t r = 0; r < z.rows; ++r) {
    const float* in = z.data + r * z.stride;
    float* out = a.data + r * a.stride;
    float* slopes = slope.data == nullptr ? nullptr : slope.data + r * slope.stride;
    for (std::size_t c = 0; c < padded; c += kLanes) {
      const ValueAndSlope y = f(hn::LoadU(d, in + c));
      hn::StoreU(y.f, d, out + c);
      if (slopes != nullptr) hn::StoreU(y.slope, d, slopes + c);
    }
    std::fill(out + z.cols, out + padded, 0.0f);  // f(0) need not be 0
    if (slopes != nullptr) std::fill(slopes + z.cols, slopes + padded, 0.0f);
  }
}

void activate(Activation kind, ConstMatrixView z, MatrixView a, MatrixView slope) noexcept {
  assert(a.rows == z.rows && a.cols == z.cols && z.stride % kColumnUnit == 0 && a.stride % kColumnUnit == 0);
  switch (kind) {
    case Activation::linear: return rows_of(Linear(), z, a, slope);
    case Activation::relu: return rows_of(Relu(), z, a, slope);
    case Activation::leaky_relu: return rows_of(LeakyRelu(), z, a, slope);
    case Activation::elu: return rows_of(Elu(), z, a, slope);
    case Activation::selu: return rows_of(Selu(), z, a, slope);
    case Activation::gelu: return rows_of(Gelu(), z, a, slope);
    case Activation::gelu_tanh: return rows_of(GeluTanh(), z, a, slope);
    case Activation::silu: return rows_of(Silu(), z, a, slope);
    case Activation::mish: return rows_of(Mish(), z, a, slope);
    case Activation::sigmoid: return rows_of(Sigmoid(), z, a, slope);
    case Activation::tanh: return rows_of(Tanh(), z, a, slope);
    case Activation::scaled_tanh: return rows_of(ScaledTanh(), z, a, slope);
    case Activation::softplus: return rows_of(Softplus(), z, a, slope);
  }
}

void describe_activation(Kernels& table) noexcept { table.activate = &activate; }

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_activation(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_activation)(table); }
}  // namespace inkling
#endif
