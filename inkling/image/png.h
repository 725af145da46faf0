// PNG files, read into one grey image and written from one.
//
// Any PNG is read: 1 to 16 bits, grey, palette or colour, with or without transparency, interlaced or not. Colour
// becomes grey by (299 R + 587 G + 114 B) / 1000 of the values as they are stored (colour profiles and gamma are not
// applied); 16 bits are scaled to 8. Where a sheet is clear, paper is put below it (paper_below) on which what was
// drawn can be seen: black below light ink, white below dark ink. Every chunk's length and checksum and the image's
// size are checked before memory is taken. Bytes behind the image's end are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "inkling/core/file.h"
#include "inkling/image/image.h"

namespace inkling {

// Throws Error: io (missing, a directory, unreadable), format (no PNG, cut short, damaged), limit (too large).
Image read_png(const std::filesystem::path& path);
// `where` names the bytes' source in errors.
Image parse_png(std::span<const std::uint8_t> bytes, std::string_view where);

// 8-bit grey; the file appears whole or not at all. Throws Error: io, shape (no height * width pixels), limit.
void write_png(const std::filesystem::path& path, const Image& image);
Bytes png_bytes(const Image& image);

}  // namespace inkling
