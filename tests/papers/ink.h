// How much ink lies where: the sheet that strokes and MNIST digits are written on before it becomes a photo.
//
// Coverage of a pixel is that of a round pen, smooth at the edge; where strokes cross, the darker one counts. Whatever
// lies outside the sheet is cut off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/image/image.h"
#include "tests/papers/strokes.h"

namespace inkling::papers {

struct InkSheet {
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::uint8_t> amount;  // (height, width), row-major; 255: full ink

  InkSheet(std::size_t rows, std::size_t columns) : height(rows), width(columns), amount(rows * columns) {}
};

// Where a character goes: its centre and height in pixels before it is turned, the turn in degrees clockwise.
struct Place {
  double x = 0;
  double y = 0;
  double height = 0;
  double degrees = 0;
};

// Both give the box of the pixels that got ink of 50 % and more, empty where there are none.
//
// The glyph's own extent is scaled to the place's height; `pen` is the stroke's width in pixels, `pressure` by how much
// of it the width varies along a stroke (0 to 0.5).
Box write_glyph(InkSheet& ink, const Glyph& glyph, const Place& place, double pen, double pressure = 0);

// An image of light ink on black, (28, 28) as in MNIST. Its ink is cropped and scaled to the place's height: enlarged
// by smooth interpolation whose edge is sharpened again, as a pen's is; reduced by averaging. `bold` (-0.8 to 0.8)
// moves the edge out or in, by about half as many pixels of the given image.
Box write_image(InkSheet& ink, std::span<const std::uint8_t> pixels, std::size_t side, const Place& place,
                double bold = 0);

}  // namespace inkling::papers
