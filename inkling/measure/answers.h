// How fast a network answers: one image at a time, and in batches.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/core/view.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

// Answers up to max_batch images at a time. Holds what answering writes; model and images must outlive it.
class Answerer {
 public:
  Answerer(const Runtime& rt, const Mlp& model, PixelView images, std::size_t max_batch);

  // Seconds that each image took on its own.
  std::vector<double> one_by_one(const Runtime& rt);
  // Answers all images, max_batch at a time.
  void in_batches(const Runtime& rt);

 private:
  void answer(const Runtime& rt, std::size_t first, std::size_t count);

  const Mlp* model_;
  PixelView images_;  // (count, I)
  Workspace ws_;
  Matrix probabilities_;  // (max_batch, outputs)
};

}  // namespace inkling
