// The arrays of a data set as NumPy writes them: images as bytes, labels as classes.
//
// Images: (count, height, width), (count, height * width) of squares, (count, height, width, 1) or (count, 1, height,
// width); bytes as they are, booleans as 0 and 255, wider integers in 0..255, floats (half, single, double) in 0..1 or
// in 0..255, told apart by the largest. Labels: (count) or (count, 1), integers of any width and sign, or booleans.
// Either byte order. Refused by name: Fortran order, arrays of objects (their bytes are a program), text, complex
// numbers, colour, floats whose range could be either, values below 0, above 255 or not finite, a shape that does not
// match the bytes that follow.
//
// Elements are converted in pieces on their way in: besides the bytes of the result nothing large is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "inkling/core/file.h"

namespace inkling {

// A .npy file's bytes, wherever they come from.
struct ArrayBytes {
  std::size_t size = 0;  // in all, as the source promises
  // The next bytes; fewer than asked for only at their end. Throws Error.
  std::function<std::size_t(std::span<std::uint8_t> to)> read;
};

struct ImageArray {
  std::size_t count = 0;
  std::size_t height = 0;
  std::size_t width = 0;
  Bytes pixels;  // (count, height * width)
};

// Reads all of it and one byte beyond, so that a source that checks its end has done so. `where` names it in errors;
// `max_bytes` is how many pixels or labels are accepted. Throws Error: format, shape, limit, and what read throws.
ImageArray read_image_array(const ArrayBytes& bytes, std::string_view where, std::size_t max_bytes);
Bytes read_label_array(const ArrayBytes& bytes, std::string_view where, std::size_t max_bytes);

// The bytes of a file in memory, which others keep alive.
ArrayBytes array_bytes(std::span<const std::uint8_t> file);

}  // namespace inkling
