// What every optimiser promises beside its formula (golden_test.cpp has that): its state is all that it depends on,
// its bytes are the same everywhere, padding stays 0, decay is for weight matrices; and what lbfgs alone can do.
#include "inkling/train/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "inkling/core/rng.h"
#include "tests/format/refusal.h"
#include "tests/support/isas.h"

namespace inkling {
namespace {

const Config kConfig{.widths = {19, 7, 5},
                     .batch_norm = true};  // no width fills a row; scales beside weights and biases
const Config kOther{.widths = {19, 40, 5}, .batch_norm = true};

std::vector<Optimizer::Kind> all_kinds() {
  std::vector<Optimizer::Kind> kinds;
  for (std::size_t k = 0; k < choice_names(Optimizer::Kind{}).size(); ++k)
    kinds.push_back(static_cast<Optimizer::Kind>(k));
  return kinds;
}
Optimizer::Options options_of(Optimizer::Kind kind) {
  if (kind == Optimizer::lbfgs) return {.kind = kind, .learning_rate = 1, .history = 3};
  return {.kind = kind, .learning_rate = 0.02f, .weight_decay = 0.1f};
}

// The gradient and loss of sum_i c_i (w_i - target_i)^2 / 2, c from 0.1 to 2.1: something to go down on.
void put_gradient(const Mlp& model, Workspace& ws) {
  const Rng rng(5, 0);
  ws.mean_loss = 0;
  for (const Tensor& t : model.table())
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = 0; c < t.cols; ++c) {
        const std::size_t i = t.offset + r * t.stride + c;
        const double curvature = 0.1 + 2 * rng.uniform(2 * i), target = 2 * rng.uniform(2 * i + 1) - 1;
        const double d = static_cast<double>(model.arena()[i]) - target;
        ws.gradients()[i] = static_cast<float>(curvature * d);
        ws.mean_loss += curvature * d * d / 2;
      }
}

std::vector<float> arena_of(const Mlp& model) { return {model.arena().begin(), model.arena().end()}; }

void take_steps(const Runtime& rt, Optimizer& optimizer, Mlp& model, Workspace& ws, int steps) {
  for (int t = 0; t < steps; ++t) {
    put_gradient(model, ws);
    optimizer.step(rt, model, ws);
  }
}

TEST(OptimizerState, ContinuesToTheSameBytesFromEveryStep) {
  const Runtime rt({.threads = 2});
  for (const Optimizer::Kind kind : all_kinds()) {
    Mlp model(kConfig, 1);
    Workspace ws(model, 1);
    Optimizer optimizer(model, options_of(kind));
    std::vector<std::pair<Optimizer::State, std::vector<float>>> moments{{optimizer.state(), arena_of(model)}};
    for (int t = 0; t < 10; ++t) {
      take_steps(rt, optimizer, model, ws, 1);
      moments.emplace_back(optimizer.state(), arena_of(model));
    }
    EXPECT_NE(moments[9].second, moments[10].second) << name(kind) << " still moves";
    for (int t = 0; t < 10; ++t) {
      const auto& [state, weights] = moments[static_cast<std::size_t>(t)];
      EXPECT_EQ(state.steps, static_cast<std::uint64_t>(t));
      Mlp again(kConfig, 9);
      std::ranges::copy(weights, again.arena().begin());
      Optimizer restored(again, options_of(kind));
      take_steps(rt, restored, again, ws, 3);  // what it has been through before does not matter
      std::ranges::copy(weights, again.arena().begin());
      restored.restore(state);
      EXPECT_TRUE(restored.state() == state);
      take_steps(rt, restored, again, ws, 10 - t);
      EXPECT_EQ(arena_of(again), moments[10].second) << name(kind) << " from step " << t;
      EXPECT_TRUE(restored.state() == moments[10].first) << name(kind) << " from step " << t;
    }
  }
}

TEST(OptimizerState, AnotherKindsOrNetworksIsRefused) {
  const Runtime rt({.threads = 1});
  for (const Optimizer::Kind from : all_kinds()) {
    Mlp model(kConfig, 1);
    Workspace ws(model, 1);
    Optimizer optimizer(model, options_of(from));
    take_steps(rt, optimizer, model, ws, 2);
    for (const Optimizer::Kind to : all_kinds()) {
      if (to == from) continue;
      EXPECT_TRUE(
          refuses(ErrorKind::shape, name(to), [&] { Optimizer(model, options_of(to)).restore(optimizer.state()); }))
          << "a state of " << name(from);
    }
    if (optimizer.state().vectors.empty()) continue;  // sgd has nothing that knows a network
    EXPECT_TRUE(refuses(ErrorKind::shape, name(from),
                        [&] { Optimizer(Mlp(kOther), options_of(from)).restore(optimizer.state()); }));
  }
}

TEST(OptimizerState, ADamagedOneIsRefused) {
  const Runtime rt({.threads = 1});
  Mlp model(kConfig, 1);
  Workspace ws(model, 1);
  Optimizer optimizer(model, options_of(Optimizer::lbfgs));
  take_steps(rt, optimizer, model, ws, 10);
  const Optimizer::State good = optimizer.state();
  ASSERT_GT(good.vectors.size(), 5u) << "it remembers pairs";
  const std::function<void(Optimizer::State&)> faults[] = {
      [](Optimizer::State& s) { s.numbers.pop_back(); },
      [](Optimizer::State& s) { s.numbers.push_back(1); },
      [](Optimizer::State& s) { s.numbers.clear(); },
      [](Optimizer::State& s) { s.numbers.resize(3); },
      [](Optimizer::State& s) { s.vectors.pop_back(); },
      [](Optimizer::State& s) { s.vectors.back().pop_back(); },
      [](Optimizer::State& s) { s.vectors.push_back(s.vectors[0]); },
      [](Optimizer::State& s) { s.vectors[0].clear(); },
      [](Optimizer::State& s) {  // more pairs than its history
        for (int k = 0; k < 4; ++k)
          s.numbers.push_back(1), s.vectors.push_back(s.vectors[0]), s.vectors.push_back(s.vectors[0]);
      }};
  for (std::size_t k = 0; k < std::size(faults); ++k) {
    Optimizer::State state = good;
    faults[k](state);
    EXPECT_TRUE(refuses(ErrorKind::shape, "lbfgs", [&] {
      Optimizer(model, options_of(Optimizer::lbfgs)).restore(state);
    })) << k;
  }
}

TEST(OptimizerBytes, AreTheSameForAnyThreadsAndInstructionSet) {
  const Config config{.widths = {70, 300, 5}, .batch_norm = true};  // 21,280 weights in one matrix: two tasks
  for (const Optimizer::Kind kind : all_kinds()) {
    std::vector<float> expected;
    for (const Isa isa : training_isas())
      for (const std::size_t threads : {1u, 2u, 5u}) {
        const Runtime rt({.threads = threads, .isa = isa});
        Mlp model(config, 1);
        Workspace ws(model, 1);
        Optimizer optimizer(model, options_of(kind));
        take_steps(rt, optimizer, model, ws, 4);
        if (expected.empty()) expected = arena_of(model);
        EXPECT_TRUE(std::ranges::equal(expected, model.arena())) << name(kind) << ' ' << name(isa) << ' ' << threads;
      }
    EXPECT_TRUE(std::ranges::all_of(expected, [](float x) { return std::isfinite(x); })) << name(kind);
  }
}

TEST(OptimizerBytes, PaddingStaysZero) {
  const Runtime rt({.threads = 2});
  for (const Optimizer::Kind kind : all_kinds()) {
    Mlp model(kConfig, 1);
    Workspace ws(model, 1);
    Optimizer optimizer(model, options_of(kind));
    take_steps(rt, optimizer, model, ws, 10);
    std::vector<float> rest = arena_of(model);
    for (const Tensor& t : model.table())
      for (std::size_t r = 0; r < t.rows; ++r)
        std::fill_n(rest.begin() + static_cast<std::ptrdiff_t>(t.offset + r * t.stride), t.cols, 0.0f);
    EXPECT_TRUE(std::ranges::all_of(rest, [](float x) { return x == 0; })) << name(kind);
  }
}

// With gradients of 0 nothing but decay moves a weight: w (1 - rate decay), rounded twice.
TEST(WeightDecay, ShrinksWeightMatricesAlone) {
  const Runtime rt({.threads = 1});
  for (const Optimizer::Kind kind : all_kinds()) {
    if (kind == Optimizer::lbfgs) continue;  // has none
    Mlp model(kConfig, 1);
    for (const Tensor& t : model.table())
      if (!t.is_weight())
        for (std::size_t c = 0; c < t.cols; ++c) model.tensor(t)(0, c) = 0.5f + static_cast<float>(c);
    const Mlp before = model;
    Workspace ws(model, 1);
    Optimizer optimizer(model, {.kind = kind, .learning_rate = 0.25f, .weight_decay = 0.5f});
    optimizer.step(rt, model, ws);
    for (const Tensor& t : model.table())
      for (std::size_t r = 0; r < t.rows; ++r)
        for (std::size_t c = 0; c < t.cols; ++c) {
          const double w = static_cast<double>(before.tensor(t)(r, c)),
                       got = static_cast<double>(model.tensor(t)(r, c));
          const double expected = t.is_weight() ? w * (1 - 0.125) : w;
          EXPECT_TRUE(std::abs(got - expected) <= 0x1p-23 * std::abs(w)) << name(kind) << ' ' << t.name << ' ' << w;
        }
  }
}

TEST(OptimizerOptions, OutOfRangeAreRefused) {
  const Mlp model(kConfig, 1);
  const auto refused = [&](const char* what, auto field, std::initializer_list<float> values) {
    for (const float value : values) {
      Optimizer::Options options;
      options.*field = value;
      EXPECT_TRUE(refuses(ErrorKind::config, what, [&] { Optimizer(model, options); })) << what << ' ' << value;
    }
  };
  using O = Optimizer::Options;
  refused("learning rate", &O::learning_rate, {0.0f, -1.0f, NAN, INFINITY});
  refused("momentum", &O::momentum, {1.0f, -0.1f, NAN, 2.0f});
  refused("beta1", &O::beta1, {1.0f, -0.1f, NAN});
  refused("beta2", &O::beta2, {1.0f, -0.1f, NAN});
  refused("alpha", &O::alpha, {1.0f, -0.1f, NAN});
  refused("epsilon", &O::epsilon, {0.0f, -1e-8f, NAN, INFINITY});
  refused("weight decay", &O::weight_decay, {-0.1f, NAN, INFINITY});
  refused("muon", &O::muon_adamw_rate, {0.0f, NAN});
  EXPECT_TRUE(refuses(ErrorKind::config, "lbfgs", [&] {
    Optimizer(model, {.kind = Optimizer::lbfgs, .weight_decay = 0.1f});
  })) << "it would be passed over";
  for (const std::size_t history : {std::size_t{0}, std::size_t{1001}})
    EXPECT_TRUE(refuses(ErrorKind::config, "history", [&] { Optimizer(model, {.history = history}); }));
}

// Two of a net's parameters as the variables of a function: its bias of 16 outputs, the rest stays where it is.
struct Point {
  explicit Point(std::vector<float> start) : model({.widths = {1, 16}}), ws(model, 1) {
    for (std::size_t k = 0; k < start.size(); ++k) model.bias(0)(0, k) = start[k];
  }
  double at(std::size_t k) const { return static_cast<double>(model.bias(0)(0, k)); }
  void slope(std::size_t k, double value) { ws.gradient(model.table()[1])(0, k) = static_cast<float>(value); }
  Mlp model;
  Workspace ws;
};

TEST(Lbfgs, TakesBackAndHalvesAStepThatDoesNotLowerTheLoss) {
  const Runtime rt({.threads = 1});
  Point p({1});
  Optimizer optimizer(p.model, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  const auto step = [&](double loss, double slope) {
    p.ws.mean_loss = loss;
    p.slope(0, slope);
    optimizer.step(rt, p.model, p.ws);
    return p.at(0);
  };
  EXPECT_EQ(step(1, 0.5), 0.5) << "the first step is min(1, 1 / |g|) g";
  EXPECT_EQ(step(2, 100), 0.75) << "the loss rose: half a step from where it was, whatever the gradient is here";
  EXPECT_EQ(step(1, 100), 0.875) << "it did not fall: a quarter";
  EXPECT_EQ(step(NAN, 100), 0.9375) << "nor is this a fall";
  // Now it falls: the pair is s = -0.0625, y = 0.25 - 0.5, and a quadratic through both slopes is lowest at 0.875. A
  // step is whole again.
  EXPECT_EQ(step(0.9, 0.25), 0.9375 - 0.25 * 0.25);
}

// Whole steps by hand, all numbers exact: g = (1/4, 1/4), then (1/8, 1/4), so s = (-1/4, -1/4), y = (-1/8, 0), s.y /
// y.y = 2 and algorithm 7.4 gives d = (-3/4, -7/4).
TEST(Lbfgs, ScalesTheFirstGuessByTheNewestPair) {
  const Runtime rt({.threads = 1});
  Point p({1, 1});
  Optimizer optimizer(p.model, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  const auto step = [&](double loss, double x, double y) {
    p.ws.mean_loss = loss;
    p.slope(0, x);
    p.slope(1, y);
    optimizer.step(rt, p.model, p.ws);
  };
  step(1, 0.25, 0.25);
  EXPECT_EQ(p.at(0), 0.75);
  step(0.5, 0.125, 0.25);
  EXPECT_EQ(p.at(0), 0.75 - 0.75);
  EXPECT_EQ(p.at(1), 0.75 - 1.75);
}

TEST(Lbfgs, GivesUpADirectionAlongWhichNothingFalls) {
  const Runtime rt({.threads = 1});
  Point p({1});
  Optimizer optimizer(p.model, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  p.ws.mean_loss = 1;
  p.slope(0, 0.5);
  for (int t = 0; t < 36; ++t) optimizer.step(rt, p.model, p.ws);  // 34 halvings: 2^-34 is below the shortest step
  EXPECT_EQ(p.at(0), 1) << "back where it was";
  optimizer.step(rt, p.model, p.ws);
  EXPECT_EQ(p.at(0), 0.5) << "and it begins anew";
}

TEST(Lbfgs, StaysAtAMinimum) {
  const Runtime rt({.threads = 1});
  Point p({1});
  Optimizer optimizer(p.model, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  for (int t = 0; t < 3; ++t) optimizer.step(rt, p.model, p.ws);  // a gradient of 0
  EXPECT_EQ(p.at(0), 1);
}

using Function = std::function<double(Point&)>;  // sets slopes, returns the value

// sum of c_k x_k^2 / 2, c from 1 to 1000.
double badly_scaled(Point& p) {
  double value = 0;
  for (std::size_t k = 0; k < 16; ++k) {
    const double c = std::pow(1000.0, static_cast<double>(k) / 15);
    value += c * p.at(k) * p.at(k) / 2;
    p.slope(k, c * p.at(k));
  }
  return value;
}
double rosenbrock(Point& p) {
  const double x = p.at(0), y = p.at(1), valley = y - x * x;
  p.slope(0, -2 * (1 - x) - 400 * x * valley);
  p.slope(1, 200 * valley);
  return (1 - x) * (1 - x) + 100 * valley * valley;
}

double lowest_after(int steps, const Function& f, const std::vector<float>& start, const Optimizer::Options& options) {
  const Runtime rt({.threads = 1});
  Point p(start);
  Optimizer optimizer(p.model, options);
  double lowest = INFINITY;
  for (int t = 0; t < steps; ++t) {
    p.ws.mean_loss = f(p);
    if (p.ws.mean_loss < lowest) lowest = p.ws.mean_loss;
    optimizer.step(rt, p.model, p.ws);
  }
  return lowest;
}

// sgd at the best of its rates; above 2 / 1000 it diverges on the first, and near as early on the second.
double best_of_sgd(int steps, const Function& f, const std::vector<float>& start) {
  double best = INFINITY;
  for (const float rate : {3e-4f, 1e-3f, 1.5e-3f, 1.9e-3f})
    best = std::min(best, lowest_after(steps, f, start, {.kind = Optimizer::sgd, .learning_rate = rate}));
  return best;
}

TEST(Lbfgs, MinimisesABadlyScaledQuadraticFarBetterThanSgd) {
  const std::vector<float> start(16, 1.0f);
  const double lbfgs = lowest_after(100, badly_scaled, start, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  const double sgd = best_of_sgd(100, badly_scaled, start);
  EXPECT_TRUE(lbfgs <= 1e-6) << lbfgs;
  EXPECT_TRUE(sgd >= 0.1) << sgd;
}

TEST(Lbfgs, FollowsRosenbrocksValleyFarBetterThanSgd) {
  const std::vector<float> start{-1.2f, 1.0f};
  const double lbfgs = lowest_after(100, rosenbrock, start, {.kind = Optimizer::lbfgs, .learning_rate = 1});
  const double sgd = best_of_sgd(100, rosenbrock, start);
  EXPECT_TRUE(lbfgs <= 1e-6) << lbfgs;
  EXPECT_TRUE(sgd >= 0.1) << sgd;
}

}  // namespace
}  // namespace inkling
