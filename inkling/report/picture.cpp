#include "inkling/report/picture.h"

#include <libdeflate.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "inkling/core/error.h"

namespace inkling {
namespace {

constexpr std::size_t kChannels = 3;
constexpr std::size_t kEndOfHeader = 8 + 25;  // derived: PNG's signature, and IHDR with its frame

void put_big_endian(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

// The chunk pHYs: pixels a metre in both directions (PNG specification, section 11.3.5.3).
Bytes physical_size(int dots_per_inch) {
  constexpr double kInchesInAMetre = 1 / 0.0254;
  const auto pixels = static_cast<std::uint32_t>(std::lround(dots_per_inch * kInchesInAMetre));
  Bytes chunk;
  put_big_endian(chunk, 9);
  for (const char c : {'p', 'H', 'Y', 's'}) chunk.push_back(static_cast<std::uint8_t>(c));
  put_big_endian(chunk, pixels);
  put_big_endian(chunk, pixels);
  chunk.push_back(1);  // the unit is the metre
  put_big_endian(chunk, libdeflate_crc32(0, chunk.data() + 4, chunk.size() - 4));
  return chunk;
}

}  // namespace

Picture::Picture(std::size_t width, std::size_t height, Color ground) : width_(width), height_(height) {
  if (width == 0 || height == 0 || width > kMaxPictureSide || height > kMaxPictureSide ||
      width * height > kMaxPicturePixels)
    fail(ErrorKind::limit, "a picture of {} x {} pixels; it may have 1 to {} a side and {} in all", width, height,
         kMaxPictureSide, kMaxPicturePixels);
  bytes_.resize(width * height * kChannels);
  fill({0, 0, static_cast<int>(width), static_cast<int>(height)}, ground);
}

Color Picture::at(std::size_t x, std::size_t y) const {
  assert(x < width_ && y < height_);
  const std::uint8_t* p = &bytes_[(y * width_ + x) * kChannels];
  return {p[0], p[1], p[2]};
}

void Picture::set(int x, int y, Color color) { blend(x, y, color, 255); }

void Picture::blend(int x, int y, Color color, std::uint8_t coverage) {
  if (x < 0 || y < 0 || static_cast<std::size_t>(x) >= width_ || static_cast<std::size_t>(y) >= height_) return;
  std::uint8_t* p = &bytes_[(static_cast<std::size_t>(y) * width_ + static_cast<std::size_t>(x)) * kChannels];
  const auto mix = [&](unsigned below, unsigned above) {
    return static_cast<std::uint8_t>((below * (255u - coverage) + above * coverage + 127u) / 255u);
  };
  p[0] = mix(p[0], color.red);
  p[1] = mix(p[1], color.green);
  p[2] = mix(p[2], color.blue);
}

void Picture::fill(const Rect& rect, Color color) {
  const int x0 = std::max(rect.x, 0), x1 = std::min(rect.x + rect.width, static_cast<int>(width_));
  const int y0 = std::max(rect.y, 0), y1 = std::min(rect.y + rect.height, static_cast<int>(height_));
  for (int y = y0; y < y1; ++y) {
    std::uint8_t* p = &bytes_[(static_cast<std::size_t>(y) * width_ + static_cast<std::size_t>(x0)) * kChannels];
    for (int x = x0; x < x1; ++x, p += kChannels) {
      p[0] = color.red;
      p[1] = color.green;
      p[2] = color.blue;
    }
  }
}

void Picture::outline(const Rect& r, int thickness, Color color) {
  fill({r.x, r.y, r.width, thickness}, color);
  fill({r.x, r.y + r.height - thickness, r.width, thickness}, color);
  fill({r.x, r.y, thickness, r.height}, color);
  fill({r.x + r.width - thickness, r.y, thickness, r.height}, color);
}

void Picture::paste(const Picture& other, int x, int y, int scale) {
  for (std::size_t row = 0; row < other.height(); ++row)
    for (std::size_t column = 0; column < other.width(); ++column)
      fill({x + static_cast<int>(column) * scale, y + static_cast<int>(row) * scale, scale, scale},
           other.at(column, row));
}

Bytes png_bytes(const Picture& picture, int dots_per_inch) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(picture.width());
  png.height = static_cast<png_uint_32>(picture.height());
  png.format = PNG_FORMAT_RGB;
  png.flags = PNG_IMAGE_FLAG_FAST;  // flat colours: without filters they are written faster and become smaller
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  Bytes bytes(size);
  const bool written = png_image_write_to_memory(&png, bytes.data(), &size, 0, picture.bytes().data(), 0, nullptr) != 0;
  png_image_free(&png);
  if (!written)
    fail(ErrorKind::limit, "a picture of {} x {} pixels cannot be written: {}", picture.width(), picture.height(),
         png.message);
  bytes.resize(size);
  if (dots_per_inch > 0) {
    const Bytes chunk = physical_size(dots_per_inch);
    bytes.insert(bytes.begin() + kEndOfHeader, chunk.begin(), chunk.end());
  }
  return bytes;
}

void write_png(const std::filesystem::path& path, const Picture& picture, int dots_per_inch) {
  write_file_atomically(path, png_bytes(picture, dots_per_inch));
}

}  // namespace inkling
