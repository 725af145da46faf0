// JPEG files, read into one grey image that stands upright.
//
// Baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK of 8 bits, by libjpeg-turbo; grey is the file's own
// luminance where it has one. The rotation tag (EXIF orientation, 1 to 8) is applied. Refused: files that are cut short
// (without an end behind their data) or damaged in any way but stray bytes between segments, as some cameras leave
// them; sizes beyond image.h's limits, or beyond what the file's bytes can hold, before memory is taken.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "inkling/image/image.h"

namespace inkling {

// Whether the bytes begin as a JPEG file does.
bool is_jpeg(std::span<const std::uint8_t> bytes);

// `where` names the bytes' source in errors. Throws Error: format, limit. Thread-safe.
Image parse_jpeg(std::span<const std::uint8_t> bytes, std::string_view where);

}  // namespace inkling
