// How gradients change weights.
#pragma once

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

// Stochastic gradient descent: w -= learning_rate * dw (Robbins and Monro 1951), one fused multiply-add a weight.
class Optimizer {
 public:
  enum Kind { sgd };
  struct Options {
    Kind kind = sgd;
    float learning_rate = 0.1f;
  };

  // Throws Error config when the learning rate is not a positive finite number.
  Optimizer(const Mlp& model, const Options& options);

  // Applies the gradients in ws to the model. Throws Error shape when ws was made for another network.
  void step(const Runtime& rt, Mlp& model, const Workspace& ws);

 private:
  Options options_;
};

}  // namespace inkling
