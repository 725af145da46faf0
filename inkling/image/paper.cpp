#include "inkling/image/paper.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <utility>

#include "inkling/image/resample.h"
#include "inkling/image/strokes.h"

namespace inkling {
namespace {

constexpr std::size_t kFineSide = 256, kCoarseSide = 96;  // guess: pixels of the scales that polarity and light take
constexpr double kFirstWindow = 0.2;  // guess: of the smaller side, wider than most strokes, narrower than most shadows
constexpr double kLastWindow = 0.6;   // guess: strokes of a digit that is all of its picture
constexpr double kSurelyInk = 0.25;   // guess: of the darkest, what the first guess takes for ink
constexpr double kEnoughPaper = 0.35;  // guess: share of a window that has to be paper to tell its light
constexpr std::size_t kDarkest = 8;    // guess: pixels that may be darker than full ink at the coarse scale

std::size_t factor_to(const Image& image, std::size_t side) {
  return std::max<std::size_t>(1, (std::max(image.height, image.width) + side - 1) / side);
}

// Sums over rectangles: (height + 1, width + 1) totals of all above and to the left.
struct Totals {
  std::size_t width = 0;
  std::vector<std::int64_t> sums;

  template <typename Value>
  Totals(std::size_t height, std::size_t columns, const Value& value)
      : width(columns + 1), sums((height + 1) * (columns + 1), 0) {
    for (std::size_t r = 0; r < height; ++r) {
      std::int64_t row = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        row += value(r * columns + c);
        sums[(r + 1) * width + c + 1] = sums[r * width + c + 1] + row;
      }
    }
  }
  std::int64_t of(std::size_t top, std::size_t bottom, std::size_t left, std::size_t right) const {
    return sums[bottom * width + right] - sums[top * width + right] - sums[bottom * width + left] +
           sums[top * width + left];
  }
};

// The square around a pixel, as far as the image reaches.
struct Window {
  std::size_t top, bottom, left, right;
  Window(const Image& image, std::size_t r, std::size_t c, std::size_t radius)
      : top(r - std::min(r, radius)),
        bottom(std::min(image.height, r + radius + 1)),
        left(c - std::min(c, radius)),
        right(std::min(image.width, c + radius + 1)) {}
  std::size_t area() const { return (bottom - top) * (right - left); }
};

// From -1 to 1: below 0 where what stands out from its surroundings is darker. Skewness with its own scale.
double skew(const Image& image, std::size_t radius, double* border) {
  const Totals totals(image.height, image.width, [&](std::size_t i) { return image.pixels[i]; });
  double cubes = 0, sizes = 0, at_border = 0, squares = 0, all = 0;
  std::size_t on_border = 0;
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) {
      const Window window(image, r, c, radius);
      const auto sum = static_cast<double>(totals.of(window.top, window.bottom, window.left, window.right));
      const double stands_out = image.pixels[r * image.width + c] - sum / static_cast<double>(window.area());
      const double cube = stands_out * stands_out * stands_out;
      cubes += cube;
      sizes += std::fabs(cube);
      all += stands_out;
      squares += stands_out * stands_out;
      if (r == 0 || c == 0 || r + 1 == image.height || c + 1 == image.width) at_border += stands_out, ++on_border;
    }
  const auto count = static_cast<double>(image.pixels.size());
  const double deviation = std::sqrt(squares / count);
  if (border != nullptr)
    *border = deviation > 0 ? (at_border / static_cast<double>(on_border) - all / count) / deviation : 0;
  return sizes > 0 ? cubes / sizes : 0;
}

// The paper's light around each pixel of a small image, from those that are not taken for ink: the mean of the nearest
// that are enough.
std::vector<float> light_around(const Image& image, const Image& ink, std::size_t least_radius) {
  const auto is_paper = [&](std::size_t i) { return ink.pixels[i] == 0; };
  const Totals counts(image.height, image.width, [&](std::size_t i) { return is_paper(i) ? 1 : 0; });
  const Totals sums(image.height, image.width, [&](std::size_t i) { return is_paper(i) ? image.pixels[i] : 0; });
  std::vector<float> light(image.pixels.size());
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c)
      for (std::size_t radius = least_radius;; radius *= 2) {
        const Window window(image, r, c, radius);
        const std::int64_t count = counts.of(window.top, window.bottom, window.left, window.right);
        const bool everything = window.area() == image.pixels.size();
        if (static_cast<double>(count) < kEnoughPaper * static_cast<double>(window.area()) && !everything) continue;
        const std::int64_t sum = sums.of(window.top, window.bottom, window.left, window.right);
        light[r * image.width + c] = count > 0 ? static_cast<float>(sum) / static_cast<float>(count) : 255;
        break;
      }
  return light;
}

// Pixels that are darker than the light around them by a part of what the darkest are.
struct RoughInk {
  Image mask;
  double mass = 0;   // of the missing light
  double width = 0;  // of its strokes
};

template <typename Light>
RoughInk rough_ink(const Image& image, const Light& light) {
  std::vector<float> missing(image.pixels.size());
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto paper = static_cast<float>(light[i]);
    missing[i] = std::max(0.0f, (paper - static_cast<float>(image.pixels[i])) / (paper + 1));
  }
  std::vector<float> darkest = missing;
  const auto nth = darkest.begin() + static_cast<std::ptrdiff_t>(std::min(kDarkest, darkest.size() - 1));
  std::nth_element(darkest.begin(), nth, darkest.end(), std::greater<>());
  const auto limit = static_cast<float>(std::max(0.02, kSurelyInk * static_cast<double>(*nth)));
  RoughInk rough{.mask = {.height = image.height, .width = image.width, .pixels = {}}};
  rough.mask.pixels.resize(missing.size());
  Image soft = rough.mask;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    rough.mask.pixels[i] = missing[i] > limit ? 255 : 0;
    if (missing[i] <= limit) continue;
    rough.mass += static_cast<double>(missing[i]);
    soft.pixels[i] = static_cast<std::uint8_t>(std::lround(missing[i] * 255));
  }
  rough.width = stroke_width(soft);
  return rough;
}

}  // namespace

bool ink_is_dark(const Image& given) {
  if (given.pixels.empty()) return false;
  double border = 0;
  const Image fine = shrunk(given, factor_to(given, kFineSide));
  const Image coarse = shrunk(given, factor_to(given, kCoarseSide));
  const double small_things = skew(fine, std::max<std::size_t>(3, std::min(fine.height, fine.width) / 16), nullptr);
  const double large_things =
      skew(coarse, std::max<std::size_t>(3, std::min(coarse.height, coarse.width) / 2), &border);
  return small_things + large_things - std::clamp(border, -1.0, 1.0) < 0;
}

std::vector<float> absorbed_light(const Image& given) {
  if (given.pixels.empty()) return {};
  const std::size_t factor = factor_to(given, kCoarseSide);
  const Image coarse = shrunk(given, factor);
  const std::size_t least_side = std::min(coarse.height, coarse.width);

  // A window that is too narrow sees only the edges of strokes: it widens until their width fits well inside.
  RoughInk rough;
  for (double share = kFirstWindow; share <= kLastWindow + 0.01; share += 0.2) {
    const auto radius =
        std::max<std::size_t>(2, static_cast<std::size_t>(std::lround(share * static_cast<double>(least_side) / 2)));
    RoughInk wider = rough_ink(coarse, eroded(dilated(coarse, radius), radius).pixels);
    const bool more = wider.mass > 1.5 * rough.mass;
    if (more) rough = std::move(wider);
    if (rough.mass > 0 && rough.width < static_cast<double>(radius)) break;
  }
  const std::size_t radius = factor >= 3 ? 1 : factor == 2 ? 2 : 3;  // few pixels are noisy by themselves
  std::vector<float> light = light_around(coarse, dilated(rough.mask, 1), radius);
  rough = rough_ink(coarse, light);
  light = light_around(coarse, dilated(rough.mask, 1), radius);

  // Straight lines between the coarse pixels' centres.
  std::vector<float> missing(given.pixels.size());
  struct Between {
    std::size_t low, high;
    float share;  // of high
  };
  const auto between = [&](std::size_t i, std::size_t count) {
    const float at = (static_cast<float>(i) + 0.5f) / static_cast<float>(factor) - 0.5f;
    const auto low = static_cast<std::size_t>(std::max(0.0f, std::floor(at)));
    return Between{low, std::min(low + 1, count - 1), std::max(0.0f, at - static_cast<float>(low))};
  };
  std::vector<Between> across(given.width);
  for (std::size_t c = 0; c < given.width; ++c) across[c] = between(c, coarse.width);
  std::vector<float> row(coarse.width);
  for (std::size_t r = 0; r < given.height; ++r) {
    const Between y = between(r, coarse.height);
    for (std::size_t c = 0; c < coarse.width; ++c) {
      const float above = light[y.low * coarse.width + c], below = light[y.high * coarse.width + c];
      row[c] = above + (below - above) * y.share;
    }
    for (std::size_t c = 0; c < given.width; ++c) {
      const Between& x = across[c];
      const float paper = row[x.low] + (row[x.high] - row[x.low]) * x.share + 1;
      missing[r * given.width + c] = (paper - 1 - static_cast<float>(given.pixels[r * given.width + c])) / paper;
    }
  }
  return missing;
}

}  // namespace inkling
