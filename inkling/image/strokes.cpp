#include "inkling/image/strokes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "inkling/image/resample.h"

namespace inkling {
namespace {

// The largest of 2 * radius + 1 neighbours along rows, by doubling: max over 2^k, then two of those that overlap.
void widest_along(std::vector<std::uint8_t>& line, std::vector<std::uint8_t>& spare, std::size_t count,
                  std::size_t step, std::size_t radius) {
  // line holds `count` items of `step` bytes each; windows look to the right, then the result is moved by radius.
  const std::size_t window = 2 * radius + 1;
  const std::size_t padded = count + window - 1;
  spare.assign(padded * step, 0);
  std::copy_n(line.begin(), count * step, spare.begin() + static_cast<std::ptrdiff_t>(radius * step));
  std::size_t have = 1;
  const auto spread = [&](std::size_t by) {
    const std::size_t end = (padded - by) * step;
    std::uint8_t* at = spare.data();
    const std::uint8_t* ahead = at + by * step;
    for (std::size_t i = 0; i < end; ++i) at[i] = std::max(at[i], ahead[i]);
  };
  for (; 2 * have <= window; have *= 2) spread(have);
  if (have < window) spread(window - have);
  std::copy_n(spare.begin(), count * step, line.begin());
}

}  // namespace

double stroke_width(const Image& ink) {
  if (ink.pixels.empty()) return 0;
  std::uint64_t area = 0;
  for (const std::uint8_t grey : ink.pixels) area += grey;
  double slopes = 0;
  std::vector<std::uint8_t> row(ink.width + 1), below(ink.width + 1);  // 0 before the first row and behind each
  constexpr std::size_t kLanes = 8;  // sums side by side, in one order on every machine
  std::vector<float> slope((ink.width + kLanes - 1) / kLanes * kLanes);
  for (std::size_t r = 0; r <= ink.height; ++r) {
    if (r < ink.height)
      std::copy_n(&ink.pixels[r * ink.width], ink.width, below.begin());
    else
      std::fill(below.begin(), below.end(), 0);
    for (std::size_t c = 0; c < ink.width; ++c) {
      const auto dx = static_cast<float>(row[c + 1] - row[c]), dy = static_cast<float>(below[c] - row[c]);
      slope[c] = std::sqrt(dx * dx + dy * dy);
    }
    std::array<float, kLanes> sums{};
    sums[0] = below[0];  // the step from the left of the image
    for (std::size_t c = 0; c < slope.size(); c += kLanes)
      for (std::size_t k = 0; k < kLanes; ++k) sums[k] += slope[c + k];
    for (const float sum : sums) slopes += static_cast<double>(sum);
    row.swap(below);
  }
  return slopes > 0 ? 2 * static_cast<double>(area) / slopes : 0;
}

Image thickened(const Image& ink, double radius) {
  if (radius == 0 || ink.pixels.empty()) return ink;
  if (radius < 0) return inverted(thickened(inverted(ink), -radius));
  Image out = ink;
  const auto reach = static_cast<std::ptrdiff_t>(std::ceil(std::min(radius, 64.0)));
  const auto h = static_cast<std::ptrdiff_t>(ink.height), w = static_cast<std::ptrdiff_t>(ink.width);
  for (std::ptrdiff_t dy = -reach; dy <= reach; ++dy)
    for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx) {
      const double covered = radius + 1 - std::sqrt(static_cast<double>(dy * dy + dx * dx));
      const auto weight = static_cast<std::uint16_t>(std::lround(std::clamp(covered, 0.0, 1.0) * 256));
      if (weight == 0 || (dy == 0 && dx == 0)) continue;
      const std::ptrdiff_t first = std::max<std::ptrdiff_t>(0, -dx), last = std::min(w, w - dx);
      for (std::ptrdiff_t y = std::max<std::ptrdiff_t>(0, -dy); y < std::min(h, h - dy); ++y) {
        std::uint8_t* to = out.pixels.data() + y * w + first;
        const std::uint8_t* from = ink.pixels.data() + (y + dy) * w + dx + first;
        for (std::ptrdiff_t x = 0; x < last - first; ++x)
          to[x] = std::max(to[x], static_cast<std::uint8_t>(static_cast<std::uint16_t>(from[x] * weight) >> 8));
      }
    }
  return out;
}

Image dilated(const Image& image, std::size_t radius) {
  Image out = image;
  if (radius == 0 || out.pixels.empty()) return out;
  std::vector<std::uint8_t> row, spare;
  for (std::size_t r = 0; r < out.height; ++r) {
    const auto begin = out.pixels.begin() + static_cast<std::ptrdiff_t>(r * out.width);
    row.assign(begin, begin + static_cast<std::ptrdiff_t>(out.width));
    widest_along(row, spare, out.width, 1, radius);
    std::copy(row.begin(), row.end(), begin);
  }
  widest_along(out.pixels, spare, out.height, out.width, radius);
  return out;
}

Image eroded(const Image& image, std::size_t radius) { return inverted(dilated(inverted(image), radius)); }

}  // namespace inkling
