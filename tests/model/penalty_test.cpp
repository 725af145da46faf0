// What keeps weights small, and the sums that optimisers and clipping take.
#include "inkling/model/penalty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;  // one rounding

// Widths on both sides of the unit of columns; weights of either sign, and some that are 0.
Mlp model_with_zeros() {
  Mlp model({.widths = {144, 33, 16, 10}, .batch_norm = true}, 2);
  for (std::size_t l = 0; l < 3; ++l)
    for (std::size_t i = 0; i < model.weight(l).rows; i += 3) model.weight(l)(i, i % model.weight(l).cols) = 0;
  for (std::size_t l = 0; l < 3; ++l) std::ranges::fill(model.bias(l).row(0), 0.5f);
  return model;
}

struct Gradients {
  Gradients(const Runtime& rt, Mlp model, const PenaltyOptions& options) : ws(model, 20) {
    const Dataset data = made_up_digits(20);
    forward(rt, model, data.images(), ws, TrainingPass{});
    softmax_cross_entropy(rt, data.labels, ws);
    backward(rt, model, data.images(), ws);
    add_penalty_gradient(rt, model, options, ws);
  }
  Workspace ws;
};

TEST(Penalty, GradientIsThatOfTheWeightsAlone) {
  const Mlp model = model_with_zeros();
  for (const PenaltyOptions& options : {PenaltyOptions{.l2 = 0.03f}, PenaltyOptions{.l1 = 0.02f},
                                        PenaltyOptions{.l2 = 0.03f, .l1 = 0.02f}, PenaltyOptions{}}) {
    const Runtime rt({.threads = 2});
    Gradients plain(rt, model, {}), with(rt, model, options);
    const double l2 = options.l2, l1 = options.l1;
    for (const Tensor& t : model.table())
      for (std::size_t i = 0; i < t.rows; ++i) {
        for (std::size_t o = 0; o < t.cols; ++o) {
          const double w = model.tensor(t)(i, o), g = plain.ws.gradient(t)(i, o);
          const double sign = w > 0 ? 1 : w < 0 ? -1 : 0;
          const double want = t.is_weight() ? g + l2 * w + l1 * sign : g;
          // Two sums and a product, of terms that may cancel.
          const double tolerance = t.is_weight() ? 3 * kU * (std::abs(g) + std::abs(l2 * w) + l1) : 0;
          ASSERT_TRUE(std::abs(with.ws.gradient(t)(i, o) - want) <= tolerance) << t.name << " " << i << " " << o;
        }
        for (std::size_t o = t.cols; o < t.stride; ++o)
          ASSERT_EQ(with.ws.gradients()[t.offset + i * t.stride + o], 0) << t.name << ": padding";
      }
  }
}

TEST(Penalty, GradientIsThePenaltysDerivative) {
  // The penalty is a polynomial of each weight on either side of 0, so a wide difference is exact but for rounding in
  // double, about 1e-16 / h of a penalty of about 1, and the rounding of the weight to float, which is measured.
  Mlp model = model_with_zeros();
  const Runtime rt({.threads = 1});
  const PenaltyOptions options{.l2 = 0.03f, .l1 = 0.02f};
  Gradients plain(rt, model, {}), with(rt, model, options);
  std::size_t checked = 0;
  for (const Tensor& t : model.table())
    for (std::size_t k = 0; k < t.size(); k += 37) {
      float& w = model.tensor(t)(k / t.cols, k % t.cols);
      const float held = w;
      if (std::abs(held) < 0.01f && t.is_weight()) continue;  // the difference must stay on its side
      w = held + 0.005f;
      const double above = penalty(rt, model, options), high = w;
      w = held - 0.005f;
      const double below = penalty(rt, model, options), low = w;
      w = held;
      const double g = with.ws.gradient(t)(k / t.cols, k % t.cols),
                   before = plain.ws.gradient(t)(k / t.cols, k % t.cols);
      // d of w^2 between high and low is twice their mean, which is held to a rounding of it.
      EXPECT_TRUE(std::abs((above - below) / (high - low) - (g - before)) <=
                  1e-11 + 4 * kU * (std::abs(g) + std::abs(before) + 0.1))
          << t.name << " " << k;
      ++checked;
    }
  EXPECT_GT(checked, 50u);
}

TEST(Penalty, IsTheSumOfItsTerms) {
  const Runtime rt({.threads = 1});
  Mlp model({.widths = {2, 2, 1}});
  model.weight(0)(0, 0) = 3, model.weight(0)(0, 1) = -1, model.weight(1)(1, 0) = 2;
  model.bias(0)(0, 0) = 100;
  EXPECT_EQ(penalty(rt, model, {.l2 = 0.5f}), 0.25 * 14);
  EXPECT_EQ(penalty(rt, model, {.l1 = 0.5f}), 0.5 * 6);
  EXPECT_EQ(penalty(rt, model, {.l2 = 0.5f, .l1 = 0.5f}), 6.5);
  EXPECT_EQ(penalty(rt, model, {}), 0);
}

// Of a unit's incoming weights: a column.
double norm_of(const Mlp& model, std::size_t l, std::size_t o) {
  double squares = 0;
  for (std::size_t i = 0; i < model.weight(l).rows; ++i)
    squares += static_cast<double>(model.weight(l)(i, o)) * static_cast<double>(model.weight(l)(i, o));
  return std::sqrt(squares);
}

TEST(BoundNorms, ShrinksAUnitsIncomingWeightsToTheBoundAndLeavesTheOthers) {
  Mlp model = model_with_zeros();
  for (std::size_t l = 0; l < 3; ++l)
    for (std::size_t o = 0; o < model.weight(l).cols; ++o)  // norms from 0 to about 4
      for (std::size_t i = 0; i < model.weight(l).rows; ++i) model.weight(l)(i, o) *= 0.3f * static_cast<float>(o % 10);
  const Mlp before = model;
  const float bound = 1.25f;
  std::size_t shrunk = 0, left = 0;
  bound_norms(Runtime({.threads = 2}), model, bound);
  for (std::size_t l = 0; l < 3; ++l)
    for (std::size_t o = 0; o < model.weight(l).cols; ++o) {
      const double was = norm_of(before, l, o), is = norm_of(model, l, o);
      const bool above = was > static_cast<double>(bound);
      (above ? shrunk : left) += 1;
      // The factor is rounded once, and each product once.
      if (above) {
        EXPECT_TRUE(std::abs(is - static_cast<double>(bound)) <= 2.1 * kU * static_cast<double>(bound)) << is;
      }
      for (std::size_t i = 0; i < model.weight(l).rows; ++i) {
        const float w = before.weight(l)(i, o), now = model.weight(l)(i, o);
        if (!above) {
          ASSERT_EQ(std::memcmp(&w, &now, sizeof(float)), 0) << l << " " << i << " " << o;
          continue;
        }
        const double want = static_cast<double>(w) * static_cast<double>(bound) / was;
        ASSERT_TRUE(std::abs(now - want) <= 2.1 * kU * std::abs(want)) << "another direction";
      }
    }
  EXPECT_GT(shrunk, 15u);
  EXPECT_GT(left, 15u);
  for (const Tensor& t : model.table())
    for (std::size_t r = 0; r < t.rows; ++r) {
      if (!t.is_weight()) {
        EXPECT_TRUE(ConstMatrixView(model.tensor(t)) == before.tensor(t)) << t.name;
      }
      for (std::size_t c = t.cols; c < t.stride; ++c) ASSERT_EQ(model.arena()[t.offset + r * t.stride + c], 0);
    }
}

TEST(BoundNorms, ABoundOf0IsNone) {
  Mlp model = model_with_zeros();
  const Mlp before = model;
  bound_norms(Runtime({.threads = 1}), model, 0);
  EXPECT_TRUE(std::ranges::equal(model.arena(), before.arena()));
}

TEST(Penalty, GivesTheSameBytesForAnyThreadsAndInstructionSet) {
  const Mlp model = model_with_zeros();
  const Runtime one({.threads = 1, .isa = Isa::portable});
  Gradients first(one, model, {.l2 = 0.03f, .l1 = 0.02f});
  Mlp first_bounded = model;
  bound_norms(one, first_bounded, 1.1f);
  for (const Isa isa : available_isas())
    for (const std::size_t threads : {1u, 2u, 5u}) {
      const Runtime rt({.threads = threads, .isa = isa});
      Gradients again(rt, model, {.l2 = 0.03f, .l1 = 0.02f});
      Mlp bounded = model;
      bound_norms(rt, bounded, 1.1f);
      EXPECT_EQ(
          std::memcmp(again.ws.gradients().data(), first.ws.gradients().data(), first.ws.gradients().size_bytes()), 0);
      EXPECT_EQ(std::memcmp(bounded.arena().data(), first_bounded.arena().data(), bounded.arena().size_bytes()), 0);
    }
}

TEST(Dot, IsTheSumInLongDoubleAndTheSameForAnyThreads) {
  const Rng rng(61, 0);
  // Around the sixteen sums and the chunks of 2^14; nothing at all.
  for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 16383u, 16384u, 16385u, 100003u}) {
    std::vector<float> x(n), y(n);
    for (std::size_t i = 0; i < n; ++i)
      x[i] = static_cast<float>(rng.normal(2 * i)), y[i] = static_cast<float>(rng.normal(2 * i + 1));
    long double products = 0, absolute = 0, squares = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const long double product = static_cast<long double>(x[i]) * y[i];
      products += product, absolute += std::abs(product), squares += static_cast<long double>(x[i]) * x[i];
    }
    const Runtime one({.threads = 1});
    const double d = dot(one, x, y), s = sum_of_squares(one, x);
    // A product of two floats is exact in double. A chain within a chunk is at most 1024 + 16 long, then come the
    // chunks.
    const auto roundings = static_cast<long double>(1040 + n / 16384);
    EXPECT_TRUE(std::abs(d - products) <= roundings * 0x1p-53L * absolute) << n;
    EXPECT_TRUE(std::abs(s - squares) <= roundings * 0x1p-53L * squares) << n;
    for (const std::size_t threads : {2u, 5u}) {
      const Runtime rt({.threads = threads});
      const double again = dot(rt, x, y), squares_again = sum_of_squares(rt, x);
      EXPECT_EQ(std::memcmp(&again, &d, sizeof d), 0) << n << " " << threads;
      EXPECT_EQ(std::memcmp(&squares_again, &s, sizeof s), 0) << n << " " << threads;
    }
  }
}

TEST(Penalty, NumbersThatAreNegativeOrNotFiniteAreRefused) {
  EXPECT_NO_THROW(check(PenaltyOptions{}));
  EXPECT_NO_THROW(check(PenaltyOptions{.l2 = 1, .l1 = 2, .max_norm = 3}));
  for (const float bad : {-1e-6f, NAN, INFINITY})
    for (const PenaltyOptions& options :
         {PenaltyOptions{.l2 = bad}, PenaltyOptions{.l1 = bad}, PenaltyOptions{.max_norm = bad}}) {
      try {
        check(options);
        FAIL() << bad;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::config);
      }
    }
}

}  // namespace
}  // namespace inkling
