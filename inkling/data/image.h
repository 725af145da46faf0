// One grey image, and the PNG files it is read from and written to.
//
// Any PNG is read: 1 to 16 bits, grey, palette or colour, with or without transparency, interlaced or not. Colour
// becomes grey by (299 R + 587 G + 114 B) / 1000 of the values as they are stored (colour profiles and gamma are not
// applied); 16 bits are scaled to 8; a transparent pixel counts as background, 0, so that drawn ink on a clear sheet
// reads like MNIST's. Every chunk's length and checksum and the image's size are checked before memory is taken. Bytes
// behind the image's end are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/file.h"

namespace inkling {

inline constexpr std::size_t kMaxImageSide = 1u << 15;       // guess: pixels, above any scanner's page
inline constexpr std::size_t kMaxImagePixels = 1u << 25;     // guess: 33 megapixels, 134 MB while they are decoded
inline constexpr std::size_t kMaxImageFileBytes = 1u << 26;  // guess: 64 MB, above any PNG of so many pixels in grey

struct Image {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  // (height, width), row-major; 0 is background, 255 is full ink

  bool operator==(const Image&) const = default;
};

// Throws Error: io (missing, a directory, unreadable), format (no PNG, cut short, damaged), limit (too large).
Image read_png(const std::filesystem::path& path);
// `where` names the bytes' source in errors.
Image parse_png(std::span<const std::uint8_t> bytes, std::string_view where);

// 8-bit grey; the file appears whole or not at all. Throws Error: io, shape (no height * width pixels), limit.
void write_png(const std::filesystem::path& path, const Image& image);
Bytes png_bytes(const Image& image);

}  // namespace inkling
