// What a class or a hidden unit likes most: the image that makes it answer highest, within what an image can be.
//
// Found by gradient ascent with a regulariser (Erhan, Bengio, Courville, Vincent 2009, "Visualizing Higher-Layer
// Features of a Deep Network"; Simonyan et al. 2014; the smoothness term as in Mahendran, Vedaldi 2015). Of all images
// p with pixels from 0 to 1 it climbs, from a light grey,
//
//   J(p) = a(p) / G - decay / 2 sum_i p_i^2 - smoothness / 2 sum_{i, j neighbours} (p_i - p_j)^2
//
// with a the logit of a class less the mean of all logits (softmax does not see what all have in common), or the output
// of a hidden unit before its activation, and G the length of a's gradient at the start, so that one decay suits all
// networks. Each step goes along the gradient and back into the box. The same bytes on every machine.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

// Unit `unit` of layer `layer`, counted from 0: a hidden layer, or the last one, whose units are the classes.
struct Unit {
  std::size_t layer = 0, unit = 0;

  bool operator==(const Unit&) const = default;
};

struct PreferredOptions {
  double decay = 0.02;      // guess: by eye, of MNIST and Fashion-MNIST
  double smoothness = 0.1;  // guess: likewise
  std::size_t steps = 150;  // derived: 1 - decay / (decay + 8 smoothness) is what is left of an error after a step
};

struct PreferredInputs {
  Matrix images;              // (units, I): pixels from 0 to 1
  std::vector<double> black;  // (units): a of the black image
  std::vector<double> found;  // (units): a of the images
};

// Images of height x width pixels. Throws Error: shape (not the network's inputs, a unit that it has not), config
// (batch normalisation, an option out of range).
PreferredInputs preferred_inputs(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                                 std::span<const Unit> units, const PreferredOptions& options = {});

}  // namespace inkling
