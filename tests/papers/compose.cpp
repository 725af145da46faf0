#include "tests/papers/compose.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>

#include "inkling/core/error.h"

namespace inkling::papers {
namespace {

// Of a line's digit height.
constexpr double kPitch = 1.75;    // from line to line
constexpr double kAdvance = 1.05;  // a digit's place with the gap behind it, and its part of the gaps between numbers
constexpr double kMargin = 0.6;
constexpr double kLeastPageDigit = 8;   // pixels: lower ones are nobody's page
constexpr double kTouchOverlap = 0.03;  // how far touching digits reach into each other

// Ink cut out of its sheet, with its box there.
struct Cutting {
  InkSheet ink{0, 0};
  Box box;
};

Cutting cut_out(const Writer& writer, double height, double degrees, double pen, Dice& dice) {
  const auto side = static_cast<std::size_t>(std::ceil(3 * height)) + 8;  // wider and turned, it still is on it
  const double middle = static_cast<double>(side) / 2;
  Cutting cutting{.ink = InkSheet(side, side), .box = {}};
  cutting.box = writer(cutting.ink, {.x = middle, .y = middle, .height = height, .degrees = degrees}, pen, dice);
  return cutting;
}

// Puts the cutting so that its own pixel (0, 0) comes to (top, left) of the page.
Box paste(InkSheet& page, const Cutting& cutting, std::ptrdiff_t top, std::ptrdiff_t left) {
  for (std::size_t y = 0; y < cutting.ink.height; ++y) {
    const std::ptrdiff_t row = top + static_cast<std::ptrdiff_t>(y);
    if (row < 0 || row >= static_cast<std::ptrdiff_t>(page.height)) {
      continue;
    }
    for (std::size_t x = 0; x < cutting.ink.width; ++x) {
      const std::ptrdiff_t column = left + static_cast<std::ptrdiff_t>(x);
      if (column >= 0 && column < static_cast<std::ptrdiff_t>(page.width)) {
        std::uint8_t& there =
            page.amount[static_cast<std::size_t>(row) * page.width + static_cast<std::size_t>(column)];
        there = std::max(there, cutting.ink.amount[y * cutting.ink.width + x]);
      }
    }
  }
  return {.top = static_cast<std::size_t>(top + static_cast<std::ptrdiff_t>(cutting.box.top)),
          .left = static_cast<std::size_t>(left + static_cast<std::ptrdiff_t>(cutting.box.left)),
          .height = cutting.box.height,
          .width = cutting.box.width};
}

bool inked(const Cutting& c, std::size_t y, std::size_t x) { return c.ink.amount[y * c.ink.width + x] >= 128; }

// How far right of `before` (pasted with its column 0 at 0) `next` must be pasted, so that the smallest distance
// between their ink is `gap`, looking `slack` rows up and down. Rows: next's row y is before's row y + `lower`.
double place_beside(const Cutting& before, const Cutting& next, std::ptrdiff_t lower, double gap,
                    std::ptrdiff_t slack) {
  const auto rows = static_cast<std::ptrdiff_t>(before.ink.height);
  std::vector<std::ptrdiff_t> right(before.ink.height, -1);
  for (std::size_t y = 0; y < before.ink.height; ++y) {
    for (std::size_t x = before.ink.width; x-- > 0;) {
      if (inked(before, y, x)) {
        right[y] = static_cast<std::ptrdiff_t>(x);
        break;
      }
    }
  }
  // Without rows in common: box after box.
  double at = static_cast<double>(before.box.left + before.box.width) - static_cast<double>(next.box.left) - 0.5 * gap;
  bool meet = false;
  for (std::size_t y = 0; y < next.ink.height; ++y) {
    std::size_t x = 0;
    while (x < next.ink.width && !inked(next, y, x)) {
      ++x;
    }
    if (x == next.ink.width) {
      continue;
    }
    for (std::ptrdiff_t s = -slack; s <= slack; ++s) {
      const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(y) + lower + s;
      if (row >= 0 && row < rows && right[static_cast<std::size_t>(row)] >= 0) {
        const double needed =
            static_cast<double>(right[static_cast<std::size_t>(row)] + 1) - static_cast<double>(x) + gap;
        at = meet ? std::max(at, needed) : needed;
        meet = true;
      }
    }
  }
  return at;
}

// How the digits are spread over lines, and how high they are.
struct Layout {
  double height = 0;
  std::vector<std::size_t> lines;  // digits in each
};

Layout lay_out(const PageOptions& options, Dice& dice) {
  const double h = static_cast<double>(options.height), w = static_cast<double>(options.width);
  const auto height_for = [&](std::size_t lines) {
    const double most = std::ceil(static_cast<double>(options.digits) / static_cast<double>(lines));
    const double skewed = w * std::tan(options.most_skew * std::numbers::pi / 180);
    return std::min((h - skewed) / (kPitch * static_cast<double>(lines) + 2 * kMargin),
                    w / (kAdvance * most + 2 * kMargin));
  };
  double best = 0;
  for (std::size_t lines = 1; lines <= options.digits; ++lines) {
    best = std::max(best, height_for(lines));
  }
  std::vector<std::size_t> possible;
  for (std::size_t lines = 1; lines <= options.digits; ++lines) {
    if (height_for(lines) >= 0.6 * best) {
      possible.push_back(lines);
    }
  }
  const std::size_t lines = possible[dice.below(possible.size())];
  Layout out{.height = std::min(height_for(lines) * dice.between(0.6, 0.98), 0.5 * std::min(h, w)), .lines = {}};
  const auto room = static_cast<std::size_t>((w / out.height - 2 * kMargin) / kAdvance);
  out.lines.assign(lines, 1);
  for (std::size_t left = options.digits - lines; left > 0;) {
    std::size_t& line = out.lines[dice.below(lines)];
    if (line < room) {
      ++line;
      --left;
    }
  }
  return out;
}

// The page's lines at digits of this height; nothing where a line is too long for it.
std::optional<Page> write_lines(const DigitSource& source, const PageOptions& options, const Layout& layout,
                                InkSheet& sheet, Dice& dice) {
  const double h = layout.height;
  const double pen = std::max(h * dice.between(options.thin_pen, options.thick_pen), 1.0);
  const double slope = std::tan(dice.between(-options.most_skew, options.most_skew) * std::numbers::pi / 180);
  const double used = kPitch * h * static_cast<double>(layout.lines.size());
  const double leans = std::abs(slope) * static_cast<double>(options.width);
  const double room = std::max(0.0, static_cast<double>(options.height) - used - 2 * kMargin * h - leans);
  const double top = kMargin * h + (slope < 0 ? leans : 0) + dice.between(0, 1) * room;
  Page page;
  for (std::size_t line = 0; line < layout.lines.size(); ++line) {
    const double middle = top + kPitch * h * (static_cast<double>(line) + 0.5);
    double cursor = kMargin * h + dice.between(0, 0.15 * h);  // where the line's next ink may begin
    std::size_t left_of_number = dice.from_to(1, 4);
    Cutting before;
    std::ptrdiff_t before_left = 0, before_top = 0;
    page.text += line == 0 ? "" : "\n";
    for (std::size_t i = 0; i < layout.lines[line]; ++i) {
      const std::size_t digit = dice.below(10);
      const double height = h * dice.between(0.9, 1.08);
      const double degrees = dice.between(-options.most_degrees, options.most_degrees);
      Cutting cutting = cut_out(source(digit, dice), height, degrees, pen, dice);
      const bool starts = left_of_number == 0;
      const bool touches = i > 0 && !starts && dice.chance(options.touching);
      double left = cursor - static_cast<double>(cutting.box.left);
      const double y = middle + slope * (cursor + h / 2) + h * dice.between(-0.05, 0.05) -
                       static_cast<double>(cutting.box.top) - static_cast<double>(cutting.box.height) / 2;
      const auto row = static_cast<std::ptrdiff_t>(std::lround(y));
      if (i > 0) {
        const double gap = touches  ? -std::max(1.0, kTouchOverlap * h)
                           : starts ? h * dice.between(0.75, 1.0)
                                    : std::max(2.0, h * dice.between(0.1, 0.25));
        const auto slack = touches ? std::ptrdiff_t{0} : static_cast<std::ptrdiff_t>(std::ceil(std::max(1.0, 0.1 * h)));
        left = static_cast<double>(before_left) + place_beside(before, cutting, row - before_top, gap, slack);
      }
      const auto column = static_cast<std::ptrdiff_t>(std::lround(left));
      cursor = left + static_cast<double>(cutting.box.left + cutting.box.width);
      if (cursor > static_cast<double>(options.width) - 2 || row + static_cast<std::ptrdiff_t>(cutting.box.top) < 2 ||
          static_cast<double>(row) + static_cast<double>(cutting.box.top + cutting.box.height) >
              static_cast<double>(options.height) - 2)
        return std::nullopt;
      page.text += i > 0 && starts ? " " : "";
      page.text += static_cast<char>('0' + digit);
      page.digits.push_back(
          {.box = paste(sheet, cutting, row, column), .digit = digit, .line = line, .touches = touches});
      left_of_number = starts ? dice.from_to(0, 3) : left_of_number - 1;
      before = std::move(cutting);
      before_left = column;
      before_top = row;
    }
  }
  return page;
}

Paper paper_for(const std::string& kind, double digit_height, Dice& dice) {
  const double spacing = digit_height * dice.between(1.1, 1.6);
  return kind.empty() ? any_paper(spacing, dice) : paper_of_kind(kind, spacing, dice);
}

}  // namespace

Writer glyph_writer(Glyph glyph) {
  return [glyph = std::move(glyph)](InkSheet& ink, const Place& place, double pen, Dice& dice) {
    const Glyph written = by_hand(glyph, dice);
    return write_glyph(ink, written, place, pen, dice.between(0, 0.35));
  };
}

Writer digit_writer(std::size_t digit, Dice& dice) { return glyph_writer(digit_glyph(digit, dice.below(hands()))); }

Writer letter_writer(char letter) { return glyph_writer(letter_glyph(letter)); }

Writer scribble_writer(Dice& dice) { return glyph_writer(scribble(dice)); }

Writer image_writer(std::span<const std::uint8_t> pixels, std::size_t side) {
  return [pixels, side](InkSheet& ink, const Place& place, double, Dice& dice) {
    return write_image(ink, pixels, side, place, dice.between(-0.2, 0.35));
  };
}

Single compose_single(const Writer& writer, const SingleOptions& options, Dice& dice) {
  const double side = static_cast<double>(std::min(options.height, options.width));
  double height = side * dice.between(options.least_fill, options.most_fill);
  const double degrees = dice.between(-options.most_degrees, options.most_degrees);
  const double pen = dice.between(options.thin_pen, options.thick_pen);
  const std::uint64_t hand = dice.seed();
  Cutting cutting;
  for (;;) {  // what is too wide for the sheet is written smaller
    Dice same(hand);
    cutting = cut_out(writer, height, degrees, std::max(pen * height, 1.0), same);
    if (cutting.box.height == 0) {
      fail(ErrorKind::config, "a character without ink, {:.1f} pixels high", height);
    }
    if (cutting.box.height + 2 <= options.height && cutting.box.width + 2 <= options.width) {
      break;
    }
    height *= 0.9;
  }
  const std::size_t top = 1 + dice.below(options.height - cutting.box.height - 1);
  const std::size_t left = 1 + dice.below(options.width - cutting.box.width - 1);
  InkSheet sheet(options.height, options.width);
  const auto offset = [](std::size_t to, std::size_t from) {
    return static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from);
  };
  const Box box = paste(sheet, cutting, offset(top, cutting.box.top), offset(left, cutting.box.left));
  return {.photo = photograph(sheet, paper_for(options.paper, height, dice), dice), .box = box};
}

DigitSource stroke_digits() {
  return [](std::size_t digit, Dice& dice) { return digit_writer(digit, dice); };
}

DigitSource image_digits(std::span<const std::uint8_t> pixels, std::span<const std::uint8_t> labels, std::size_t side) {
  auto of_label = std::make_shared<std::vector<std::vector<std::size_t>>>(256);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    (*of_label)[labels[i]].push_back(i);
  }
  return [pixels, side, of_label](std::size_t digit, Dice& dice) {
    const std::vector<std::size_t>& known = of_label->at(digit);
    if (known.empty()) {
      fail(ErrorKind::config, "no image is labelled {}", digit);
    }
    return image_writer(pixels.subspan(known[dice.below(known.size())] * side * side, side * side), side);
  };
}

Page compose_page(const DigitSource& source, const PageOptions& options, Dice& dice) {
  if (options.digits < 1 || options.digits > 60)
    fail(ErrorKind::config, "a page of {} digits: 1 to 60", options.digits);
  Layout layout = lay_out(options, dice);
  const std::uint64_t hand = dice.seed();
  for (;; layout.height *= 0.93) {
    if (layout.height < kLeastPageDigit)
      fail(ErrorKind::config, "{} digits do not fit on {} x {} pixels", options.digits, options.height, options.width);
    InkSheet sheet(options.height, options.width);
    Dice same(hand);
    std::optional<Page> page = write_lines(source, options, layout, sheet, same);
    if (!page) continue;
    page->photo = photograph(sheet, paper_for(options.paper, layout.height, dice), dice);
    return std::move(*page);
  }
}

}  // namespace inkling::papers
