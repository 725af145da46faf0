// What a training pass adds to a forward pass: dropout, noise on the inputs, images mixed with one another.
//
// Everything random is a function of (seed, step, layer, image's place in the batch, unit) and of nothing else, so that
// a resumed run draws what the unbroken one would have drawn, on any number of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

struct TrainingPass {
  std::uint64_t seed = 1;
  std::uint64_t step = 0;  // counts the run's passes; below 2^32

  // The images are those of the pass before, at the same place: what was found out about them still holds.
  bool same_images = false;

  // Mixup (Zhang, Cisse, Dauphin, Lopez-Paz 2018): image b becomes lambda x[b] + (1 - lambda) x[partners[b]].
  float lambda = 1;
  std::span<const std::uint32_t> partners{};  // (B) places in the batch, or empty
};

// What image b is mixed with at a step, for mixup with Beta(alpha, alpha), alpha above 0: one lambda a batch, which is
// in [0, 1]: a small alpha's draws lie so near the ends that they round to them, at 0.2 one in 60.
struct Mixing {
  float lambda = 1;
  std::vector<std::uint32_t> partners;
  std::vector<std::uint8_t> partner_labels;
};
void draw_mixing(float alpha, std::uint64_t seed, std::uint64_t step, std::span<const std::uint8_t> labels,
                 Mixing& mixing);

// The share that is really dropped when `share` in [0, 1) is asked for: masks compare 16 random bits, so it is a
// multiple of 2^-16, below 1.
double dropped_share(float share);
// True where unit o of image b is kept. layer 0 is the inputs, layer l + 1 the outputs of hidden layer l.
bool is_kept(float share, const TrainingPass& pass, std::size_t layer, std::size_t b, std::size_t o, std::size_t width);

// Multiplies the rows of a by 1 / (1 - share) where a unit is kept and by 0 where it is dropped; those of slope
// likewise, where it has data.
void drop_out(const Runtime& rt, float share, const TrainingPass& pass, std::size_t layer, MatrixView a,
              MatrixView slope);

// What the first layer reads in a training pass; written into ws where it is not the images themselves.
FirstInput noisy_input(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, const TrainingPass& pass);

}  // namespace inkling
