#include "app/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

std::size_t columns_of(std::string_view text) {
  constexpr std::size_t kWide = 10000;  // fmt pads to columns: what it added says how many there were
  return kWide - std::min(kWide, fmt::formatted_size("{:<10000}", text) - text.size());
}

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

bool is_live_terminal(int descriptor) {
  const char* term = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

ColorLevel color_level(bool terminal, const char* no_color, const char* term, const char* color_term) {
  if (!terminal || (no_color != nullptr && *no_color != '\0') || term == nullptr) return ColorLevel::plain;
  const std::string_view colors = color_term == nullptr ? "" : color_term;
  if (std::string_view(term) == "dumb") return ColorLevel::plain;
  if (colors == "truecolor" || colors == "24bit") return ColorLevel::truecolor;
  if (!colors.empty() || std::string_view(term).find("256color") != std::string_view::npos) return ColorLevel::palette;
  return ColorLevel::plain;
}

ColorLevel color_level(int descriptor) {
  return color_level(::isatty(descriptor) == 1, std::getenv("NO_COLOR"), std::getenv("TERM"), std::getenv("COLORTERM"));
}

bool has_braille(const char* term) {
  const std::string_view name = term == nullptr ? "" : term;
  return !name.starts_with("linux") && !name.starts_with("vt1") && !name.starts_with("vt2");
}

std::size_t palette_index(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  constexpr std::size_t kFirstGrey = 232, kGreys = 24, kFirstOfCube = 16;
  if (red == green && green == blue) return kFirstGrey + red * kGreys / 256;
  // xterm's cube has 0, 95, 135, 175, 215 and 255 in each direction.
  const auto step = [](std::uint8_t value) -> std::size_t {
    if (value < 48) return 0;
    if (value < 115) return 1;
    return (value - 35u) / 40u;
  };
  return kFirstOfCube + 36 * step(red) + 6 * step(green) + step(blue);
}

std::string palette_code(std::size_t index, bool ground) {
  return fmt::format("\x1b[{};5;{}m", ground ? 48 : 38, index);
}

std::string color_code(ColorLevel level, std::uint8_t red, std::uint8_t green, std::uint8_t blue, bool ground) {
  switch (level) {
    case ColorLevel::plain: return "";
    case ColorLevel::palette: return palette_code(palette_index(red, green, blue), ground);
    case ColorLevel::truecolor: return fmt::format("\x1b[{};2;{};{};{}m", ground ? 48 : 38, red, green, blue);
  }
  return "";
}
