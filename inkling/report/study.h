// What a model makes of a set of images: its answers, what its hidden layers do on the way, and which of the images
// are worth a look.
//
// Deterministic: the same bytes for any Runtime. Memory is bounded: of very wide layers only the first units are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/train/statistics.h"

namespace inkling {

inline constexpr std::size_t kMaxStudiedUnits = 1024;  // guess: more rows than anybody looks at

// A hidden layer's outputs; `units` are the first of its `width`.
struct HiddenActivity {
  std::size_t width = 0;
  Matrix mean_by_class{};  // (classes, units): mean over the images with that label, 0 where there are none
  Matrix of_samples{};     // (samples, units)
};

struct Study {
  Statistics statistics{};
  Matrix probabilities{};                // (images, classes)
  std::vector<std::size_t> confusion{};  // [label * classes + predicted]
  std::vector<std::size_t> samples{};    // the first image of each class that has one
  std::vector<HiddenActivity> hidden{};
};

// Throws Error: shape (the data do not fit the network), numeric (NaN among the answers).
Study study(const Runtime& rt, const Mlp& model, const Dataset& data);

// A choice of at most `most` images: the mistakes first, the most confident of each pair of classes before the second
// of any; then, in what is left and at most a quarter of `most`, for each class those that were read rightly with the
// least confidence. In that order.
std::vector<std::size_t> images_worth_a_look(const Study& study, std::span<const std::uint8_t> labels,
                                             std::size_t most);

}  // namespace inkling
