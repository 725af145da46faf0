// When an answer of a network is none: the limits, and the statistics of the last hidden layer that they are held
// against. Plain numbers, which stand in a model's file beside its weights; inkling/reader/refusal.h computes with
// them.
//
// H is the width of the last hidden layer, C the number of classes. A rule may lack the distance (a network without a
// hidden layer has none) and the unit for "none of the classes" (a network that was shown no such images has none).
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/model/config.h"

namespace inkling {

// Wider layers keep only the variances of the covariance matrix. guess: a megabyte in the model's file.
inline constexpr std::size_t kMaxCovarianceWidth = 512;

struct RefusalRule {
  // How the limits were chosen: so that this share of so many held-out images is refused.
  double rate = 0.01;
  std::size_t images = 0;

  float least_probability = 0;  // an answer of less is refused: unsure
  float most_distance = 0;      // one from further away is refused: an outlier

  // Mahalanobis's distance to the nearest class mean, for one covariance matrix S of all classes (Lee, Lee, Lee, Shin
  // 2018, section 2.1): min_c |whitening h - center_c|, with whitening^T whitening = S^-1, center_c = whitening mean_c.
  std::vector<float> centers{};    // (C, H), or empty: no distance
  std::vector<float> whitening{};  // (H, H), lower triangular, or (H), a diagonal, where H > kMaxCovarianceWidth

  // One more logit, of "none of the classes": none_weight . h + none_bias.
  std::vector<float> none_weight{};  // (H), or empty: no such unit
  float none_bias = 0;

  bool has_distance() const { return !centers.empty(); }
  bool has_none() const { return !none_weight.empty(); }
  bool operator==(const RefusalRule&) const = default;
};

// Width of what the last layer reads.
inline std::size_t last_width(const Config& config) { return config.widths[config.widths.size() - 2]; }

// Throws Error: shape (sizes that do not fit the network), numeric (a number that is not finite), config (a limit or
// rate out of its range).
void check(const RefusalRule& rule, const Config& config);

}  // namespace inkling
