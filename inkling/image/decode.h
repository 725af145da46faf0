// A picture file's bytes become one grey image, as a person sees it: PNG or JPEG, found out by content.
//
// What is seen stays what it was: dark ink on light paper or light ink on dark; a JPEG is turned upright by its
// rotation tag (EXIF orientation). Sizes are checked against the limits of image.h before memory is taken; what a
// decoder takes beside stays below kMaxDecodeBytes. Refused: other formats (named where they are known), damaged and
// cut-short files; nothing is guessed in place of missing rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "inkling/image/image.h"

namespace inkling {

// `where` names the bytes' source in errors. Throws Error: format (no such format, cut short, damaged), limit (more
// pixels than kMaxImageSide a side or kMaxImagePixels in all). Thread-safe.
Image decode_image(std::span<const std::uint8_t> bytes, std::string_view where);

// As above; besides, Error io (missing, a directory, unreadable) and limit (more than kMaxImageFileBytes).
Image load_image(const std::filesystem::path& path);

}  // namespace inkling
