// Clear sheets: which paper to put below what was drawn, so that it can be seen whatever its colour.
//
// Ink on a clear sheet gets white paper when it is dark and black paper when it is light. A sheet of paper with clear
// corners (strokes are on it, and it fills its box) gets more of itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "inkling/image/image.h"

namespace inkling {

// The grey of the paper below, 0 to 255, from (height, width, 4) red, green, blue and opacity as they are stored.
unsigned paper_below(std::span<const std::uint8_t> rgba, std::size_t height, std::size_t width);

// Grey, (299 R + 587 G + 114 B) / 1000, over that paper.
Image over_paper(std::span<const std::uint8_t> rgba, std::size_t height, std::size_t width);

}  // namespace inkling
