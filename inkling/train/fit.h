// A whole training run, written only with the library's public calls: what design and README show as a loop of five
// lines, with what a long run needs around it.
//
// After each batch the caller is asked whether to go on; after each epoch it is told how the network does. A loss that
// is no longer finite ends the run with Error numeric, and the model is given back as it was at the end of the last
// good epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/train/metrics.h"
#include "inkling/train/optimizer.h"

namespace inkling {

struct FitOptions {
  std::size_t epochs = 20;
  std::size_t batch = 128;  // images; more than there are means all of them
  std::uint64_t seed = 1;   // of the shuffle
  Optimizer::Options optimizer{};
};

struct FitProgress {
  std::size_t epoch = 0;         // from 1
  std::size_t batches_done = 0;  // of this epoch
  std::size_t batches = 0;       // in an epoch
  std::size_t images_done = 0;   // of this epoch
  double loss = 0;               // mean of this epoch so far
};

struct EpochReport {
  std::size_t epoch = 0;      // from 1
  double train_loss = 0;      // mean over the epoch's images, each seen before the step that its batch makes
  double train_accuracy = 0;  // likewise
  Metrics test;               // after the epoch
  double train_seconds = 0;   // steps alone
  double test_seconds = 0;    // evaluation
};

struct FitCallbacks {
  std::function<bool(const FitProgress&)> on_batch{};  // false ends the run after this batch
  std::function<void(const EpochReport&)> on_epoch{};
};

struct FitResult {
  std::size_t epochs = 0;         // finished
  std::size_t batches_after = 0;  // batches of an epoch that was ended early, also in the weights
  Metrics test;                   // of the model as returned
};

// Trains model in place. Throws Error: shape (data that does not fit the network), config, numeric.
FitResult fit(const Runtime& rt, Mlp& model, const Dataset& train, const Dataset& test, const FitOptions& options,
              const FitCallbacks& callbacks = {});

}  // namespace inkling
