// What a run tells TensorBoard after an epoch, as bytes of an event file: losses, accuracies, learning rate, gradient
// norms, update ratios and images a second as scalars, each tensor's weights as a histogram, the first layer's as a
// picture.
//
// Messages are tensorflow.Event and tensorflow.Summary (tensorflow/core/util/event.proto, framework/summary.proto), in
// the fields that every reader since TensorFlow 1 knows. The x axis is the optimiser's steps. The same arguments give
// the same bytes: the clock is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inkling/core/file.h"
#include "inkling/model/mlp.h"
#include "inkling/train/fit.h"

namespace inkling {

// What a file begins with. `resumed_at`: steps that a resumed run has behind it, else 0. Readers take the mark of a
// start that is not the first as a restart, and forget what other files of the folder say of later steps.
Bytes first_events(double wall_seconds, std::uint64_t resumed_at);

struct EpochFacts {
  double wall_seconds = 0;  // since 1970
  double images_per_second = 0;
  std::size_t image_height = 0, image_width = 0;  // a network of other inputs has no picture
};

// model: as training left it at the epoch's end, before any averaging.
Bytes epoch_events(const EpochReport& report, const Mlp& model, const EpochFacts& facts);

}  // namespace inkling
