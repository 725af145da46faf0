// One grey image in another size: cut out, shrunk by whole factors, scaled to any size.
//
// Scaling down takes the mean over each new pixel's area, so that nothing falls between; scaling up takes the same mean
// of the straight lines between pixels. Sums are of integers: the same bytes on every machine.
#pragma once

#include <cstddef>

#include "inkling/image/image.h"

namespace inkling {

// Means of factor x factor pixels; those at the right and the bottom of what there is. Throws Error config: factor 0.
Image shrunk(const Image& image, std::size_t factor);

// The pixels of a box, which lies inside the image.
Image cropped(const Image& image, const Box& box);

// To height x width pixels, both above 0; each direction by itself. An empty image becomes black.
Image scaled(const Image& image, std::size_t height, std::size_t width);

// As an inverted picture: 255 - x.
Image inverted(Image image);

}  // namespace inkling
