// Backprop held against two independent ways to differentiate.
//
// The pass that is checked is a training pass of the model's configuration, with its dropout masks, noise and mixing
// held: the same in every evaluation. Complex step: exact to rounding, in double. Central differences: (loss(w + h) -
// loss(w - h)) / 2h in double, which checks the complex step itself. Differences are norm-wise over a tensor, |a - n| /
// (|a| + |n|) in Euclidean norms; 0 where both are zero, and not a number where either is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "inkling/kernel/runtime.h"
#include "inkling/model/loss.h"
#include "inkling/model/mlp.h"
#include "inkling/model/penalty.h"

namespace inkling {

inline constexpr double kBackpropTolerance =
    1e-5;                                         // fp32 backprop against the complex step: some tens of fp32 roundings
inline constexpr double kDoubleTolerance = 1e-7;  // central differences against the complex step, both in double

struct GradcheckOptions {
  std::size_t images = 5;                 // in the batch: random pixels, about half of them zero, random labels
  std::size_t parameters_a_tensor = 256;  // chosen at random where a tensor has more; 0 checks every one
  std::uint64_t seed = 1;
  LossOptions loss{};
  PenaltyOptions penalty{};  // of which max_norm is no part of the gradient
  float mixup = 0;           // Beta's alpha; 0 mixes nothing
};

struct TensorCheck {
  std::string name{};
  std::size_t size = 0;  // parameters of the tensor
  std::size_t checked = 0;
  double backprop = 0;  // fp32 backprop against complex step
  double central = 0;   // central differences against complex step

  // False when a difference is above its tolerance or not a number.
  bool passed() const { return backprop <= kBackpropTolerance && central <= kDoubleTolerance; }
};

// One entry for each tensor of the table. Throws Error config for no images, and for a loss that does not fit the
// model's output.
std::vector<TensorCheck> gradcheck(const Runtime& rt, const Mlp& model, const GradcheckOptions& options);

}  // namespace inkling
