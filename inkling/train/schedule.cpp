#include "inkling/train/schedule.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"

namespace inkling {
namespace {

// From `from` at share 0 to `to` at share 1 along half a cosine.
double along_cosine(double from, double to, double share) {
  return to + (from - to) * (1 + portable_cos_turn(std::clamp(share, 0.0, 1.0) / 2)) / 2;
}

}  // namespace

Schedule::Schedule(const Options& options, float learning_rate, std::uint64_t total_steps,
                   std::uint64_t steps_per_epoch)
    : options_(options),
      rate_(static_cast<double>(learning_rate)),
      total_steps_(total_steps),
      steps_per_epoch_(steps_per_epoch) {
  if (!(options.gamma > 0 && options.gamma <= 1))
    fail(ErrorKind::config, "schedule gamma {}; expected a number above 0, up to 1", options.gamma);
  if (options.step_epochs == 0) fail(ErrorKind::config, "a step schedule with steps of 0 epochs; expected 1 or more");
  if (!(options.lowest >= 0) || !std::isfinite(options.lowest))
    fail(ErrorKind::config, "lowest learning rate {}; expected a finite number, 0 or above", options.lowest);
  if (total_steps == 0 || steps_per_epoch == 0) fail(ErrorKind::config, "a schedule of 0 steps; expected 1 or more");
}

float Schedule::rate(std::uint64_t s) const {
  const std::uint64_t epoch = s / steps_per_epoch_;
  const auto gamma = static_cast<double>(options_.gamma), lowest = static_cast<double>(options_.lowest);
  const auto at = static_cast<double>(s), total = static_cast<double>(total_steps_);
  double rate = rate_;
  switch (options_.kind) {
    case constant: break;
    case step: rate *= portable_power(gamma, epoch / options_.step_epochs); break;
    case exponential: rate *= portable_power(gamma, epoch); break;
    case cosine: rate = along_cosine(rate_, lowest, at / total); break;
    case one_cycle: {  // PyTorch's defaults: 30 % up from a 25th, then down to a 250,000th
      const double start = rate_ / 25, end = start / 1e4;
      const double top = 0.3 * total - 1, last = total - 1;
      rate = at <= top ? along_cosine(start, rate_, top > 0 ? at / top : 1)
                       : along_cosine(rate_, end, last > top ? (at - top) / (last - top) : 1);
      break;
    }
    case reduce_on_plateau: rate = std::max(rate_ * state_.factor, std::min(lowest, rate_)); break;
  }
  if (s < options_.warmup) rate *= (at + 1) / static_cast<double>(options_.warmup);
  return static_cast<float>(rate);
}

void Schedule::observe(double loss) {
  if (options_.kind != reduce_on_plateau) return;
  constexpr double kThreshold = 1e-4;  // PyTorch's: a loss counts as better when it is below best (1 - threshold)
  if (!state_.any || loss < state_.best * (1 - kThreshold)) {
    state_.best = loss;
    state_.any = true;
    state_.bad_epochs = 0;
  } else if (++state_.bad_epochs > options_.patience) {
    state_.factor *= static_cast<double>(options_.gamma);
    state_.bad_epochs = 0;
  }
}

}  // namespace inkling
