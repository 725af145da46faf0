#include "inkling/image/exif.h"

#include <algorithm>
#include <array>
#include <utility>

namespace inkling {
namespace {

constexpr std::array<std::uint8_t, 6> kExif = {'E', 'x', 'i', 'f', 0, 0};
constexpr std::size_t kEntryBytes = 12;
constexpr unsigned kOrientationTag = 0x0112, kShort = 3;

// A TIFF block's numbers, in its own order of bytes; 0 where the block has ended.
struct Tiff {
  std::span<const std::uint8_t> bytes;
  bool little = false;

  std::size_t number(std::size_t at, std::size_t size) const {
    if (at > bytes.size() || bytes.size() - at < size) return 0;
    std::size_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + (little ? size - 1 - i : i)];
    return value;
  }
};

}  // namespace

unsigned exif_orientation(std::span<const std::uint8_t> app1) {
  if (app1.size() < kExif.size() + 8 || !std::equal(kExif.begin(), kExif.end(), app1.begin())) return 1;
  Tiff tiff{.bytes = app1.subspan(kExif.size())};
  tiff.little = tiff.bytes[0] == 'I' && tiff.bytes[1] == 'I';
  if (!tiff.little && !(tiff.bytes[0] == 'M' && tiff.bytes[1] == 'M')) return 1;
  const std::size_t directory = tiff.number(4, 4);
  const std::size_t entries = tiff.number(directory, 2);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kEntryBytes > tiff.bytes.size()) return 1;
    if (tiff.number(entry, 2) != kOrientationTag || tiff.number(entry + 2, 2) != kShort) continue;
    const std::size_t value = tiff.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<unsigned>(value) : 1;
  }
  return 1;
}

Image turned_upright(Image image, unsigned orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool sideways = orientation >= 5;
  const std::size_t h = image.height, w = image.width;
  Image upright{.height = sideways ? w : h, .width = sideways ? h : w, .pixels = {}};
  upright.pixels.resize(image.pixels.size());
  for (std::size_t r = 0; r < upright.height; ++r)
    for (std::size_t c = 0; c < upright.width; ++c) {
      // Where this pixel lies in the file: 3 and 4 are upside down, 5 to 8 lie on a side.
      std::size_t y = sideways ? c : r, x = sideways ? r : c;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) y = h - 1 - y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) x = w - 1 - x;
      upright.pixels[r * upright.width + c] = image.pixels[y * w + x];
    }
  return upright;
}

}  // namespace inkling
