// The gradient check of everything that can be chosen: each activation with each loss with each option, on small nets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inkling/kernel/runtime.h"
#include "inkling/model/gradcheck.h"

namespace inkling {

struct GridCell {
  Activation activation = Activation::relu;
  std::string loss;     // "cross_entropy", "class_weights", ...
  std::string option;   // "plain", "dropout", "batch_norm", ...
  double backprop = 0;  // the worst tensor's differences; see TensorCheck
  double central = 0;
  bool passed = false;
};

// Names of the columns and layers of the grid, in the order of the cells.
std::vector<std::string> grid_losses();
std::vector<std::string> grid_options();

// activations x losses x options cells, in that order of nesting.
std::vector<GridCell> gradcheck_grid(const Runtime& rt, std::uint64_t seed = 1);

}  // namespace inkling
