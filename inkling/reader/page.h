// Reads every digit of a page: its pieces (image/segment.h), each as one answer, or as several where its ink is clearly
// that of several digits that touch.
//
// Which of a piece's cuts are made is decided by the model's probabilities: of all ways to divide the piece along its
// cuts the one with the largest product of them is taken, with a price for each cut and for each part that is wider
// than a digit or that the model refuses (LeCun et al. 1998, sections V and VI: the shortest path through the
// segmentation graph). docs/numerics.md has the sum. The same page and model give the same bytes for any Runtime.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "inkling/image/image.h"
#include "inkling/kernel/runtime.h"
#include "inkling/reader/reader.h"

namespace inkling {

struct PageDigit {
  Box box;                    // of its ink, in pixels of the page
  std::size_t line = 0;       // of text, from the top
  bool space_before = false;  // a wide gap to the digit before it in its line
  bool cut = false;           // its ink touched a neighbour's
  Reading reading;            // refused where it is no digit
};

struct PageReading {
  std::vector<PageDigit> digits;  // in reading order; what was refused is among them
  std::size_t lines = 0;
  std::size_t left_out = 0;  // pieces beyond the limits of segment.h
  bool inverted = false;     // the ink was darker than its paper
};

// A page without ink has no digits. Throws Error shape: the page's pixels are not height * width.
PageReading read_page(const Runtime& rt, Reader& reader, const Image& page);

// A line of the page a line, without one at the end; a space for a wide gap, `?` for what was refused. Class names of
// more than a letter are kept apart by spaces.
std::string text_of(const PageReading& page, const std::vector<std::string>& class_names);

}  // namespace inkling
