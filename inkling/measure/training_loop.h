// The plainest training, epoch by epoch: shuffle, forward, softmax with cross-entropy, backward, SGD.
//
// The loop of examples/train_mnist.cpp, as something that a benchmark can call and time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/data/batches.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"
#include "inkling/train/optimizer.h"

namespace inkling {

struct TrainingLoopOptions {
  Config network{.widths = {784, 128, 10}};
  std::size_t batch = 128;
  float learning_rate = 0.1f;
  std::uint64_t seed = 1;
  Precision precision = Precision::fp32;
};

class TrainingLoop {
 public:
  // The images must outlive it and fit the network, which the first step checks (Error shape). Throws Error config.
  TrainingLoop(const Dataset& images, const TrainingLoopOptions& options);

  // One epoch; returns its mean loss.
  double epoch(const Runtime& rt);
  // The first batch of a shuffled epoch alone; returns its loss.
  double first_step(const Runtime& rt);

  const Mlp& model() const { return model_; }

 private:
  double step(const Runtime& rt, const Batch& batch);

  Mlp model_;
  Optimizer optimizer_;
  Workspace ws_;
  Batches batches_;
  std::uint64_t epochs_ = 0;
};

}  // namespace inkling
