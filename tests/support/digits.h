// Made-up data that a network can learn, for tests that need no MNIST.
#pragma once

#include "inkling/core/rng.h"
#include "inkling/data/dataset.h"

namespace inkling {

// Images of side x side pixels, 19 % ink or so: each class has a random prototype, each image shows it with noise.
inline Dataset made_up_digits(std::size_t count, std::size_t side = 12, std::uint64_t seed = 1) {
  Dataset data{.height = side, .width = side, .pixels = {}, .labels = {}, .class_names = digit_names(10)};
  const Rng prototypes(99, 0), noise(seed, 1);
  for (std::size_t j = 0; j < count; ++j) {
    const auto label = static_cast<std::uint8_t>(noise.below(10, j << 32));
    data.labels.push_back(label);
    for (std::size_t i = 0; i < side * side; ++i) {
      const bool ink = prototypes.uniform(label * side * side + i) < 0.19;
      const double u = noise.uniform((j << 32) + 2 * i + 1);
      const bool flipped = u < 0.08;
      data.pixels.push_back(ink != flipped ? static_cast<std::uint8_t>(1 + noise.below(255, (j << 32) + 2 * i + 2))
                                           : 0);
    }
  }
  return data;
}

}  // namespace inkling
