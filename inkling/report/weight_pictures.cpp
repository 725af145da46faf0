#include "inkling/report/weight_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inkling/core/error.h"
#include "inkling/core/matrix.h"
#include "inkling/inspect/activations.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr int kSide = 112, kGap = 12, kMostColumns = 12, kRowGap = 20;
constexpr std::size_t kMostRows = 64;  // derived: 64 rows of this height are a picture of 8,500 pixels
constexpr int kBarRoom = 90;
constexpr double kScaleShare = 0.998;  // guess: the few largest weights would make all others pale

// d sum / d pixel of each unit, (O, I).
Matrix pixel_weights(const Mlp& model) { return transpose(model.weight(0)) *= model.config().ink; }

double length(std::span<const float> row) {
  double square = 0;
  for (const float w : row) square += static_cast<double>(w) * static_cast<double>(w);
  return std::sqrt(square);
}

void draw_scale(Picture& picture, int x, int y, float limit) {
  draw_color_bar(picture, {x, y, 560, 22}, diverging, -1, fmt::format("−{:.2g}", limit), "added by a full pixel",
                 fmt::format("+{:.2g}", limit));
}

// Tiles of the classes themselves, with their names.
Picture class_weights(const Matrix& weights, std::size_t height, std::size_t width,
                      std::span<const std::string> classes, std::string_view name, float limit) {
  constexpr int kLarge = 224, kStep = kLarge + 40;
  const int columns = std::min(5, static_cast<int>(classes.size()));
  const int rows = (static_cast<int>(classes.size()) + columns - 1) / columns;
  Sheet sheet = make_sheet(columns * kStep, rows * (kStep + 30) + kBarRoom, fmt::format("The weights of {}", name),
                           "There is no hidden layer: each class has one weight a pixel. Red adds to the class, blue "
                           "takes away from it.");
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const int x = sheet.body.x + static_cast<int>(c) % columns * kStep;
    const int y = sheet.body.y + static_cast<int>(c) / columns * (kStep + 30);
    draw_numbers(sheet.picture, weights.view().row(c), height, width, x, y, kLarge, limit, diverging);
    draw_text(sheet.picture, x + kLarge / 2, y + kLarge + 34, shortened(classes[c], kLabel, kLarge), kLabel,
              Align::center);
  }
  draw_scale(sheet.picture, sheet.body.x, sheet.body.y + rows * (kStep + 30), limit);
  return std::move(sheet.picture);
}

}  // namespace

Picture weights_picture(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                        std::span<const std::string> classes, std::string_view name) {
  if (height * width != model.config().inputs() || classes.size() != model.config().outputs())
    fail(ErrorKind::shape, "weights: images of {}x{} and {} classes for {}", height, width, classes.size(),
         describe(model.config()));
  const Matrix weights = pixel_weights(model);
  std::vector<float> all;
  for (std::size_t o = 0; o < weights.rows(); ++o)
    all.insert(all.end(), weights.view().row(o).begin(), weights.view().row(o).end());
  const float limit = size_quantile(all, kScaleShare);
  if (model.layer_count() == 1) return class_weights(weights, height, width, classes, name, limit);

  const std::vector<std::size_t> served = served_classes(rt, model, 0);
  std::vector<std::vector<std::size_t>> units(classes.size());
  std::vector<double> norms;
  for (std::size_t o = 0; o < weights.rows(); ++o) {
    norms.push_back(length(weights.view().row(o)));
    units[served[o]].push_back(o);
  }
  int names = 0;
  std::size_t most = 1, shown = 0;
  std::vector<std::size_t> rows;  // classes
  for (std::size_t c = 0; c < classes.size(); ++c) {
    std::ranges::stable_sort(units[c], std::greater{}, [&](std::size_t o) { return norms[o]; });
    names = std::max(names, text_width(shortened(classes[c], kSection, 200), kSection));
    if (!units[c].empty() && rows.size() < kMostRows) rows.push_back(c);
  }
  for (const std::size_t c : rows) {
    most = std::max(most, std::min<std::size_t>(units[c].size(), kMostColumns));
    shown += std::min<std::size_t>(units[c].size(), kMostColumns);
  }
  names = std::max(names, text_width("000 units", kFaintLabel)) + 28;
  const std::string which = shown == weights.rows()
                                ? fmt::format("All {} units", count_text(shown))
                                : fmt::format("{} of {} units", count_text(shown), count_text(weights.rows()));
  Sheet sheet = make_sheet(names + static_cast<int>(most) * (kSide + kGap),
                           static_cast<int>(rows.size()) * (kSide + kRowGap) + kBarRoom,
                           fmt::format("First-layer weights of {}", name),
                           which +
                               ", each in the row of the class that it adds most to by the weights behind it, those "
                               "with the largest weights "
                               "first. A unit is fed by ink on red and held back by ink on blue.");
  int y = sheet.body.y;
  for (const std::size_t c : rows) {
    draw_text(sheet.picture, sheet.body.x, y + kSide / 2, shortened(classes[c], kSection, 200), kSection);
    draw_text(sheet.picture, sheet.body.x, y + kSide / 2 + 32,
              fmt::format("{} unit{}", count_text(units[c].size()), units[c].size() == 1 ? "" : "s"), kFaintLabel);
    for (std::size_t k = 0; k < std::min<std::size_t>(units[c].size(), kMostColumns); ++k)
      draw_numbers(sheet.picture, weights.view().row(units[c][k]), height, width,
                   sheet.body.x + names + static_cast<int>(k) * (kSide + kGap), y, kSide, limit, diverging);
    y += kSide + kRowGap;
  }
  draw_scale(sheet.picture, sheet.body.x + names, y + 8, limit);
  return std::move(sheet.picture);
}

}  // namespace inkling
