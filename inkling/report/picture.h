// A picture in colour: a rectangle of RGB pixels that is drawn on and written as PNG.
//
// (0, 0) is the upper left corner, x runs to the right and y down. Whatever is drawn outside is cut off, so that no
// caller has to. The same calls give the same bytes on every machine. Refused: a picture without pixels, or with more
// than the limits below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "inkling/core/file.h"

namespace inkling {

struct Color {
  std::uint8_t red = 0, green = 0, blue = 0;  // sRGB

  bool operator==(const Color&) const = default;
};

inline constexpr Color kWhite{255, 255, 255}, kBlack{0, 0, 0};

// Upper left corner and size. May lie outside of a picture, wholly or in part.
struct Rect {
  int x = 0, y = 0;
  int width = 0, height = 0;
};

inline constexpr std::size_t kMaxPictureSide = 1u << 15;    // guess: pixels, a poster in print
inline constexpr std::size_t kMaxPicturePixels = 1u << 26;  // guess: 67 megapixels, 200 MB

class Picture {
 public:
  // Throws Error limit: no pixels, or more than the limits.
  Picture(std::size_t width, std::size_t height, Color ground = kWhite);

  std::size_t width() const { return width_; }
  std::size_t height() const { return height_; }
  Color at(std::size_t x, std::size_t y) const;                      // inside the picture
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }  // (height, width, 3)

  void set(int x, int y, Color color);
  // Mixes the colour in: coverage 0 leaves what is there, 255 covers it.
  void blend(int x, int y, Color color, std::uint8_t coverage);
  void fill(const Rect& rect, Color color);
  // A frame whose outer edge is the rectangle's.
  void outline(const Rect& rect, int thickness, Color color);
  // Copies another picture to (x, y), each of its pixels as a square of `scale` pixels.
  void paste(const Picture& other, int x, int y, int scale = 1);

 private:
  std::size_t width_, height_;
  std::vector<std::uint8_t> bytes_;
};

// 8-bit RGB, in `dots_per_inch` where that is given, which says how large it is in print. The file appears whole or not
// at all. Throws Error: io, limit.
Bytes png_bytes(const Picture& picture, int dots_per_inch = 0);
void write_png(const std::filesystem::path& path, const Picture& picture, int dots_per_inch = 0);

}  // namespace inkling
