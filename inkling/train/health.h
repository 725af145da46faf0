// How training goes inside: sizes of gradients and steps, units that are dead, layers that vanish or explode.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

struct TensorHealth {
  std::string name{};
  double gradient_norm = 0;  // of the epoch's last step
  double update_ratio = 0;   // norm of that step's change over norm of the tensor; 0 for a tensor of zeros
};

// Something that a person should know. `about` is the same from epoch to epoch, so that it need not be said twice.
struct Complaint {
  std::string about{};  // "hidden layer 1: dead units"
  std::string text{};
};

// before: the model's arena as it was before the step whose gradient is in ws.
std::vector<TensorHealth> tensor_health(const Mlp& model, const std::vector<float>& before, const Workspace& ws);

// A sentence each: gradients that are nothing, steps as large as the weights, and hidden
// units of ReLU that none of the first images of the data brings to life, when they are a tenth of a layer or more.
// rate_share is the last step's learning rate over the largest: at a schedule's end steps may be small. ws is written.
std::vector<Complaint> complaints(const Runtime& rt, const Mlp& model, const Dataset& data,
                                  const std::vector<TensorHealth>& health, double rate_share, Workspace& ws);

// The first tensor with a number that is not finite, among the weights or else among the gradients in ws.
std::optional<std::string> first_not_finite(const Mlp& model, const Workspace& ws);

}  // namespace inkling
