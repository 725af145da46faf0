// A whole training run, written only with the library's public calls: what design and README show as a loop of five
// lines, with what a long run needs around it.
//
// After each step the caller is asked whether to go on; after each epoch it is told how the network does, and it may
// ask for the run's state, from which a later call continues to the same bytes. A loss that is no longer finite ends
// the run with Error numeric, and the model is given back as it was at the end of the last good epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/train/averaging.h"
#include "inkling/train/fit_state.h"
#include "inkling/train/gradient.h"
#include "inkling/train/health.h"
#include "inkling/train/metrics.h"
#include "inkling/train/optimizer.h"
#include "inkling/train/schedule.h"

namespace inkling {

// What early stopping and the choice of the best weights look at, on the validation images.
enum class Watch { loss, accuracy };
// Which weights a run ends with.
enum class Keep { last, best };

inline std::span<const std::string_view> choice_names(Watch) {
  static constexpr std::string_view kNames[] = {"loss", "accuracy"};
  return kNames;
}
inline std::span<const std::string_view> choice_names(Keep) {
  static constexpr std::string_view kNames[] = {"last", "best"};
  return kNames;
}

struct StopOptions {
  std::uint64_t max_steps = 0;  // optimiser steps; 0: as many as the epochs have
  double max_seconds = 0;       // of training, evaluation included; 0: no limit
  double target_accuracy = 0;   // on the validation images, on the test images where there are none; 0: none
  std::size_t patience = 0;     // evaluated epochs without a better one before it stops; 0: never
  Watch watch = Watch::loss;
  Keep keep = Keep::last;

  bool operator==(const StopOptions&) const = default;
};

struct FitOptions {
  std::size_t epochs = 20;
  std::size_t batch = 128;                // images; more than there are means all of them
  std::size_t accumulate = 1;             // batches whose gradients make one step
  Precision precision = Precision::fp32;  // of training's products; evaluation is fp32
  std::uint64_t seed = 1;                 // of everything that is drawn while training
  Optimizer::Options optimizer{};
  Schedule::Options schedule{};
  GradientOptions gradient{};
  AveragingOptions averaging{};
  StopOptions stop{};
  std::size_t report_every = 1;  // epochs from one evaluation and report to the next

  bool operator==(const FitOptions&) const = default;
};

struct FitData {
  const Dataset& train;
  const Dataset& test;
  const Dataset* validation = nullptr;  // held out of the training images, or none
};

struct FitProgress {
  std::size_t epoch = 0;         // from 1
  std::size_t batches_done = 0;  // of this epoch
  std::size_t batches = 0;       // in an epoch
  std::size_t images_done = 0;   // of this epoch
  double loss = 0;               // mean of this epoch so far
  double accuracy = 0;           // likewise
};

struct EpochReport {
  std::size_t epoch = 0;              // from 1
  std::uint64_t steps = 0;            // of the optimiser, in all
  double train_loss = 0;              // mean over the epoch's images, each seen before the step that its batch makes
  double train_accuracy = 0;          // likewise
  std::optional<Metrics> validation;  // after the epoch
  Metrics test;                       // after the epoch
  double train_seconds = 0;           // steps alone, since the last report
  double test_seconds = 0;            // evaluation
  float learning_rate = 0;            // of the last step
  std::vector<TensorHealth> health;   // of the last step
  std::vector<Complaint> complaints;
};

struct FitCallbacks {
  std::function<bool(const FitProgress&)> on_batch{};  // false ends the run after this batch
  std::function<void(const EpochReport&)> on_epoch{};
  // Asked after each step, with true at an epoch's end; what it wants is given to on_state.
  std::function<bool(bool epoch_ends)> wants_state{};
  std::function<void(const FitState&)> on_state{};
};

enum class StopReason { epochs, steps, seconds, target, patience, request };

struct FitResult {
  std::size_t epochs = 0;         // finished
  std::size_t batches_after = 0;  // batches of an epoch that was ended early, also in the weights
  std::uint64_t steps = 0;        // of the optimiser
  std::size_t best_epoch = 0;     // whose weights the model has, where they are not the last ones
  StopReason reason = StopReason::epochs;
  std::optional<Metrics> validation{};  // of the model as returned
  Metrics test{};                       // likewise
};

// Trains model in place, from where `from` says when that is given. Ends with the average of the weights where they
// are averaged, with the best where they are to be kept. Throws Error: shape (data or a state that does not fit the
// network), config, numeric.
FitResult fit(const Runtime& rt, Mlp& model, const FitData& data, const FitOptions& options,
              const FitCallbacks& callbacks = {}, const FitState* from = nullptr);
FitResult fit(const Runtime& rt, Mlp& model, const Dataset& train, const Dataset& test, const FitOptions& options,
              const FitCallbacks& callbacks = {});

// Throws Error config: options that cannot work, or not with this network or without validation images.
void check(const FitOptions& options, const Config& config, bool validation);

}  // namespace inkling
