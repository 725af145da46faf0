#include "inkling/report/saliency_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "inkling/inspect/preferred.h"
#include "inkling/inspect/saliency.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr double kScaleShare = 0.995;  // guess: a few pixels would make all others pale

// The units of a hidden layer with the largest weights to the layer behind it.
std::vector<std::size_t> weightiest(const Mlp& model, std::size_t layer, std::size_t count) {
  const ConstMatrixView W = model.weight(layer + 1);
  std::vector<double> squares;
  for (std::size_t u = 0; u < W.rows; ++u) {
    double square = 0;
    for (const float w : W.row(u)) square += static_cast<double>(w) * static_cast<double>(w);
    squares.push_back(square);
  }
  std::vector<std::size_t> order(W.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t u) { return squares[u]; });
  order.resize(std::min(order.size(), count));
  return order;
}

}  // namespace

Picture saliency_picture(const Runtime& rt, const Mlp& model, const Answers& a, std::span<const std::size_t> images,
                         std::string_view title) {
  constexpr int kSide = 224, kGap = 72, kRow = kSide + 84, kHeader = 76, kNames = 250;
  const std::size_t I = a.data.image_size();
  std::vector<std::uint8_t> pixels;
  std::vector<std::size_t> read;
  for (const std::size_t image : images) {
    const auto row = a.data.image(image).row(0);
    pixels.insert(pixels.end(), row.begin(), row.end());
    read.push_back(a.read[image]);
  }
  const PixelView view(pixels.data(), images.size(), I);
  const Matrix gradient = input_gradient(rt, model, view, read);
  const Matrix times_input = gradient_times_input(rt, model, view, read);
  const IntegratedGradients integrated = integrated_gradients(rt, model, view, read);

  Sheet sheet = make_sheet(kNames + 4 * kSide + 3 * kGap, kHeader + static_cast<int>(images.size()) * kRow + 70,
                           fmt::format("Which pixels {}'s answers hang on", title),
                           "Each row is about the logit of the class that was read. Red: more ink here raises it, or "
                           "ink here has raised it; "
                           "blue: the opposite. Below a field: the number that full colour stands for.");
  Picture& picture = sheet.picture;
  const auto column = [&](int k) { return sheet.body.x + kNames + k * (kSide + kGap); };
  constexpr std::string_view kNamesOfColumns[] = {"image", "gradient", "gradient × input", "integrated gradients"};
  constexpr std::string_view kUnits[] = {"", "logit per full pixel", "logit", "logit"};
  for (int k = 0; k < 4; ++k) {
    const TextStyle style{.size = 25, .color = kText, .weight = FontWeight::bold};
    draw_text(picture, column(k) + kSide / 2, sheet.body.y + 26, kNamesOfColumns[k], style, Align::center);
    draw_text(picture, column(k) + kSide / 2, sheet.body.y + 56, kUnits[k], kFaintLabel, Align::center);
  }
  for (std::size_t n = 0; n < images.size(); ++n) {
    const int y = sheet.body.y + kHeader + static_cast<int>(n) * kRow;
    const std::size_t image = images[n];
    draw_text(picture, sheet.body.x, y + 40, fmt::format("image {}", image), kFaintLabel);
    draw_text(picture, sheet.body.x, y + 80,
              shortened(fmt::format("read as {}", a.classes[read[n]]), kSection, kNames - 20), kSection);
    draw_text(picture, sheet.body.x, y + 116,
              shortened(a.right(image) ? "✓ right" : fmt::format("✗ is {}", a.classes[a.data.labels[image]]), kLabel,
                        kNames - 20),
              {.size = kLabel.size, .color = a.right(image) ? kRight : kWrong});
    draw_text(picture, sheet.body.x, y + 152, percent_text(a.confidence(image)), kLabel);
    draw_digit(picture, view.row(n), a.data.height, a.data.width, column(0), y, kSide);
    const ConstMatrixView fields[] = {gradient, times_input, integrated.shares};
    for (int k = 0; k < 3; ++k) {
      const std::span<const float> numbers = fields[k].row(n);
      const float limit = k == 0 ? size_quantile(numbers, kScaleShare) : size_quantile(numbers, 1) * 0.8f;
      draw_numbers(picture, numbers, a.data.height, a.data.width, column(k + 1), y, kSide, limit, diverging);
      picture.outline({column(k + 1) - 1, y - 1, kSide + 2, kSide + 2}, 1, kLine);
      draw_text(picture, column(k + 1) + kSide / 2, y + kSide + 28, fmt::format("±{:.2g}", limit), kFaintLabel,
                Align::center);
    }
    draw_text(picture, column(3) + kSide, y + kSide + 56,
              fmt::format("sum {} = {} in the logit", fixed_text(integrated.sum[n], 2),
                          fixed_text(integrated.difference[n], 2)),
              kFaintLabel, Align::right);
  }
  const int bar = sheet.body.y + kHeader + static_cast<int>(images.size()) * kRow + 8;
  draw_color_bar(picture, {column(0), bar, 4 * kSide + 3 * kGap, 20}, diverging, -1, "lowers the logit", "does nothing",
                 "raises the logit");
  return std::move(sheet.picture);
}

Picture preferred_picture(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                          std::span<const std::string> classes, std::string_view title) {
  constexpr int kSide = 224, kTile = 264, kRow = kSide + 100, kHeading = 52, kColumns = 5;
  constexpr int kSmall = 112, kSmallTile = 132, kSmallRow = 132, kSmallColumns = 10;
  constexpr std::size_t kMostClasses = 60, kUnits = 20, kMostLayers = 4;
  const PreferredOptions options;
  const std::size_t shown = std::min(classes.size(), kMostClasses);
  std::vector<Unit> units;
  for (std::size_t c = 0; c < shown; ++c) units.push_back({model.layer_count() - 1, c});
  const std::size_t layers = std::min(model.layer_count() - 1, kMostLayers);
  std::vector<std::size_t> starts;
  for (std::size_t l = 0; l < layers; ++l) {
    starts.push_back(units.size());
    for (const std::size_t u : weightiest(model, l, kUnits)) units.push_back({l, u});
  }
  starts.push_back(units.size());
  const PreferredInputs found = preferred_inputs(rt, model, height, width, units, options);

  const int class_rows = (static_cast<int>(shown) + kColumns - 1) / kColumns;
  int body_height = kHeading + class_rows * kRow;
  for (std::size_t l = 0; l < layers; ++l)
    body_height +=
        kHeading + 20 + (static_cast<int>(starts[l + 1] - starts[l]) + kSmallColumns - 1) / kSmallColumns * kSmallRow;
  Sheet sheet = make_sheet(
      kColumns * kTile, body_height, fmt::format("What {} likes most to see", title),
      fmt::format("Found by gradient ascent over all images with pixels from 0 to 1, with a penalty on ink ({}) and on "
                  "differences between neighbours ({}): these are what the weights ask for, not images of the data.",
                  options.decay, options.smoothness));
  Picture& picture = sheet.picture;
  const int x = sheet.body.x;
  int y = sheet.body.y;
  const auto draw = [&](std::size_t k, int left, int top, int side) {
    draw_numbers(picture, found.images.view().row(k), height, width, left, top, side, 1, ink);
    picture.outline({left - 1, top - 1, side + 2, side + 2}, 1, kLine);
  };
  draw_text(picture, x, y + 28,
            (shown < classes.size() ? fmt::format("The first {} classes", shown) : std::string("Classes")) +
                ", and their logit above the mean of all, black image → this one",
            kSection);
  y += kHeading;
  for (std::size_t c = 0; c < shown; ++c) {
    const int left = x + static_cast<int>(c) % kColumns * kTile, top = y + static_cast<int>(c) / kColumns * kRow;
    draw(c, left, top, kSide);
    const std::string change = fixed_text(found.black[c], 1) + " → " + fixed_text(found.found[c], 1);
    TextStyle bold = kLabel;
    bold.weight = FontWeight::bold;
    draw_text(picture, left, top + kSide + 32, shortened(classes[c], bold, kSide), bold);
    draw_text(picture, left, top + kSide + 62, change, kFaintLabel);
  }
  y += class_rows * kRow;
  for (std::size_t l = 0; l < layers; ++l) {
    y += 20;
    const std::size_t count = starts[l + 1] - starts[l];
    const std::size_t all = model.config().widths[l + 1];
    draw_text(picture, x, y + 28,
              fmt::format("Hidden layer {}: {}", l + 1,
                          count == all ? fmt::format("all {} units", count)
                                       : fmt::format("the {} of {} units with the largest weights to what follows",
                                                     count, count_text(all))),
              kSection);
    y += kHeading;
    for (std::size_t k = 0; k < count; ++k)
      draw(starts[l] + k, x + static_cast<int>(k) % kSmallColumns * kSmallTile,
           y + static_cast<int>(k) / kSmallColumns * kSmallRow, kSmall);
    y += (static_cast<int>(count) + kSmallColumns - 1) / kSmallColumns * kSmallRow;
  }
  return std::move(sheet.picture);
}

}  // namespace inkling
