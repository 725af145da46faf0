#include "tests/papers/ink.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "inkling/core/error.h"

namespace inkling::papers {
namespace {

constexpr std::uint8_t kHalf = 128;

struct Turn {
  double cosine, sine;
  explicit Turn(double degrees)
      : cosine(std::cos(degrees * std::numbers::pi / 180)), sine(std::sin(degrees * std::numbers::pi / 180)) {}
  Point forth(double x, double y) const { return {cosine * x - sine * y, sine * x + cosine * y}; }
  Point back(double x, double y) const { return {cosine * x + sine * y, cosine * y - sine * x}; }
};

// Pixels first..last of a side of `size` that [low, high] touches; last < first where there are none.
struct Range {
  std::ptrdiff_t first, last;
  Range(double low, double high, std::size_t size)
      : first(static_cast<std::ptrdiff_t>(std::floor(std::clamp(low, 0.0, static_cast<double>(size))))),
        last(static_cast<std::ptrdiff_t>(std::floor(std::clamp(high, -1.0, static_cast<double>(size) - 1)))) {}
};

class BoxOf {
 public:
  void add(std::size_t y, std::size_t x) {
    top_ = std::min(top_, y), bottom_ = std::max(bottom_, y + 1);
    left_ = std::min(left_, x), right_ = std::max(right_, x + 1);
  }
  Box box() const { return bottom_ == 0 ? Box{} : Box{top_, left_, bottom_ - top_, right_ - left_}; }

 private:
  std::size_t top_ = SIZE_MAX, left_ = SIZE_MAX, bottom_ = 0, right_ = 0;
};

void put(InkSheet& ink, BoxOf& box, std::ptrdiff_t y, std::ptrdiff_t x, double coverage) {
  const auto row = static_cast<std::size_t>(y), column = static_cast<std::size_t>(x);
  std::uint8_t& there = ink.amount[row * ink.width + column];
  there = std::max(there, static_cast<std::uint8_t>(std::lround(255 * std::clamp(coverage, 0.0, 1.0))));
  if (coverage >= 0.5) {
    box.add(row, column);
  }
}

// A straight piece with a round pen of changing radius.
void draw_piece(InkSheet& ink, BoxOf& box, Point a, Point b, double radius_a, double radius_b) {
  const double reach = std::max(radius_a, radius_b) + 1;
  const Range rows(std::min(a.y, b.y) - reach, std::max(a.y, b.y) + reach, ink.height);
  const Range columns(std::min(a.x, b.x) - reach, std::max(a.x, b.x) + reach, ink.width);
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  for (std::ptrdiff_t y = rows.first; y <= rows.last; ++y) {
    for (std::ptrdiff_t x = columns.first; x <= columns.last; ++x) {
      const double px = static_cast<double>(x) + 0.5 - a.x, py = static_cast<double>(y) + 0.5 - a.y;
      const double t = length2 > 0 ? std::clamp((px * dx + py * dy) / length2, 0.0, 1.0) : 0;
      const double off_x = px - t * dx, off_y = py - t * dy;
      const double distance = std::sqrt(off_x * off_x + off_y * off_y);
      const double radius = radius_a + t * (radius_b - radius_a);
      // A pen thinner than a pixel leaves a paler line, not a dashed one.
      const double coverage = std::min(radius + 0.5 - distance, 2 * radius);
      if (coverage > 0) {
        put(ink, box, y, x, coverage);
      }
    }
  }
}

struct Source {
  std::span<const std::uint8_t> pixels;
  std::size_t side;

  double at(std::ptrdiff_t y, std::ptrdiff_t x) const {
    const auto n = static_cast<std::ptrdiff_t>(side);
    return y < 0 || x < 0 || y >= n || x >= n ? 0 : pixels[static_cast<std::size_t>(y * n + x)];
  }
  // Between pixels: Catmull and Rom's cubic in both directions; (0.5, 0.5) is the first pixel's centre.
  double between(double y, double x) const {
    const double fy = std::floor(y - 0.5), fx = std::floor(x - 0.5);
    const auto iy = static_cast<std::ptrdiff_t>(fy), ix = static_cast<std::ptrdiff_t>(fx);
    double wy[4], wx[4];
    weights(y - 0.5 - fy, wy);
    weights(x - 0.5 - fx, wx);
    double sum = 0;
    for (std::ptrdiff_t j = 0; j < 4; ++j) {
      for (std::ptrdiff_t i = 0; i < 4; ++i) {
        sum += wy[j] * wx[i] * at(iy - 1 + j, ix - 1 + i);
      }
    }
    return std::clamp(sum / 255, 0.0, 1.0);
  }
  static void weights(double t, double (&w)[4]) {
    w[0] = 0.5 * (-t + 2 * t * t - t * t * t);
    w[1] = 0.5 * (2 - 5 * t * t + 3 * t * t * t);
    w[2] = 0.5 * (t + 4 * t * t - 3 * t * t * t);
    w[3] = 0.5 * (-t * t + t * t * t);
  }
};

}  // namespace

Box write_glyph(InkSheet& ink, const Glyph& glyph, const Place& place, double pen, double pressure) {
  const Extent extent = extent_of(glyph);
  const double scale = std::max(place.height - pen, 1.0) / std::max(extent.bottom - extent.top, 1.0);
  const double middle_x = (extent.left + extent.right) / 2, middle_y = (extent.top + extent.bottom) / 2;
  const Turn turn(place.degrees);
  BoxOf box;
  for (const Stroke& stroke : glyph) {
    const auto on_sheet = [&](Point p) {
      const Point turned = turn.forth((p.x - middle_x) * scale, (p.y - middle_y) * scale);
      return Point{place.x + turned.x, place.y + turned.y};
    };
    const auto radius = [&](std::size_t i) {
      const double t = static_cast<double>(i) / static_cast<double>(std::max<std::size_t>(stroke.size() - 1, 1));
      return pen / 2 * (1 - pressure * (0.5 - 0.5 * std::cos(2 * std::numbers::pi * (t + 0.1 * pressure))));
    };
    for (std::size_t i = 0; i + 1 < stroke.size(); ++i) {
      draw_piece(ink, box, on_sheet(stroke[i]), on_sheet(stroke[i + 1]), radius(i), radius(i + 1));
    }
  }
  return box.box();
}

Box write_image(InkSheet& ink, std::span<const std::uint8_t> pixels, std::size_t side, const Place& place,
                double bold) {
  if (pixels.size() != side * side) {
    fail(ErrorKind::shape, "an image of {} pixels, not the {} x {} it should have", pixels.size(), side, side);
  }
  BoxOf own;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    if (pixels[i] >= kHalf) {
      own.add(i / side, i % side);
    }
  }
  const Box crop = own.box();
  if (crop.height == 0) {
    return {};
  }
  const Source source{pixels, side};
  const double scale = place.height / static_cast<double>(crop.height);
  const double middle_x = static_cast<double>(crop.left) + static_cast<double>(crop.width) / 2;
  const double middle_y = static_cast<double>(crop.top) + static_cast<double>(crop.height) / 2;
  const Turn turn(place.degrees);
  // Enlarged edges are `scale` pixels wide; sharpened they are two. Reduced ones are averaged over the pixel.
  const double threshold = 0.5 - 0.5 * std::clamp(bold, -0.8, 0.8);
  const double gain = std::max({1.0, scale / 2, 0.5 / threshold, 0.5 / (1 - threshold)});
  const int samples = scale >= 1.5 ? 1 : static_cast<int>(std::ceil(2 / scale));
  const double margin = 3 * scale;
  const double reach =
      scale * std::hypot(static_cast<double>(crop.width), static_cast<double>(crop.height)) / 2 + margin;
  const Range rows(place.y - reach, place.y + reach, ink.height);
  const Range columns(place.x - reach, place.x + reach, ink.width);
  BoxOf box;
  for (std::ptrdiff_t y = rows.first; y <= rows.last; ++y) {
    for (std::ptrdiff_t x = columns.first; x <= columns.last; ++x) {
      double sum = 0;
      for (int k = 0; k < samples * samples; ++k) {
        const double sub_y = (0.5 + k / samples) / samples, sub_x = (0.5 + k % samples) / samples;
        const Point p = turn.back(static_cast<double>(x) + sub_x - place.x, static_cast<double>(y) + sub_y - place.y);
        const double given = source.between(middle_y + p.y / scale, middle_x + p.x / scale);
        sum += std::clamp((given - threshold) * gain + 0.5, 0.0, 1.0);
      }
      const double coverage = sum / (samples * samples);
      if (coverage > 0.02) {
        put(ink, box, y, x, coverage);
      }
    }
  }
  return box.box();
}

}  // namespace inkling::papers
