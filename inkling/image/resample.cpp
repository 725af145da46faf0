#include "inkling/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "inkling/core/error.h"

namespace inkling {
namespace {

constexpr unsigned kOne = 1u << 12;  // derived: weights of 12 bits leave 8 + 12 bits in a product

// What each new pixel takes of the old ones of its row or column: weights that add up to kOne.
struct Taps {
  std::size_t count = 0;               // of weights for each
  std::vector<std::size_t> first;      // old pixel
  std::vector<std::uint16_t> weights;  // (new pixels, count); 0 behind the last one that counts
};

// Area under the straight lines between pixel centres from 0 to x; pixel i's centre lies at i + 1/2.
double tent_area(std::size_t i, double from, double to) {
  const double center = static_cast<double>(i) + 0.5;
  const auto half = [&](double x) {  // of a tent of width 2 around its centre, from its left end to x
    const double t = std::clamp(x - center, -1.0, 1.0);
    return t < 0 ? 0.5 * (1 + t) * (1 + t) : 1 - 0.5 * (1 - t) * (1 - t);
  };
  return half(to) - half(from);
}

Taps taps_of(std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double reach = step < 1 ? 0.5 : 0;  // how far a tent leans over its pixel
  Taps taps{
      .count = std::min(from, static_cast<std::size_t>(std::ceil(step + 2 * reach)) + 1), .first = {}, .weights = {}};
  taps.first.resize(to);
  taps.weights.resize(to * taps.count);
  std::vector<double> exact(taps.count);
  for (std::size_t o = 0; o < to; ++o) {
    const double begin = static_cast<double>(o) * step, end = begin + step;
    const auto wanted = static_cast<std::size_t>(std::max(0.0, std::floor(begin - reach)));
    const std::size_t first = std::min(wanted, from - taps.count);
    double sum = 0;
    for (std::size_t k = 0; k < taps.count; ++k) {
      const double left = static_cast<double>(first + k), right = left + 1;
      exact[k] =
          step < 1 ? tent_area(first + k, begin, end) : std::max(0.0, std::min(end, right) - std::max(begin, left));
      sum += exact[k];
    }
    taps.first[o] = first;
    unsigned given = 0;
    double owed = 0.5;
    for (std::size_t k = 0; k < taps.count; ++k) {  // rounded so that they add up
      owed += exact[k] / sum * kOne;
      const unsigned share = static_cast<unsigned>(owed) - given;
      taps.weights[o * taps.count + k] = static_cast<std::uint16_t>(share);
      given += share;
    }
  }
  return taps;
}

}  // namespace

Image shrunk(const Image& image, std::size_t factor) {
  if (factor == 0) fail(ErrorKind::config, "an image cannot be shrunk by 0");
  if (factor == 1) return image;
  Image small{
      .height = (image.height + factor - 1) / factor, .width = (image.width + factor - 1) / factor, .pixels = {}};
  small.pixels.resize(small.height * small.width);
  std::vector<std::uint32_t> sums(small.width);
  for (std::size_t r = 0; r < small.height; ++r) {
    std::fill(sums.begin(), sums.end(), 0);
    const std::size_t end = std::min(image.height, (r + 1) * factor);
    for (std::size_t y = r * factor; y < end; ++y) {
      const std::uint8_t* row = &image.pixels[y * image.width];
      const std::size_t whole = image.width / factor;
      for (std::size_t c = 0; c < whole; ++c)
        for (std::size_t x = 0; x < factor; ++x) sums[c] += row[c * factor + x];
      for (std::size_t x = whole * factor; x < image.width; ++x) sums[whole] += row[x];
    }
    for (std::size_t c = 0; c < small.width; ++c) {
      const std::size_t wide = std::min(image.width, (c + 1) * factor) - c * factor;
      const auto count = static_cast<std::uint32_t>(wide * (end - r * factor));
      small.pixels[r * small.width + c] = static_cast<std::uint8_t>((sums[c] + count / 2) / count);
    }
  }
  return small;
}

Image cropped(const Image& image, const Box& box) {
  Image part{.height = box.height, .width = box.width, .pixels = {}};
  part.pixels.reserve(box.height * box.width);
  for (std::size_t r = 0; r < box.height; ++r) {
    const auto row = image.pixels.begin() + static_cast<std::ptrdiff_t>((box.top + r) * image.width + box.left);
    part.pixels.insert(part.pixels.end(), row, row + static_cast<std::ptrdiff_t>(box.width));
  }
  return part;
}

Image scaled(const Image& image, std::size_t height, std::size_t width) {
  Image out{.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width)};
  if (image.pixels.empty()) return out;
  if (image.height == height && image.width == width) return image;
  const Taps across = taps_of(image.width, width), down = taps_of(image.height, height);
  std::vector<std::uint32_t> rows(image.height * width);  // (image.height, width), in kOne / 16ths of a grey
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < width; ++c) {
      const std::uint8_t* pixel = &image.pixels[r * image.width + across.first[c]];
      const std::uint16_t* weight = &across.weights[c * across.count];
      std::uint32_t sum = 8;
      for (std::size_t k = 0; k < across.count; ++k) sum += weight[k] * std::uint32_t{pixel[k]};
      rows[r * width + c] = sum >> 4;
    }
  std::vector<std::uint32_t> sums(width);
  for (std::size_t r = 0; r < height; ++r) {
    std::fill(sums.begin(), sums.end(), 1u << 19);
    for (std::size_t k = 0; k < down.count; ++k) {
      const std::uint32_t weight = down.weights[r * down.count + k];
      const std::uint32_t* row = &rows[(down.first[r] + k) * width];
      for (std::size_t c = 0; c < width; ++c) sums[c] += weight * row[c];
    }
    for (std::size_t c = 0; c < width; ++c)
      out.pixels[r * width + c] = static_cast<std::uint8_t>(std::min(255u, sums[c] >> 20));
  }
  return out;
}

Image inverted(Image image) {
  for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  return image;
}

}  // namespace inkling
