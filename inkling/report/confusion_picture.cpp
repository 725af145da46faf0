#include "inkling/report/confusion_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr int kMostCell = 92, kLeastCell = 6, kRoomForNumbers = 64, kWidest = 1400;
constexpr int kMostNames = 190;  // pixels for a row's name
constexpr int kAxis = 44;        // room for an axis's name
constexpr int kShares = 130;     // room for recall at the right and precision below

// Mistakes are few: the lower shares get most of the colours.
Color color_of(double share) { return blues(std::pow(share, 0.35)); }

}  // namespace

Picture confusion_picture(std::span<const std::size_t> counts, std::span<const std::string> classes,
                          std::string_view model) {
  const std::size_t C = classes.size();
  if (C == 0 || counts.size() != C * C)
    fail(ErrorKind::shape, "confusion matrix: {} counts for {} classes", counts.size(), C);
  std::vector<std::size_t> of_label(C), of_read(C);
  std::size_t all = 0, right = 0;
  for (std::size_t y = 0; y < C; ++y)
    for (std::size_t p = 0; p < C; ++p) {
      of_label[y] += counts[y * C + p];
      of_read[p] += counts[y * C + p];
      all += counts[y * C + p];
      right += y == p ? counts[y * C + p] : 0;
    }

  const int cell = std::clamp(kWidest / static_cast<int>(C), kLeastCell, kMostCell);
  const bool numbers = cell >= kRoomForNumbers;
  const auto every = static_cast<std::size_t>((kLabel.size + 4 + cell - 1) / cell);  // each so many classes has a name
  int names = 0;
  for (const std::string& name : classes) names = std::max(names, text_width(name, kLabel));
  names = std::min(names, kMostNames);
  const bool upright = numbers && names <= cell - 8;  // column names fit side by side as they are
  const int above = kAxis + (upright ? 40 : names + 16);
  const int left = kAxis + names + 16, side = cell * static_cast<int>(C);
  const int below = numbers ? 96 : 16;
  constexpr int kBar = 84;
  Sheet sheet = make_sheet(
      left + side + (numbers ? kShares : 0), above + side + below + kBar, fmt::format("What {} takes for what", model),
      fmt::format("{} of {} test images are read right ({}). A row is what an image is, a column what it was read as; "
                  "{}the colour is the share of the row.",
                  count_text(right), count_text(all),
                  percent_text(static_cast<double>(right) / static_cast<double>(all)),
                  numbers ? "the number counts images, " : ""));
  Picture& picture = sheet.picture;
  const int x0 = sheet.body.x + left, y0 = sheet.body.y + above;
  draw_text(picture, x0 + side / 2, sheet.body.y + 26, "read as", kSection, Align::center);
  draw_text_upwards(picture, sheet.body.x + 26, y0 + side / 2, "is", kSection, Align::center);

  for (std::size_t y = 0; y < C; ++y)
    for (std::size_t p = 0; p < C; ++p) {
      const std::size_t count = counts[y * C + p];
      const double share = of_label[y] == 0 ? 0 : static_cast<double>(count) / static_cast<double>(of_label[y]);
      const Color color = count == 0 ? kWhite : color_of(share);
      const Rect rect{x0 + cell * static_cast<int>(p), y0 + cell * static_cast<int>(y), cell, cell};
      picture.fill(rect, color);
      if (numbers && count > 0) {
        TextStyle style{.size = 26, .color = text_on(color)};
        if (y == p) style.weight = FontWeight::bold;
        const std::string text = count_text(count);
        if (text_width(text, style) > cell - 6) style.size = 20;
        draw_text(picture, rect.x + cell / 2, rect.y + cell / 2 + 9, text, style, Align::center);
      }
    }
  if (cell >= 16)
    for (int k = 1; k < static_cast<int>(C); ++k) {
      picture.fill({x0, y0 + k * cell, side, 1}, kLine);
      picture.fill({x0 + k * cell, y0, 1, side}, kLine);
    }
  picture.outline({x0 - 2, y0 - 2, side + 4, side + 4}, 2, kFaintText);

  for (std::size_t c = 0; c < C; c += every) {
    const int middle = cell * static_cast<int>(c) + cell / 2;
    const std::string name = shortened(classes[c], kLabel, kMostNames);
    draw_text(picture, x0 - 14, y0 + middle + 9, name, kLabel, Align::right);
    if (upright)
      draw_text(picture, x0 + middle, y0 - 14, name, kLabel, Align::center);
    else
      draw_text_upwards(picture, x0 + middle + 9, y0 - 14, name, kLabel);
  }
  if (numbers) {
    draw_text(picture, x0 + side + 16, y0 - 14, "right", kFaintLabel);
    draw_text(picture, x0 - 14, y0 + side + 34, "right", kFaintLabel, Align::right);
    for (std::size_t c = 0; c < C; ++c) {
      const int middle = cell * static_cast<int>(c) + cell / 2;
      const auto text = [&](std::size_t of) {
        return of == 0
                   ? std::string("-")
                   : fmt::format("{:.1f}", 100.0 * static_cast<double>(counts[c * C + c]) / static_cast<double>(of));
      };
      draw_text(picture, x0 + side + 16, y0 + middle + 9, text(of_label[c]) + " %", kFaintLabel);
      draw_text(picture, x0 + middle, y0 + side + 34, text(of_read[c]), kFaintLabel, Align::center);
    }
    draw_text(picture, x0 + side + 16, y0 + side + 34, "%", kFaintLabel);
    draw_text(picture, x0, y0 + side + 70, "At the right recall, below precision, in per cent.", kFaintLabel);
  }
  draw_color_bar(picture, {x0, y0 + side + below, std::min(side, 520), 22}, color_of, 0, "0 %", "share of the row",
                 "100 %");
  return std::move(sheet.picture);
}

}  // namespace inkling
