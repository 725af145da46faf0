#include "tests/papers/strokes.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "inkling/core/error.h"

namespace inkling::papers {
namespace {

constexpr int kPieces = 12;  // straight pieces between two points of a curve: below a pixel off at 400 pixels of height

struct Knot {
  Point at;
  bool corner = false;
};

// Catmull and Rom's curve between b and c; a and d give the directions at its ends.
Point on_curve(Point a, Point b, Point c, Point d, double t) {
  const auto one = [t](double p, double q, double r, double s) {
    return 0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t * t * t);
  };
  return {one(a.x, b.x, c.x, d.x), one(a.y, b.y, c.y, d.y)};
}

Stroke curve_through(const std::vector<Knot>& knots) {
  Stroke out;
  if (!knots.empty()) {
    out.push_back(knots[0].at);
  }
  for (std::size_t i = 0; i + 1 < knots.size(); ++i) {
    const Knot& b = knots[i];
    const Knot& c = knots[i + 1];
    if (b.corner && c.corner) {
      out.push_back(c.at);
      continue;
    }
    const Point before = i == 0 || b.corner ? b.at : knots[i - 1].at;
    const Point after = i + 2 >= knots.size() || c.corner ? c.at : knots[i + 2].at;
    for (int k = 1; k <= kPieces; ++k) {
      out.push_back(on_curve(before, b.at, c.at, after, static_cast<double>(k) / kPieces));
    }
  }
  return out;
}

double number_in(std::string_view text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) {
    fail(ErrorKind::format, "glyph: '{}' is no number", text);
  }
  return value;
}

}  // namespace

Glyph glyph_of(std::string_view text) {
  Glyph glyph;
  std::vector<Knot> knots;
  const auto lift = [&] {
    glyph.push_back(curve_through(knots));
    knots.clear();
  };
  while (!text.empty()) {
    const std::size_t length = std::min(text.find_first_of(" ;"), text.size());
    std::string_view word = text.substr(0, length);
    const bool lifts = length < text.size() && text[length] == ';';
    text.remove_prefix(std::min(length + 1, text.size()));
    if (!word.empty()) {
      const bool corner = word.ends_with('!');
      word.remove_suffix(corner ? 1 : 0);
      const std::size_t comma = word.find(',');
      if (comma == std::string_view::npos) {
        fail(ErrorKind::format, "glyph: '{}' is no point x,y", word);
      }
      knots.push_back({{number_in(word.substr(0, comma)), number_in(word.substr(comma + 1))}, corner});
    }
    if (lifts) {
      lift();
    }
  }
  lift();
  return glyph;
}

Glyph scribble(Dice& dice) {
  std::vector<Knot> knots;
  Glyph glyph;
  const auto lift = [&] {
    glyph.push_back(curve_through(knots));
    knots.clear();
  };
  switch (dice.below(5)) {
    case 0: {  // a zigzag, across or downwards
      const std::size_t turns = dice.from_to(5, 10);
      const bool across = dice.chance(0.5);
      for (std::size_t i = 0; i <= turns; ++i) {
        const double along = 100.0 * static_cast<double>(i) / static_cast<double>(turns) + dice.normal(2);
        const double aside = i % 2 == 0 ? dice.between(0, 25) : dice.between(60, 95);
        knots.push_back({across ? Point{along, aside} : Point{aside, along}, dice.chance(0.5)});
      }
      lift();
      break;
    }
    case 1: {  // a spiral of two turns and more
      const double turns = dice.between(2.2, 4);
      for (double t = 0; t <= 1; t += 1 / (8 * turns)) {
        const double angle = 2 * std::numbers::pi * turns * t;
        const double radius = 6 + 44 * t + dice.normal(1.5);
        knots.push_back({{50 + radius * std::cos(angle), 50 + radius * std::sin(angle)}, false});
      }
      lift();
      break;
    }
    case 2: {  // a tangle
      const std::size_t count = dice.from_to(10, 22);
      for (std::size_t i = 0; i < count; ++i) {
        knots.push_back({{dice.between(0, 90), dice.between(0, 100)}, false});
      }
      lift();
      break;
    }
    case 3: {  // strokes that cross each other
      const std::size_t count = dice.from_to(3, 6);
      for (std::size_t i = 0; i < count; ++i) {
        const double angle =
            std::numbers::pi * (static_cast<double>(i) + dice.between(-0.2, 0.2)) / static_cast<double>(count);
        const double x = 48 * std::cos(angle), y = 48 * std::sin(angle);
        knots.push_back({{50 - x + dice.normal(4), 50 - y + dice.normal(4)}, true});
        knots.push_back({{50 + x + dice.normal(4), 50 + y + dice.normal(4)}, true});
        lift();
      }
      break;
    }
    default: {  // hatching
      const std::size_t count = dice.from_to(4, 8);
      const double lean = dice.between(-30, 30);
      for (std::size_t i = 0; i < count; ++i) {
        const double x = 100.0 * static_cast<double>(i) / static_cast<double>(count);
        knots.push_back({{x + lean + dice.normal(3), dice.between(0, 20)}, true});
        knots.push_back({{x + dice.normal(3), dice.between(80, 100)}, true});
        lift();
      }
    }
  }
  return glyph;
}

Glyph by_hand(const Glyph& glyph, Dice& dice, double slant, double shake) {
  const double shear = dice.between(-slant, slant);
  const double stretch = dice.between(0.85, 1.15);
  // A displacement that varies slowly over the box: two waves each way.
  double phase[4];
  double wave[4];
  for (std::size_t i = 0; i < 4; ++i) {
    phase[i] = dice.between(0, 2 * std::numbers::pi);
    wave[i] = dice.between(0.03, 0.09);
  }
  Glyph out = glyph;
  for (Stroke& stroke : out) {
    for (Point& p : stroke) {
      const double dx = shake * (std::sin(wave[0] * p.y + phase[0]) + std::sin(wave[1] * p.x + phase[1]));
      const double dy = shake * (std::sin(wave[2] * p.x + phase[2]) + std::sin(wave[3] * p.y + phase[3]));
      p = {stretch * p.x + dx - shear * (p.y - kGlyphHeight / 2), p.y + dy};
    }
  }
  return out;
}

Extent extent_of(const Glyph& glyph) {
  Extent out{.left = 1e30, .top = 1e30, .right = -1e30, .bottom = -1e30};
  for (const Stroke& stroke : glyph) {
    for (const Point p : stroke) {
      out.left = std::min(out.left, p.x);
      out.top = std::min(out.top, p.y);
      out.right = std::max(out.right, p.x);
      out.bottom = std::max(out.bottom, p.y);
    }
  }
  return out;
}

}  // namespace inkling::papers
