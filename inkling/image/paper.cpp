#include "inkling/image/paper.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "inkling/image/components.h"
#include "inkling/image/resample.h"
#include "inkling/image/strokes.h"

namespace inkling {
namespace {

constexpr std::size_t kFineSide = 128, kCoarseSide = 48;  // guess: pixels of the scales that polarity and light take
constexpr double kWindows[] = {0.2, 0.4, 0.6, 1.2};  // guess: of the smaller side; the first is wider than most strokes
constexpr double kSurelyInk = 0.25;                  // guess: of the darkest, what the first guess takes for ink
constexpr double kAsDark = 0.75;                     // guess: of the darkest; shadows are lighter
constexpr std::int32_t kEnoughPaper = 35;  // guess: percent of a window that has to be paper to tell its light
constexpr double kSharp = 0.35;            // guess: mean step at the edge of ink, a share of the light
constexpr float kLeastLight = 64;          // guess: in paper that is darker a few grey levels are no ink
constexpr std::size_t kDarkest = 8;        // guess: pixels that may be darker than full ink at the coarse scale

std::size_t factor_to(const Image& image, std::size_t side) {
  return std::max<std::size_t>(1, (std::max(image.height, image.width) + side - 1) / side);
}

// Sums over rectangles: (height + 1, width + 1) totals of all above and to the left.
struct Totals {
  std::size_t width = 0;
  std::vector<std::int32_t> sums;  // derived: kFineSide^2 * 255 fits

  template <typename Value>
  Totals(std::size_t height, std::size_t columns, const Value& value)
      : width(columns + 1), sums((height + 1) * (columns + 1), 0) {
    for (std::size_t r = 0; r < height; ++r) {
      std::int32_t row = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        row += value(r * columns + c);
        sums[(r + 1) * width + c + 1] = sums[r * width + c + 1] + row;
      }
    }
  }
  std::int32_t of(std::size_t top, std::size_t bottom, std::size_t left, std::size_t right) const {
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
        const std::int32_t count = counts.of(window.top, window.bottom, window.left, window.right);
        const bool everything = window.area() == image.pixels.size();
        if (count * 100 < kEnoughPaper * static_cast<std::int32_t>(window.area()) && !everything) continue;
        const std::int32_t sum = sums.of(window.top, window.bottom, window.left, window.right);
        light[r * image.width + c] = count > 0 ? static_cast<float>(sum) / static_cast<float>(count) : 255;
        break;
      }
  return light;
}

// The least of a square around each value: at a shadow's edge the light of its dark side. Ink is far darker than any
// shadow, so on the bright side it loses little by it.
std::vector<float> least_around(const std::vector<float>& values, std::size_t height, std::size_t width,
                                std::size_t radius) {
  std::vector<float> rows = values;
  for (std::size_t r = 0; r < height; ++r) {
    const float* from = &values[r * width];
    float* to = &rows[r * width];
    for (std::size_t by = 1; by <= std::min(radius, width - 1); ++by) {
      for (std::size_t c = by; c < width; ++c) to[c] = std::min(to[c], from[c - by]);
      for (std::size_t c = 0; c + by < width; ++c) to[c] = std::min(to[c], from[c + by]);
    }
  }
  std::vector<float> least = rows;
  for (std::size_t by = 1; by <= std::min(radius, height - 1); ++by) {
    const std::size_t count = (height - by) * width;
    for (std::size_t i = 0; i < count; ++i) least[i] = std::min(least[i], rows[i + by * width]);
    for (std::size_t i = 0; i < count; ++i) least[i + by * width] = std::min(least[i + by * width], rows[i]);
  }
  return least;
}

// The share of the light that each pixel misses, and what the darkest but a few miss.
template <typename Light>
float missing_light(const Image& image, const Light& light, std::vector<float>& missing) {
  missing.resize(image.pixels.size());
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto paper = static_cast<float>(light[i]);
    missing[i] = std::max(0.0f, (paper - static_cast<float>(image.pixels[i])) / std::max(paper, kLeastLight));
  }
  std::array<std::size_t, 256> counts{};
  for (const float m : missing) ++counts[static_cast<std::size_t>(m * 255)];
  std::size_t level = 255;
  for (std::size_t seen = counts[level]; seen <= kDarkest && level > 0; seen += counts[level]) --level;
  return static_cast<float>(level) / 255;
}

void mark(Image& ink, const std::vector<float>& missing, double limit) {
  const auto least = static_cast<float>(std::max(0.02, limit));
  for (std::size_t i = 0; i < missing.size(); ++i) ink.pixels[i] |= missing[i] > least ? 255 : 0;
}

// Adds those parts of `broad` that end as strokes do, within two pixels: light that falls off does not.
void add_sharp(const Image& image, Image& ink, const Image& broad) {
  const Components found = components_of(broad);
  if (found.parts.empty()) return;
  std::vector<double> steps(found.parts.size() + 1), pairs(found.parts.size() + 1);
  const auto compare = [&](std::size_t here, std::size_t there) {
    if (found.labels[here] == 0 || (broad.pixels[there] | ink.pixels[there]) != 0) return;
    const double light = image.pixels[there];
    steps[found.labels[here]] += (light - image.pixels[here]) / std::max(light, static_cast<double>(kLeastLight));
    ++pairs[found.labels[here]];
  };
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) {
      const std::size_t i = r * image.width + c, right = i + 2, below = i + 2 * image.width;
      if (c + 2 < image.width) compare(i, right), compare(right, i);
      if (r + 2 < image.height) compare(i, below), compare(below, i);
    }
  for (std::size_t i = 0; i < ink.pixels.size(); ++i)
    if (const std::size_t part = found.labels[i]; part != 0 && steps[part] >= kSharp * pairs[part]) ink.pixels[i] = 255;
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

  // Narrow windows miss the inside of broad strokes; wide ones take shadows for ink unless they ask for its darkness.
  Image ink{.height = coarse.height, .width = coarse.width, .pixels = std::vector<std::uint8_t>(coarse.pixels.size())};
  Image broad = ink;
  std::vector<float> missing;
  for (const double share : kWindows) {
    const bool narrow = share == kWindows[0];
    const auto radius = std::max<std::size_t>(2, static_cast<std::size_t>(share / 2 * static_cast<double>(least_side)));
    const float darkest = missing_light(coarse, eroded(dilated(coarse, radius), radius).pixels, missing);
    mark(narrow ? ink : broad, missing, (narrow ? kSurelyInk : kAsDark) * static_cast<double>(darkest));
  }
  add_sharp(coarse, ink, broad);
  const std::size_t radius = factor >= 3 ? 1 : factor == 2 ? 2 : 3;  // few pixels are noisy by themselves
  std::vector<float> light = light_around(coarse, dilated(ink, 1), radius);
  const float darkest = missing_light(coarse, light, missing);
  ink.pixels.assign(ink.pixels.size(), 0);
  mark(ink, missing, kSurelyInk * static_cast<double>(darkest));
  light = least_around(light_around(coarse, dilated(ink, 1), radius), coarse.height, coarse.width, radius);

  // Straight lines between the coarse pixels' centres.
  missing.resize(given.pixels.size());
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
      const float paper = row[x.low] + (row[x.high] - row[x.low]) * x.share;
      const float here = given.pixels[r * given.width + c];
      missing[r * given.width + c] = (paper - here) / std::max(paper, kLeastLight);
    }
  }
  return missing;
}

}  // namespace inkling
