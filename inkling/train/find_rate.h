// The learning-rate range test (Smith 2017, "Cyclical learning rates for training neural networks", section 3.3): one
// short run in which the rate grows from step to step, and what the loss makes of it.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/train/fit.h"

namespace inkling {

struct RatePoint {
  float rate = 0;
  double loss = 0;      // of the step's batch
  double smoothed = 0;  // an average of it and those before that forgets
};

struct RateCurve {
  std::vector<RatePoint> points;  // up to where the loss exploded
  float suggested = 0;            // where the smoothed loss falls fastest, as the rate's logarithm goes; 0: nowhere
  float lowest_at = 0;            // the rate of the lowest smoothed loss: do not go there
};

// Trains a copy of model for `steps` steps with rates from `low` to `high`, geometrically, and stops where the smoothed
// loss is four times its lowest. Everything else is as options say. Throws Error config: low and high that are not
// 0 < low < high, fewer than 10 steps.
RateCurve find_rate(const Runtime& rt, const Mlp& model, const Dataset& train, const FitOptions& options,
                    float low = 1e-6f, float high = 10.0f, std::size_t steps = 200);

}  // namespace inkling
