// The optimisers' steps, parameter by parameter: update() and blend() of kernels.h.
//
// A parameter whose gradient and moments are 0 stays as it is under every rule, so that padding stays 0.
#include "inkling/kernel/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "inkling/kernel/update.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "inkling/kernel/kernels.h"
#include "inkling/kernel/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace inkling {
namespace HWY_NAMESPACE {

// One vector of parameters: each rule returns the new w and changes the moments.
struct Rule {
  explicit Rule(const Update& u)
      : minus_rate(hn::Set(D(), -u.rate)),
        a(hn::Set(D(), u.a)),
        b(hn::Set(D(), u.b)),
        a_rest(hn::Set(D(), u.a_rest)),
        b_rest(hn::Set(D(), u.b_rest)),
        epsilon(hn::Set(D(), u.epsilon)),
        root(hn::Set(D(), u.root)) {}

  V minus_rate, a, b, a_rest, b_rest, epsilon, root;
};

// -1, 0 or 1; a NaN stays.
HWY_INLINE V sign(V x) {
  const D d;
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Zero(d),
                        hn::IfThenElse(hn::Eq(x, x), hn::CopySign(hn::Set(d, 1.0f), x), x));
}

struct Momentum : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V& m, V&) const {
    m = fma(a, m, g);
    return fma(minus_rate, m, w);
  }
};
struct Nesterov : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V& m, V&) const {
    m = fma(a, m, g);
    return fma(minus_rate, fma(a, m, g), w);
  }
};
struct RmsProp : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V&, V& v) const {
    v = fma(a, v, hn::Mul(a_rest, hn::Mul(g, g)));
    return fma(minus_rate, hn::Div(g, hn::Add(hn::Sqrt(v), epsilon)), w);
  }
};
struct Adagrad : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V&, V& v) const {
    v = fma(g, g, v);
    return fma(minus_rate, hn::Div(g, hn::Add(hn::Sqrt(v), epsilon)), w);
  }
};
struct Adam : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V& m, V& v) const {
    m = fma(a, m, hn::Mul(a_rest, g));
    v = fma(b, v, hn::Mul(b_rest, hn::Mul(g, g)));
    return fma(minus_rate, hn::Div(m, hn::Add(hn::Div(hn::Sqrt(v), root), epsilon)), w);
  }
};
struct Lion : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V& m, V&) const {
    const V direction = sign(fma(a, m, hn::Mul(a_rest, g)));
    m = fma(b, m, hn::Mul(b_rest, g));
    return fma(minus_rate, direction, w);
  }
};
// a and b are what the step size is multiplied by where the gradient's sign stays or turns; where it turns the step is
// left out and the gradient forgotten.
struct Rprop : Rule {
  using Rule::Rule;
  HWY_INLINE V operator()(V w, V g, V& m, V& v) const {
    const D d;
    const V product = hn::Mul(sign(g), sign(m));
    const M same = hn::Gt(product, hn::Zero(d)), turned = hn::Lt(product, hn::Zero(d));
    V size = hn::IfThenElse(same, hn::Mul(v, a), hn::IfThenElse(turned, hn::Mul(v, b), v));
    const V least = hn::Set(d, 1e-6f), most = hn::Set(d, 50.0f);
    size = hn::IfThenElse(hn::Lt(size, least), least, hn::IfThenElse(hn::Gt(size, most), most, size));
    v = size;
    m = hn::IfThenElse(turned, hn::Zero(d), g);
    return fma(hn::Neg(sign(m)), size, w);
  }
};

template <class R>
void update_by(const Update& u, float* w, const float* g, float* m, float* v, std::size_t n) {
  const D d;
  const R rule(u);
  const V keep = hn::Set(d, u.keep);
  for (std::size_t i = 0; i < n; i += kLanes) {
    V first = m == nullptr ? hn::Zero(d) : hn::LoadU(d, m + i);
    V second = v == nullptr ? hn::Zero(d) : hn::LoadU(d, v + i);
    hn::StoreU(rule(hn::Mul(hn::LoadU(d, w + i), keep), hn::LoadU(d, g + i), first, second), d, w + i);
    if (m != nullptr) hn::StoreU(first, d, m + i);
    if (v != nullptr) hn::StoreU(second, d, v + i);
  }
}

void update(const Update& u, float* w, const float* g, float* m, float* v, std::size_t n) noexcept {
  switch (u.rule) {
    case UpdateRule::momentum: return update_by<Momentum>(u, w, g, m, v, n);
    case UpdateRule::nesterov: return update_by<Nesterov>(u, w, g, m, v, n);
    case UpdateRule::rmsprop: return update_by<RmsProp>(u, w, g, m, v, n);
    case UpdateRule::adagrad: return update_by<Adagrad>(u, w, g, m, v, n);
    case UpdateRule::adam: return update_by<Adam>(u, w, g, m, v, n);
    case UpdateRule::lion: return update_by<Lion>(u, w, g, m, v, n);
    case UpdateRule::rprop: return update_by<Rprop>(u, w, g, m, v, n);
  }
}

void blend(float* y, const float* x, std::size_t n, float c, float s) noexcept {
  const D d;
  const V keep = hn::Set(d, c), add = hn::Set(d, s);
  for (std::size_t i = 0; i < n; i += kLanes)
    hn::StoreU(fma(keep, hn::LoadU(d, y + i), hn::Mul(add, hn::LoadU(d, x + i))), d, y + i);
}

void describe_update(Kernels& table) noexcept {
  table.update = &update;
  table.blend = &blend;
}

}  // namespace HWY_NAMESPACE
}  // namespace inkling
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace inkling {
void add_update(Isa isa, Kernels& table) { INKLING_CHOOSE(isa, describe_update)(table); }
}  // namespace inkling
#endif
