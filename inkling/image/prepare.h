// Any picture of one digit becomes an image as MNIST's: what `predict`, `read`, folders of images and the page put
// before the network.
//
// What is 28x28, light on dark and centred already passes byte for byte. Everything else goes through ink_of(); then
// the ink is cropped, its strokes are brought to MNIST's width and contrast, scaled into 20x20 with its shape kept by
// area averaging, and placed so that its centre of mass is the image's (LeCun et al. 1998; yann.lecun.com/exdb/mnist).
// For another size of image the 20x20 grows in proportion. A photo of millions of pixels is searched at a coarse scale
// and read at a fine one.
//
// Nothing is refused here: letters, scribbles and several digits are prepared as one, and the reader's refusal judges.
// Deterministic to the byte, for any machine. Thread-safe.
#pragma once

#include <cstddef>

#include "inkling/image/image.h"
#include "inkling/image/ink.h"

namespace inkling {

struct PrepareOptions {
  std::size_t height = 28, width = 28;  // of the prepared image, pixels; 8 to 1024
};

struct Prepared {
  Image digit;              // (height, width) as asked for: 0 background, 255 ink
  bool unchanged = false;   // given was such an image already, and digit is it, byte for byte
  bool blank = false;       // no ink was found: digit is all 0
  bool inverted = false;    // the ink was darker than its paper
  Box ink;                  // where in the given image the digit's ink lies; empty when blank
  double stroke_width = 0;  // of the given ink, in pixels of `digit` before it was brought to MNIST's
  double contrast = 0;      // of the given ink against its paper, 0 to 1; 1 when unchanged
  std::size_t lines = 0;    // ruled lines that were taken away
};

// Throws Error: shape (pixels that are not height * width), config (options out of range).
Prepared prepare_digit(const Image& given, const PrepareOptions& options = {});

// The second half alone, for ink that was found and cut out already: `ink` is 0 where there is none and 255 where it is
// full, with nothing in it but the digit (Ink::evened where its digit's mask is set, 0 elsewhere). All 0 gives all 0.
// Throws as above.
Image place_digit(const Image& ink, const PrepareOptions& options = {});

// Whether an image of the size asked for is as MNIST's: light on dark with a dark border, its ink 20 pixels in its
// larger side, its centre of mass at (14, 14); in proportion for other sizes.
bool is_prepared(const Image& image, const PrepareOptions& options = {});

}  // namespace inkling
