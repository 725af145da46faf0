// Tables of images as text (CSV): an image a row, a number from 0 to 255 a pixel, and a label or none.
//
// Read are the forms that circulate, found out by content (csv_layout.h says how): label first, last or absent; with a
// header or not; comma, semicolon or tab; fields quoted or not; CRLF; a byte-order mark; empty lines; raw or gzip.
// Labels are whole numbers, which are the classes' numbers, or names, which become the classes. Refused, with line and
// column: a row of another length, what is no whole number, what is out of range.
//
// Memory is the pixels, four bytes a row and two blocks of text (16 MB, and twice the longest line), whatever the
// file's size; where that says nothing of the rows (gzip), half of the pixels once more while they grow. Blocks are
// parsed by all cores; the result does not depend on how many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "inkling/data/source.h"

namespace inkling {

inline constexpr std::size_t kMaxCsvLine = std::size_t{1} << 23;    // derived: kMaxWidth fields of eight bytes
inline constexpr std::size_t kMaxCsvPixels = std::size_t{1} << 30;  // guess: 1.3 million images of 28x28
inline constexpr std::size_t kMaxClassName = 64;                    // guess: bytes

// Labels are empty where the table has none. Throws Error: io, format (text that is no such table), shape (nothing in
// it; an image size that cannot be known), limit. Of several faults the first in the file is told.
ImageSet read_csv(const std::filesystem::path& path, const ReadOptions& options = {});
// The same of bytes, as they stand in a file; `where` names them in errors.
ImageSet parse_csv(std::span<const std::uint8_t> bytes, std::string_view where, const ReadOptions& options = {},
                   std::size_t max_pixels = kMaxCsvPixels);

// A header (label,1x1,1x2,...,28x28), then an image a line with its label first: the class's name. gzip where the
// path ends in .gz. The file appears whole or not at all; the same data gives the same bytes. Without labels the column
// is left out. Throws Error io.
void write_csv(const std::filesystem::path& path, const ImageSet& images);

}  // namespace inkling
