// The header of a NumPy array file (.npy, versions 1 and 2): element type, order and shape.
//
// The header is the text of a Python dictionary. Exactly the three keys that NumPy writes are accepted, each once, in
// any order. The shape's product is not formed here, so nothing overflows; the caller checks it against the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inkling {

inline constexpr std::size_t kMaxNpyHeader = 4096;  // guess: NumPy's own is 128 bytes for an array of images

struct NpyHeader {
  std::string type;  // in NumPy's words: "|u1", "<i8"
  bool fortran_order = false;
  std::vector<std::size_t> shape;  // empty for a single number
  std::size_t bytes = 0;           // of the whole header: the elements start here
};

// `start` is the whole file or at least its first kMaxNpyHeader bytes. `where` names the source in errors.
// Throws Error format: no magic, another version, a header that is cut short or larger than kMaxNpyHeader, or a
// dictionary that is not as above (says at which character).
NpyHeader parse_npy_header(std::span<const std::uint8_t> start, std::string_view where);

}  // namespace inkling
