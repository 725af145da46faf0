// The gradient of one step: of a batch, or of several batches added up, clipped and with the penalties' part.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/core/aligned.h"
#include "inkling/data/batches.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/loss.h"
#include "inkling/model/mlp.h"
#include "inkling/model/penalty.h"
#include "inkling/model/training_pass.h"
#include "inkling/model/workspace.h"

namespace inkling {

struct GradientOptions {
  LossOptions loss{};
  PenaltyOptions penalty{};
  float clip_value = 0;  // bound of each derivative's size; 0: none
  float clip_norm = 0;   // bound of the whole gradient's norm (Pascanu, Mikolov, Bengio 2013); 0: none
  float mixup = 0;       // Beta's alpha (Zhang et al. 2018); 0 mixes nothing

  bool operator==(const GradientOptions&) const = default;
};

// Throws Error config.
void check(const GradientOptions& options, const Config& config);

class Gradient {
 public:
  // several: whether more than one batch will be added up.
  Gradient(const Mlp& model, const GradientOptions& options, bool several);

  // Forward pass and loss of a batch; pass counts the run's batches from 0. Returns the batch's mean loss.
  double loss(const Runtime& rt, Mlp& model, const Batch& batch, Workspace& ws, std::uint64_t seed, std::uint64_t pass);

  // Its backward pass. share is its images over those of the whole step. The gradient is ready after finish().
  void add(const Runtime& rt, const Mlp& model, const Batch& batch, Workspace& ws, double share);

  // Whether the step's gradient is that of one batch as it is, so that an optimiser may fuse it with its step.
  bool is_plain() const;

  // Clips by value, then by norm, then adds the penalties' gradient, as a PyTorch user does who clips before the step.
  // Leaves it in ws, whose mean_loss becomes that of the step, penalties included.
  void finish(const Runtime& rt, const Mlp& model, Workspace& ws);

 private:
  GradientOptions options_;
  Mixing mixing_;
  AlignedBuffer<float> sum_;  // (arena), when there are several
  double loss_ = 0;
  bool any_ = false;
};

}  // namespace inkling
