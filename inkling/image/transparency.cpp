#include "inkling/image/transparency.h"

#include <algorithm>
#include <array>

namespace inkling {
namespace {

constexpr unsigned kOpaque = 128;      // guess: from here on a pixel is part of what was drawn
constexpr unsigned kTwoTones = 64;     // guess: opaque pixels that differ by more are paper with ink on it, or two inks
constexpr double kSheet = 0.6;         // guess: share of its box that a sheet of paper fills, and strokes do not
constexpr std::size_t kOutlier = 256;  // guess: one opaque pixel in so many may be any grey

unsigned grey(const std::uint8_t* rgba) { return (299u * rgba[0] + 587u * rgba[1] + 114u * rgba[2] + 500u) / 1000u; }

}  // namespace

unsigned paper_below(std::span<const std::uint8_t> rgba, std::size_t height, std::size_t width) {
  std::array<std::size_t, 256> greys{};
  std::size_t opaque = 0, clear = 0, top = height, bottom = 0, left = width, right = 0;
  double light = 0, weight = 0;
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < width; ++c) {
      const std::uint8_t* pixel = &rgba[4 * (r * width + c)];
      light += static_cast<double>(grey(pixel)) * pixel[3];
      weight += pixel[3];
      clear += pixel[3] < 255;
      if (pixel[3] < kOpaque) continue;
      ++greys[grey(pixel)];
      ++opaque;
      top = std::min(top, r), bottom = std::max(bottom, r);
      left = std::min(left, c), right = std::max(right, c);
    }
  if (clear == 0 || weight == 0) return 0;
  const unsigned behind_ink = light < 127.5 * weight ? 255 : 0;
  if (opaque == 0) return behind_ink;
  const auto grey_at = [&](std::size_t rank) {
    unsigned g = 0;
    for (std::size_t seen = greys[0]; seen <= rank; seen += greys[g]) ++g;
    return g;
  };
  const std::size_t outliers = opaque / kOutlier;
  const bool two_tones = grey_at(opaque - 1 - outliers) - grey_at(outliers) > kTwoTones;
  const auto box = static_cast<double>((bottom - top + 1) * (right - left + 1));
  return two_tones && static_cast<double>(opaque) >= kSheet * box ? grey_at(opaque / 2) : behind_ink;
}

Image over_paper(std::span<const std::uint8_t> rgba, std::size_t height, std::size_t width) {
  const unsigned paper = paper_below(rgba, height, width);
  Image image{.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width)};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const unsigned opacity = rgba[4 * i + 3];
    image.pixels[i] = static_cast<std::uint8_t>((grey(&rgba[4 * i]) * opacity + paper * (255 - opacity) + 127) / 255);
  }
  return image;
}

}  // namespace inkling
