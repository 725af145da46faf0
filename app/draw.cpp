#include "app/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "inkling/report/colors.h"

namespace {

using inkling::Color;

// Means of squares of scale x scale pixels; those at the right and the bottom may be smaller.
struct Grid {
  std::size_t height = 0, width = 0;
  std::vector<double> values;  // (height, width)
  double operator()(std::size_t r, std::size_t c) const { return values[r * width + c]; }
};

template <typename Pixel>
Grid scaled(std::size_t height, std::size_t width, std::size_t scale, const Pixel& pixel) {
  Grid grid{.height = (height + scale - 1) / scale, .width = (width + scale - 1) / scale, .values = {}};
  for (std::size_t r = 0; r < height; r += scale)
    for (std::size_t c = 0; c < width; c += scale) {
      const std::size_t r_end = std::min(r + scale, height), c_end = std::min(c + scale, width);
      double sum = 0;
      for (std::size_t y = r; y < r_end; ++y)
        for (std::size_t x = c; x < c_end; ++x) sum += static_cast<double>(pixel(y, x));
      grid.values.push_back(sum / static_cast<double>((r_end - r) * (c_end - c)));
    }
  return grid;
}

// Two rows a line. A row that the image does not have is left to the terminal's own ground.
template <typename ColorOf>
std::string draw_blocks(const Grid& grid, ColorLevel level, const ColorOf& color_of) {
  std::string text;
  for (std::size_t row = 0; row < grid.height; row += 2) {
    std::string upper_now, lower_now;  // the colours that the terminal has in force
    for (std::size_t column = 0; column < grid.width; ++column) {
      const Color upper = color_of(grid(row, column));
      const std::string upper_code = color_code(level, upper.red, upper.green, upper.blue);
      std::string lower_code;
      if (row + 1 < grid.height) {
        const Color lower = color_of(grid(row + 1, column));
        lower_code = color_code(level, lower.red, lower.green, lower.blue, true);
      }
      if (upper_code != upper_now) text += upper_code;
      if (lower_code != lower_now) text += lower_code;
      text += "▀";
      upper_now = upper_code;
      lower_now = lower_code;
    }
    text += "\x1b[0m\n";
  }
  return text;
}

template <typename TwoCharacters>
std::string draw_characters(const Grid& grid, const TwoCharacters& characters_of) {
  std::string text;
  for (std::size_t row = 0; row < grid.height; ++row) {
    for (std::size_t column = 0; column < grid.width; ++column) text += characters_of(grid(row, column));
    text += '\n';
  }
  return text;
}

}  // namespace

std::size_t drawn_columns(std::size_t width, ColorLevel level, std::size_t scale) {
  return (width + scale - 1) / scale * (level == ColorLevel::plain ? 2 : 1);
}

std::size_t scale_to_fit(std::size_t width, ColorLevel level, std::size_t columns) {
  std::size_t scale = 1;
  while (scale < width && drawn_columns(width, level, scale) > columns) ++scale;
  return scale;
}

std::string draw_image(inkling::PixelView image, std::size_t height, std::size_t width, ColorLevel level,
                       std::size_t scale) {
  constexpr std::string_view kRamp = " .:-=+*#%@";  // from background to full ink
  const Grid grid = scaled(height, width, scale, [&](std::size_t r, std::size_t c) { return image(0, r * width + c); });
  if (level == ColorLevel::plain)
    return draw_characters(grid, [&](double pixel) {
      return std::string(2, kRamp[static_cast<std::size_t>(pixel) * kRamp.size() / 256]);
    });
  return draw_blocks(grid, level, [](double pixel) {
    const auto grey = static_cast<std::uint8_t>(pixel);
    return Color{grey, grey, grey};
  });
}

std::string draw_signed(std::span<const float> values, std::size_t height, std::size_t width, float largest,
                        ColorLevel level, std::size_t scale) {
  const Grid grid = scaled(height, width, scale, [&](std::size_t r, std::size_t c) { return values[r * width + c]; });
  const auto share = [&](double value) {
    return largest > 0 ? std::clamp(value / static_cast<double>(largest), -1.0, 1.0) : 0.0;
  };
  if (level != ColorLevel::plain)
    return draw_blocks(grid, level, [&](double value) { return inkling::diverging(share(value)); });
  return draw_characters(grid, [&](double value) {
    const long tenths = std::min(std::lround(std::fabs(share(value)) * 10), 9l);
    return tenths == 0 ? std::string("  ") : fmt::format("{}{}", value < 0 ? '-' : '+', tenths);
  });
}

std::string side_by_side(const std::vector<std::string>& drawings, std::size_t gap) {
  std::string text;
  std::vector<std::string_view> rest(drawings.begin(), drawings.end());
  while (!rest.empty() && !rest.front().empty()) {
    for (std::string_view& drawing : rest) {
      const std::size_t end = std::min(drawing.find('\n'), drawing.size());
      if (&drawing != &rest.front()) text.append(gap, ' ');
      text += drawing.substr(0, end);
      drawing.remove_prefix(std::min(end + 1, drawing.size()));
    }
    text += '\n';
  }
  return text;
}
