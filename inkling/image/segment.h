// Where the digits of a page are: the ink of a photo or scan, taken apart into pieces and put into reading order.
//
// A piece is the ink of one digit, or of several that touch (cuts.h says where they may be cut). Its loose parts, such
// as the bar of a 5, belong to it; dots, dashes and other small marks are left out. Pieces stand in lines, which may be
// level or lean by up to about 15 degrees; docs/numerics.md says how they are found.
//
// A page without ink has no pieces: that is no error. Nothing here knows what a digit looks like: a letter is a piece,
// too. Deterministic to the byte. Thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

inline constexpr std::size_t kMaxPagePixels =
    4'000'000;  // guess: larger pages are searched at a whole fraction of their size
inline constexpr std::size_t kMaxPageParts =
    2048;  // guess: connected parts that are looked at, the largest; a page has 100
inline constexpr std::size_t kMaxPiecePixels =
    4 * kMaxPagePixels;  // guess: of all pieces' boxes together; more are left out

struct Piece {
  Box box;                    // in the page as it was given
  Image ink;                  // at the segmentation's scale: its own ink, 0 paper to 255 full, none of its neighbours'
  std::size_t line = 0;       // from the top
  bool space_before = false;  // a wide gap to the piece before it in its line
};

struct Segmentation {
  std::vector<Piece> pieces;         // in reading order: lines from the top, each from the left
  std::vector<double> line_heights;  // one a line: the usual height of its digits, pixels at the scale
  std::size_t scale = 1;             // the page's pixels a side of one of a piece's
  double stroke_width = 0;           // pixels at the scale
  bool inverted = false;             // the ink was darker than its paper
  std::size_t left_out = 0;          // pieces beyond the limits
};

// Throws Error shape: the page's pixels are not height * width.
Segmentation segment(const Image& page);

}  // namespace inkling
