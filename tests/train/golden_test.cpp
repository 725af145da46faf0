// Optimisers and schedules against PyTorch: tests/golden/torch.json, which tools/make_golden_torch.py computed in
// double precision from numbers that a float holds exactly (lion and muon, which PyTorch 1.13 has not, in its
// operations). So what differs is our rounding alone, and each tolerance is a count of roundings. Every comparison is
// `difference <= tolerance`, which NaN fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"
#include "inkling/train/optimizer.h"
#include "inkling/train/schedule.h"

namespace inkling {
namespace {

using Json = nlohmann::json;

constexpr double kRounding = 0x1p-24;  // the relative error of one rounding to float
constexpr std::size_t kSteps = 12;

const Json& golden() {
  static const Json all = [] {
    std::ifstream file(std::string(INKLING_SOURCE_DIR) + "/tests/golden/torch.json");
    return Json::parse(file);
  }();
  return all;
}

// Whole numbers of the golden file, which are multiples of 1 / unit.
std::vector<double> in_units(const Json& numbers) {
  std::vector<double> values;
  for (const Json& number : numbers)
    values.push_back(number.get<double>() / golden()["optimizers"]["unit"].get<double>());
  return values;
}

// The parameters in the table's order, row by row, without padding: as the golden file has them.
std::vector<double> without_padding(std::span<const Tensor> table, std::span<const float> arena) {
  std::vector<double> flat;
  for (const Tensor& t : table)
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = 0; c < t.cols; ++c) flat.push_back(arena[t.offset + r * t.stride + c]);
  return flat;
}

void put(std::span<const double> flat, std::span<const Tensor> table, std::span<float> arena) {
  std::size_t at = 0;
  for (const Tensor& t : table)
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = 0; c < t.cols; ++c) arena[t.offset + r * t.stride + c] = static_cast<float>(flat[at++]);
  ASSERT_EQ(at, flat.size());
}

bool padding_is_zero(std::span<const Tensor> table, std::span<const float> arena) {
  std::vector<float> rest(arena.begin(), arena.end());
  for (const Tensor& t : table)
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = 0; c < t.cols; ++c) rest[t.offset + r * t.stride + c] = 0;
  return std::ranges::all_of(rest, [](float x) { return x == 0; });
}

Optimizer::Options options_of(const Json& run) {
  Optimizer::Options options;
  options.kind = choice_from_name<Optimizer::Kind>(run["kind"].get<std::string>(), "the optimiser");
  options.learning_rate = run["learning_rate"];
  options.momentum = run.value("momentum", options.momentum);
  options.beta1 = run.value("beta1", options.beta1);
  options.beta2 = run.value("beta2", options.beta2);
  options.alpha = run.value("alpha", options.alpha);
  options.epsilon = run.value("epsilon", options.epsilon);
  options.weight_decay = run.value("weight_decay", options.weight_decay);
  options.muon_adamw_rate = run.value("muon_adamw_rate", options.muon_adamw_rate);
  options.history = run.value("history", options.history);
  return options;
}

// Weights after step t, where the golden file has them.
void expect_weights(const Json& run, std::size_t t, const Mlp& model, double tolerance) {
  const auto expected = run["weights"].find(std::to_string(t));
  if (expected == run["weights"].end()) return;
  const std::vector<double> got = without_padding(model.table(), model.arena());
  ASSERT_EQ(got.size(), expected->size());
  for (std::size_t k = 0; k < got.size(); ++k)
    EXPECT_TRUE(std::abs(got[k] - (*expected)[k].get<double>()) <= tolerance)
        << "step " << t << ", parameter " << k << ": " << got[k] << ", torch " << (*expected)[k] << ", allowed "
        << tolerance;
}

double largest_weight(const Json& run) {
  double largest = 0;
  for (const auto& [step, weights] : run["weights"].items())
    for (const double w : weights) largest = std::max(largest, std::abs(w));
  return largest;
}

void take_twelve_steps(const Runtime& rt, const Json& run) {
  const Json& net = golden()["optimizers"]["nets"][run.value("net", std::size_t{0})];
  Mlp model({.widths = net["widths"].get<std::vector<std::size_t>>()});
  Workspace ws(model, 1);
  put(in_units(net["initial"]), model.table(), model.arena());
  const Optimizer::Options options = options_of(run);
  Optimizer optimizer(model, options);

  // A step rounds the weight itself twice (decay and step) and what it is moved by: moments, in which ten roundings
  // live on (1 / (1 - 0.9)), two at a time, their squares, a root, a quotient, a product. 32 of the largest step.
  // Muon's five iterations multiply what the norm and its division rounded in a small singular value by 3.4445 each,
  // 485 in all, and what they round themselves by less.
  const double of_a_step = options.kind == Optimizer::muon ? 2 * std::pow(3.4445, 5) : 32;
  const double roundings = 2 * largest_weight(run) + of_a_step * run["largest_step"].get<double>();
  for (std::size_t t = 1; t <= kSteps; ++t) {
    put(in_units(net["gradients"][t - 1]), model.table(), ws.gradients());
    if (run.contains("rates"))
      optimizer.step(rt, model, ws, run["rates"][t - 1].get<float>());
    else
      optimizer.step(rt, model, ws);
    expect_weights(run, t, model, static_cast<double>(t) * kRounding * roundings);
  }
  EXPECT_TRUE(padding_is_zero(model.table(), model.arena()));
}

void expect_torchs_steps(Optimizer::Kind kind, std::size_t count) {
  for (const Isa isa : available_isas()) {
    const Runtime rt({.threads = 1, .isa = isa});
    std::size_t seen = 0;
    for (const Json& run : golden()["optimizers"]["cases"]) {
      if (run["kind"] != name(kind)) continue;
      SCOPED_TRACE(std::string(name(isa)) + " " + run["name"].get<std::string>());
      take_twelve_steps(rt, run);
      ++seen;
    }
    EXPECT_EQ(seen, count);
  }
}

TEST(TorchOptimizers, Sgd) { expect_torchs_steps(Optimizer::sgd, 2); }
TEST(TorchOptimizers, Momentum) { expect_torchs_steps(Optimizer::momentum, 2); }
TEST(TorchOptimizers, Nesterov) { expect_torchs_steps(Optimizer::nesterov, 1); }
TEST(TorchOptimizers, RmsProp) { expect_torchs_steps(Optimizer::rmsprop, 2); }
TEST(TorchOptimizers, Adagrad) { expect_torchs_steps(Optimizer::adagrad, 2); }
TEST(TorchOptimizers, Adam) { expect_torchs_steps(Optimizer::adam, 2); }
TEST(TorchOptimizers, AdamW) { expect_torchs_steps(Optimizer::adamw, 1); }
TEST(TorchOptimizers, Lion) { expect_torchs_steps(Optimizer::lion, 1); }
TEST(TorchOptimizers, Muon) { expect_torchs_steps(Optimizer::muon, 2); }
TEST(TorchOptimizers, Rprop) { expect_torchs_steps(Optimizer::rprop, 1); }

// Of sum curvature (w - target)^2 / 2, where every step falls as it should, so that none is halved.
TEST(TorchOptimizers, Lbfgs) {
  const Json& optimizers = golden()["optimizers"];
  const Json& net = optimizers["nets"][0];
  const std::vector<double> curvature = in_units(optimizers["curvature"]), target = in_units(optimizers["target"]);
  ASSERT_EQ(optimizers["lbfgs"].size(), 2u);
  for (const Isa isa : available_isas())
    for (const Json& run : optimizers["lbfgs"]) {
      SCOPED_TRACE(std::string(name(isa)) + " " + run["name"].get<std::string>());
      const Runtime rt({.threads = 1, .isa = isa});
      Mlp model({.widths = net["widths"].get<std::vector<std::size_t>>()});
      Workspace ws(model, 1);
      put(in_units(net["initial"]), model.table(), model.arena());
      Optimizer optimizer(model, options_of(run));

      // The first step's parts add up to the learning rate. So the second step's direction comes from a difference of
      // gradients that is smaller than they are, by their sum over the mean curvature, and its error is as much larger
      // than a rounding. A gradient and a weight, rounded at both points: 4 roundings. Later steps go to the one
      // minimum, whose curvature brings errors down.
      double tolerance = 0;
      const double curvatures = std::accumulate(curvature.begin(), curvature.end(), 0.0);
      for (std::size_t t = 1; t <= kSteps; ++t) {
        std::vector<double> w = without_padding(model.table(), model.arena()), gradient(w.size());
        ws.mean_loss = 0;
        for (std::size_t k = 0; k < w.size(); ++k) {
          gradient[k] = curvature[k] * (w[k] - target[k]);
          ws.mean_loss += gradient[k] * (w[k] - target[k]) / 2;
        }
        double gradients = 0;
        for (const double g : gradient) gradients += std::abs(g);
        if (t == 1) {
          const double cancelled = gradients * static_cast<double>(w.size()) / curvatures;
          tolerance = kRounding * (2 * largest_weight(run) + 4 * run["largest_step"].get<double>() * cancelled);
        }
        // The objective's Taylor series at weights that are off by the tolerance, and nine digits.
        const double objective = run["objectives"][t - 1];
        EXPECT_TRUE(std::abs(ws.mean_loss - objective) <=
                    gradients * tolerance + curvatures * tolerance * tolerance / 2 + 5e-9 * objective)
            << "step " << t << ": " << ws.mean_loss << ", torch " << objective;
        put(gradient, model.table(), ws.gradients());
        optimizer.step(rt, model, ws);
        expect_weights(run, t, model, tolerance);
      }
      EXPECT_TRUE(padding_is_zero(model.table(), model.arena()));
    }
}

TEST(TorchSchedules, RateOfEveryStep) {
  const Json& schedules = golden()["schedules"];
  const std::uint64_t total = schedules["total_steps"], steps_per_epoch = schedules["steps_per_epoch"];
  ASSERT_EQ(total, schedules["watched"].size() * steps_per_epoch);
  std::vector<bool> seen(choice_names(Schedule::Kind{}).size());
  for (const Json& run : schedules["cases"]) {
    Schedule::Options options;
    options.kind = choice_from_name<Schedule::Kind>(run["kind"].get<std::string>(), "the schedule");
    options.warmup = run.value("warmup", options.warmup);
    options.gamma = run.value("gamma", options.gamma);
    options.step_epochs = run.value("step_epochs", options.step_epochs);
    options.patience = run.value("patience", options.patience);
    options.lowest = run.value("lowest", options.lowest);
    seen.at(static_cast<std::size_t>(options.kind)) = true;
    Schedule schedule(options, run["learning_rate"].get<float>(), total, steps_per_epoch);
    ASSERT_EQ(run["rates"].size(), total);
    for (std::uint64_t s = 0; s < total; ++s) {
      const double expected = run["rates"][s];
      // In double, then rounded to float once; 16 roundings leave room for powers taken in floats.
      EXPECT_TRUE(std::abs(schedule.rate(s) - expected) <= 16 * kRounding * expected)
          << run["kind"] << ", warm-up " << options.warmup << ", step " << s << ": " << schedule.rate(s) << ", torch "
          << expected;
      if (s % steps_per_epoch == steps_per_epoch - 1)
        schedule.observe(schedules["watched"][s / steps_per_epoch].get<double>());
    }
  }
  EXPECT_TRUE(std::ranges::all_of(seen, [](bool kind) { return kind; }));
}

}  // namespace
}  // namespace inkling
