#include "inkling/train/find_rate.h"

#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/data/batches.h"

namespace inkling {
namespace {

// Where the smoothed loss falls fastest over a few points.
float steepest(const std::vector<RatePoint>& points) {
  constexpr std::size_t kSpan = 5;    // guess: points over which a slope is taken
  constexpr double kRounding = 1e-9;  // guess: what rounding makes of a loss that stays is less
  double best = points.empty() ? 0 : kRounding * points.front().smoothed;
  float rate = 0;
  for (std::size_t k = kSpan; k + kSpan < points.size(); ++k) {
    const double fall = points[k - kSpan].smoothed - points[k + kSpan].smoothed;
    if (fall > best) {
      best = fall;
      rate = points[k].rate;
    }
  }
  return rate;
}

}  // namespace

RateCurve find_rate(const Runtime& rt, const Mlp& model_in, const Dataset& train, const FitOptions& options, float low,
                    float high, std::size_t steps) {
  if (!(low > 0 && low < high) || !std::isfinite(high) || steps < 10)
    fail(ErrorKind::config, "rates from {} to {} in {} steps; expected 0 < low < high and 10 steps or more", low, high,
         steps);
  constexpr double kForget = 0.9;    // guess: the smoothed loss looks back over about ten steps
  constexpr double kExploded = 4.0;  // Smith's successors' usual bound
  check_fit(model_in.config(), train);
  Mlp model = model_in;
  Batches batches(train, {.size = options.batch, .seed = options.seed});
  Optimizer optimizer(model, options.optimizer);
  Gradient gradient(model, options.gradient, false);
  Workspace ws(model, batches.size(), options.precision);

  RateCurve curve;
  double average = 0, weight = 0, lowest = 0;
  const double growth = portable_log(static_cast<double>(high) / static_cast<double>(low));
  for (std::size_t s = 0; s < steps; ++s) {
    if (s % batches.count() == 0) batches.epoch(s / batches.count());
    const Batch batch = batches.gather(s % batches.count());
    const double loss = gradient.loss(rt, model, batch, ws, options.seed, s);
    if (!std::isfinite(loss)) break;
    gradient.add(rt, model, batch, ws, 1);
    gradient.finish(rt, model, ws);
    const double share = static_cast<double>(s) / static_cast<double>(steps - 1);
    const auto rate = static_cast<float>(static_cast<double>(low) * portable_exp(growth * share));
    average = kForget * average + (1 - kForget) * loss;
    weight = kForget * weight + (1 - kForget);
    curve.points.push_back({.rate = rate, .loss = loss, .smoothed = average / weight});
    if (s == 0 || average / weight < lowest) {
      lowest = average / weight;
      curve.lowest_at = rate;
    }
    if (average / weight > kExploded * lowest) break;
    optimizer.step(rt, model, ws, rate);
    bound_norms(rt, model, options.gradient.penalty.max_norm);
  }
  curve.suggested = steepest(curve.points);
  return curve;
}

}  // namespace inkling
