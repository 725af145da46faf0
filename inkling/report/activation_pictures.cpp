#include "inkling/report/activation_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inkling/core/error.h"
#include "inkling/inspect/activations.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr int kBodyWidth = 1280;
constexpr int kHeading = 46, kSectionGap = 44, kBarRoom = 52;
constexpr std::size_t kMostLayers = 6;
constexpr std::size_t kMostUnits = 4096;  // of one image's layer: derived, 64 lines of 64 fields

// How a layer's numbers are shown: from 0 up, or to both sides of 0.
struct Scale {
  ColorMap map;
  float limit = 0;
  bool is_signed = false;
};

Scale scale_of(std::span<const float> numbers, double share) {
  const bool is_signed = std::ranges::any_of(numbers, [](float v) { return v < 0; });
  return {.map = is_signed ? ColorMap(diverging) : ColorMap(viridis),
          .limit = size_quantile(numbers, share),
          .is_signed = is_signed};
}

void draw_scale(Picture& picture, int x, int y, const Scale& scale, std::string_view what) {
  draw_color_bar(picture, {x, y, 460, 20}, scale.map, scale.is_signed ? -1 : 0,
                 scale.is_signed ? fmt::format("−{:.3g}", scale.limit) : "0", what, fmt::format("{:.3g}", scale.limit));
}

std::vector<float> flat(ConstMatrixView m) {
  std::vector<float> numbers;
  for (std::size_t r = 0; r < m.rows; ++r) numbers.insert(numbers.end(), m.row(r).begin(), m.row(r).end());
  return numbers;
}

std::string layer_name(const Mlp& model, std::size_t l) {
  return fmt::format("Hidden layer {}: {} {} units", l + 1, count_text(model.config().widths[l + 1]),
                     name(model.config().activation_of(l)));
}

void need_hidden_layer(const Mlp& model) {
  if (model.layer_count() < 2)
    fail(ErrorKind::config, "{} has no hidden layer, so there are no activations to show", describe(model.config()));
}

std::string left_out(const Mlp& model, std::size_t shown) {
  return model.layer_count() - 1 > shown
             ? fmt::format(" The first {} of {} hidden layers.", shown, model.layer_count() - 1)
             : std::string();
}

// Fields of a layer's units: how many in a line, and how large.
struct Fields {
  std::size_t shown = 0;
  int columns = 0, lines = 0, side = 0;
};

Fields fields_of(std::size_t units) {
  const std::size_t shown = std::min(units, kMostUnits);
  const int columns = static_cast<int>(std::min<std::size_t>(shown, shown > 512 ? 64 : 32));
  return {.shown = shown,
          .columns = columns,
          .lines = (static_cast<int>(shown) + columns - 1) / columns,
          .side = shown > 512 ? 20 : 40};
}

}  // namespace

Picture activations_picture(const Runtime& rt, const Mlp& model, const Answers& a, std::size_t image,
                            std::string_view title) {
  need_hidden_layer(model);
  if (image >= a.data.count())
    fail(ErrorKind::config, "image {}: the test set has images 0 to {}", image, a.data.count() - 1);
  constexpr int kSide = 336, kBarLine = 34;
  constexpr std::size_t kBars = 10;
  const std::vector<Matrix> outputs = hidden_outputs(rt, model, a.data.image(image));
  const std::size_t layers = std::min(outputs.size(), kMostLayers);
  int height = kHeading + kSide;
  for (std::size_t l = 0; l < layers; ++l) {
    const Fields f = fields_of(outputs[l].cols());
    height += kSectionGap + kHeading + f.lines * f.side + 14 + kBarRoom;
  }
  Sheet sheet = make_sheet(
      kBodyWidth, height, fmt::format("Image {} on its way through {}", image, title),
      "A field is a unit's output, in the order in which the model has them, line by line." + left_out(model, layers));
  Picture& picture = sheet.picture;
  const int x = sheet.body.x;
  int y = sheet.body.y;
  draw_text(picture, x, y + 28, fmt::format("The image: {}", a.classes[a.data.labels[image]]), kSection);
  draw_digit(picture, a.data.image(image).row(0), a.data.height, a.data.width, x, y + kHeading, kSide);
  // The probabilities beside it, the likeliest classes where not all have room.
  const int bars = x + kSide + 90;
  draw_text(picture, bars, y + 28,
            fmt::format("The answer: {}{}", a.classes[a.read[image]], a.right(image) ? " ✓" : " ✗"), kSection);
  std::vector<std::size_t> order(a.classes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > kBars) {
    std::ranges::stable_sort(order, std::greater{}, [&](std::size_t c) { return a.probabilities(image, c); });
    order.resize(kBars);
  }
  int names = 0;
  for (const std::size_t c : order) names = std::max(names, text_width(shortened(a.classes[c], kLabel, 160), kLabel));
  const int full = kBodyWidth - kSide - 90 - names - 20 - 130;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::size_t c = order[k];
    const auto p = static_cast<double>(a.probabilities(image, c));
    const int line = y + kHeading + static_cast<int>(k) * kBarLine;
    draw_text(picture, bars + names, line + 24, shortened(a.classes[c], kLabel, 160), kLabel, Align::right);
    picture.fill({bars + names + 20, line + 4, full, kBarLine - 8}, kGround);
    picture.fill({bars + names + 20, line + 4, static_cast<int>(std::lround(p * full)), kBarLine - 8},
                 c == a.data.labels[image] ? kRight : kWrong);
    draw_text(picture, bars + names + 20 + full + 120, line + 24, percent_text(p), kLabel, Align::right);
  }
  y += kHeading + kSide;
  for (std::size_t l = 0; l < layers; ++l) {
    const std::span<const float> out = outputs[l].view().row(0);
    const Fields f = fields_of(out.size());
    const Scale scale = scale_of(out, 1);
    const auto silent = std::ranges::count(out, 0.0f);
    y += kSectionGap;
    draw_text(picture, x, y + 28,
              layer_name(model, l) +
                  (silent > 0 ? fmt::format(", {} of them silent", count_text(static_cast<std::size_t>(silent))) : "") +
                  (f.shown < out.size() ? fmt::format(" (the first {})", f.shown) : ""),
              kSection);
    y += kHeading;
    for (std::size_t u = 0; u < f.shown; ++u) {
      const int column = static_cast<int>(u) % f.columns, line = static_cast<int>(u) / f.columns;
      const double t = scale.limit > 0 ? static_cast<double>(out[u] / scale.limit) : 0;
      picture.fill({x + column * f.side, y + line * f.side, f.side - 2, f.side - 2}, scale.map(t));
    }
    y += f.lines * f.side + 14;
    draw_scale(picture, x, y, scale, "output");
    y += kBarRoom;
  }
  return std::move(sheet.picture);
}

Picture class_activations_picture(const Runtime& rt, const Mlp& model, const Dataset& data,
                                  std::span<const std::string> classes, std::string_view title) {
  need_hidden_layer(model);
  constexpr std::size_t kMostColumns = 640;  // derived: two pixels a unit
  const std::vector<Matrix> means = mean_hidden_outputs(rt, model, data);
  const std::size_t layers = std::min(means.size(), kMostLayers);
  const int row_height = std::clamp(880 / static_cast<int>(classes.size()), 12, 36);
  int names = 0;
  for (const std::string& each : classes) names = std::max(names, text_width(shortened(each, kLabel, 180), kLabel));
  names += 18;
  const int layer_height = kHeading + row_height * static_cast<int>(classes.size()) + 44 + kBarRoom;
  Sheet sheet = make_sheet(
      names + kBodyWidth, static_cast<int>(layers) * (layer_height + kSectionGap) - kSectionGap,
      fmt::format("What the units of {} answer to each class", title),
      fmt::format("Mean output over {} test images: a row is a class, a column a unit. Units are sorted by the class "
                  "that they answer highest, which gives the steps from the upper left to the lower right.{}",
                  count_text(data.count()), left_out(model, layers)));
  Picture& picture = sheet.picture;
  int y = sheet.body.y;
  for (std::size_t l = 0; l < layers; ++l) {
    const Matrix& mean = means[l];
    std::vector<std::size_t> best(mean.cols());
    std::vector<float> highest(mean.cols(), -INFINITY);
    for (std::size_t u = 0; u < mean.cols(); ++u)
      for (std::size_t c = 0; c < mean.rows(); ++c)
        if (mean(c, u) > highest[u]) {  // never of a class without images, which is NaN
          highest[u] = mean(c, u);
          best[u] = c;
        }
    std::vector<std::size_t> order(mean.cols());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (order.size() > kMostColumns) {
      std::ranges::stable_sort(order, std::greater{}, [&](std::size_t u) { return highest[u]; });
      order.resize(kMostColumns);
    }
    std::ranges::stable_sort(order, [&](std::size_t u, std::size_t v) {
      return best[u] != best[v] ? best[u] < best[v] : highest[u] > highest[v];
    });
    const Scale scale = scale_of(flat(mean), 0.995);
    draw_text(picture, sheet.body.x, y + 28,
              layer_name(model, l) +
                  (order.size() < mean.cols() ? fmt::format(", the {} with the highest means", order.size()) : ""),
              kSection);
    y += kHeading;
    const int cell = std::clamp(kBodyWidth / static_cast<int>(order.size()), 2, 40);
    const int x0 = sheet.body.x + names;
    const auto every = static_cast<std::size_t>((kLabel.size + row_height - 1) / row_height);
    for (std::size_t c = 0; c < mean.rows(); ++c) {
      const int line = y + static_cast<int>(c) * row_height;
      if (c % every == 0)
        draw_text(picture, x0 - 14, line + row_height / 2 + 9, shortened(classes[c], kLabel, 180), kLabel,
                  Align::right);
      for (std::size_t k = 0; k < order.size(); ++k)
        picture.fill({x0 + static_cast<int>(k) * cell, line, cell, row_height - (row_height > 16 ? 2 : 0)},
                     scale.map(scale.limit > 0 ? static_cast<double>(mean(c, order[k]) / scale.limit) : 0));
    }
    y += row_height * static_cast<int>(mean.rows());
    draw_text(picture, x0, y + 28, "unit →", kFaintLabel);
    y += 44;
    draw_scale(picture, x0, y, scale, "mean output");
    y += kBarRoom + kSectionGap;
  }
  return std::move(sheet.picture);
}

}  // namespace inkling
