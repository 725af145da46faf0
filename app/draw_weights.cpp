#include "app/draw_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "app/draw.h"
#include "inkling/core/error.h"
#include "inkling/inspect/activations.h"
#include "inkling/report/sheet.h"

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kTiles = 5;      // guess: beside each other in 80 columns
constexpr double kScaleShare = 0.998;  // guess: the few largest weights would make all others pale

// The units of each class, those with the largest weights first.
std::vector<std::vector<std::size_t>> units_by_class(const inkling::Runtime& rt, const inkling::Mlp& model,
                                                     const inkling::Matrix& weights) {
  std::vector<std::vector<std::size_t>> units(model.config().outputs());
  if (model.layer_count() == 1) {
    for (std::size_t c = 0; c < units.size(); ++c) units[c] = {c};
    return units;
  }
  const std::vector<std::size_t> served = inkling::served_classes(rt, model, 0);
  std::vector<double> squares;
  for (std::size_t o = 0; o < weights.rows(); ++o) {
    const auto row = weights.view().row(o);
    squares.push_back(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    units[served[o]].push_back(o);
  }
  for (auto& each : units) std::ranges::stable_sort(each, std::greater{}, [&](std::size_t o) { return squares[o]; });
  return units;
}

}  // namespace

std::string draw_weights(const inkling::Runtime& rt, const inkling::Mlp& model, std::size_t height, std::size_t width,
                         std::span<const std::string> classes, ColorLevel level, std::size_t columns) {
  if (height * width != model.config().inputs() || classes.size() != model.config().outputs())
    inkling::fail(inkling::ErrorKind::shape, "weights: images of {}x{} and {} classes for {}", height, width,
                  classes.size(), describe(model.config()));
  const inkling::Matrix weights = inkling::transpose(model.weight(0)) *= model.config().ink;  // (units, pixels)
  std::vector<float> all;
  for (std::size_t o = 0; o < weights.rows(); ++o)
    all.insert(all.end(), weights.view().row(o).begin(), weights.view().row(o).end());
  const float limit = inkling::size_quantile(all, kScaleShare);

  const std::size_t room = (std::min<std::size_t>(columns, 80) - (kTiles - 1) * kGap) / kTiles;
  const std::size_t scale = scale_to_fit(width, level, room), drawn = drawn_columns(width, level, scale);
  const std::size_t most = std::max<std::size_t>(1, (columns + kGap) / (drawn + kGap));
  const auto units = units_by_class(rt, model, weights);
  std::string text;
  for (std::size_t c = 0; c < units.size(); ++c) {
    if (units[c].empty()) continue;
    std::vector<std::string> tiles;
    for (std::size_t k = 0; k < std::min(units[c].size(), most); ++k)
      tiles.push_back(draw_signed(weights.view().row(units[c][k]), height, width, limit, level, scale));
    text += model.layer_count() == 1 ? fmt::format("{}\n", classes[c])
                                     : fmt::format("{}: {} of {} units\n", classes[c], tiles.size(), units[c].size());
    text += side_by_side(tiles, kGap) + '\n';
  }
  text += level == ColorLevel::plain
              ? fmt::format("A full pixel adds: +9 {:.2g}, blank 0, -9 {:.2g}", 0.9f * limit, -0.9f * limit)
              : fmt::format("A full pixel adds: red {:.2g}, white 0, blue {:.2g}", limit, -limit);
  if (scale > 1) text += fmt::format("; {} x {} pixels are drawn as one", scale, scale);
  return text + '\n';
}
