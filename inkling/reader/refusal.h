// Knowing when not to know: from a network's answer to "not a digit", with the reason.
//
// Two things make an answer none. It is unsure: the probability of the class, calibrated by the model's temperature and
// with "none of the classes" among the choices where the network has a unit for that, is below a limit. Or the image is
// unlike what the network was trained on: what its last hidden layer makes of it is far from every class's mean
// (Mahalanobis's distance: Lee, Lee, Lee, Shin 2018, "A Simple Unified Framework for Detecting Out-of-Distribution
// Samples and Adversarial Attacks"). Both limits are chosen on held-out images, together, at a stated share of them
// refused. A model without a RefusalRule refuses nothing here.
//
// Deterministic: the same bytes for any number of threads. Pure functions, safe from many threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/refusal_rule.h"
#include "inkling/model/workspace.h"

namespace inkling {

// What a rule sees of one image.
struct Evidence {
  std::size_t best = 0;   // class of the largest logit
  float probability = 0;  // of that class; with a none unit among all of them and "none"
  float none = 0;         // probability of "none of the classes"; 0 without such a unit
  float distance = 0;     // to the nearest class mean; 0 without class centres
};

// Of image b of the batch that forward() or predict() left in ws; p (B, C) are its class probabilities.
Evidence evidence_of(const Mlp& model, const RefusalRule& rule, const Workspace& ws, ConstMatrixView p, std::size_t b);
// Of every image of a set. Throws Error shape: images that do not fit the network.
std::vector<Evidence> evidence_of(const Runtime& rt, const Mlp& model, const RefusalRule& rule, PixelView images);

// The reason, where the rule refuses: "looks like none of the classes (97 %)", "unlike the training images (outlier
// score 31, limit 12)", "unsure (41 %)".
std::optional<std::string> refusal_reason(const RefusalRule& rule, const Evidence& evidence);

struct RefusalOptions {
  double rate = 0.01;                // share of the held-out images to be refused
  std::vector<float> none_weight{};  // (H), where the network was trained with a class for "none"
  float none_bias = 0;
};

// Means and covariance from `train`, limits from `held_out`, images that the network was not trained on: both limits at
// the same share of held_out's images, which is the largest for which they refuse at most `rate` of them together.
// Of so few images that the rate is not one of them, none is refused. Throws Error: shape (images or sizes that do not
// fit), config (a rate that is not between 0 and 1).
RefusalRule fit_refusal(const Runtime& rt, const Mlp& model, const Dataset& train, const Dataset& held_out,
                        const RefusalOptions& options = {});

}  // namespace inkling
