#include "inkling/model/fold.h"

#include <algorithm>
#include <cmath>

namespace inkling {

Mlp fold(const Mlp& model) {
  Config config = model.config();
  config.batch_norm = false;
  config.dropout = config.dropout_input = config.input_noise = 0;
  Mlp folded(config);
  // Weights and biases come first in either arena.
  std::copy_n(model.arena().begin(), folded.arena().size(), folded.arena().begin());
  if (!model.config().batch_norm) return folded;

  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l)
    for (std::size_t o = 0; o < config.widths[l + 1]; ++o) {
      const double s =
          static_cast<double>(model.scale(l)(0, o)) /
          std::sqrt(static_cast<double>(model.running_variance(l)(0, o)) + static_cast<double>(kNormEpsilon));
      for (std::size_t i = 0; i < config.widths[l]; ++i)
        folded.weight(l)(i, o) = static_cast<float>(static_cast<double>(model.weight(l)(i, o)) * s);
      folded.bias(l)(0, o) = static_cast<float>(static_cast<double>(model.bias(l)(0, o)) -
                                                static_cast<double>(model.running_mean(l)(0, o)) * s);
    }
  return folded;
}

Mlp with_temperature(const Mlp& model, float temperature) {
  Config config = model.config();
  config.temperature = temperature;
  Mlp copy(config);
  std::ranges::copy(model.arena(), copy.arena().begin());
  std::ranges::copy(model.statistics(), copy.statistics().begin());
  return copy;
}

}  // namespace inkling
