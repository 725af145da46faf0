#include "inkling/measure/preparations.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "inkling/image/prepare.h"
#include "inkling/image/resample.h"

namespace inkling {
namespace {

constexpr unsigned kPaper = 230, kInk = 40;  // grey
constexpr std::size_t kFall = 3;             // a third of the light is lost from left to right

Image photo_of(const Image& digit, std::size_t height, std::size_t width) {
  const std::size_t side = std::max<std::size_t>(1, std::min(height, width) * 3 / 5);
  const Image large = scaled(digit, side, side);
  const std::size_t top = (height - side) / 3, left = (width - side) * 2 / 3;
  Image photo{.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width)};
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < width; ++c) {
      const bool inside = r >= top && r < top + side && c >= left && c < left + side;
      const std::size_t ink = inside ? large.pixels[(r - top) * side + c - left] : 0;
      const std::size_t reflected = kPaper - (kPaper - kInk) * ink / 255;
      photo.pixels[r * width + c] = static_cast<std::uint8_t>(reflected * (kFall * width - c) / (kFall * width));
    }
  return photo;
}

}  // namespace

std::vector<Image> made_photos(const Dataset& data, std::size_t count, std::size_t height, std::size_t width) {
  std::vector<Image> photos;
  for (std::size_t i = 0; i < count; ++i) {
    const auto row = data.image(i % data.count()).row(0);
    Image digit{.height = data.height, .width = data.width, .pixels = {row.begin(), row.end()}};
    photos.push_back(height == 0 ? std::move(digit) : photo_of(digit, height, width));
  }
  return photos;
}

void prepare_all(const std::vector<Image>& photos) {
  for (const Image& photo : photos) prepare_digit(photo);
}

}  // namespace inkling
