// Training with every option: one set of bytes on every machine, and learning; how a run ends, and with which weights.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "inkling/train/fit.h"
#include "tests/format/refusal.h"
#include "tests/support/digits.h"
#include "tests/support/isas.h"

namespace inkling {
namespace {

constexpr std::size_t kFull = std::numeric_limits<std::size_t>::max();

struct Case {
  const char* name;
  Config network;
  FitOptions fit;
};

// 144 x 130 weights are more than one task of the optimiser, and no width fills its last vector.
const std::vector<std::size_t> kWidths{144, 130, 10};
FitOptions of(Optimizer::Kind kind, float rate) {
  return {.batch = 32, .optimizer = {.kind = kind, .learning_rate = rate, .weight_decay = 0.01f}};
}
FitOptions scheduled(Schedule::Kind kind) {
  FitOptions fit = of(Optimizer::momentum, 0.02f);
  fit.schedule = {.kind = kind, .warmup = 2, .gamma = 0.5f, .step_epochs = 1, .patience = 0};
  return fit;
}
FitOptions with(GradientOptions gradient, AveragingOptions averaging = {}, std::size_t accumulate = 1,
                float rate = 0.05f) {
  return {.batch = 32,
          .accumulate = accumulate,
          .optimizer = {.learning_rate = rate},
          .gradient = std::move(gradient),
          .averaging = averaging};
}

std::vector<Case> cases() {
  FitOptions lbfgs = of(Optimizer::lbfgs, 1), rprop = of(Optimizer::rprop, 0.002f);
  lbfgs.optimizer.weight_decay = 0;
  lbfgs.batch = rprop.batch = kFull;
  return {
      {"sgd", {.widths = kWidths}, of(Optimizer::sgd, 0.1f)},
      {"momentum", {.widths = kWidths}, of(Optimizer::momentum, 0.02f)},
      {"nesterov", {.widths = kWidths, .activation = Activation::tanh}, of(Optimizer::nesterov, 0.02f)},
      {"rmsprop", {.widths = kWidths}, of(Optimizer::rmsprop, 0.002f)},
      {"adagrad", {.widths = kWidths, .activation = Activation::leaky_relu}, of(Optimizer::adagrad, 0.01f)},
      {"adam", {.widths = kWidths, .activation = Activation::gelu}, of(Optimizer::adam, 0.003f)},
      {"adamw", {.widths = kWidths, .activation = Activation::silu}, of(Optimizer::adamw, 0.003f)},
      {"lion", {.widths = kWidths, .activation = Activation::elu}, of(Optimizer::lion, 0.001f)},
      {"muon", {.widths = kWidths}, of(Optimizer::muon, 0.02f)},
      {"rprop", {.widths = kWidths, .activation = Activation::sigmoid}, rprop},
      {"lbfgs", {.widths = kWidths, .activation = Activation::softplus}, lbfgs},
      {"step", {.widths = kWidths}, scheduled(Schedule::step)},
      {"exponential", {.widths = kWidths}, scheduled(Schedule::exponential)},
      {"cosine", {.widths = kWidths}, scheduled(Schedule::cosine)},
      {"one_cycle", {.widths = kWidths}, scheduled(Schedule::one_cycle)},
      {"reduce_on_plateau", {.widths = kWidths}, scheduled(Schedule::reduce_on_plateau)},
      {"batch_norm", {.widths = kWidths, .batch_norm = true}, of(Optimizer::sgd, 0.1f)},
      {"dropout", {.widths = kWidths, .dropout_input = 0.1f, .dropout = 0.3f}, of(Optimizer::sgd, 0.1f)},
      {"noise", {.widths = kWidths, .input_noise = 0.2f}, of(Optimizer::sgd, 0.1f)},
      {"mixup", {.widths = kWidths}, with({.mixup = 0.4f})},
      {"ema", {.widths = kWidths}, with({}, {.ema = 0.5f})},
      {"swa", {.widths = kWidths, .batch_norm = true}, with({}, {.swa_start = 1})},
      {"accumulate", {.widths = kWidths}, with({}, {}, 2)},
      {"clip and penalties",
       {.widths = kWidths},
       with({.penalty = {.l2 = 1e-3f, .l1 = 1e-4f, .max_norm = 2}, .clip_value = 0.05f, .clip_norm = 1})},
      {"smoothing and weights",
       {.widths = kWidths},
       with({.loss = {.label_smoothing = 0.1f, .class_weights = {1, 2, 1, 1, 0.5f, 1, 1, 1, 3, 1}}})},
      {"focal", {.widths = kWidths}, with({.loss = {.kind = Loss::focal, .class_weights = {}}})},
      {"binary_cross_entropy",
       {.widths = kWidths, .output = Output::sigmoid},
       with({.loss = {.kind = Loss::binary_cross_entropy, .class_weights = {}}}, {}, 1, 0.3f)},
      {"mean_squared_error",
       {.widths = kWidths, .output = Output::linear},
       with({.loss = {.kind = Loss::mean_squared_error, .class_weights = {}}}, {}, 1, 0.15f)},
      {"much at once",
       {.widths = kWidths, .activation = Activation::mish, .batch_norm = true, .dropout = 0.1f, .input_noise = 0.1f},
       with({.clip_norm = 1, .mixup = 0.2f}, {.ema = 0.9f}, 2)},
  };
}

TEST(EveryOption, GivesTheSameBytesForAnyThreadsAndInstructionSet) {
  const Dataset train = made_up_digits(70), test = made_up_digits(10, 12, 2);  // batches of 32, 32 and 6
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (Case& c : cases()) {
      c.fit.epochs = c.fit.batch == kFull ? 4 : 2;
      c.fit.precision = precision;
      Weights expected;
      for (const Isa isa : training_isas())
        for (const std::size_t threads : {1u, 2u, 5u}) {
          const Runtime rt({.threads = threads, .isa = isa});
          Mlp model(c.network, 7);
          fit(rt, model, train, test, c.fit);
          if (expected.parameters.empty()) expected = Weights::of(model);
          EXPECT_TRUE(Weights::of(model) == expected)
              << c.name << ' ' << name(precision) << ' ' << name(isa) << ' ' << threads;
        }
      EXPECT_TRUE(std::ranges::all_of(expected.parameters, [](float x) { return std::isfinite(x); })) << c.name;
    }
}

TEST(EveryOption, Learns) {
  const Runtime rt({.threads = 2});
  const Dataset train = made_up_digits(400), test = made_up_digits(200, 12, 2);
  for (const Precision precision : {Precision::fp32, Precision::bf16})
    for (Case& c : cases()) {
      c.fit.epochs = c.fit.batch == kFull ? 25 : 5;
      c.fit.precision = precision;
      Mlp model(c.network, 7);
      std::vector<double> losses;
      const FitResult result = fit(rt, model, train, test, c.fit,
                                   {.on_epoch = [&](const EpochReport& r) { losses.push_back(r.train_loss); }});
      EXPECT_TRUE(losses.back() <= 0.9 * losses.front())
          << c.name << ' ' << name(precision) << ": " << losses.front() << " to " << losses.back();
      EXPECT_GT(result.test.accuracy, 0.5) << c.name << ' ' << name(precision);  // chance is 0.1
    }
}

TEST(Accumulating, FourBatchesOf8IsOneOf32) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(110), test = made_up_digits(20, 12, 2);  // the last step: 14 images, 8 + 6
  for (const Optimizer::Kind kind : {Optimizer::sgd, Optimizer::momentum}) {
    FitOptions fit_options{.epochs = 2, .batch = 32, .optimizer = {.kind = kind, .learning_rate = 0.05f}};
    const Config config{.widths = {144, 20, 10}, .activation = Activation::tanh};
    Mlp one(config, 1), four(config, 1);
    const FitResult a = fit(rt, one, train, test, fit_options);
    fit_options.batch = 8;
    fit_options.accumulate = 4;
    const FitResult b = fit(rt, four, train, test, fit_options);
    EXPECT_EQ(a.steps, 8u);
    EXPECT_EQ(b.steps, 8u);
    // Sums of 32 terms below 1 in another order, 32 roundings each of their size, a step; 10 times as much with
    // momentum.
    const double tolerance = 8 * 0.05 * 32 * 0x1p-24 * (kind == Optimizer::momentum ? 10 : 1);
    double worst = 0;
    for (std::size_t i = 0; i < one.arena().size(); ++i)
      worst = std::max(worst, std::abs(static_cast<double>(one.arena()[i]) - static_cast<double>(four.arena()[i])));
    EXPECT_TRUE(worst <= tolerance) << worst << " of " << tolerance;
  }
}

// Runs with everything that is told on the way kept.
struct Course {
  FitResult result;
  std::vector<EpochReport> reports;
  std::vector<Weights> epochs;  // the weights at each report
  Weights end;
};

Course course_of(const FitOptions& options, const Config& config = {.widths = {144, 20, 10}}, bool validation = true) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(100), held_out = made_up_digits(60, 12, 2), test = made_up_digits(50, 12, 3);
  Mlp model(config, 1);
  Course course;
  course.result = fit(rt, model, {.train = train, .test = test, .validation = validation ? &held_out : nullptr},
                      options, {.on_epoch = [&](const EpochReport& r) {
                        course.reports.push_back(r);
                        course.epochs.push_back(Weights::of(model));
                      }});
  course.end = Weights::of(model);
  return course;
}

// Restless enough that its best epoch is neither the first nor the last.
FitOptions restless() {
  return {.epochs = 40, .batch = 10, .optimizer = {.learning_rate = 0.3f}, .gradient = {.mixup = 0.5f}};
}

TEST(Keep, BestGivesTheBestEpochsWeightsExactly) {
  for (const Watch watch : {Watch::loss, Watch::accuracy}) {
    FitOptions options = restless();
    options.stop = {.watch = watch, .keep = Keep::best};
    const Course course = course_of(options);
    std::size_t best = 0;
    const auto better = [&](const EpochReport& a, const EpochReport& b) {
      return watch == Watch::loss ? a.validation->loss < b.validation->loss
                                  : a.validation->accuracy > b.validation->accuracy;
    };
    for (std::size_t k = 1; k < course.reports.size(); ++k)
      if (better(course.reports[k], course.reports[best])) best = k;
    ASSERT_NE(best + 1, course.reports.size());
    ASSERT_NE(best, 0u);
    EXPECT_EQ(course.result.best_epoch, best + 1) << name(watch);
    EXPECT_TRUE(course.end == course.epochs[best]);
    EXPECT_EQ(course.result.validation->loss, course.reports[best].validation->loss);
    EXPECT_EQ(course.result.test.loss, course.reports[best].test.loss);
  }
}

TEST(Keep, BestOfAnAverageIsTheAverage) {
  FitOptions options = restless();
  options.averaging = {.ema = 0.9f};
  options.stop = {.keep = Keep::best};
  const Course course = course_of(options);
  ASSERT_NE(course.result.best_epoch, 0u);
  const EpochReport& best = course.reports[course.result.best_epoch - 1];
  EXPECT_EQ(course.result.validation->loss, best.validation->loss);
  EXPECT_FALSE(course.end == course.epochs[course.result.best_epoch - 1]) << "those are the weights without it";
}

TEST(Keep, LastGivesTheLast) {
  const Course course = course_of(restless());
  EXPECT_TRUE(course.end == course.epochs.back());
  EXPECT_EQ(course.result.best_epoch, 0u);
}

TEST(Patience, EndsSoManyEpochsAfterTheBest) {
  for (const Watch watch : {Watch::loss, Watch::accuracy}) {
    FitOptions options = restless();
    options.stop = {.patience = 4, .watch = watch};
    const Course course = course_of(options);
    EXPECT_EQ(course.result.reason, StopReason::patience);
    const auto value = [&](const EpochReport& r) {
      return watch == Watch::loss ? r.validation->loss : -r.validation->accuracy;
    };
    std::size_t best = 0, expected = 0;
    for (std::size_t k = 1; expected == 0 && k < course.reports.size(); ++k) {
      if (value(course.reports[k]) < value(course.reports[best])) best = k;
      if (k - best == 4) expected = k + 1;
    }
    EXPECT_EQ(course.reports.size(), expected) << name(watch);
    EXPECT_TRUE(course.end == course.epochs.back()) << "keep is last";
  }
}

TEST(Stop, AfterSoManySteps) {
  FitOptions options{.epochs = 5, .batch = 30, .stop = {.max_steps = 9}};  // 4 steps an epoch
  const Course course = course_of(options);
  EXPECT_EQ(course.result.reason, StopReason::steps);
  EXPECT_EQ(course.result.steps, 9u);
  EXPECT_EQ(course.result.epochs, 2u);
  EXPECT_EQ(course.result.batches_after, 1u);
  options.stop.max_steps = 8;
  EXPECT_EQ(course_of(options).result.batches_after, 0u);
  options.stop.max_steps = 20;
  EXPECT_EQ(course_of(options).result.reason, StopReason::epochs) << "as many as there are";
}

TEST(Stop, TheScheduleEndsWithTheStepsAndNotWithTheEpochs) {
  const FitOptions options{
      .epochs = 1000, .batch = 30, .schedule = {.kind = Schedule::cosine}, .stop = {.max_steps = 8}};
  const Course course = course_of(options);
  const Schedule schedule(options.schedule, options.optimizer.learning_rate, 8, 4);
  ASSERT_EQ(course.reports.size(), 2u);
  EXPECT_EQ(course.reports[1].learning_rate, schedule.rate(7));
  EXPECT_LT(course.reports[1].learning_rate, 0.1f * options.optimizer.learning_rate);
}

TEST(Stop, AfterSoMuchTime) {
  const Course course = course_of({.epochs = 100000, .stop = {.max_seconds = 0.05}, .report_every = 100000});
  EXPECT_EQ(course.result.reason, StopReason::seconds);
  EXPECT_GT(course.result.steps, 0u);
}

TEST(Stop, AtTheTargetOnValidationOrElseOnTestImages) {
  for (const bool validation : {true, false}) {
    const Course course =
        course_of({.epochs = 50, .batch = 10, .stop = {.target_accuracy = 0.9}}, {.widths = {144, 10}}, validation);
    EXPECT_EQ(course.result.reason, StopReason::target);
    ASSERT_GT(course.reports.size(), 0u);
    for (std::size_t k = 0; k < course.reports.size(); ++k) {
      const EpochReport& r = course.reports[k];
      EXPECT_EQ((validation ? r.validation->accuracy : r.test.accuracy) >= 0.9, k + 1 == course.reports.size());
    }
  }
}

TEST(Stop, ATargetThatOnlyTheTestImagesReachIsNone) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(100);
  Dataset mislabelled = data;
  for (std::uint8_t& label : mislabelled.labels) label = static_cast<std::uint8_t>((label + 1) % 10);
  Mlp model({.widths = {144, 10}}, 1);
  const FitResult result = fit(rt, model, {.train = data, .test = data, .validation = &mislabelled},
                               {.epochs = 10, .batch = 10, .stop = {.target_accuracy = 0.9}});
  EXPECT_EQ(result.reason, StopReason::epochs);
  EXPECT_GT(result.test.accuracy, 0.9);
}

TEST(Stop, ARequestWaitsForTheStep) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(100);
  Mlp model({.widths = {144, 10}}, 1);
  const FitResult result = fit(rt, model, data, data, {.epochs = 5, .batch = 10, .accumulate = 4},
                               {.on_batch = [](const FitProgress& p) { return p.epoch < 2 || p.batches_done < 2; }});
  EXPECT_EQ(result.reason, StopReason::request);
  EXPECT_EQ(result.epochs, 1u);
  EXPECT_EQ(result.batches_after, 4u);
  EXPECT_EQ(result.steps, 4u) << "3 of the first epoch: 4, 4 and 2 batches";
}

TEST(Reports, EverySoManyEpochsAndAtTheEnd) {
  const Course course = course_of({.epochs = 7, .report_every = 3});
  std::vector<std::size_t> epochs;
  for (const EpochReport& r : course.reports) epochs.push_back(r.epoch);
  EXPECT_EQ(epochs, (std::vector<std::size_t>{3, 6, 7}));
}

TEST(Plateau, TheRateFallsAsTheScheduleSaysOfTheValidationLoss) {
  FitOptions options = restless();
  options.schedule = {.kind = Schedule::reduce_on_plateau, .gamma = 0.5f, .patience = 1, .lowest = 0.02f};
  for (const bool validation : {true, false}) {
    const Course course = course_of(options, {.widths = {144, 20, 10}}, validation);
    Schedule schedule(options.schedule, options.optimizer.learning_rate, 1, 1);
    for (const EpochReport& r : course.reports) {
      EXPECT_EQ(r.learning_rate, schedule.rate(0)) << r.epoch;
      schedule.observe(validation ? r.validation->loss : r.train_loss);
    }
    EXPECT_EQ(course.reports.back().learning_rate, 0.02f);
  }
}

// The average by hand, from the weights at every step (or epoch) of a run without it, which is otherwise the same run.
void expect_average(const AveragingOptions& averaging, const Config& config) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(100);
  FitOptions options{.epochs = 4, .batch = 25};
  std::vector<Weights> steps;
  Mlp model(config, 1);
  const FitResult result = fit(rt, model, {.train = train, .test = train}, options,
                               {.wants_state = [](bool) { return true; },
                                .on_state = [&](const FitState& state) { steps.push_back(state.weights); }});
  steps.push_back(Weights::of(model));
  ASSERT_EQ(steps.size(), result.steps);
  options.averaging = averaging;
  Mlp averaged(config, 1);
  fit(rt, averaged, train, train, options);

  const auto compare = [&](std::vector<float> Weights::*part) {
    const std::vector<float> got = Weights::of(averaged).*part;
    bool moved = false;
    for (std::size_t i = 0; i < got.size(); ++i) {
      double expected = 0, largest = 0;
      std::size_t count = 0;
      for (std::size_t s = 0; s < steps.size(); ++s) {
        const auto w = static_cast<double>((steps[s].*part)[i]), decay = static_cast<double>(averaging.ema);
        if (averaging.swa_start > 0 && ((s + 1) % 4 != 0 || (s + 1) / 4 < averaging.swa_start)) continue;
        ++count;
        expected = averaging.swa_start > 0 ? expected + w : s == 0 ? w : decay * expected + (1 - decay) * w;
        largest = std::max(largest, std::abs(w));
      }
      if (averaging.swa_start > 0) expected /= static_cast<double>(count);
      moved = moved || std::abs(expected - static_cast<double>((steps.back().*part)[i])) > 1e-3 * largest;
      // Four roundings each time that a number is taken in.
      EXPECT_TRUE(std::abs(static_cast<double>(got[i]) - expected) <=
                  4 * static_cast<double>(count) * 0x1p-24 * largest)
          << i;
    }
    EXPECT_TRUE(moved || got.empty()) << "the average is not just the last";
  };
  compare(&Weights::parameters);
  compare(&Weights::statistics);
}

TEST(Averages, ExponentialByHand) {
  expect_average({.ema = 0.7f}, {.widths = {144, 12, 10}});
  expect_average({.ema = 0.7f}, {.widths = {144, 12, 10}, .batch_norm = true});
}

TEST(Averages, StochasticByHand) {
  expect_average({.swa_start = 2}, {.widths = {144, 12, 10}});
  expect_average({.swa_start = 2}, {.widths = {144, 12, 10}, .batch_norm = true});
}

TEST(FitOptionsCheck, RefusesWhatCannotWork) {
  const Config config{.widths = {144, 10}};
  const auto refused = [&](const char* part, const FitOptions& options, bool validation = true) {
    return refuses(ErrorKind::config, part, [&] { check(options, config, validation); });
  };
  EXPECT_NO_THROW(check(FitOptions{}, config, false));
  EXPECT_NO_THROW(check(FitOptions{.stop = {.patience = 1, .keep = Keep::best}}, config, true));
  EXPECT_TRUE(refused("patience needs validation", {.stop = {.patience = 1}}, false));
  EXPECT_TRUE(refused("keep best needs validation", {.stop = {.keep = Keep::best}}, false));
  EXPECT_TRUE(refused("choose one", {.averaging = {.ema = 0.9f, .swa_start = 2}}));
  for (const float ema : {1.0f, -0.1f, NAN}) EXPECT_TRUE(refused("ema", {.averaging = {.ema = ema}}));
  EXPECT_TRUE(refused("epochs 0", {.epochs = 0}));
  EXPECT_TRUE(refused("batch 0", {.batch = 0}));
  EXPECT_TRUE(refused("accumulate 0", {.accumulate = 0}));
  EXPECT_TRUE(refused("report_every 0", {.report_every = 0}));
  for (const double x : {-0.1, 1.1, static_cast<double>(NAN)})
    EXPECT_TRUE(refused("target accuracy", {.stop = {.target_accuracy = x}}));
  for (const double x : {-1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)})
    EXPECT_TRUE(refused("max_seconds", {.stop = {.max_seconds = x}}));
  for (const float x : {-1.0f, NAN, INFINITY}) {
    EXPECT_TRUE(refused("clip norm", {.gradient = {.clip_norm = x}}));
    EXPECT_TRUE(refused("clip value", {.gradient = {.clip_value = x}}));
    EXPECT_TRUE(refused("mixup", {.gradient = {.mixup = x}}));
  }
  EXPECT_TRUE(refused("outputs", {.gradient = {.loss = {.kind = Loss::mean_squared_error, .class_weights = {}}}}));
  EXPECT_TRUE(refused("", {.gradient = {.loss = {.class_weights = {1, 2}}}}));
  EXPECT_TRUE(refused("", {.gradient = {.loss = {.label_smoothing = 1, .class_weights = {}}}}));
  EXPECT_TRUE(refused("", {.gradient = {.penalty = {.l2 = -1}}}));
}

}  // namespace
}  // namespace inkling
