#include "inkling/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"

namespace inkling {

Optimizer::Optimizer(const Mlp&, const Options& options) : options_(options) {
  if (!(options.learning_rate > 0) || !std::isfinite(options.learning_rate))
    fail(ErrorKind::config, "learning rate {}; expected a finite number above 0", options.learning_rate);
}

void Optimizer::step(const Runtime& rt, Mlp& model, const Workspace& ws) {
  const std::size_t size = model.arena().size();
  if (!ws.fits(model))
    fail(ErrorKind::shape, "optimizer: the workspace was made for another network than {}", describe(model.config()));
  constexpr std::size_t kFloatsATask = 1u << 14;  // guess: 64 KB of weights, some microseconds of work
  rt.pool().run((size + kFloatsATask - 1) / kFloatsATask, [&](std::size_t task) noexcept {
    const std::size_t first = task * kFloatsATask;
    rt.kernels().sgd(model.arena().data() + first, ws.gradients().data() + first, std::min(kFloatsATask, size - first),
                     options_.learning_rate);
  });
}

}  // namespace inkling
