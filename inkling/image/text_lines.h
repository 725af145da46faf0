// Boxes of digits become lines of text, level or leaning, in reading order.
//
// Each box is linked to the next on its right at about its own height; links make chains, whose common slope tells how
// the page leans; chains that lie on one such line, across any gap, are one line. Deterministic, thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

struct TextLine {
  std::vector<std::size_t> boxes;  // their numbers, from the left
  double height = 0;               // the usual height of its boxes: their median
};

// Lines from the top. Every box is in exactly one. `height`: that of digits on this page, pixels. Time grows with the
// square of the boxes.
std::vector<TextLine> text_lines(std::span<const Box> boxes, double height);

}  // namespace inkling
