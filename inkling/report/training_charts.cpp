#include "inkling/report/training_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "inkling/core/error.h"

namespace inkling {
namespace {

using Value = std::function<double(const EpochRecord&)>;

constexpr std::size_t kMostSigns = 40;  // guess: with more epochs the signs on a line run into each other

void need_epochs(const RunHistory& history) {
  if (history.epochs.empty())
    fail(ErrorKind::config, "{}: no epoch was finished, so there are no curves", history.folder.string());
}

ChartAxis epoch_axis(const RunHistory& history) {
  const auto last = static_cast<double>(history.epochs.back().epoch);
  return {.label = "epoch", .low = 0.5, .high = last + 0.5, .whole_numbers = true};
}

Series series_of(const RunHistory& history, std::string name, std::size_t kind, const Value& value) {
  constexpr int kSigns[] = {7, 5, 9, 13, 11, 6, 4, 8};  // gnuplot's: disc, square, triangle, diamond, ...
  Series s{.name = std::move(name),
           .color = kind_color(kind),
           .dash = static_cast<int>(kind % 4),
           .point = history.epochs.size() <= kMostSigns ? kSigns[kind % std::size(kSigns)] : 0};
  for (const EpochRecord& e : history.epochs) {
    s.x.push_back(static_cast<double>(e.epoch));
    s.y.push_back(value(e));
  }
  return s;
}

// Training, validation where there is one, test; and the best epoch by the last two.
struct Curves {
  std::vector<Series> series;
  std::optional<std::size_t> best;  // index of the epoch
  std::string judged_on;
  double best_value = 0;
};

Curves curves(const RunHistory& history, const Value& train, const Value& validation, const Value& test,
              bool higher_is_better) {
  const bool held_out =
      std::ranges::any_of(history.epochs, [](const EpochRecord& e) { return e.validation_loss.has_value(); });
  Curves c;
  c.series.push_back(series_of(history, "training", 0, train));
  if (held_out) c.series.push_back(series_of(history, "validation", 1, validation));
  c.series.push_back(series_of(history, "test", 2, test));
  c.judged_on = held_out ? "validation" : "test";
  const Value& judge = held_out ? validation : test;
  for (std::size_t k = 0; k < history.epochs.size(); ++k) {
    const double value = judge(history.epochs[k]);
    if (std::isnan(value)) continue;
    if (!c.best || (higher_is_better ? value > c.best_value : value < c.best_value)) {
      c.best = k;
      c.best_value = value;
    }
  }
  return c;
}

// In the half of the chart in which there is more room for its words.
std::vector<Mark> best_mark(const RunHistory& history, const Curves& c, const std::string& text) {
  if (!c.best) return {};
  const auto epoch = static_cast<double>(history.epochs[*c.best].epoch);
  const auto last = static_cast<double>(history.epochs.back().epoch);
  return {{.x = epoch, .y = c.best_value, .text = text, .to_the_left = epoch > last / 2}};
}

double percent(double share) { return 100 * share; }
double or_nan(const std::optional<double>& value) { return value ? *value : std::nan(""); }

// Whether a logarithmic axis shows more: all above 0, and far apart.
bool wants_logarithm(const std::vector<Series>& series, double far) {
  double low = INFINITY, high = 0;
  for (const Series& s : series)
    for (const double y : s.y) {
      if (std::isnan(y)) continue;
      low = std::min(low, y);
      high = std::max(high, y);
    }
  return low > 0 && std::isfinite(high) && high > far * low;
}

constexpr std::string_view kTrainingNote =
    "Training is measured on each batch before its step, on average over the epoch; the others after the epoch.";

}  // namespace

Chart loss_chart(const RunHistory& history, std::string_view run) {
  need_epochs(history);
  Curves c = curves(
      history, [](const EpochRecord& e) { return e.train_loss; },
      [](const EpochRecord& e) { return or_nan(e.validation_loss); }, [](const EpochRecord& e) { return e.test_loss; },
      false);
  const bool logarithmic = wants_logarithm(c.series, 10);
  const std::string unit = output_of(history.recipe.fit.gradient.loss.kind) == Output::softmax ? ", nats" : "";
  std::string best;
  if (c.best)
    best = fmt::format("least {} loss: {:.4g} in epoch {}", c.judged_on, c.best_value, history.epochs[*c.best].epoch);
  std::vector<Mark> marks = best_mark(history, c, best);
  for (Mark& m : marks) m.height = 0.72;
  return {.name = "loss",
          .title = fmt::format("Loss of {}", run),
          .explanation = std::string(kTrainingNote),
          .panels = {{.title = "",
                      .x = epoch_axis(history),
                      .y = {.label = fmt::format("mean loss{}{}", unit, logarithmic ? " (logarithmic)" : ""),
                            .low = logarithmic ? std::nullopt : std::optional<double>(0.0),
                            .logarithmic = logarithmic},
                      .series = std::move(c.series),
                      .marks = std::move(marks)}}};
}

Chart accuracy_chart(const RunHistory& history, std::string_view run) {
  need_epochs(history);
  Curves c = curves(
      history, [](const EpochRecord& e) { return percent(e.train_accuracy); },
      [](const EpochRecord& e) { return percent(or_nan(e.validation_accuracy)); },
      [](const EpochRecord& e) { return percent(e.test_accuracy); }, true);
  std::string best;
  if (c.best)
    best = fmt::format("highest {} accuracy: {:.2f} % in epoch {}", c.judged_on, c.best_value,
                       history.epochs[*c.best].epoch);
  std::vector<Mark> marks = best_mark(history, c, best);
  for (Mark& m : marks) m.height = 0.4;
  return {.name = "accuracy",
          .title = fmt::format("Accuracy of {}", run),
          .explanation = std::string(kTrainingNote),
          .panels = {{.title = "",
                      .x = epoch_axis(history),
                      .y = {.label = "images read right, %"},
                      .series = std::move(c.series),
                      .marks = std::move(marks)}}};
}

Chart rate_chart(const RunHistory& history, std::string_view run) {
  need_epochs(history);
  std::vector<Series> series = {series_of(history, "", 0, [](const EpochRecord& e) { return e.learning_rate; })};
  const bool logarithmic = wants_logarithm(series, 100);
  double high = 0;
  for (const double y : series[0].y) high = std::max(high, std::isnan(y) ? 0 : y);
  return {.name = "rate",
          .title = fmt::format("Learning rate of {}", run),
          .explanation = fmt::format("Of the last step of each epoch; {}, schedule {}.",
                                     name(history.recipe.fit.optimizer.kind), name(history.recipe.fit.schedule.kind)),
          .panels = {{.title = "",
                      .x = epoch_axis(history),
                      .y = {.label = logarithmic ? "learning rate (logarithmic)" : "learning rate",
                            .low = logarithmic ? std::nullopt : std::optional<double>(0.0),
                            .high = logarithmic || high == 0 ? std::nullopt : std::optional<double>(1.1 * high),
                            .logarithmic = logarithmic},
                      .series = std::move(series)}}};
}

Chart gradients_chart(const RunHistory& history, std::string_view run) {
  need_epochs(history);
  constexpr std::size_t kMostTensors = 8;
  std::vector<std::size_t> tensors;
  std::size_t weights = 0;
  const std::vector<TensorRecord>& first = history.epochs.front().tensors;
  for (std::size_t t = 0; t < first.size(); ++t) {
    if (!first[t].name.ends_with(".weight")) continue;
    ++weights;
    if (tensors.size() < kMostTensors) tensors.push_back(t);
  }
  if (tensors.empty()) fail(ErrorKind::config, "{}: its metrics have no gradient norms", history.folder.string());
  const auto panel = [&](std::string title, std::string label, double TensorRecord::*value) {
    Panel p{.title = std::move(title), .x = epoch_axis(history), .y = {.label = std::move(label)}, .series = {}};
    for (std::size_t k = 0; k < tensors.size(); ++k)
      p.series.push_back(
          series_of(history, fmt::format("layer {}", k + 1), k, [&, t = tensors[k]](const EpochRecord& e) {
            const double v = t < e.tensors.size() ? e.tensors[t].*value : std::nan("");
            return v > 0 ? v : std::nan("");  // 0 has no place on a logarithmic axis
          }));
    p.y.logarithmic = wants_logarithm(p.series, 10);
    if (p.y.logarithmic)
      p.y.label += " (logarithmic)";
    else
      p.y.low = 0;
    return p;
  };
  const std::string which =
      weights > kMostTensors ? fmt::format(" The first {} of {} layers.", kMostTensors, weights) : "";
  return {.name = "gradients",
          .title = fmt::format("Gradients of {}", run),
          .explanation = "Of each layer's weight matrix, at the last step of each epoch." + which,
          .panels = {panel("Length of the gradient", "norm of the gradient", &TensorRecord::gradient_norm),
                     panel("Length of the step beside the weights'", "norm of the step / norm of the weights",
                           &TensorRecord::update_ratio)},
          .columns = 2};
}

}  // namespace inkling
