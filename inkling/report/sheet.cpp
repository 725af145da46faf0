#include "inkling/report/sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace inkling {
namespace {

constexpr int kTitleRoom = 60, kLineRoom = 34, kBodyGap = 26;

}  // namespace

std::vector<std::string> broken_into_lines(std::string_view text, const TextStyle& style, int width) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word(text.substr(at, end - at));
    const std::string longer = lines.empty() ? word : lines.back() + " " + word;
    if (lines.empty() || text_width(longer, style) > width)
      lines.push_back(word);
    else
      lines.back() = longer;
    at = end + 1;
  }
  return lines;
}

Sheet make_sheet(int body_width, int body_height, std::string_view title, std::string_view explanation) {
  const int width = std::max(body_width, kLeastBody);
  const std::vector<std::string> lines = broken_into_lines(explanation, kSubtitle, width);
  const int above = kMargin + kTitleRoom + kLineRoom * static_cast<int>(lines.size()) + kBodyGap;
  Sheet sheet{.picture = Picture(static_cast<std::size_t>(width + 2 * kMargin),
                                 static_cast<std::size_t>(above + body_height + kMargin)),
              .body = {kMargin, above, width, body_height}};
  int y = kMargin + kTitle.size * 3 / 4;
  draw_text(sheet.picture, kMargin, y, shortened(title, kTitle, width), kTitle);
  y += kTitleRoom - kTitle.size / 4;
  for (const std::string& line : lines) {
    draw_text(sheet.picture, kMargin, y, line, kSubtitle);
    y += kLineRoom;
  }
  return sheet;
}

int image_scale(std::size_t height, std::size_t width, int side) {
  return side / static_cast<int>(std::max(height, width));
}

void draw_numbers(Picture& picture, std::span<const float> numbers, std::size_t height, std::size_t width, int x, int y,
                  int side, float limit, const ColorMap& map) {
  const auto color = [&](float v) { return map(limit > 0 ? static_cast<double>(v) / static_cast<double>(limit) : v); };
  const int scale = image_scale(height, width, side);
  const int shown_width = scale > 0 ? scale * static_cast<int>(width) : side;
  const int shown_height = scale > 0 ? scale * static_cast<int>(height) : side;
  const int left = x + (side - shown_width) / 2, top = y + (side - shown_height) / 2;
  if (scale > 0) {
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t c = 0; c < width; ++c)
        picture.fill({left + scale * static_cast<int>(c), top + scale * static_cast<int>(r), scale, scale},
                     color(numbers[r * width + c]));
    return;
  }
  // More numbers than pixels: each pixel is the mean of those that it covers, and the shape is kept.
  const double step = static_cast<double>(std::max(height, width)) / side;
  const auto rows = static_cast<int>(static_cast<double>(height) / step);
  const auto columns = static_cast<int>(static_cast<double>(width) / step);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const auto from = [&](int k) { return static_cast<std::size_t>(k * step); };
      double sum = 0;
      std::size_t count = 0;
      for (std::size_t i = from(r); i < std::max(from(r + 1), from(r) + 1) && i < height; ++i)
        for (std::size_t j = from(c); j < std::max(from(c + 1), from(c) + 1) && j < width; ++j, ++count)
          sum += static_cast<double>(numbers[i * width + j]);
      picture.set(x + (side - columns) / 2 + c, y + (side - rows) / 2 + r,
                  color(static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(count, 1)))));
    }
}

void draw_digit(Picture& picture, std::span<const std::uint8_t> pixels, std::size_t height, std::size_t width, int x,
                int y, int side) {
  std::vector<float> numbers(pixels.begin(), pixels.end());
  picture.fill({x, y, side, side}, kWhite);
  draw_numbers(picture, numbers, height, width, x, y, side, 255, ink);
  picture.outline({x - 1, y - 1, side + 2, side + 2}, 1, kLine);
}

void draw_color_bar(Picture& picture, const Rect& bar, const ColorMap& map, double low, std::string_view left,
                    std::string_view middle, std::string_view right) {
  for (int k = 0; k < bar.width; ++k)
    picture.fill({bar.x + k, bar.y, 1, bar.height}, map(low + (1 - low) * k / std::max(bar.width - 1, 1)));
  picture.outline(bar, 1, kFaintText);
  const int y = bar.y + bar.height + kFaintLabel.size + 4;
  draw_text(picture, bar.x, y, left, kFaintLabel);
  draw_text(picture, bar.x + bar.width / 2, y, middle, kFaintLabel, Align::center);
  draw_text(picture, bar.x + bar.width, y, right, kFaintLabel, Align::right);
}

float size_quantile(std::span<const float> numbers, double share) {
  std::vector<float> sizes;
  for (const float v : numbers)
    if (std::isfinite(v)) sizes.push_back(std::abs(v));
  if (sizes.empty()) return 0;
  const auto place = std::lround(share * static_cast<double>(sizes.size() - 1));
  std::nth_element(sizes.begin(), sizes.begin() + place, sizes.end());
  return sizes[static_cast<std::size_t>(place)];
}

std::string percent_text(double share) {
  if (std::isnan(share)) return "-";
  if (share > 0 && share < 0.0005) return "<0.1 %";
  if (share < 1 && share >= 0.9995) return ">99.9 %";
  return fmt::format("{:.1f} %", 100 * share);
}

std::string fixed_text(double value, int digits) {
  const std::string text = fmt::format("{:.{}f}", std::abs(value), digits);
  const bool is_zero = text.find_first_not_of("0.") == text.npos;
  return value < 0 && !is_zero ? fmt::format("−{}", text) : text;
}

std::string count_text(std::size_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

}  // namespace inkling
