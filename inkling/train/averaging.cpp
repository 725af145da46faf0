#include "inkling/train/averaging.h"

#include <algorithm>
#include <span>

#include "inkling/core/error.h"

namespace inkling {
namespace {

// average = (1 - share) average + share x
void take_in(std::vector<float>& average, std::span<const float> x, float share) {
  for (std::size_t i = 0; i < average.size(); ++i) average[i] += share * (x[i] - average[i]);
}

}  // namespace

void check(const AveragingOptions& options) {
  if (!(options.ema >= 0 && options.ema < 1))
    fail(ErrorKind::config, "ema {}; expected a number from 0 to below 1", options.ema);
  if (options.ema > 0 && options.swa_start > 0)
    fail(ErrorKind::config, "ema and swa_start both average the weights; choose one");
}

void Averaging::after_step(const Runtime& rt, const Mlp& model) {
  if (options_.ema == 0) return;
  if (count_++ == 0) {
    weights_.assign(model.arena().begin(), model.arena().end());
    statistics_.assign(model.statistics().begin(), model.statistics().end());
    return;
  }
  constexpr std::size_t kFloatsATask = 1u << 14;  // guess: as in the optimiser
  const std::size_t size = weights_.size();
  rt.pool().run((size + kFloatsATask - 1) / kFloatsATask, [&](std::size_t task) noexcept {
    const std::size_t first = task * kFloatsATask;
    rt.kernels().blend(weights_.data() + first, model.arena().data() + first, std::min(kFloatsATask, size - first),
                       options_.ema, 1 - options_.ema);
  });
  take_in(statistics_, model.statistics(), 1 - options_.ema);
}

void Averaging::after_epoch(const Mlp& model, std::size_t epoch) {
  if (options_.swa_start == 0 || epoch < options_.swa_start) return;
  if (count_++ == 0) {
    weights_.assign(model.arena().begin(), model.arena().end());
    statistics_.assign(model.statistics().begin(), model.statistics().end());
    return;
  }
  const float share = 1.0f / static_cast<float>(count_);
  take_in(weights_, model.arena(), share);
  take_in(statistics_, model.statistics(), share);
}

Mlp Averaging::averaged(const Mlp& model) const {
  Mlp copy = model;
  std::ranges::copy(weights_, copy.arena().begin());
  std::ranges::copy(statistics_, copy.statistics().begin());
  return copy;
}

void Averaging::restore(const State& state) {
  count_ = state.count;
  weights_ = state.weights;
  statistics_ = state.statistics;
}

}  // namespace inkling
