// Connected parts of a mask, 8 neighbours a pixel, in the order of their first pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/image/image.h"

namespace inkling {

struct Component {
  Box box;
  std::size_t area = 0;  // pixels
};

struct Components {
  std::vector<std::uint32_t> labels;  // (height, width): 0 where the mask is not set, else 1 + the component's number
  std::vector<Component> parts;
};

// Parts of the pixels that are not 0. Time and memory grow with the pixels: 4 bytes each.
Components components_of(const Image& mask);

}  // namespace inkling
