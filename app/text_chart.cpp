#include "app/text_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace {

constexpr std::size_t kLabel = 6;  // columns before the plot: a number and the axis

// Dots two by four a cell; each cell remembers which curve was drawn into it last.
class Dots {
 public:
  Dots(std::size_t columns, std::size_t rows)
      : width_(2 * columns), height_(4 * rows), bits_(columns * rows), owner_(columns * rows) {}
  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  std::size_t columns() const { return width_ / 2; }
  std::size_t rows() const { return height_ / 4; }

  // y counts from the bottom.
  void set(std::size_t x, std::size_t y, std::size_t curve) {
    static constexpr std::uint8_t kBit[4][2] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};  // from the top
    const std::size_t from_top = height_ - 1 - y;
    const std::size_t cell = from_top / 4 * columns() + x / 2;
    bits_[cell] |= kBit[from_top % 4][x % 2];
    owner_[cell] = curve;
  }
  std::uint8_t bits(std::size_t row, std::size_t column) const { return bits_[row * columns() + column]; }
  std::size_t owner(std::size_t row, std::size_t column) const { return owner_[row * columns() + column]; }

 private:
  std::size_t width_, height_;
  std::vector<std::uint8_t> bits_;
  std::vector<std::size_t> owner_;
};

std::string glyph(std::uint8_t bits, bool braille) {
  if (bits == 0) return " ";
  if (!braille) {
    constexpr std::uint8_t kUpper = 0x01 | 0x08 | 0x02 | 0x10;
    const bool upper = (bits & kUpper) != 0, lower = (bits & ~kUpper) != 0;
    return upper && lower ? ":" : upper ? "'" : ".";
  }
  const unsigned code = 0x2800u + bits;  // in UTF-8
  return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

bool can_be_drawn(const TextChart& chart, const TextPoint& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && (!chart.logarithmic || p.y > 0);
}

double share_of_height(const TextChart& chart, double y) {
  if (chart.logarithmic) return std::log(y / chart.y_low) / std::log(chart.y_high / chart.y_low);
  return (y - chart.y_low) / (chart.y_high - chart.y_low);
}

double at_height(const TextChart& chart, double share) {
  if (chart.logarithmic) return chart.y_low * std::pow(chart.y_high / chart.y_low, share);
  return chart.y_low + share * (chart.y_high - chart.y_low);
}

// Straight lines from point to point, each column of dots joined to the one before.
void draw_curve(const TextChart& chart, std::size_t index, Dots& dots) {
  const TextCurve& curve = chart.curves[index];
  const double right = static_cast<double>(dots.width() - 1), top = static_cast<double>(dots.height() - 1);
  const auto place = [&](const TextPoint& p) {
    return TextPoint{std::clamp((p.x - chart.x_first) / (chart.x_last - chart.x_first), -1.0, 2.0) * right,
                     std::clamp(share_of_height(chart, p.y) * top, -1.0, top + 1)};
  };
  const auto dot = [&](long x, long y) {
    if (x < 0 || y < 0 || x > std::lround(right) || y > std::lround(top)) return;
    dots.set(static_cast<std::size_t>(x), static_cast<std::size_t>(y), index);
  };
  bool first = true;
  TextPoint from{};
  long below = 0;  // the height at the last column
  for (const TextPoint& point : curve.points) {
    if (!can_be_drawn(chart, point)) continue;
    const TextPoint to = place(point);
    const long end = std::lround(to.x);
    if (first) dot(end, below = std::lround(to.y));
    for (long x = first ? end + 1 : std::lround(from.x) + 1; x <= end; ++x) {
      const double share =
          to.x > from.x ? std::clamp((static_cast<double>(x) - from.x) / (to.x - from.x), 0.0, 1.0) : 1;
      const long y = std::lround(from.y + share * (to.y - from.y));
      if (!curve.dotted) {
        const long step = y > below ? 1 : -1;
        for (long between = below; between != y; between += step) dot(x, between);
        dot(x, y);
      } else if (x % 2 == 0 || x == end) {
        dot(x, y);
      }
      below = y;
    }
    from = to;
    first = false;
  }
}

std::string colored(const std::string& text, const TextCurve& curve, const TextStyle& style) {
  if (style.color == ColorLevel::plain) return text;
  return color_code(style.color, curve.red, curve.green, curve.blue) + text + "\x1b[39m";
}

// "loss - train 0.0127 : test 0.0768", as far as it fits.
std::string title_line(const TextChart& chart, std::size_t columns, const TextStyle& style) {
  std::string line = chart.title.substr(0, columns);
  std::size_t used = line.size();
  for (const TextCurve& curve : chart.curves) {
    const std::string value = curve.value ? fmt::format("{:.{}f}", *curve.value, chart.decimals) : "-";
    const std::string text = fmt::format(" {} {}", curve.name, value);
    const std::size_t wanted = 2 + text.size();  // a space and the mark
    if (used + wanted > columns) break;
    const std::string mark = style.braille ? (curve.dotted ? "┅" : "━") : (curve.dotted ? ":" : "-");
    line += " " + colored(mark, curve, style) + text;
    used += wanted;
  }
  return line + std::string(columns - used, ' ');
}

}  // namespace

std::string short_number(double value) {
  const double size = std::fabs(value);
  if (size < 99999.5 && value == std::round(value)) return fmt::format("{:.0f}", value);
  if (size < 1e-3 || size >= 99999.5) return fmt::format("{:.0e}", value);
  if (size >= 99.95) return fmt::format("{:.0f}", value);
  if (size >= 9.995) return fmt::format("{:.1f}", value);
  return size >= 0.1 ? fmt::format("{:.2f}", value) : fmt::format("{:.3f}", value);
}

std::vector<std::string> draw_chart(const TextChart& chart, std::size_t columns, std::size_t lines,
                                    const TextStyle& style) {
  Dots dots(columns - kLabel, lines - 2);
  for (std::size_t k = chart.curves.size(); k-- > 0;) draw_curve(chart, k, dots);  // the first ends up on top

  std::vector<std::string> text = {title_line(chart, columns, style)};
  const std::size_t rows = dots.rows();
  for (std::size_t row = 0; row < rows; ++row) {
    const bool named = row == 0 || row == rows - 1 || (rows % 2 == 1 && row == rows / 2);
    const double share = 1 - static_cast<double>(row) / static_cast<double>(rows - 1);
    std::string line = fmt::format("{:>{}}{}", named ? short_number(at_height(chart, share)) : "", kLabel - 1,
                                   !style.braille ? (named ? "+" : "|") : (named ? "┤" : "│"));
    std::size_t owner = chart.curves.size();  // whose colour is in force
    for (std::size_t column = 0; column < dots.columns(); ++column) {
      const std::uint8_t bits = dots.bits(row, column);
      if (bits != 0 && style.color != ColorLevel::plain && dots.owner(row, column) != owner) {
        owner = dots.owner(row, column);
        const TextCurve& curve = chart.curves[owner];
        line += color_code(style.color, curve.red, curve.green, curve.blue);
      }
      line += glyph(bits, style.braille);
    }
    if (owner != chart.curves.size()) line += "\x1b[39m";
    text.push_back(line);
  }
  const std::string left = short_number(chart.x_first), right = short_number(chart.x_last);
  const std::size_t between = dots.columns() - left.size() - right.size();
  text.push_back(fmt::format("{:{}}{}{:^{}}{}", "", kLabel, left, chart.x_name.substr(0, between), between, right));
  return text;
}
