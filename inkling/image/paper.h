// The sheet below the ink: whether it is lighter or darker than the ink, and how light it is everywhere.
//
// Light falls unevenly and paper has a colour, so what tells ink is the share of the paper's light that it takes away,
// (B - P) / B, with B the paper's light at that place (Gatos, Pratikakis and Perantonis 2006 find B the same way: from
// the paper around a first, rough guess of the ink). B is found at a coarse scale: a closing, wider than any stroke,
// guesses the ink; means of the paper around it follow the light. Sums are of integers or in one order.
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

// Whether ink is darker than its paper: the rarer of two greys is ink, and what lies along the border is paper.
bool ink_is_dark(const Image& given);

// What is missing of the paper's light at each pixel, (height, width): 0 paper, 1 black, below 0 where it is lighter
// than expected. `given` has dark ink on light paper.
std::vector<float> absorbed_light(const Image& given);

}  // namespace inkling
