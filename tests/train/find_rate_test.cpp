// The range test: its suggestion trains, it stops where the loss explodes, and it leaves the model as it was.
#include "inkling/train/find_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/format/refusal.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

const Config kConfig{.widths = {144, 30, 10}};

TEST(FindRate, SuggestsARateThatTrainsWell) {
  const Runtime rt({.threads = 2});
  const Dataset train = made_up_digits(500), test = made_up_digits(200, 12, 2);
  for (const Optimizer::Kind kind : {Optimizer::sgd, Optimizer::momentum, Optimizer::adamw, Optimizer::lion}) {
    FitOptions options{.epochs = 5, .batch = 25, .optimizer = {.kind = kind}};
    Mlp model(kConfig, 1);
    const RateCurve curve = find_rate(rt, model, train, options);
    ASSERT_GT(curve.suggested, 0) << name(kind);
    EXPECT_LT(curve.suggested, curve.lowest_at) << name(kind);
    options.optimizer.learning_rate = curve.suggested;
    EXPECT_GT(fit(rt, model, train, test, options).test.accuracy, 0.95) << name(kind) << ", " << curve.suggested;
  }
}

TEST(FindRate, GoesGeometricallyFromLowToHigh) {
  const Runtime rt({.threads = 1});
  const RateCurve curve = find_rate(rt, Mlp(kConfig, 1), made_up_digits(100), {.batch = 20}, 1e-5f, 1e-3f, 21);
  ASSERT_EQ(curve.points.size(), 21u);
  for (std::size_t k = 0; k < 21; ++k) {
    const double expected = 1e-5 * std::pow(10.0, static_cast<double>(k) / 10);
    // low, high and the rate itself are floats.
    EXPECT_TRUE(std::abs(static_cast<double>(curve.points[k].rate) - expected) <= 4 * 0x1p-24 * expected) << k;
  }
}

TEST(FindRate, StopsWhenTheLossExplodes) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(200);
  const RateCurve curve = find_rate(rt, Mlp(kConfig, 1), train, {.batch = 20}, 1e-4f, 1e6f, 100);
  ASSERT_GT(curve.points.size(), 10u);
  EXPECT_LT(curve.points.size(), 100u);
  double lowest = INFINITY;
  for (std::size_t k = 0; k + 1 < curve.points.size(); ++k) {
    lowest = std::min(lowest, curve.points[k].smoothed);
    EXPECT_TRUE(curve.points[k].smoothed <= 4 * lowest) << k << " was the time to stop";
  }
  for (const RatePoint& p : curve.points) EXPECT_TRUE(std::isfinite(p.loss) && std::isfinite(p.smoothed));
  const auto at = std::ranges::min_element(curve.points, {}, &RatePoint::smoothed);
  EXPECT_EQ(curve.lowest_at, at->rate);
}

TEST(FindRate, ALossThatIsNotFiniteEndsTheCurve) {
  const Runtime rt({.threads = 1});
  Mlp model(kConfig, 1);
  model.bias(1)(0, 0) = NAN;
  const RateCurve curve = find_rate(rt, model, made_up_digits(100), {.batch = 20});
  EXPECT_TRUE(curve.points.empty());
  EXPECT_EQ(curve.suggested, 0);
}

TEST(FindRate, FindsNothingWhereNothingFalls) {
  const Runtime rt({.threads = 1});
  const RateCurve curve = find_rate(rt, Mlp(kConfig, 1), made_up_digits(100), {.batch = 100}, 1e-30f, 1e-29f, 20);
  EXPECT_EQ(curve.suggested, 0);
}

TEST(FindRate, LeavesTheModelAsItWas) {
  const Runtime rt({.threads = 1});
  Config config = kConfig;
  config.batch_norm = true;
  const Mlp model(config, 1);
  const Weights before = Weights::of(model);
  find_rate(rt, model, made_up_digits(100), {.batch = 20});
  EXPECT_TRUE(Weights::of(model) == before);
}

TEST(FindRate, IsTheSameEverywhere) {
  std::vector<double> losses;
  for (const Isa isa : available_isas())
    for (const std::size_t threads : {1u, 2u, 5u}) {
      const RateCurve curve = find_rate(Runtime({.threads = threads, .isa = isa}), Mlp(kConfig, 1), made_up_digits(100),
                                        {.batch = 20}, 1e-4f, 1, 30);
      std::vector<double> these;
      for (const RatePoint& p : curve.points) these.push_back(p.loss);
      if (losses.empty()) losses = these;
      EXPECT_EQ(these, losses) << name(isa) << ' ' << threads;
    }
}

TEST(FindRate, RangesOfNoUseAreRefused) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(20);
  const Mlp model(kConfig, 1);
  const auto refused = [&](float low, float high, std::size_t steps) {
    return refuses(ErrorKind::config, "0 < low < high", [&] { find_rate(rt, model, train, {}, low, high, steps); });
  };
  EXPECT_TRUE(refused(0, 1, 100));
  EXPECT_TRUE(refused(-1, 1, 100));
  EXPECT_TRUE(refused(1, 1, 100));
  EXPECT_TRUE(refused(2, 1, 100));
  EXPECT_TRUE(refused(NAN, 1, 100));
  EXPECT_TRUE(refused(0.1f, INFINITY, 100));
  EXPECT_TRUE(refused(0.1f, 1, 9));
  EXPECT_TRUE(refuses(ErrorKind::shape, "", [&] { find_rate(rt, Mlp({.widths = {9, 10}}, 1), train, {}); }));
}

}  // namespace
}  // namespace inkling
