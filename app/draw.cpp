#include "app/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "inkling/report/colors.h"

namespace {

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

// code_of(value, ground) sets the terminal's colour. Two rows a line; a row that the image does not have is left to the
// terminal's own ground.
template <typename CodeOf>
std::string draw_blocks(const Grid& grid, const CodeOf& code_of) {
  std::string text;
  for (std::size_t row = 0; row < grid.height; row += 2) {
    std::string upper_now, lower_now;  // the colours that the terminal has in force
    for (std::size_t column = 0; column < grid.width; ++column) {
      const std::string upper = code_of(grid(row, column), false);
      const std::string lower = row + 1 < grid.height ? code_of(grid(row + 1, column), true) : "";
      if (upper != upper_now) text += upper;
      if (lower != lower_now) text += lower;
      text += "▀";
      upper_now = upper;
      lower_now = lower;
    }
    text += "\x1b[0m\n";
  }
  return text;
}

// From -1 to 1. The nearest of 256 colours would stray through purple and cream, so there they are chosen.
std::string diverging_code(ColorLevel level, double share, bool ground) {
  constexpr std::size_t kSteps = 7;
  constexpr std::uint8_t kPalette[2 * kSteps + 1] = {18,  19,  20,  63,  105, 147, 189,  // blues
                                                     231,                                // white
                                                     224, 217, 210, 203, 160, 124, 88};  // reds
  if (level == ColorLevel::palette)
    return palette_code(kPalette[static_cast<std::size_t>(std::lround((share + 1) * kSteps))], ground);
  const inkling::Color color = inkling::diverging(share);
  return color_code(level, color.red, color.green, color.blue, ground);
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
  return draw_blocks(grid, [&](double pixel, bool ground) {
    const auto grey = static_cast<std::uint8_t>(pixel);
    return color_code(level, grey, grey, grey, ground);
  });
}

std::string draw_signed(std::span<const float> values, std::size_t height, std::size_t width, float largest,
                        ColorLevel level, std::size_t scale) {
  const Grid grid = scaled(height, width, scale, [&](std::size_t r, std::size_t c) { return values[r * width + c]; });
  auto limit = static_cast<double>(largest);
  if (largest == 0)
    for (const double value : grid.values) limit = std::max(limit, std::fabs(value));
  const auto share = [&](double value) { return limit > 0 ? std::clamp(value / limit, -1.0, 1.0) : 0.0; };
  if (level != ColorLevel::plain)
    return draw_blocks(grid, [&](double value, bool ground) { return diverging_code(level, share(value), ground); });
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
