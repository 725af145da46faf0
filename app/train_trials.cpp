#include "app/train_trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "inkling/core/error.h"
#include "inkling/data/select.h"
#include "inkling/train/find_rate.h"

namespace {

constexpr std::size_t kColumns = 60, kLines = 14;  // of the drawn curve

// The smoothed loss over the logarithm of the rate, in characters.
void draw(const inkling::RateCurve& curve) {
  const auto& points = curve.points;
  double low = points[0].smoothed, high = points[0].smoothed;
  for (const inkling::RatePoint& p : points) {
    low = std::min(low, p.smoothed);
    high = std::max(high, std::min(p.smoothed, 1.25 * points[0].smoothed));
  }
  if (high == low) high = low + 1;
  const double left = std::log10(static_cast<double>(points.front().rate));
  const double right = std::log10(static_cast<double>(points.back().rate));
  const auto column_of = [&](double rate) {
    return static_cast<std::size_t>(std::lround((std::log10(rate) - left) / (right - left) * (kColumns - 1)));
  };
  std::vector<std::string> lines(kLines, std::string(kColumns, ' '));
  for (const inkling::RatePoint& p : points) {
    const double share = std::min(1.0, (p.smoothed - low) / (high - low));
    lines[static_cast<std::size_t>(std::lround((1 - share) * (kLines - 1)))][column_of(static_cast<double>(p.rate))] =
        '*';
  }
  std::string marks(kColumns, ' ');
  if (curve.suggested > 0) marks[column_of(static_cast<double>(curve.suggested))] = '^';
  fmt::print("  loss\n");
  for (std::size_t k = 0; k < kLines; ++k)
    fmt::print("{:>8} |{}\n", k == 0 || k == kLines - 1 ? fmt::format("{:.3f}", k == 0 ? high : low) : "", lines[k]);
  fmt::print("         +{}\n          {}\n", std::string(kColumns, '-'), marks);
  fmt::print("          {:<6.0e}{:^{}}{:>6.0e}\n", points.front().rate, "learning rate", kColumns - 12,
             points.back().rate);
}

}  // namespace

void run_find_lr(const inkling::Runtime& rt, const inkling::Recipe& recipe, const inkling::Mlp& model,
                 const inkling::Dataset& train) {
  const inkling::RateCurve curve = inkling::find_rate(rt, model, train, recipe.fit);
  if (curve.points.size() < 2) {
    fmt::print("The loss is not finite from the start: no learning rate can be found.\n");
    return;
  }
  fmt::print("Learning-rate range test: {} steps, the rate grows from {:.0e} to {:.2g}{}\n\n", curve.points.size(),
             curve.points.front().rate, curve.points.back().rate,
             curve.points.back().rate < 9.9f ? ",\nwhere the loss exploded" : "");
  fmt::print("      rate        loss    smoothed\n");
  constexpr std::size_t kRows = 15;
  const std::size_t every = std::max<std::size_t>(1, curve.points.size() / kRows);
  for (std::size_t k = 0; k < curve.points.size(); k += every)
    fmt::print("{:>10.2e}  {:>10.4f}  {:>10.4f}\n", curve.points[k].rate, curve.points[k].loss,
               curve.points[k].smoothed);
  fmt::print("\n");
  draw(curve);
  if (curve.suggested > 0)
    fmt::print(
        "\nThe loss falls fastest near {:.2g} (^) and is lowest at {:.2g}:\ntry --lr {:.2g}, and stay below the "
        "latter.\n",
        curve.suggested, curve.lowest_at, curve.suggested);
  else
    fmt::print("\nThe loss falls nowhere: look at the data and the network first.\n");
}

bool run_overfit_one_batch(const inkling::Runtime& rt, const inkling::Recipe& recipe, inkling::Mlp model,
                           const inkling::Dataset& train) {
  constexpr std::size_t kMostImages = 128;  // guess: what a batch usually has
  constexpr std::size_t kMostSteps = 2000;  // guess
  const inkling::Dataset one = inkling::first_images(train, std::min(recipe.fit.batch, kMostImages));
  inkling::FitOptions options = recipe.fit;
  options.batch = one.count();
  options.accumulate = 1;
  options.epochs = kMostSteps;
  options.report_every = 50;
  options.schedule = {};
  options.stop = {.target_accuracy = 1};
  fmt::print("Training on {} images alone, up to {} steps:\na network that can learn learns them by heart.\n",
             one.count(), kMostSteps);
  const inkling::FitResult result = inkling::fit(
      rt, model, {.train = one, .test = one}, options, {.on_epoch = [](const inkling::EpochReport& r) {
        fmt::print("step {:>5}  loss {:.4f}  right {:.1f} %\n", r.steps, r.test.loss, 100 * r.test.accuracy);
      }});
  const bool learnt = result.test.correct == result.test.count;
  if (learnt)
    fmt::print("Passed: all {} images are read right after {} steps.\n", one.count(), result.steps);
  else
    fmt::print(
        "FAILED: {} of {} images are still read wrong after {} steps.\nTry another learning rate (--find-lr), less "
        "regularisation, or look at the data\n(inkling data show).\n",
        result.test.count - result.test.correct, one.count(), result.steps);
  return learnt;
}
