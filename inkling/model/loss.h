// How wrong the outputs are: the losses, and what the targets are made of. PyTorch's definitions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/config.h"
#include "inkling/model/workspace.h"

namespace inkling {

enum class Loss {
  cross_entropy,         // softmax outputs: sum_c t_c w_c (-log p_c), over the sum of the batch's w_label; with mixed
                         // labels over the sum of lambda w_label + (1 - lambda) w_partner
  focal,                 // the same with (1 - p_c)^gamma in front of -log p_c (Lin et al. 2017)
  binary_cross_entropy,  // sigmoid outputs: mean over images and outputs of -(t log s + (1 - t) log(1 - s)) w_c
  mean_squared_error,    // linear outputs: mean over images and outputs of (z - t)^2 w_c
};

inline std::span<const std::string_view> choice_names(Loss) {
  static constexpr std::string_view kNames[] = {"cross_entropy", "focal", "binary_cross_entropy", "mean_squared_error"};
  return kNames;
}

// The output that belongs to a loss, and the plain loss of an output, by which networks are measured.
Output output_of(Loss loss);
Loss plain_loss(Output output);

struct LossOptions {
  Loss kind = Loss::cross_entropy;
  float label_smoothing = 0;         // in [0, 1): targets are (1 - s) onehot + s / classes (binary: + s / 2)
  std::vector<float> class_weights;  // one for each output, above 0 or 0; empty: all 1
  float focal_gamma = 2;

  bool operator==(const LossOptions&) const = default;
};

// Throws Error config: an option out of range, or weights that are not as many as the network's outputs.
void check(const LossOptions& options, const Config& config);

// A batch's labels mixed with those of other images of the same batch (mixup): target = lambda onehot(label) +
// (1 - lambda) onehot(partner). An image then counts as right when its largest logit is that of the class which has
// most of the target: the label, or below a lambda of 1/2 the partner.
struct MixedLabels {
  std::span<const std::uint8_t> labels;    // (B)
  std::span<const std::uint8_t> partners;  // (B), or empty: nothing is mixed
  float lambda = 1;
};

// Mean loss of ws's logits (see forward) against B labels, each below the number of outputs. Sets dz of the last layer,
// loss() and is_correct() of each image, and correct. loss() has each image's own loss: their mean is the result
// unless class weights say otherwise; where every image of the batch has weight 0 it is 0. options are those of
// check(). Throws Error shape for labels, partners or class weights that do not fit the logits.
double compute_loss(const Runtime& rt, const LossOptions& options, const MixedLabels& labels, Workspace& ws);

// The plain case of it: mean cross-entropy of the softmax, in nats. Not finite when a logit is not.
double softmax_cross_entropy(const Runtime& rt, std::span<const std::uint8_t> labels, Workspace& ws);

}  // namespace inkling
