// A run that is continued from any of its states ends with the bytes of one that was never broken off, and tells the
// same on the way; a state of another run is refused, and the model is left as it was.
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "inkling/train/fit.h"
#include "tests/format/refusal.h"
#include "tests/support/digits.h"
#include "tests/support/isas.h"

namespace inkling {
namespace {

constexpr std::size_t kFull = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kImages = 60;  // 8 batches of 8, the last of them short

const Dataset& train_images() {
  static const Dataset data = made_up_digits(kImages);
  return data;
}
const Dataset& validation_images() {
  static const Dataset data = made_up_digits(40, 12, 2);
  return data;
}
const Dataset& test_images() {
  static const Dataset data = made_up_digits(30, 12, 3);
  return data;
}

const Config kPlain{.widths = {144, 12, 10}};
Config with_everything() {
  Config config = kPlain;
  config.batch_norm = true;
  config.dropout = 0.2f;
  config.dropout_input = 0.1f;
  config.input_noise = 0.1f;
  return config;
}

FitOptions everything() {
  return {.epochs = 4,
          .batch = 8,
          .accumulate = 2,
          .optimizer = {.kind = Optimizer::adamw, .learning_rate = 0.01f, .weight_decay = 0.1f},
          .schedule = {.kind = Schedule::cosine, .warmup = 3},
          .gradient = {.loss = {.label_smoothing = 0.1f, .class_weights = {}},
                       .penalty = {.l2 = 1e-3f, .l1 = 1e-4f, .max_norm = 2},
                       .clip_norm = 1,
                       .mixup = 0.3f},
          .averaging = {.ema = 0.8f},
          .stop = {.patience = 3, .keep = Keep::best}};
}

// What a run says of itself, but for the time that it took.
struct Story {
  std::vector<FitState> states;
  std::vector<std::pair<std::size_t, double>> epochs;  // each report's epoch and training loss
  FitResult result;
  Weights weights;
};

FitState without_time(FitState state) {
  state.seconds = 0;
  return state;
}

// Runs to the end, or until `stop` says so after a batch, and keeps the state after every step.
Story run(const Runtime& rt, const Config& config, const FitOptions& options, std::uint64_t seed,
          const FitState* from = nullptr, std::function<bool(const FitProgress&)> on_batch = {}) {
  Story story;
  Mlp model(config, seed);
  story.result =
      fit(rt, model, {.train = train_images(), .test = test_images(), .validation = &validation_images()}, options,
          {.on_batch = std::move(on_batch),
           .on_epoch = [&](const EpochReport& r) { story.epochs.emplace_back(r.epoch, r.train_loss); },
           .wants_state = [](bool) { return true; },
           .on_state = [&](const FitState& state) { story.states.push_back(without_time(state)); }},
          from);
  story.weights = Weights::of(model);
  return story;
}

// The end of `whole` that a run has which was continued from its state k.
void expect_same_end(const Story& whole, std::size_t k, const Story& resumed) {
  const FitState& from = whole.states[k];
  EXPECT_TRUE(resumed.weights == whole.weights);
  EXPECT_EQ(resumed.result.steps, whole.result.steps);
  EXPECT_EQ(resumed.result.epochs, whole.result.epochs);
  EXPECT_EQ(resumed.result.best_epoch, whole.result.best_epoch);
  EXPECT_EQ(resumed.result.reason, whole.result.reason);
  EXPECT_EQ(resumed.result.test.loss, whole.result.test.loss);
  ASSERT_EQ(resumed.states.size(), whole.states.size() - k - 1);
  for (std::size_t i = 0; i < resumed.states.size(); ++i)
    EXPECT_TRUE(resumed.states[i] == whole.states[k + 1 + i]) << "state " << k + 1 + i;
  std::vector<std::pair<std::size_t, double>> still_to_come;
  for (const auto& report : whole.epochs)
    if (report.first > from.epochs) still_to_come.push_back(report);
  EXPECT_EQ(resumed.epochs, still_to_come);
}

// Continues from every state, each time with a fresh model and other threads and instruction sets.
Story expect_every_state_continues(const Config& config, const FitOptions& options, std::size_t states) {
  const std::vector<Isa> isas = training_isas();
  const Story whole = run(Runtime({.threads = 1}), config, options, 1);
  EXPECT_EQ(whole.states.size(), states);
  for (std::size_t k = 0; k < whole.states.size(); ++k) {
    SCOPED_TRACE("from state " + std::to_string(k));
    const Runtime rt({.threads = 1 + k % 3, .isa = isas[k % isas.size()]});
    expect_same_end(whole, k, run(rt, config, options, 777, &whole.states[k]));
  }
  return whole;
}

TEST(Resume, AfterEveryStepWithEverythingOn) {
  const Story whole = expect_every_state_continues(with_everything(), everything(), 4 * 4 - 1);
  EXPECT_FALSE(whole.states.front().weights == whole.states.back().weights);
  EXPECT_EQ(whole.states.back().passes, 30u) << "by which dropout, noise and mixup are drawn";
  EXPECT_EQ(whole.states.front().batch, 2u) << "a state stands between two steps, not between two batches";
}

TEST(Resume, InBf16) {
  FitOptions options = everything();
  options.precision = Precision::bf16;
  expect_every_state_continues(with_everything(), options, 4 * 4 - 1);
  expect_every_state_continues(kPlain, {.epochs = 2, .batch = 16, .precision = Precision::bf16}, 2 * 4 - 1);
}

TEST(Resume, EveryOptimizer) {
  for (std::size_t k = 0; k < choice_names(Optimizer::Kind{}).size(); ++k) {
    const auto kind = static_cast<Optimizer::Kind>(k);
    SCOPED_TRACE(name(kind));
    FitOptions options{.epochs = 2, .batch = 16, .optimizer = {.kind = kind, .learning_rate = 0.01f}};
    if (kind == Optimizer::lbfgs || kind == Optimizer::rprop) options.epochs = 12, options.batch = kFull;
    if (kind == Optimizer::lbfgs) options.optimizer.learning_rate = 1, options.optimizer.history = 4;
    expect_every_state_continues(kPlain, options, options.batch == kFull ? 11 : 2 * 4 - 1);
  }
}

TEST(Resume, StochasticWeightAveraging) {
  FitOptions options = everything();
  options.averaging = {.swa_start = 2};
  options.stop = {};
  const Story whole = expect_every_state_continues(with_everything(), options, 4 * 4 - 1);
  EXPECT_EQ(whole.states.back().averaging.count, 2u) << "the means at the end of epochs 2 and 3";
}

TEST(Resume, ReduceOnPlateau) {
  const FitOptions options{.epochs = 15,
                           .batch = 16,
                           .optimizer = {.learning_rate = 0.5f},
                           .schedule = {.kind = Schedule::reduce_on_plateau, .gamma = 0.5f, .patience = 0},
                           .gradient = {.mixup = 1}};
  const Story whole = expect_every_state_continues(kPlain, options, 15 * 4 - 1);
  EXPECT_LT(whole.states.back().schedule.factor, 1) << "the schedule had something to remember";
}

TEST(Resume, PatienceEndsItAtTheSameEpoch) {
  FitOptions options{.epochs = 60,
                     .batch = 16,
                     .optimizer = {.learning_rate = 0.1f},
                     .stop = {.patience = 3, .watch = Watch::accuracy, .keep = Keep::best}};
  const Story once = run(Runtime({.threads = 1}), kPlain, options, 1);
  ASSERT_EQ(once.result.reason, StopReason::patience);
  expect_every_state_continues(kPlain, options, once.result.epochs * 4 - 1);
  EXPECT_EQ(once.result.best_epoch, once.result.epochs - 3);
}

TEST(Resume, ReportsBetweenEpochs) {
  FitOptions options = everything();
  options.epochs = 5;
  options.report_every = 2;
  options.schedule = {.kind = Schedule::reduce_on_plateau, .gamma = 0.5f, .patience = 0};
  const Story whole = expect_every_state_continues(with_everything(), options, 5 * 4 - 1);
  ASSERT_EQ(whole.epochs.size(), 3u);
  EXPECT_EQ(whole.epochs[0].first, 2u);
  EXPECT_EQ(whole.epochs[2].first, 5u);
}

// What Ctrl-C leaves must be what the unbroken run had at that moment: no look at the validation images more or less.
TEST(Resume, ARequestAfterAnyBatchLeavesTheStateOfAnUnbrokenRun) {
  FitOptions options = everything();
  options.report_every = 2;
  options.schedule = {.kind = Schedule::reduce_on_plateau, .gamma = 0.5f, .patience = 0};
  const Runtime rt({.threads = 1});
  const Story whole = run(rt, with_everything(), options, 1);
  for (std::size_t batch = 0; batch + 2 < 4 * 8; ++batch) {
    SCOPED_TRACE("request after batch " + std::to_string(batch));
    std::size_t seen = 0;
    const Story broken =
        run(rt, with_everything(), options, 1, nullptr, [&](const FitProgress&) { return seen++ != batch; });
    EXPECT_EQ(broken.result.reason, StopReason::request);
    const std::size_t k = batch / 2;
    ASSERT_EQ(broken.states.size(), k + 1);
    EXPECT_TRUE(broken.states[k] == whole.states[k]);
    for (const auto& report : broken.epochs) EXPECT_EQ(report.first % 2, 0u) << "a report that was not due";
    expect_same_end(whole, k, run(rt, with_everything(), options, 5, &broken.states[k]));
  }
}

TEST(Resume, ARequestAfterTheVeryLastBatchStopsNothing) {
  const Runtime rt({.threads = 1});
  std::size_t seen = 0;
  const Story whole = run(rt, with_everything(), everything(), 1);
  const Story late =
      run(rt, with_everything(), everything(), 1, nullptr, [&](const FitProgress&) { return ++seen < 4 * 8; });
  EXPECT_EQ(late.result.reason, StopReason::epochs) << "there is nothing left to resume";
  EXPECT_TRUE(late.weights == whole.weights);
}

TEST(Resume, AStateOfAnotherRunIsRefusedAndTheModelStays) {
  const Runtime rt({.threads = 1});
  const Config config = with_everything();
  const Story whole = run(rt, config, everything(), 1);
  const FitState good = whole.states[5];  // with best weights
  ASSERT_NE(good.best_epoch, 0u);
  const std::pair<const char*, std::function<void(FitState&)>> faults[] = {
      {"weights", [](FitState& s) { s.weights.parameters.pop_back(); }},
      {"more weights", [](FitState& s) { s.weights.parameters.push_back(0); }},
      {"no weights", [](FitState& s) { s.weights = {}; }},
      {"statistics", [](FitState& s) { s.weights.statistics.clear(); }},
      {"last good", [](FitState& s) { s.last_good.parameters.pop_back(); }},
      {"best", [](FitState& s) { s.best_weights = {}; }},
      {"average", [](FitState& s) { s.averaging.weights.pop_back(); }},
      {"average's statistics", [](FitState& s) { s.averaging.statistics.push_back(1); }},
      {"a moment short", [](FitState& s) { s.optimizer.vectors[1].pop_back(); }},
      {"a moment less", [](FitState& s) { s.optimizer.vectors.pop_back(); }},
      {"a moment more", [](FitState& s) { s.optimizer.vectors.push_back(s.optimizer.vectors[0]); }},
      {"no optimizer", [](FitState& s) { s.optimizer = {}; }},
      {"behind the epoch", [](FitState& s) { s.batch = 9; }},
      {"at the epoch's end", [](FitState& s) { s.batch = 8; }},
      {"inside a step", [](FitState& s) { s.batch = 3; }},
  };
  for (const auto& [what, spoil] : faults) {
    FitState state = good;
    spoil(state);
    Mlp model(config, 3);
    const Weights before = Weights::of(model);
    const FitData data{.train = train_images(), .test = test_images(), .validation = &validation_images()};
    EXPECT_TRUE(refuses(ErrorKind::shape, "saved", [&] { fit(rt, model, data, everything(), {}, &state); })) << what;
    EXPECT_TRUE(Weights::of(model) == before) << what;
  }
  Mlp other({.widths = {144, 30, 10}}, 3);
  const FitData data{.train = train_images(), .test = test_images(), .validation = &validation_images()};
  EXPECT_TRUE(refuses(ErrorKind::shape, "144-30-10", [&] { fit(rt, other, data, everything(), {}, &good); }));
}

}  // namespace
}  // namespace inkling
