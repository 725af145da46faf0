// Finds out, while a run trains, whether its steps are done sooner by all threads or by one.
//
// That depends on the network, the batch and the machine: a small network's steps are over before a second thread has
// its data, and processors may share the unit that does the work. Since weights come out the same for any number of
// threads, the first steps of a run can be timed with both.
#pragma once

#include <chrono>
#include <optional>

#include "inkling/kernel/runtime.h"

namespace inkling {

class ThreadChoice {
 public:
  // `all` must outlive it.
  explicit ThreadChoice(const Runtime& all);

  // What the step that begins now is to run on.
  const Runtime& next();

 private:
  using Clock = std::chrono::steady_clock;

  const Runtime* all_;
  std::optional<Runtime> one_;  // while it may be the better one
  std::size_t blocks_ = 0;      // that are over
  int steps_ = 0;               // of the block that has begun
  Clock::time_point block_begin_{};
  double least_[2] = {};  // seconds of a step: on all threads, on one
};

}  // namespace inkling
