#include "tests/papers/photo.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "inkling/core/error.h"

namespace inkling::papers {
namespace {

constexpr std::size_t kBlock = 8;
constexpr std::size_t kCells = kBlock * kBlock;

// ITU-T T.81, tables K.1 and K.2.
constexpr std::array<int, kCells> kBrightnessSteps = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,  //
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,  //
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,  //
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr std::array<int, kCells> kColourSteps = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,  //
                                                  24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,  //
                                                  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,  //
                                                  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

using Block = std::array<float, kCells>;

// The orthonormal cosine transform: rows are frequencies.
const Block& cosines() {
  static const Block table = [] {
    Block t{};
    for (std::size_t k = 0; k < kBlock; ++k) {
      for (std::size_t n = 0; n < kBlock; ++n) {
        const double scale = k == 0 ? std::sqrt(1.0 / kBlock) : std::sqrt(2.0 / kBlock);
        const double angle =
            std::numbers::pi * (2.0 * static_cast<double>(n) + 1) * static_cast<double>(k) / (2.0 * kBlock);
        t[k * kBlock + n] = static_cast<float>(scale * std::cos(angle));
      }
    }
    return t;
  }();
  return table;
}

// out = a b, or a^T b, or a b^T of 8x8 matrices.
template <bool kTurnA, bool kTurnB>
Block product(const Block& a, const Block& b) {
  Block out{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (std::size_t k = 0; k < kBlock; ++k) {
      const float left = kTurnA ? a[k * kBlock + i] : a[i * kBlock + k];
      for (std::size_t j = 0; j < kBlock; ++j) {
        out[i * kBlock + j] += left * (kTurnB ? b[j * kBlock + k] : b[k * kBlock + j]);
      }
    }
  }
  return out;
}

void round_block(Block& block, const std::array<int, kCells>& steps, int quality) {
  const int percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;  // libjpeg's scale
  Block waves = product<false, true>(product<false, false>(cosines(), block), cosines());
  for (std::size_t i = 0; i < kCells; ++i) {
    const auto step = static_cast<float>(std::clamp((steps[i] * percent + 50) / 100, 1, 255));
    waves[i] = std::nearbyint(waves[i] / step) * step;
  }
  block = product<false, false>(product<true, false>(cosines(), waves), cosines());
}

std::uint8_t byte_of(float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)); }

}  // namespace

Image grey_of(const Photo& photo) {
  Image out{.height = photo.height, .width = photo.width, .pixels = {}};
  out.pixels.resize(photo.height * photo.width);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) {
    const std::uint8_t* rgb = &photo.pixels[3 * i];
    out.pixels[i] = static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
  }
  return out;
}

Photo colour_of(const Image& grey) {
  Photo out{.height = grey.height, .width = grey.width, .pixels = {}};
  out.pixels.reserve(3 * grey.pixels.size());
  for (const std::uint8_t value : grey.pixels) {
    out.pixels.insert(out.pixels.end(), 3, value);
  }
  return out;
}

void add_jpeg_noise(Photo& photo, int quality) {
  if (quality < 1 || quality > 100) {
    fail(ErrorKind::config, "JPEG quality {}: 1 to 100", quality);
  }
  for (std::size_t top = 0; top < photo.height; top += kBlock) {
    for (std::size_t left = 0; left < photo.width; left += kBlock) {
      // Past the sheet's edge a block repeats the last row and column.
      const auto pixel = [&](std::size_t cell) {
        const std::size_t y = std::min(top + cell / kBlock, photo.height - 1);
        const std::size_t x = std::min(left + cell % kBlock, photo.width - 1);
        return 3 * (y * photo.width + x);
      };
      Block brightness, blue, red;
      for (std::size_t i = 0; i < kCells; ++i) {
        const std::uint8_t* rgb = &photo.pixels[pixel(i)];
        const float r = rgb[0], g = rgb[1], b = rgb[2];
        const float y = 0.299f * r + 0.587f * g + 0.114f * b;
        brightness[i] = y - 128;
        blue[i] = 0.564f * (b - y);
        red[i] = 0.713f * (r - y);
      }
      round_block(brightness, kBrightnessSteps, quality);
      round_block(blue, kColourSteps, quality);
      round_block(red, kColourSteps, quality);
      for (std::size_t i = 0; i < kCells; ++i) {
        if (top + i / kBlock < photo.height && left + i % kBlock < photo.width) {
          const float y = brightness[i] + 128;
          std::uint8_t* rgb = &photo.pixels[pixel(i)];
          rgb[0] = byte_of(y + 1.403f * red[i]);
          rgb[1] = byte_of(y - 0.344f * blue[i] - 0.714f * red[i]);
          rgb[2] = byte_of(y + 1.773f * blue[i]);
        }
      }
    }
  }
}

void write_colour_png(const std::filesystem::path& path, const Photo& photo) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(photo.width);
  image.height = static_cast<png_uint_32>(photo.height);
  image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&image, path.c_str(), 0, photo.pixels.data(), 0, nullptr) == 0) {
    fail(ErrorKind::io, "{}: cannot be written: {}", path.string(), image.message);
  }
}

}  // namespace inkling::papers
