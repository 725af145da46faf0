#include "app/draw.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::string_view kRamp = " .:-=+*#%@";  // from background to full ink
constexpr std::size_t kFirstGrey = 232;           // xterm's 24 greys, from nearly black to nearly white
constexpr std::size_t kGreys = 24;

std::size_t grey(std::uint8_t pixel) { return kFirstGrey + pixel * kGreys / 256; }

std::string draw_blocks(inkling::PixelView image, std::size_t height, std::size_t width) {
  std::string text;
  for (std::size_t row = 0; row < height; row += 2) {
    std::size_t shown_upper = 0;  // the colours that the terminal has in force; 0 for its own
    std::size_t shown_lower = 0;
    for (std::size_t column = 0; column < width; ++column) {
      const auto pixel = [&](std::size_t r) { return r < height ? image(0, r * width + column) : std::uint8_t{0}; };
      const std::size_t upper = grey(pixel(row));
      const std::size_t lower = grey(pixel(row + 1));
      if (upper != shown_upper) text += fmt::format("\x1b[38;5;{}m", upper);
      if (lower != shown_lower) text += fmt::format("\x1b[48;5;{}m", lower);
      text += "\u2580";  // the upper half block
      shown_upper = upper;
      shown_lower = lower;
    }
    text += "\x1b[0m\n";
  }
  return text;
}

std::string draw_characters(inkling::PixelView image, std::size_t height, std::size_t width) {
  std::string text;
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t column = 0; column < width; ++column)
      text.append(2, kRamp[image(0, row * width + column) * kRamp.size() / 256]);
    text += '\n';
  }
  return text;
}

}  // namespace

bool stdout_has_color() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const char* color_term = std::getenv("COLORTERM");
  if (::isatty(STDOUT_FILENO) == 0 || (no_color != nullptr && *no_color != '\0') || term == nullptr) return false;
  return std::string_view(term).find("256color") != std::string_view::npos ||
         (color_term != nullptr && *color_term != '\0');
}

std::string draw_image(inkling::PixelView image, std::size_t height, std::size_t width, bool color) {
  return color ? draw_blocks(image, height, width) : draw_characters(image, height, width);
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
