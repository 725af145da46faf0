// What is odd about a data set before anything is trained on it.
#pragma once

#include <string>
#include <vector>

#include "inkling/data/dataset.h"

namespace inkling {

// A sentence for each oddity, none for a sound set: images of one grey value, a part with one label alone, pixels that
// look unscaled (none above 1) or inverted (mostly ink), images that stand in both parts.
std::vector<std::string> oddities(const Dataset& train, const Dataset& test);

}  // namespace inkling
