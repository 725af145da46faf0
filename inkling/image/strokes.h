// How thick strokes are, and how to make them thicker or thinner.
//
// A stroke of length L and width w has the area A = L w and two edges of length L, so w = 2 A / P. For a grey image A
// is the sum of its pixels and P the sum of its slopes, |grad|: soft edges do not change either.
#pragma once

#include <cstddef>

#include "inkling/image/image.h"

namespace inkling {

// Pixels; the mean over all ink, as twice the sum of grey over the sum of |gradient| (forward differences, 0 around the
// image). 0 of an image without ink.
double stroke_width(const Image& ink);

// Strokes wider by 2 * radius pixels (narrower where it is below 0): the largest grey of a disc around each pixel,
// whose rim counts by the part of it that the disc covers. Nothing grows beyond the image: leave a margin. |radius|
// to 64.
Image thickened(const Image& ink, double radius);

// The largest grey of a square of 2 * radius + 1 around each pixel, or the least.
Image dilated(const Image& image, std::size_t radius);
Image eroded(const Image& image, std::size_t radius);

}  // namespace inkling
