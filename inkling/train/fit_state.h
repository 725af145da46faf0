// Where a run stands: everything that its future depends on besides its options and its data.
//
// Random numbers need no place here: they are functions of the seed and of the counters below.
#pragma once

#include <cstdint>
#include <vector>

#include "inkling/train/averaging.h"
#include "inkling/train/optimizer.h"
#include "inkling/train/schedule.h"

namespace inkling {

// The arena and the running statistics of a model.
struct Weights {
  std::vector<float> parameters{};
  std::vector<float> statistics{};

  static Weights of(const Mlp& model) {
    return {{model.arena().begin(), model.arena().end()}, {model.statistics().begin(), model.statistics().end()}};
  }
  // Throws Error shape: they are another network's.
  void copy_to(Mlp& model) const;
  bool operator==(const Weights&) const = default;
};

struct FitState {
  std::uint64_t epochs = 0;  // finished
  std::uint64_t batch = 0;   // batches done of the next one
  std::uint64_t passes = 0;  // batches done in all
  std::uint64_t images = 0;  // of the running epoch, done
  std::uint64_t correct = 0;
  double total_loss = 0;
  double seconds = 0;  // trained so far

  Weights weights{};
  Optimizer::State optimizer{};
  Schedule::State schedule{};
  Averaging::State averaging{};

  Weights last_good{};           // as they were at the end of the last finished epoch
  std::uint64_t best_epoch = 0;  // 0: none yet
  double best = 0;               // what that epoch's loss or accuracy was
  std::uint64_t epochs_without_better = 0;
  Weights best_weights{};

  bool operator==(const FitState&) const = default;
};

}  // namespace inkling
