// What a unit likes most, where it can be said without climbing: of a sum of weighted pixels with a penalty on ink.
#include "inkling/inspect/preferred.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"

namespace {

using namespace inkling;

// Without smoothness J is one parabola a pixel, whose top in [0, 1] is clip(g / (G decay)).
TEST(Preferred, OfAHiddenUnitIsItsWeightsCutToTheBox) {
  const Mlp model({.widths = {12, 5, 3}, .ink = 2.0f}, 7);
  const PreferredOptions options{.decay = 0.5, .smoothness = 0, .steps = 50};
  const Unit units[] = {{0, 0}, {0, 4}};
  const PreferredInputs found = preferred_inputs(Runtime({.threads = 1}), model, 3, 4, units, options);
  for (std::size_t u = 0; u < 2; ++u) {
    double square = 0, sum = 0;
    for (std::size_t i = 0; i < 12; ++i) square += std::pow(static_cast<double>(model.weight(0)(i, units[u].unit)), 2);
    for (std::size_t i = 0; i < 12; ++i) {
      const double w = static_cast<double>(model.weight(0)(i, units[u].unit));
      const double expected = std::clamp(w / std::sqrt(square) / options.decay, 0.0, 1.0);
      EXPECT_TRUE(std::abs(static_cast<double>(found.images(u, i)) - expected) <= 1e-5) << u << " " << i;
      sum += 2 * w * expected;
    }
    EXPECT_TRUE(std::abs(found.black[u]) <= 1e-6);  // a fresh network has no bias
    EXPECT_TRUE(std::abs(found.found[u] - sum) <= 1e-4);
  }
}

TEST(Preferred, OfAClassWithoutHiddenLayersIsItsWeightsLessTheMean) {
  const Mlp model({.widths = {6, 4}}, 3);
  const PreferredOptions options{.decay = 0.7, .smoothness = 0, .steps = 60};
  const Unit units[] = {{0, 2}};
  const PreferredInputs found = preferred_inputs(Runtime({.threads = 1}), model, 2, 3, units, options);
  std::vector<double> w;
  double square = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    double mean = 0;
    for (std::size_t c = 0; c < 4; ++c) mean += static_cast<double>(model.weight(0)(i, c)) / 4;
    w.push_back(static_cast<double>(model.weight(0)(i, 2)) - mean);
    square += w[i] * w[i];
  }
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_TRUE(std::abs(static_cast<double>(found.images(0, i)) -
                         std::clamp(w[i] / std::sqrt(square) / options.decay, 0.0, 1.0)) <= 1e-5);
}

// At the top no direction that stays in the box climbs.
TEST(Preferred, SmoothnessBalancesNeighbours) {
  const Mlp model({.widths = {20, 4, 2}}, 9);
  const PreferredOptions options{.decay = 0.3, .smoothness = 0.2, .steps = 400};
  const Unit units[] = {{0, 1}};
  const PreferredInputs found = preferred_inputs(Runtime({.threads = 1}), model, 4, 5, units, options);
  double square = 0;
  for (std::size_t i = 0; i < 20; ++i) square += std::pow(static_cast<double>(model.weight(0)(i, 1)), 2);
  const auto p = [&](std::size_t y, std::size_t x) { return static_cast<double>(found.images(0, y * 5 + x)); };
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 5; ++x) {
      double slope = static_cast<double>(model.weight(0)(y * 5 + x, 1)) / std::sqrt(square) - options.decay * p(y, x);
      if (y > 0) slope -= options.smoothness * (p(y, x) - p(y - 1, x));
      if (y < 3) slope -= options.smoothness * (p(y, x) - p(y + 1, x));
      if (x > 0) slope -= options.smoothness * (p(y, x) - p(y, x - 1));
      if (x < 4) slope -= options.smoothness * (p(y, x) - p(y, x + 1));
      const double v = p(y, x);
      EXPECT_TRUE(v == 0   ? slope <= 1e-5
                  : v == 1 ? slope >= -1e-5
                           : std::abs(slope) <= 1e-5)
          << y << " " << x << " " << v;
    }
}

TEST(Preferred, DeepUnitsAnswerHigherThanToBlack) {
  for (const Activation f : {Activation::relu, Activation::tanh, Activation::gelu}) {
    const Mlp model({.widths = {36, 20, 12, 5}, .activation = f}, 4);
    const std::vector<Unit> units = {{2, 0}, {2, 4}, {1, 3}, {1, 11}, {0, 19}};
    const PreferredInputs found = preferred_inputs(Runtime({.threads = 2}), model, 6, 6, units);
    for (std::size_t u = 0; u < units.size(); ++u) {
      EXPECT_GT(found.found[u], found.black[u]) << name(f) << " " << u;
      for (const float p : found.images.view().row(u)) EXPECT_TRUE(p >= 0 && p <= 1);
    }
  }
}

TEST(Preferred, RefusesWhatIsNotThere) {
  const Mlp model({.widths = {12, 5, 3}}, 7);
  const Runtime rt({.threads = 1});
  const std::vector<Unit> good = {{1, 2}}, layer = {{2, 0}}, unit = {{0, 5}};
  EXPECT_NO_THROW(preferred_inputs(rt, model, 3, 4, good));
  EXPECT_THROW(preferred_inputs(rt, model, 4, 4, good), Error);
  EXPECT_THROW(preferred_inputs(rt, model, 3, 4, layer), Error);
  EXPECT_THROW(preferred_inputs(rt, model, 3, 4, unit), Error);
  EXPECT_THROW(preferred_inputs(rt, model, 3, 4, good, {.decay = NAN}), Error);
  EXPECT_THROW(preferred_inputs(rt, model, 3, 4, good, {.decay = 0}), Error);
}

}  // namespace
