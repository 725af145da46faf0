// Pictures of strokes for the tests of the image room: polylines with a round pen and soft edges, on flat paper.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

struct At {
  double x = 0, y = 0;
};

inline double distance(At p, At a, At b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

inline Image flat(std::size_t height, std::size_t width, std::uint8_t grey) {
  return {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width, grey)};
}

// Draws with a pen of that many pixels; the ink replaces the paper by the part of a pixel that it covers.
inline void draw(Image& image, const std::vector<At>& points, double pen, double ink) {
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) {
      double nearest = 1e9;
      for (std::size_t i = 0; i + 1 < points.size(); ++i)
        nearest =
            std::min(nearest, distance({static_cast<double>(c), static_cast<double>(r)}, points[i], points[i + 1]));
      const double covered = std::clamp(pen / 2 - nearest + 0.5, 0.0, 1.0);
      std::uint8_t& pixel = image.pixels[r * image.width + c];
      pixel = static_cast<std::uint8_t>(std::lround(pixel + covered * (ink - pixel)));
    }
}

// A seven in a box of that height, its upper left corner at (x, y).
inline std::vector<At> seven(double x, double y, double height) {
  return {{x, y}, {x + 0.6 * height, y}, {x + 0.2 * height, y + height}};
}

}  // namespace inkling
