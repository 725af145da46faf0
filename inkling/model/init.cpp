#include "inkling/model/init.h"

#include <cmath>

#include "inkling/core/rng.h"

namespace inkling {

void initialize(Mlp& model, std::uint64_t seed) {
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const Rng rng(seed, streams::kInit + l);
    const MatrixView W = model.weight(l);
    const double deviation = std::sqrt(2.0 / static_cast<double>(W.rows));
    for (std::size_t i = 0; i < W.rows; ++i)
      for (std::size_t o = 0; o < W.cols; ++o) W(i, o) = static_cast<float>(deviation * rng.normal(i * W.cols + o));
    for (float& b : model.bias(l).row(0)) b = 0;
  }
}

}  // namespace inkling
