// One grey image, and how large one may be.
//
// Every reader of files checks what a file announces against these limits before it takes memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inkling {

inline constexpr std::size_t kMaxImageSide = 1u << 15;       // guess: pixels, above any scanner's page
inline constexpr std::size_t kMaxImagePixels = 1u << 25;     // guess: 33 megapixels, a phone's photo has 12
inline constexpr std::size_t kMaxImageFileBytes = 1u << 26;  // guess: 64 MB, above any file of so many pixels in grey
// What decoding one takes at most: a progressive JPEG's 4 coefficients of 2 bytes a pixel, 4 bytes of colour and 1 of
// grey; the file twice; the libraries' own. Checked by what the header says before any of it is taken.
inline constexpr std::size_t kMaxDecodeBytes = 13 * kMaxImagePixels + 2 * kMaxImageFileBytes + (1u << 26);  // derived

struct Image {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> pixels;  // (height, width), row-major; 0 is black, 255 is white

  bool operator==(const Image&) const = default;
};

// A rectangle of pixels; empty where a side is 0.
struct Box {
  std::size_t top = 0, left = 0;
  std::size_t height = 0, width = 0;

  bool operator==(const Box&) const = default;
};

}  // namespace inkling
