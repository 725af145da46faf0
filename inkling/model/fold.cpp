#include "inkling/model/fold.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"

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

Mlp without_output(const Mlp& model, std::size_t which) {
  Config config = model.config();
  if (which >= config.outputs() || config.outputs() < 2)
    fail(ErrorKind::shape, "{} cannot lose output {}", describe(config), which);
  --config.widths.back();
  Mlp smaller(config);
  const auto copy = [&](ConstMatrixView from, MatrixView to, bool is_last) {
    for (std::size_t r = 0; r < from.rows; ++r)
      for (std::size_t c = 0; c < to.cols; ++c) to(r, c) = from(r, is_last && c >= which ? c + 1 : c);
  };
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const bool is_last = l + 1 == model.layer_count();
    copy(model.weight(l), smaller.weight(l), is_last);
    copy(model.bias(l), smaller.bias(l), is_last);
    if (!is_last && config.batch_norm) copy(model.scale(l), smaller.scale(l), false);
  }
  std::ranges::copy(model.statistics(), smaller.statistics().begin());
  return smaller;
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
