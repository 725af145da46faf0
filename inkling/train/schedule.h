// How the learning rate changes while training: PyTorch's schedules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "inkling/core/choice.h"

namespace inkling {

class Schedule {
 public:
  // rate is the learning rate that the optimiser was given; e counts whole epochs from 0, s optimiser steps, of S in
  // all.
  enum Kind {
    constant,     // rate
    step,         // rate * gamma^(e / step_epochs), rounded down
    exponential,  // rate * gamma^e
    cosine,       // lowest + (rate - lowest) (1 + cos(pi s / S)) / 2 (Loshchilov, Hutter 2017)
    one_cycle,    // rate / 25 up to rate in the first 30 % of the steps, then down to rate / 250,000, both along a
                  // half cosine (Smith, Topin 2018)
    reduce_on_plateau,  // times gamma whenever the watched loss has not fallen by a ten-thousandth for more than
                        // `patience` epochs
  };
  struct Options {
    Kind kind = constant;
    std::size_t warmup = 0;        // steps; step s < warmup takes (s + 1) / warmup of what the kind says
    float gamma = 0.1f;            // of step, exponential and reduce_on_plateau
    std::size_t step_epochs = 10;  // of step
    std::size_t patience = 10;     // of reduce_on_plateau, epochs
    float lowest = 0;              // of cosine and reduce_on_plateau

    bool operator==(const Options&) const = default;
  };

  // Throws Error config: a number out of its range. total_steps is S, above 0.
  Schedule(const Options& options, float learning_rate, std::uint64_t total_steps, std::uint64_t steps_per_epoch);

  // The rate of step s, from 0. The same on every machine. Const and so safe from many threads.
  float rate(std::uint64_t s) const;

  // Tells reduce_on_plateau what an epoch ended with; the others do not listen.
  void observe(double loss);

  // For checkpoints: what observe() has brought about.
  struct State {
    double best = 0;   // lowest loss so far
    bool any = false;  // whether there was one
    std::uint64_t bad_epochs = 0;
    double factor = 1;
    bool operator==(const State&) const = default;
  };
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  Options options_;
  double rate_;
  std::uint64_t total_steps_, steps_per_epoch_;
  State state_;
};

inline std::span<const std::string_view> choice_names(Schedule::Kind) {
  static constexpr std::string_view kNames[] = {"constant", "step",      "exponential",
                                                "cosine",   "one_cycle", "reduce_on_plateau"};
  return kNames;
}

}  // namespace inkling
