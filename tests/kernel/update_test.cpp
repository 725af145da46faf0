// The optimisers' steps, for every instruction set: each rule against its equations in double, and byte for byte
// against the portable table. Comparisons are `difference <= tolerance`, which NaN fails; u = 2^-24 is one rounding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/rng.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;

constexpr UpdateRule kRules[] = {UpdateRule::momentum, UpdateRule::nesterov, UpdateRule::rmsprop, UpdateRule::adagrad,
                                 UpdateRule::adam,     UpdateRule::lion,     UpdateRule::rprop};

// Numbers that no rule makes simpler than it is.
Update update_of(UpdateRule rule) {
  Update u{.rule = rule, .rate = 0.03f, .keep = 0.997f, .a = 0.85f, .b = 0.96f, .a_rest = 0.15f, .b_rest = 0.04f};
  u.epsilon = 1e-3f;
  u.root = 0.4f;
  if (rule == UpdateRule::rprop) u.a = 1.2f, u.b = 0.5f;
  return u;
}

bool has_m(UpdateRule rule) { return rule != UpdateRule::rmsprop && rule != UpdateRule::adagrad; }
bool has_v(UpdateRule rule) {
  return rule != UpdateRule::momentum && rule != UpdateRule::nesterov && rule != UpdateRule::lion;
}

class UpdateTest : public testing::TestWithParam<Isa> {
 protected:
  const Kernels& kernels() const { return kernels_for(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Isa, UpdateTest, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

// Parameters, gradients and moments of n parameters, as rows between guards.
struct State {
  State(UpdateRule rule, std::size_t n) : w(1, n), g(1, n), m(1, n), v(1, n) {
    const Rng rng(41, n);
    for (std::size_t i = 0; i < n; ++i) {
      w(0, i) = static_cast<float>(rng.normal(4 * i));
      g(0, i) = static_cast<float>(0.1 * rng.normal(4 * i + 1));
      m(0, i) = static_cast<float>(0.1 * rng.normal(4 * i + 2));
      v(0, i) = static_cast<float>(0.01 * rng.uniform(4 * i + 3));
      if (rule != UpdateRule::rprop) continue;
      if (i % 7 == 3) m(0, i) = 0;
      if (i % 7 == 4) g(0, i) = 0;
      if (i % 7 == 5) v(0, i) = 49;       // would grow above the largest step
      if (i % 7 == 6) v(0, i) = 1.5e-6f;  // would shrink below the smallest
    }
  }
  GuardedMatrix w, g, m, v;

  void step(const Kernels& kernels, const Update& u, bool without_what_it_has_not = false) {
    const bool none = without_what_it_has_not;
    kernels.update(u, w.view().data, g.view().data, none && !has_m(u.rule) ? nullptr : m.view().data,
                   none && !has_v(u.rule) ? nullptr : v.view().data, w.view().cols);
  }
  void expect_sound() {
    for (GuardedMatrix* each : {&w, &g, &m, &v}) each->expect_sound();
  }
};

double sign(double x) { return (x > 0) - (x < 0); }

struct Expected {
  double w, m, v;      // behind the step
  double step_error;   // of what is taken off w
  double m_error = 0;  // 2 roundings of each term
  double v_error = 0;
};

// The equations of train/optimizer.h.
Expected expected(const Update& u, double w, double g, double m, double v) {
  const double rate = u.rate, a = u.a, b = u.b, kept = w * static_cast<double>(u.keep);
  const double a_rest = u.a_rest, b_rest = u.b_rest, epsilon = u.epsilon;
  switch (u.rule) {
    case UpdateRule::momentum: {
      const double next = a * m + g;
      return {kept - rate * next, next, v, 2 * kU * rate * (std::abs(m) + std::abs(g)),
              2 * kU * (std::abs(m) + std::abs(g))};
    }
    case UpdateRule::nesterov: {
      const double next = a * m + g;
      return {kept - rate * (g + a * next), next, v, 4 * kU * rate * (std::abs(m) + 2 * std::abs(g)),
              2 * kU * (std::abs(m) + std::abs(g))};
    }
    case UpdateRule::rmsprop:
    case UpdateRule::adagrad: {
      const double next = u.rule == UpdateRule::adagrad ? v + g * g : a * v + a_rest * g * g;
      const double step = g / (std::sqrt(next) + epsilon);
      return {kept - rate * step, m, next, 8 * kU * rate * std::abs(step), 0, 4 * kU * next};
    }
    case UpdateRule::adam: {
      const double m2 = a * m + a_rest * g, v2 = b * v + b_rest * g * g;
      const double m_error = 2 * kU * (std::abs(a * m) + std::abs(a_rest * g));
      const double below = std::sqrt(v2) / static_cast<double>(u.root) + epsilon;
      return {kept - rate * m2 / below, m2, v2, rate * (m_error + 8 * kU * std::abs(m2)) / below, m_error, 4 * kU * v2};
    }
    case UpdateRule::lion:
      return {kept - rate * sign(a * m + a_rest * g), b * m + b_rest * g, v, 0,
              2 * kU * (std::abs(b * m) + std::abs(b_rest * g))};
    case UpdateRule::rprop: {
      const double same = sign(g) * sign(m);
      const double size = std::clamp(same > 0 ? v * a : same < 0 ? v * b : v, 1e-6, 50.0);
      const double next = same < 0 ? 0 : g;
      return {kept - sign(next) * size, next, size, 2 * kU * size, 0, 2 * kU * size};
    }
  }
  return {};
}

TEST_P(UpdateTest, EveryRuleIsItsEquationInDouble) {
  for (const UpdateRule rule : kRules)
    for (const std::size_t n : {16u, 32u, 48u, 1008u}) {
      const Update u = update_of(rule);
      State before(rule, n), after(rule, n);
      after.step(kernels(), u);
      after.expect_sound();
      for (std::size_t i = 0; i < n; ++i) {
        const Expected want = expected(u, before.w(0, i), before.g(0, i), before.m(0, i), before.v(0, i));
        // w is multiplied, then added to: two roundings of numbers of its size.
        const double error = want.step_error + 2 * kU * (std::abs(before.w(0, i)) + std::abs(want.w));
        ASSERT_TRUE(std::abs(after.w(0, i) - want.w) <= error)
            << "rule " << static_cast<int>(rule) << " w " << i << ": " << after.w(0, i) << " for " << want.w;
        ASSERT_TRUE(std::abs(after.m(0, i) - want.m) <= want.m_error)
            << "rule " << static_cast<int>(rule) << " m " << i;
        ASSERT_TRUE(std::abs(after.v(0, i) - want.v) <= want.v_error)
            << "rule " << static_cast<int>(rule) << " v " << i;
        ASSERT_EQ(after.g(0, i), before.g(0, i));
      }
    }
}

TEST_P(UpdateTest, GivesTheSameBytesEverywhereAndWithoutTheMomentsThatARuleHasNot) {
  for (const UpdateRule rule : kRules) {
    State portable(rule, 112), all(rule, 112), without(rule, 112);
    for (int t = 0; t < 3; ++t) {
      portable.step(kernels_for(Isa::portable), update_of(rule));
      all.step(kernels(), update_of(rule));
      without.step(kernels(), update_of(rule), true);
    }
    EXPECT_TRUE(same_bytes(all.w, portable.w)) << static_cast<int>(rule);
    EXPECT_TRUE(same_bytes(all.m, portable.m)) << static_cast<int>(rule);
    EXPECT_TRUE(same_bytes(all.v, portable.v)) << static_cast<int>(rule);
    EXPECT_TRUE(same_bytes(without.w, portable.w)) << static_cast<int>(rule);
  }
}

TEST_P(UpdateTest, AParameterThatNothingMovesStays) {
  for (const UpdateRule rule : kRules) {
    Update u = update_of(rule);
    u.keep = 1;
    u.epsilon = 1e-8f;
    State state(rule, 32);
    for (GuardedMatrix* each : {&state.g, &state.m, &state.v}) std::ranges::fill(each->view().row(0), 0.0f);
    for (std::size_t i = 0; i < 32; i += 2) state.w(0, i) = 0;  // as padding
    GuardedMatrix before = state.w;
    for (int t = 0; t < 3; ++t) state.step(kernels(), u);
    EXPECT_TRUE(same_bytes(state.w, before)) << static_cast<int>(rule);
    // Decoupled weight decay is all that is left.
    u.keep = 0.75f;
    state.step(kernels(), u);
    for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(state.w(0, i), 0.75f * before(0, i)) << static_cast<int>(rule);
  }
}

TEST_P(UpdateTest, ANaNGradientIsSeenInItsParameterAlone) {
  for (const UpdateRule rule : kRules) {
    State state(rule, 32);
    state.g(0, 5) = NAN;
    state.step(kernels(), update_of(rule));
    for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(state.w(0, i)), i == 5) << static_cast<int>(rule);
  }
}

TEST_P(UpdateTest, RpropsStepsStayBetweenTheirBounds) {
  State state(UpdateRule::rprop, 16);
  for (std::size_t i = 0; i < 16; ++i) {
    state.v(0, i) = i < 8 ? 49.0f : 1.5e-6f;
    state.m(0, i) = 1;
    state.g(0, i) = i < 8 ? 1.0f : -1.0f;
  }
  state.step(kernels(), update_of(UpdateRule::rprop));
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(state.v(0, i), i < 8 ? 50.0f : 1e-6f);
    EXPECT_EQ(state.m(0, i), i < 8 ? 1.0f : 0.0f) << "a turned gradient is forgotten";
  }
}

TEST_P(UpdateTest, BlendIsAProductAndAFusedMultiplyAdd) {
  for (const std::size_t n : {16u, 48u, 1008u}) {
    State state(UpdateRule::adam, n);
    GuardedMatrix y = state.w;
    kernels().blend(y.view().data, state.g.view().data, n, 0.7f, -1.3f);
    for (std::size_t i = 0; i < n; ++i)
      ASSERT_EQ(y(0, i), std::fma(0.7f, state.w(0, i), -1.3f * state.g(0, i))) << i << " of " << n;
    y.expect_sound();
    state.expect_sound();
  }
}

}  // namespace
}  // namespace inkling
