// Which way up a photo is: the one tag of EXIF that its pixels need.
//
// The block is the data of a JPEG's APP1 segment ("Exif", two zeros, a TIFF header, a directory of 12-byte entries;
// EXIF 2.32, section 4.6). Anything that is not as it should be counts as no tag: a photo is not refused for it.
#pragma once

#include <cstdint>
#include <span>

#include "inkling/image/image.h"

namespace inkling {

// 1 to 8 as EXIF numbers them; 1, upright, where there is no such tag.
unsigned exif_orientation(std::span<const std::uint8_t> app1);

// The image as it is to be seen.
Image turned_upright(Image image, unsigned orientation);

}  // namespace inkling
