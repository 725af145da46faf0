#include "inkling/report/model_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/inspect/activations.h"
#include "inkling/inspect/histogram.h"
#include "inkling/inspect/pca.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr std::size_t kMostInKey = 16;          // guess: two lines
constexpr std::size_t kMapImages = 2000;        // guess: more dots hide each other
constexpr std::size_t kHistogramImages = 1000;  // guess: as even as with all
constexpr std::size_t kMostNumbers = 1u << 24;  // guess: outputs that a histogram looks at, 64 MB

PixelView first_images(const Dataset& data, std::size_t count) {
  return data.images().middle_rows(0, std::min(count, data.count()));
}

double shown_percent(double share) { return 100 * share; }

// The median of what a class has, which outliers do not move.
double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::ranges::nth_element(numbers, middle);
  return *middle;
}

// Moves names up and down until none covers another, by what they measure on the page.
void move_apart(std::vector<Note>& notes, const std::vector<Series>& series) {
  double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
  for (const Series& s : series)
    for (std::size_t k = 0; k < s.x.size(); ++k) {
      x0 = std::min(x0, s.x[k]);
      x1 = std::max(x1, s.x[k]);
      y0 = std::min(y0, s.y[k]);
      y1 = std::max(y1, s.y[k]);
    }
  const double across = (kChartWidth - 220) / std::max(x1 - x0, 1e-9),
               up = (kPanelHeight - 200) / std::max(y1 - y0, 1e-9);
  constexpr double kHeight = 30;
  constexpr int kRounds = 100;
  const auto width = [](const Note& n) { return text_width(n.text, {.size = 22, .weight = FontWeight::bold}) + 12; };
  std::ranges::stable_sort(notes, {}, &Note::y);
  for (int round = 0; round < kRounds; ++round)
    for (std::size_t a = 0; a < notes.size(); ++a)
      for (std::size_t b = a + 1; b < notes.size(); ++b) {
        if (std::abs(notes[a].x - notes[b].x) * across > (width(notes[a]) + width(notes[b])) / 2.0) continue;
        const double lacking = kHeight - (notes[b].y - notes[a].y) * up;
        if (lacking <= 0 || lacking >= 2 * kHeight) continue;
        notes[a].y -= lacking / 2 / up;
        notes[b].y += lacking / 2 / up;
      }
}

Panel histogram_panel(std::string title, std::string label, const Histogram& h, std::size_t kind, double scale) {
  Series s{.name = "", .color = kind_color(kind), .drawn = Drawn::bars};
  const double width = (h.high - h.low) / static_cast<double>(h.counts.size());
  for (std::size_t k = 0; k < h.counts.size(); ++k) {
    s.x.push_back(h.low + (static_cast<double>(k) + 0.5) * width);
    s.y.push_back(h.count == 0 ? 0 : scale * 100 * static_cast<double>(h.counts[k]) / static_cast<double>(h.count));
  }
  return {.title = std::move(title),
          .x = {.label = std::move(label)},
          .y = {.label = "share, %", .low = 0.0},
          .series = {std::move(s)},
          .bar_width = width};
}

// The numbers that are not 0, in one row.
Matrix without_zeros(ConstMatrixView numbers) {
  std::size_t count = 0;
  for (std::size_t r = 0; r < numbers.rows; ++r)
    count += static_cast<std::size_t>(std::ranges::count_if(numbers.row(r), [](float v) { return v != 0; }));
  Matrix kept(1, count);
  float* out = kept.data();
  for (std::size_t r = 0; r < numbers.rows; ++r)
    out = std::ranges::copy_if(numbers.row(r), out, [](float v) { return v != 0; }).out;
  return kept;
}

}  // namespace

Chart reliability_chart(const Statistics& s, std::string_view model) {
  Series right{.name = "", .color = kOkabeIto[0], .drawn = Drawn::bars};
  Series sure{.name = "", .color = kOkabeIto[3], .drawn = Drawn::bars};
  for (const ReliabilityBin& bin : s.bins) {
    const double middle = shown_percent((bin.low + bin.high) / 2);
    right.x.push_back(middle);
    right.y.push_back(shown_percent(bin.accuracy));
    sure.x.push_back(middle);
    sure.y.push_back(bin.count == 0 ? std::nan("") : static_cast<double>(bin.count));
  }
  const double width = 100.0 / static_cast<double>(s.bins.size()) * 0.92;
  return {
      .name = "reliability",
      .title = fmt::format("Can the confidence of {} be believed?", model),
      .explanation = fmt::format(
          "{} test images by their top probability. Where bars end on the dashed line the model is right as often as "
          "it says; below the line it is too sure. On average {:.2f} % sure and {:.2f} % right; expected calibration "
          "error {:.2f} %.",
          count_text(s.count), shown_percent(s.mean_confidence), shown_percent(s.accuracy),
          shown_percent(s.expected_calibration_error)),
      .panels = {{.title = "How often it is right",
                  .x = {.label = "confidence, %", .low = 0.0, .high = 100.0},
                  .y = {.label = "read right, %", .low = 0.0, .high = 100.0},
                  .series = {std::move(right)},
                  .bar_width = width,
                  .diagonal = true},
                 {.title = "How often it is so sure",
                  .x = {.label = "confidence, %", .low = 0.0, .high = 100.0},
                  .y = {.label = "images (logarithmic)", .low = 0.5, .logarithmic = true},
                  .series = {std::move(sure)},
                  .bar_width = width}},
      .columns = 2};
}

Chart map_chart(const Runtime& rt, const Mlp& model, const Dataset& data, std::span<const std::string> classes,
                std::string_view name) {
  if (model.layer_count() < 2 || model.config().widths[model.layer_count() - 1] < 2)
    fail(ErrorKind::config, "{} has no hidden layer of two units or more behind its inputs, so there is no map",
         describe(model.config()));
  if (data.count() < 2) fail(ErrorKind::config, "a map of {} image; at least 2 are needed", data.count());
  const std::size_t D = model.config().widths[model.layer_count() - 1];
  const PixelView images = first_images(data, std::clamp<std::size_t>(kMostNumbers / D, 2, kMapImages));
  const Matrix outputs = hidden_outputs(rt, model, images).back();
  const PrincipalComponents pc = principal_components(outputs, 2);

  constexpr int kSigns[] = {7, 5, 9, 13, 11, 6, 4, 8, 12, 10};  // gnuplot's, filled ones first
  constexpr std::size_t kYellow = 7;                            // too light for small signs on white
  Panel panel{.title = "", .x = {}, .y = {}, .series = {}};
  const auto axis = [&](std::size_t k) {
    const double share = pc.total_variance > 0 ? pc.variances[k] / pc.total_variance : 0;
    return ChartAxis{.label = fmt::format("principal component {} ({:.0f} % of the variance)", k + 1, 100 * share)};
  };
  panel.x = axis(0);
  panel.y = axis(1);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    Series s{.name = classes[c],
             .color = c % kOkabeIto.size() == kYellow ? kFaintText : kind_color(c),
             .drawn = Drawn::dots,
             .point = kSigns[(c + c / kOkabeIto.size()) % std::size(kSigns)]};
    for (std::size_t n = 0; n < images.rows; ++n) {
      if (data.labels[n] != c) continue;
      s.x.push_back(pc.projected[2 * n]);
      s.y.push_back(pc.projected[2 * n + 1]);
    }
    if (s.x.empty()) continue;
    panel.notes.push_back({.x = median(s.x), .y = median(s.y), .text = classes[c]});
    panel.series.push_back(std::move(s));
  }
  if (panel.series.size() > kMostInKey)
    for (Series& s : panel.series) s.name.clear();
  move_apart(panel.notes, panel.series);
  return {
      .name = "map",
      .title = fmt::format("Map of the last hidden layer of {}", name),
      .explanation = fmt::format("The first {} test images in the plane in which the layer's {} outputs differ most. "
                                 "Each class has a colour and a sign of its own; its name is at its median.",
                                 count_text(images.rows), count_text(D)),
      .panels = {std::move(panel)}};
}

Chart line_chart(const LineMeasured& line, Output output, std::string_view name) {
  const auto panel = [&](std::string title, ChartAxis y, auto value) {
    Panel p{.title = std::move(title),
            .x = {.label = "place on the line", .low = line.positions.front(), .high = line.positions.back()},
            .y = std::move(y),
            .series = {{.name = "training", .x = line.positions, .y = {}, .color = kind_color(0)},
                       {.name = "test", .x = line.positions, .y = {}, .color = kind_color(2), .dash = 2}},
            .marks = {{.x = 0, .text = line.from, .height = 0.94},
                      {.x = 1, .text = line.to, .height = 0.6, .to_the_left = true}}};
    for (const Metrics& m : line.train) p.series[0].y.push_back(value(m));
    for (const Metrics& m : line.test) p.series[1].y.push_back(value(m));
    return p;
  };
  ChartAxis loss{.label = output == Output::softmax ? "mean loss, nats" : "mean loss", .low = 0.0};
  return {.name = "line",
          .title = fmt::format("On the straight line to {}", name),
          .explanation = fmt::format(
              "Networks whose weights are mixed from two: at 0 it is {}, at 1 {}. On {} training and "
              "{} test images.",
              line.from, line.to, count_text(line.train.front().count), count_text(line.test.front().count)),
          .panels = {panel("Loss", std::move(loss), [](const Metrics& m) { return m.loss; }),
                     panel("Accuracy", {.label = "images read right, %", .low = 0.0, .high = 100.0},
                           [](const Metrics& m) { return shown_percent(m.accuracy); })},
          .columns = 2};
}

Chart histograms_chart(const Runtime& rt, const Mlp& model, const Dataset* data, std::string_view name) {
  constexpr std::size_t kMostLayers = 6, kBins = 80;
  const std::size_t layers = std::min(model.layer_count(), kMostLayers);
  const std::size_t widest = std::ranges::max(std::span(model.config().widths).subspan(1));
  std::vector<Matrix> outputs;
  std::size_t images = 0;
  if (data != nullptr) {
    const PixelView seen = first_images(*data, std::clamp<std::size_t>(kMostNumbers / widest, 1, kHistogramImages));
    images = seen.rows;
    outputs = hidden_outputs(rt, model, seen);
    Matrix& logits = outputs.emplace_back(seen.rows, model.config().outputs());
    const Dataset part{
        .height = data->height,
        .width = data->width,
        .pixels = {data->pixels.begin(), data->pixels.begin() + static_cast<std::ptrdiff_t>(seen.rows * seen.cols)},
        .labels = {data->labels.begin(), data->labels.begin() + static_cast<std::ptrdiff_t>(seen.rows)},
        .class_names = data->class_names};
    logits = logits_of(rt, model, part);
  }
  Chart chart{.name = "histograms",
              .title = fmt::format("Weights{} of {}, layer by layer", data != nullptr ? " and outputs" : "", name),
              .explanation = data != nullptr ? fmt::format("Outputs are those for the first {} test images; outputs of "
                                                           "exactly 0 are counted in words alone.",
                                                           count_text(images))
                                             : std::string("Outputs need data, and are left out."),
              .panels = {},
              .columns = data != nullptr ? std::size_t{2} : std::size_t{1}};
  if (layers < model.layer_count())
    chart.explanation += fmt::format(" The first {} of {} layers.", layers, model.layer_count());
  for (std::size_t l = 0; l < layers; ++l) {
    const bool last = l + 1 == model.layer_count();
    const Histogram weights = histogram(model.weight(l), kBins);
    const std::string layer = last ? std::string("Last layer") : fmt::format("Layer {}", l + 1);
    chart.panels.push_back(histogram_panel(
        fmt::format("{}: {} weights, deviation {:.2g}", layer, count_text(weights.count), weights.deviation), "weight",
        weights, 0, 1));
    if (data == nullptr) continue;
    const Histogram all = histogram(outputs[l], kBins), others = histogram(without_zeros(outputs[l]), kBins);
    const double share = all.count == 0 ? 0 : static_cast<double>(others.count) / static_cast<double>(all.count);
    chart.panels.push_back(
        histogram_panel(last ? fmt::format("{}: logits, mean {:.3g}", layer, all.mean)
                             : fmt::format("{}: outputs of {} units, {:.0f} % are 0", layer,
                                           inkling::name(model.config().activation_of(l)), 100 * (1 - share)),
                        last ? "logit" : "output", others, 2, share));
  }
  return chart;
}

}  // namespace inkling
