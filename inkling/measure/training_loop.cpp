#include "inkling/measure/training_loop.h"

#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"

namespace inkling {

TrainingLoop::TrainingLoop(const Dataset& images, const TrainingLoopOptions& options)
    : model_(options.network, options.seed),
      optimizer_(model_, {.kind = Optimizer::sgd, .learning_rate = options.learning_rate}),
      ws_(model_, options.batch, options.precision),
      batches_(images, {.size = options.batch, .seed = options.seed}) {}

double TrainingLoop::epoch(const Runtime& rt) {
  double loss = 0;
  for (const Batch& batch : batches_.epoch(epochs_++)) loss += step(rt, batch);
  return loss / static_cast<double>(batches_.count());
}

double TrainingLoop::first_step(const Runtime& rt) { return step(rt, *batches_.epoch(epochs_++).begin()); }

double TrainingLoop::step(const Runtime& rt, const Batch& batch) {
  forward(rt, model_, batch.pixels, ws_);
  const double loss = softmax_cross_entropy(rt, batch.labels, ws_);
  optimizer_.backward_and_step(rt, model_, batch.pixels, ws_, optimizer_.options().learning_rate);
  return loss;
}

}  // namespace inkling
