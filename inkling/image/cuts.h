// Where the ink of touching digits may be cut: paths from top to bottom that cross as little ink as there is to cross.
//
// Over-segmentation as in LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document
// recognition", section V: more cuts than are needed, and a reader that chooses among the pieces between them
// (reader/page.h). A path is a seam of least ink (Avidan and Shamir 2007), which may lean, as a drop falls along a
// stroke. Deterministic, thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

inline constexpr std::size_t kMaxCuts = 10;  // guess: of one piece; a line of digits that all touch has fewer

struct Cut {
  std::vector<std::size_t> columns;  // (height): in each row the first column that belongs to the right side
  double ink = 0;                    // what it crosses, in pixels of full ink
};

// Cuts of a piece's ink, from the left, none of which crosses another; at most kMaxCuts, those of the least ink.
// `line_height`: of its line's digits, pixels.
std::vector<Cut> cuts_of(const Image& ink, double line_height);

// What lies between two cuts, cropped to its ink; a null pointer stands for the image's edge. `box` becomes where that
// is in `ink`; empty where there is nothing.
Image between(const Image& ink, const Cut* left, const Cut* right, Box& box);

}  // namespace inkling
