// Temperature scaling: one number that makes a trained model's confidence believable, and no answer different.
#pragma once

#include <cstdint>
#include <span>

#include "inkling/core/view.h"
#include "inkling/model/config.h"

namespace inkling {

inline constexpr double kLeastTemperature = 0.05, kMostTemperature = 20;  // guess: far beyond what networks need

// The T for Config::temperature that gives the labels the least negative log-likelihood under class_probabilities(), to
// a relative 1e-6 (Guo, Pleiss, Sun, Weinberger 2017, section 4.2), between the limits above: a limit itself where the
// best is beyond it, as below 1 when no answer is wrong. 1 where T makes no difference, and for linear outputs, which
// have none. Fit it on logits (B, C) and labels of images that the model was not trained on. Deterministic. Throws
// Error: shape, numeric (a logit that is not finite).
float fit_temperature(ConstMatrixView logits, std::span<const std::uint8_t> labels, Output output);

}  // namespace inkling
