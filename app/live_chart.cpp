#include "app/live_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace {

// Steps at which an axis may end, in every decade.
constexpr std::array kEnds = {1.0, 1.5, 2.0, 3.0, 5.0, 7.0};

double end_below(double value) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  double end = decade;
  for (const double each : kEnds)
    if (each * decade <= value) end = each * decade;
  return end;
}

double end_above(double value) {
  const double decade = std::pow(10, std::floor(std::log10(value)));
  for (const double each : kEnds)
    if (each * decade >= value) return each * decade;
  return 10 * decade;
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void take(const std::vector<TextPoint>& points, double x_from, bool positive) {
    for (const TextPoint& p : points) {
      if (p.x < x_from || !std::isfinite(p.y) || (positive && p.y <= 0)) continue;
      low = std::min(low, p.y);
      high = std::max(high, p.y);
    }
  }
  bool any() const { return low <= high; }
};

// Okabe and Ito's sky blue and orange, which can be told apart on black and on white.
TextCurve train_curve(const Trace& trace, std::optional<double> value) {
  return {.name = "train", .points = trace.points(), .red = 86, .green = 180, .blue = 233, .value = value};
}

TextCurve held_out_curve(const std::string& name, const Trace& trace) {
  TextCurve curve{
      .name = name, .points = trace.points(), .red = 230, .green = 159, .blue = 0, .dotted = true, .value = {}};
  if (!curve.points.empty()) curve.value = curve.points.back().y;
  return curve;
}

}  // namespace

void Trace::add(double x, double value, double weight) {
  if (!(weight > 0) || !std::isfinite(value)) return;
  while (x >= width_ * static_cast<double>(kMostBins)) {  // pairs of neighbours become one
    for (std::size_t k = 0; k < bins_.size(); ++k) {
      const Bin bin = bins_[k];
      if (k % 2 == 0) bins_[k / 2] = {};
      bins_[k / 2].weight += bin.weight;
      bins_[k / 2].x += bin.x;
      bins_[k / 2].value += bin.value;
    }
    bins_.resize((bins_.size() + 1) / 2);
    width_ *= 2;
  }
  const auto place = static_cast<std::size_t>(x / width_);
  if (place >= bins_.size()) bins_.resize(place + 1);
  bins_[place].weight += weight;
  bins_[place].x += weight * x;
  bins_[place].value += weight * value;
}

std::vector<TextPoint> Trace::points() const {
  std::vector<TextPoint> points;
  for (const Bin& bin : bins_)
    if (bin.weight > 0) points.push_back({bin.x / bin.weight, bin.value / bin.weight});
  return points;
}

// Windows end where the line is redrawn, a tenth of a second apart; at first 16 of them to an epoch are told apart.
LiveChart::LiveChart(std::size_t epochs, std::size_t images, TextStyle style)
    : epochs_(epochs),
      images_(images),
      style_(style),
      train_loss_(1.0 / 16),
      train_accuracy_(1.0 / 16),
      held_out_loss_(1.0),
      held_out_accuracy_(1.0) {}

void LiveChart::window(std::size_t epoch, std::size_t images, double loss, double accuracy) {
  if (epoch != epoch_) {
    epoch_ = epoch;
    seen_ = 0;
    loss_sum_ = accuracy_sum_ = 0;
  }
  constexpr std::size_t kWindows = 20;  // of an epoch, at most; guess: the mean of fewer images is noise
  loss_now_ = loss;
  accuracy_now_ = 100 * accuracy;
  if (images <= seen_ || (images < images_ && images - seen_ < images_ / kWindows)) return;
  const double all = static_cast<double>(images), share = 1 / static_cast<double>(images_);
  const double weight = static_cast<double>(images - seen_);
  const double x = static_cast<double>(epoch - 1) + 0.5 * share * static_cast<double>(seen_ + images);
  train_loss_.add(x, (loss * all - loss_sum_) / weight, weight);
  train_accuracy_.add(x, std::clamp((accuracy * all - accuracy_sum_) / weight, 0.0, 1.0) * 100, weight);
  seen_ = images;
  loss_sum_ = loss * all;
  accuracy_sum_ = accuracy * all;
  newest_ = static_cast<double>(epoch - 1) + share * all;
}

void LiveChart::held_out(double epoch, double loss, double accuracy) {
  held_out_loss_.add(epoch, loss, 1);
  held_out_accuracy_.add(epoch, 100 * accuracy, 1);
}

void LiveChart::batch(const inkling::FitProgress& p) { window(p.epoch, p.images_done, p.loss, p.accuracy); }

void LiveChart::skip(std::size_t epoch, std::size_t images, double loss_sum, double correct) {
  epoch_ = epoch;
  seen_ = images;
  loss_sum_ = loss_sum;
  accuracy_sum_ = correct;
}

void LiveChart::epoch(const inkling::EpochReport& r) {
  window(r.epoch, images_, r.train_loss, r.train_accuracy);
  const inkling::Metrics& shown = r.validation ? *r.validation : r.test;
  held_out_name_ = r.validation ? "val" : "test";
  held_out(static_cast<double>(r.epoch), shown.loss, shown.accuracy);
}

void LiveChart::past(std::string_view metrics_line) {
  const auto line = nlohmann::json::parse(metrics_line, nullptr, false);
  if (!line.is_object()) return;
  const auto number = [&](const char* name) {
    const auto found = line.find(name);
    return found != line.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  };
  const auto epoch = number("epoch"), loss = number("train_loss"), accuracy = number("train_accuracy");
  if (!epoch || !loss || !accuracy || !(*epoch >= 1 && *epoch <= static_cast<double>(epochs_))) return;
  window(static_cast<std::size_t>(*epoch), images_, *loss, *accuracy);
  const bool validated = number("validation_loss") && number("validation_accuracy");
  if (validated) held_out_name_ = "val";
  const auto held_loss = number(validated ? "validation_loss" : "test_loss");
  const auto held_accuracy = number(validated ? "validation_accuracy" : "test_accuracy");
  if (held_loss && held_accuracy) held_out(*epoch, *held_loss, *held_accuracy);
}

// All epochs where they are few; else twice as many each time the curves come to the edge.
double LiveChart::x_last() const {
  double last = 20;
  while (last < newest_) last *= 2;
  return std::min(last, static_cast<double>(epochs_));
}

TextChart LiveChart::loss_chart() const {
  TextChart chart{.title = "loss",
                  .curves = {train_curve(train_loss_, loss_now_), held_out_curve(held_out_name_, held_out_loss_)},
                  .x_last = x_last(),
                  .y_low = 0.1,
                  .y_high = 3,
                  .logarithmic = true,
                  .x_name = "epochs",
                  .decimals = 4};
  Range range;
  for (const TextCurve& curve : chart.curves) range.take(curve.points, 0, true);
  if (range.any()) {
    chart.y_low = end_below(range.low);
    chart.y_high = end_above(std::max(range.high, 1.5 * chart.y_low));
  }
  return chart;
}

TextChart LiveChart::accuracy_chart() const {
  TextChart chart{
      .title = "accuracy %",
      .curves = {train_curve(train_accuracy_, accuracy_now_), held_out_curve(held_out_name_, held_out_accuracy_)},
      .x_last = x_last(),
      .y_low = 0,
      .y_high = 100,
      .logarithmic = false,
      .x_name = "epochs",
      .decimals = 2};
  Range range;  // of what came after the first epoch, whose climb would leave the rest no room
  for (const TextCurve& curve : chart.curves) range.take(curve.points, newest_ > 2 ? 1 : 0, false);
  if (range.any()) {
    double step = 10;
    for (const double finer : {5.0, 2.0, 1.0, 0.5, 0.2, 0.1})
      if (range.high - range.low < 4 * finer) step = finer;
    chart.y_low = step * std::floor(range.low / step);
    chart.y_high = std::min(100.0, step * std::ceil(range.high / step));
    if (chart.y_low >= chart.y_high) chart.y_low = std::max(0.0, chart.y_low - step);
    if (chart.y_low >= chart.y_high) chart.y_high += step;
  }
  return chart;
}

std::vector<std::string> LiveChart::lines(const TerminalSize& size) const {
  constexpr std::size_t kGap = 2, kMostColumns = 160, kHighTerminal = 40;  // guess: what looks well
  constexpr std::size_t kPanel = 38;                                       // derived: a title with both its values
  if (size.columns < kLeastColumns || size.rows < kLeastRows) return {};
  const std::size_t height = size.rows >= kHighTerminal ? 13 : 9;
  const std::size_t columns = std::min(size.columns - 1, kMostColumns);  // the last column is left to the cursor
  if (columns < 2 * kPanel + kGap) return draw_chart(loss_chart(), columns, height, style_);
  const std::size_t panel = (columns - kGap) / 2;
  std::vector<std::string> lines = draw_chart(loss_chart(), panel, height, style_);
  const std::vector<std::string> right = draw_chart(accuracy_chart(), panel, height, style_);
  for (std::size_t k = 0; k < lines.size(); ++k) lines[k] += std::string(kGap, ' ') + right[k];
  return lines;
}
