// Averages of the weights along the way, which often do better than the last ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

struct AveragingOptions {
  float ema = 0;  // exponential moving average: average = ema average + (1 - ema) w after each step; 0: none
  std::size_t swa_start = 0;  // stochastic weight averaging: the mean of the weights at the end of this epoch and of
                              // each one after it (Izmailov et al. 2018); 0: none

  bool operator==(const AveragingOptions&) const = default;
};

// Throws Error config: a decay outside [0, 1), or both at once.
void check(const AveragingOptions& options);

// The running statistics of batch normalisation are averaged as the weights are.
class Averaging {
 public:
  explicit Averaging(const AveragingOptions& options) : options_(options) { check(options); }

  void after_step(const Runtime& rt, const Mlp& model);
  void after_epoch(const Mlp& model, std::size_t epoch);  // epochs count from 1

  // Whether there is an average, and the network that has it.
  bool any() const { return count_ > 0; }
  Mlp averaged(const Mlp& model) const;

  struct State {
    std::uint64_t count = 0;
    std::vector<float> weights{};
    std::vector<float> statistics{};
    bool operator==(const State&) const = default;
  };
  State state() const { return {count_, weights_, statistics_}; }
  void restore(const State& state);

 private:
  AveragingOptions options_;
  std::uint64_t count_ = 0;
  std::vector<float> weights_, statistics_;
};

}  // namespace inkling
