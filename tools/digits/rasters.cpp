#include "tools/digits/rasters.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace made {
namespace {

using std::numbers::pi;

constexpr double kMiddle = (kSide - 1) / 2.0;

// out(p) = in(A (p - to) + from), with smooth displacements; bilinear.
struct Map {
  double a = 1, b = 0, c = 0, d = 1;          // A, from out to in
  double from_x = kMiddle, from_y = kMiddle;  // in the given image
  double to_x = kMiddle, to_y = kMiddle;
};

double sample(Pixels image, std::size_t height, std::size_t width, double x, double y) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto at = [&](double column, double row) {
    if (column < 0 || row < 0 || column >= static_cast<double>(width) || row >= static_cast<double>(height)) return 0.0;
    return static_cast<double>(image[static_cast<std::size_t>(row) * width + static_cast<std::size_t>(column)]);
  };
  const double u = x - fx, v = y - fy;
  return (1 - v) * ((1 - u) * at(fx, fy) + u * at(fx + 1, fy)) +
         v * ((1 - u) * at(fx, fy + 1) + u * at(fx + 1, fy + 1));
}

std::uint8_t byte(double value) { return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L)); }

// Displacements of a 5x5 grid, in pixels, between which is interpolated.
struct Bend {
  double dx[5][5] = {}, dy[5][5] = {};

  Bend(double size, Dice& dice) {
    for (int r = 0; r < 5; ++r)
      for (int c = 0; c < 5; ++c) {
        dx[r][c] = dice.normal(size);
        dy[r][c] = dice.normal(size);
      }
  }
  static double at(const double (&grid)[5][5], double x, double y) {
    const double gx = std::clamp(x / 7, 0.0, 3.999), gy = std::clamp(y / 7, 0.0, 3.999);
    const int c = static_cast<int>(gx), r = static_cast<int>(gy);
    const double u = gx - c, v = gy - r;
    return (1 - v) * ((1 - u) * grid[r][c] + u * grid[r][c + 1]) +
           v * ((1 - u) * grid[r + 1][c] + u * grid[r + 1][c + 1]);
  }
};

Raster mapped(Pixels image, const Map& m, const Bend* bend) {
  Raster out(kPixels);
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      const double px = static_cast<double>(x), py = static_cast<double>(y);
      const double ox = px - m.to_x + (bend != nullptr ? Bend::at(bend->dx, px, py) : 0);
      const double oy = py - m.to_y + (bend != nullptr ? Bend::at(bend->dy, px, py) : 0);
      out[y * kSide + x] =
          byte(sample(image, kSide, kSide, m.a * ox + m.b * oy + m.from_x, m.c * ox + m.d * oy + m.from_y));
    }
  return out;
}

// A share of the way to the largest (above 0) or smallest (below 0) of each pixel and its four neighbours.
Raster thickened(Pixels image, double share) {
  Raster out(image.begin(), image.end());
  for (std::size_t y = 1; y + 1 < kSide; ++y)
    for (std::size_t x = 1; x + 1 < kSide; ++x) {
      const std::size_t i = y * kSide + x;
      const auto [low, high] = std::minmax({image[i], image[i - 1], image[i + 1], image[i - kSide], image[i + kSide]});
      out[i] = byte(image[i] + std::abs(share) * ((share > 0 ? high : low) - image[i]));
    }
  return out;
}

struct Extent {
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9, mass = 0, x = 0, y = 0;

  void add(double px, double py, double ink) {
    mass += ink;
    x += ink * px;
    y += ink * py;
    if (ink < 64) return;  // guess: a pixel that a person would call ink
    left = std::min(left, px);
    right = std::max(right, px);
    top = std::min(top, py);
    bottom = std::max(bottom, py);
  }
  double larger() const { return std::max({right - left + 1, bottom - top + 1, 4.0}); }
};

Raster half_and_half(Pixels a, Pixels b, bool across, Dice& dice) {
  const std::size_t cut = 14 + static_cast<std::size_t>(dice.from_to(0, 4)) - 2;
  Raster out(kPixels);
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x)
      out[y * kSide + x] = (across ? y : x) < cut ? a[y * kSide + x] : b[y * kSide + x];
  return out;
}

Raster side_by_side(Pixels a, Pixels b, bool upright, Dice& dice) {
  std::vector<std::uint8_t> wide(2 * kPixels);
  const double gap = dice.between(9, 20);
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      const std::size_t moved = x + static_cast<std::size_t>(gap);
      std::uint8_t& left = wide[y * 2 * kSide + x];
      left = std::max(left, a[y * kSide + x]);
      std::uint8_t& right = wide[y * 2 * kSide + moved];
      right = std::max(right, b[y * kSide + x]);
    }
  if (!upright) return centred(wide, kSide, 2 * kSide);
  std::vector<std::uint8_t> tall(2 * kPixels);
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      tall[y * kSide + x] = std::max(tall[y * kSide + x], a[y * kSide + x]);
      std::uint8_t& below = tall[(y + static_cast<std::size_t>(gap)) * kSide + x];
      below = std::max(below, b[y * kSide + x]);
    }
  return centred(tall, 2 * kSide, kSide);
}

// Whether a digit that is mirrored left to right, turned by a quarter, or turned upside down is surely no digit.
bool no_digit_mirrored(std::uint8_t d) { return d == 3 || d == 4 || d == 6 || d == 7 || d == 9; }
bool no_digit_quarter(std::uint8_t d) { return d != 0 && d != 1; }
bool no_digit_upside_down(std::uint8_t d) { return d == 3 || d == 4 || d == 7; }

}  // namespace

Raster variant(Pixels digit, Dice& dice) {
  const Raster ink =
      dice.chance(0.7) ? thickened(digit, std::clamp(dice.normal(0.4), -0.9, 0.9)) : Raster(digit.begin(), digit.end());
  const double turn = std::clamp(dice.normal(8), -20.0, 20.0) * pi / 180;
  const double shear = std::clamp(dice.normal(0.12), -0.3, 0.3);
  const double stretch = std::exp(std::clamp(dice.normal(0.08), -0.2, 0.2));
  // Out = M in, M = turn * shear * stretch; the map needs its inverse.
  const double cos = std::cos(turn), sin = std::sin(turn);
  const double m[4] = {cos * stretch, (cos * shear - sin) / stretch, sin * stretch, (sin * shear + cos) / stretch};
  Extent extent;
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      const double px = static_cast<double>(x) - kMiddle, py = static_cast<double>(y) - kMiddle;
      if (const double amount = ink[y * kSide + x]; amount > 0)
        extent.add(m[0] * px + m[1] * py, m[2] * px + m[3] * py, amount);
    }
  const double scale = 20 * std::exp(std::clamp(dice.normal(0.04), -0.12, 0.1)) / extent.larger();
  const double determinant = (m[0] * m[3] - m[1] * m[2]) * scale;
  Map map{.a = m[3] / determinant, .b = -m[1] / determinant, .c = -m[2] / determinant, .d = m[0] / determinant};
  const double mass = std::max(extent.mass, 1.0);
  map.to_x = 14 + std::clamp(dice.normal(0.5), -1.5, 1.5) - scale * extent.x / mass;
  map.to_y = 14 + std::clamp(dice.normal(0.5), -1.5, 1.5) - scale * extent.y / mass;
  const Bend bend(dice.between(0, 0.9), dice);
  Raster out = mapped(ink, map, &bend);
  if (dice.chance(0.3)) {
    const double faint = dice.between(0.6, 1.0);
    for (std::uint8_t& p : out) p = byte(faint * p);
  }
  return out;
}

Raster broken(const Labelled& a, const Labelled& b, Dice& dice) {
  const auto whole = [](Pixels p) { return Raster(p.begin(), p.end()); };
  switch (dice.below(6)) {
    case 0:
    case 1: return side_by_side(a.pixels, b.pixels, dice.chance(0.2), dice);
    case 2: {  // one over the other
      Raster out = whole(a.pixels);
      if (a.label == b.label) return side_by_side(a.pixels, b.pixels, false, dice);
      const double dx = dice.normal(3), dy = dice.normal(3);
      const Raster moved = mapped(b.pixels, {.to_x = kMiddle + dx, .to_y = kMiddle + dy}, nullptr);
      for (std::size_t i = 0; i < kPixels; ++i) out[i] = std::max(out[i], moved[i]);
      return centred(out, kSide, kSide);
    }
    case 3: {
      if (a.label == b.label) return side_by_side(a.pixels, b.pixels, false, dice);
      // Halves of digits of unlike shape, or the two may be a third digit.
      const bool across = dice.chance(0.3);
      return centred(half_and_half(a.pixels, b.pixels, across, dice), kSide, kSide);
    }
    case 4: {
      Map map;
      if (dice.chance(0.5) && no_digit_mirrored(a.label))
        map = {.a = -1};
      else if (no_digit_upside_down(a.label) && dice.chance(0.5))
        map = {.a = -1, .d = -1};
      else if (no_digit_quarter(a.label))
        map = dice.chance(0.5) ? Map{.a = 0, .b = 1, .c = -1, .d = 0} : Map{.a = 0, .b = -1, .c = 1, .d = 0};
      else
        return side_by_side(a.pixels, b.pixels, false, dice);
      const Raster out = mapped(a.pixels, map, nullptr);
      return centred(out, kSide, kSide);
    }
    default: {  // struck through
      Raster out = whole(a.pixels);
      const double angle = dice.between(-0.6, 0.6), offset = 14 + dice.normal(2), width = dice.between(0.8, 2);
      const int lines = dice.chance(0.5) ? 1 : 2;
      for (int line = 0; line < lines; ++line)
        for (std::size_t y = 0; y < kSide; ++y)
          for (std::size_t x = 1; x + 1 < kSide; ++x) {
            const double away =
                std::abs((static_cast<double>(y) - offset - 3 * line) * std::cos(angle) -
                         (static_cast<double>(x) - 14) * std::sin(line == 1 && lines == 2 ? -angle : angle));
            const double ink = std::clamp(width + 0.5 - away, 0.0, 1.0);
            out[y * kSide + x] = std::max(out[y * kSide + x], byte(255 * ink));
          }
      return centred(out, kSide, kSide);
    }
  }
}

Raster texture(Pixels digit, Dice& dice) {
  Raster out(kPixels);
  const double angle = dice.between(0, pi), wave = dice.between(2.5, 9), phase = dice.between(0, 6);
  const double level = dice.between(80, 255), grain = dice.chance(0.5) ? dice.between(0, 60) : 0;
  const auto pattern = [&](std::size_t x, std::size_t y, std::size_t kind) {
    const double u = static_cast<double>(x) * std::cos(angle) + static_cast<double>(y) * std::sin(angle);
    if (kind == 0) return level;
    if (kind == 1) return level * (0.5 + 0.5 * std::sin(2 * pi * u / wave + phase));
    return level * std::clamp(0.2 + 0.8 * u / 28, 0.0, 1.0);
  };
  const std::size_t kind = dice.below(5), fill = dice.below(3);
  if (kind == 0) {  // noise, rough or smooth
    const Bend smooth(90, dice);
    const bool fine = dice.chance(0.5);
    const double share = dice.between(0.1, 0.9);
    for (std::size_t i = 0; i < kPixels; ++i)
      out[i] =
          fine ? (dice.chance(share) ? byte(dice.between(60, 255)) : 0)
               : byte(level / 2 + Bend::at(smooth.dx, static_cast<double>(i % kSide), static_cast<double>(i / kSide)));
    return out;
  }
  if (kind == 1) {  // ink and paper swapped
    for (std::size_t i = 0; i < kPixels; ++i) out[i] = static_cast<std::uint8_t>(255 - digit[i]);
    return out;
  }
  // A filled shape: its distance from the middle as a function of the angle, by a few waves; or boxes.
  const bool boxes = kind == 2;
  double waves[4], turns[4], box[3][4];
  for (int k = 0; k < 4; ++k) {
    waves[k] = dice.normal(0.22 / (k + 1));
    turns[k] = dice.between(0, 2 * pi);
  }
  for (auto& each : box) {
    each[0] = dice.between(2, 16), each[1] = each[0] + dice.between(5, 20);
    each[2] = dice.between(1, 14), each[3] = each[2] + dice.between(4, 24);
  }
  const double radius = dice.between(7, 14), flat = dice.between(0.6, 1.6);
  const std::size_t box_count = dice.from_to(1, 3);
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      const double dx = static_cast<double>(x) - kMiddle, dy = (static_cast<double>(y) - kMiddle) * flat;
      double edge = radius;
      const double around = std::atan2(dy, dx);
      for (int k = 0; k < 4; ++k) edge += radius * waves[k] * std::cos((k + 1) * around + turns[k]);
      bool inside = std::hypot(dx, dy) < edge;
      if (boxes) {
        inside = false;
        for (std::size_t k = 0; k < box_count; ++k)
          inside = inside || (static_cast<double>(x) > box[k][0] && static_cast<double>(x) < box[k][1] &&
                              static_cast<double>(y) > box[k][2] && static_cast<double>(y) < box[k][3]);
      }
      if (inside) out[y * kSide + x] = byte(pattern(x, y, fill) + dice.normal(grain));
    }
  return out;
}

Raster centred(std::span<const std::uint8_t> ink, std::size_t height, std::size_t width) {
  Extent extent;
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      if (const double amount = ink[y * width + x]; amount > 0)
        extent.add(static_cast<double>(x), static_cast<double>(y), amount);
  Raster out(kPixels);
  if (extent.mass == 0) return out;
  const double step = extent.larger() / 20;  // pixels of the given to one of ours
  const auto samples = static_cast<int>(std::clamp(std::ceil(step), 1.0, 16.0));
  for (std::size_t y = 0; y < kSide; ++y)
    for (std::size_t x = 0; x < kSide; ++x) {
      double sum = 0;
      for (int i = 0; i < samples; ++i)
        for (int j = 0; j < samples; ++j)
          sum += sample(ink, height, width,
                        extent.x / extent.mass + step * (static_cast<double>(x) - 14 + (j + 0.5) / samples - 0.5),
                        extent.y / extent.mass + step * (static_cast<double>(y) - 14 + (i + 0.5) / samples - 0.5));
      out[y * kSide + x] = byte(sum / (samples * samples));
    }
  return out;
}

}  // namespace made
