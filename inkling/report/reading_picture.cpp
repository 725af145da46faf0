#include "inkling/report/reading_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/image/resample.h"
#include "inkling/report/sheet.h"

namespace inkling {
namespace {

constexpr int kSide = 420, kGap = 60, kWords = 56, kAnswer = 40, kRow = kSide + 2 * kWords + kAnswer + 30;
constexpr int kFrame = 3;
constexpr Color kFound = kOkabeIto[0];

// The image in a square of kSide: whole pixels where it is small, means where it is large. Gives the scale.
double draw_given(Picture& picture, const Image& image, int x, int y, Rect& drawn) {
  const auto larger = static_cast<double>(std::max(image.height, image.width));
  const double scale = larger * 2 <= kSide ? std::floor(kSide / larger) : kSide / larger;
  const auto of = [&](std::size_t side) {
    return std::max(1, static_cast<int>(std::lround(scale * static_cast<double>(side))));
  };
  drawn = {.x = x + (kSide - of(image.width)) / 2,
           .y = y + (kSide - of(image.height)) / 2,
           .width = of(image.width),
           .height = of(image.height)};
  const bool enlarged = scale >= 2;
  const Image small =
      enlarged ? image : scaled(image, static_cast<std::size_t>(drawn.height), static_cast<std::size_t>(drawn.width));
  const int square = enlarged ? static_cast<int>(scale) : 1;
  for (std::size_t r = 0; r < small.height; ++r)
    for (std::size_t c = 0; c < small.width; ++c) {
      const std::uint8_t grey = small.pixels[r * small.width + c];
      picture.fill({drawn.x + static_cast<int>(c) * square, drawn.y + static_cast<int>(r) * square, square, square},
                   {grey, grey, grey});
    }
  picture.outline({drawn.x - 1, drawn.y - 1, drawn.width + 2, drawn.height + 2}, 1, kLine);
  return scale;
}

void draw_row(Picture& picture, const ShownReading& shown, int x, int y) {
  Rect drawn;
  draw_text(picture, x, y + 34, shortened(shown.name, kSection, 2 * kSide + kGap), kSection);
  const int top = y + kWords;
  const double scale = draw_given(picture, shown.given, x, top, drawn);
  const Box& ink = shown.prepared.ink;
  if (ink.height > 0 && !shown.prepared.unchanged) {
    const auto at = [&](std::size_t pixels) {
      return static_cast<int>(std::lround(scale * static_cast<double>(pixels)));
    };
    picture.outline({drawn.x + at(ink.left) - kFrame, drawn.y + at(ink.top) - kFrame, at(ink.width) + 2 * kFrame,
                     at(ink.height) + 2 * kFrame},
                    kFrame, kFound);
  }
  Rect seen;
  const int right = x + kSide + kGap;
  draw_given(picture, shown.prepared.digit, right, top, seen);
  const int below = top + kSide + 40;
  draw_text(picture, x + kSide / 2, below, fmt::format("given, {} x {}", shown.given.width, shown.given.height), kLabel,
            Align::center);
  draw_text(picture, right + kSide / 2, below,
            fmt::format("seen, {} x {}", shown.prepared.digit.width, shown.prepared.digit.height), kLabel,
            Align::center);
  draw_text(picture, right + kSide / 2, below + kAnswer, shortened(shown.answer, kSection, kSide + kGap), kSection,
            Align::center);
}

}  // namespace

Picture reading_picture(std::span<const ShownReading> readings) {
  if (readings.empty()) fail(ErrorKind::config, "there is no image to show");
  const std::size_t count = std::min(readings.size(), kMaxShownReadings);
  std::string explanation =
      "Left: the image as it was given; a frame marks the ink that was found. Right: what the network saw.";
  if (count < readings.size()) explanation += fmt::format(" The first {} of {}.", count, readings.size());
  Sheet sheet =
      make_sheet(std::max(kLeastBody, 2 * kSide + kGap), static_cast<int>(count) * kRow, "Given and seen", explanation);
  for (std::size_t i = 0; i < count; ++i)
    draw_row(sheet.picture, readings[i], sheet.body.x, sheet.body.y + static_cast<int>(i) * kRow);
  return std::move(sheet.picture);
}

}  // namespace inkling
