// What on a picture is ink: the first half of the preparation, and what a page is segmented by.
//
// A sheet of paper under any light, with ink darker or lighter than it, becomes two images of the same size: how much
// ink lies where, with light and the paper's colour taken out, and which pixels are ink at all. Ruled lines, specks and
// the dark edge of a photo are not ink; letters, two digits and scribbles are. docs/numerics.md has the equations.
//
// The same image gives the same bytes on every machine: all sums are of integers or in one order.
#pragma once

#include <cstddef>

#include "inkling/image/image.h"
#include "inkling/image/resample.h"

namespace inkling {

struct Ink {
  Image evened;             // (height, width): 0 paper, 255 full ink, whatever the ink's and the paper's colour were
  Image mask;               // (height, width): 255 where ink is, 0 elsewhere; cleared of lines, specks and edges
  bool blank = true;        // no pixel of the mask is set
  bool inverted = false;    // ink was darker than its paper: MNIST's is lighter
  double contrast = 0;      // of full ink against its paper, 0 to 1, a share of the paper's light
  double noise = 0;         // standard deviation of the bare paper, a share of its light
  double stroke_width = 0;  // pixels, of the ink in the mask; 0 where there is none
  std::size_t lines = 0;    // ruled lines that were taken away
};

// The whole image at its own size; time and memory grow with its pixels (about 12 bytes each). An image without pixels
// is blank. Throws Error shape: its pixels are not height * width. Thread-safe.
Ink ink_of(const Image& given);

// As ink_of(), when it is known whether ink is darker than paper: a page's crops have its polarity.
Ink ink_of(const Image& given, bool dark_ink);

// The smallest box around the set pixels; of height 0 where none is set.
Box box_of(const Image& mask);

}  // namespace inkling
