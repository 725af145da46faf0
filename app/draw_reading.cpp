#include "app/draw_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/draw.h"
#include "inkling/image/resample.h"

namespace {

constexpr std::size_t kGap = 2;

// In the middle of as many rows, on the grey of its own border.
inkling::Image on_rows(const inkling::Image& image, std::size_t rows) {
  if (image.height >= rows) return image;
  inkling::Image padded{.height = rows, .width = image.width, .pixels = {}};
  padded.pixels.assign(rows * image.width, image.pixels.front());
  const std::size_t top = (rows - image.height) / 2;
  std::copy(image.pixels.begin(), image.pixels.end(),
            padded.pixels.begin() + static_cast<std::ptrdiff_t>(top * image.width));
  return padded;
}

inkling::Image fitted(const inkling::Image& image, std::size_t height, std::size_t width) {
  const double factor = std::min(static_cast<double>(height) / static_cast<double>(image.height),
                                 static_cast<double>(width) / static_cast<double>(image.width));
  const auto of = [&](std::size_t side, std::size_t most) {
    const auto length = static_cast<std::size_t>(std::lround(factor * static_cast<double>(side)));
    return std::clamp<std::size_t>(length, 1, most);
  };
  return inkling::scaled(image, of(image.height, height), of(image.width, width));
}

std::string drawing_of(const inkling::Image& image, ColorLevel level) {
  return draw_image({image.pixels.data(), 1, image.pixels.size()}, image.height, image.width, level);
}

}  // namespace

std::string draw_given_and_seen(const inkling::Image& given, const inkling::Image& seen, ColorLevel level,
                                std::size_t columns, std::size_t& drawn) {
  const std::size_t per_pixel = drawn_columns(1, level);
  const std::size_t pixels = (columns - kGap) / per_pixel;  // of both side by side
  const std::size_t width = std::min(seen.width, pixels / 2);
  const inkling::Image right = fitted(seen, seen.height, width);
  const std::size_t rest = pixels - right.width;
  const inkling::Image left = on_rows(fitted(given, right.height, rest), right.height);
  drawn = drawn_columns(left.width, level) + kGap + drawn_columns(right.width, level);
  return side_by_side({drawing_of(left, level), drawing_of(right, level)}, kGap);
}

std::string describe_preparation(const inkling::Image& given, const inkling::Prepared& prepared) {
  std::string text = fmt::format("Given: {} x {} pixels", given.width, given.height);
  if (prepared.unchanged) return text + ", as MNIST's already: read as they stand\n";
  if (prepared.blank) return text + " without ink\n";
  text += fmt::format(", {}\n", prepared.inverted ? "dark ink on lighter paper" : "light ink on a darker ground");
  text += fmt::format("Seen:  its ink, {} x {} at column {}, row {}", prepared.ink.width, prepared.ink.height,
                      prepared.ink.left, prepared.ink.top);
  if (prepared.lines > 0)
    text += fmt::format("; {} ruled line{} taken away", prepared.lines, prepared.lines == 1 ? "" : "s");
  return text + "\n";
}
