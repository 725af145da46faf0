// Ruled, squared and form lines, found in a mask of ink and taken out of it.
//
// A line crosses the image, up to 17 degrees from level or upright, thin and straight; it is found by votes for slope
// and height (Hough 1962; Duda and Hart 1972), followed from column to column, and taken out where it is as thin as a
// line: where a stroke crosses it the stroke stays whole. A digit's own straight strokes stay, too: a line has to be
// one of several, or paler or thinner than the ink beside it, or to reach beyond that ink on both sides.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

// Clears the lines' pixels of the mask, and what little they absorb around them: `absorbed` is (height, width), the
// light that is missing. Returns how many lines there were.
std::size_t remove_lines(Image& mask, std::vector<float>& absorbed);

}  // namespace inkling
