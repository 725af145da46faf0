// The safetensors format: named tensors of floats and a few texts, in a file that any framework reads.
//
// A file is an 8-byte little-endian length, a JSON header of that length, and the tensors' bytes. The reader believes
// nothing: every count is checked against the bytes that are there before memory is taken, and the tensors must cover
// the buffer exactly, without holes or overlaps. Each way a file can be wrong has its own error. Only F32 is read, as
// only F32 is written. The invariant: equal content makes equal bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/core/file.h"

namespace inkling {

inline constexpr std::size_t kMaxHeaderBytes = 1u << 20;                              // guess: 64 layers need 16 KB
inline constexpr std::size_t kMaxTensorFileBytes = (1u << 30) + kMaxHeaderBytes + 8;  // guess: 2^28 floats

struct NamedTensor {
  std::string name;
  std::vector<std::size_t> shape;  // outermost first; empty for a single number
  std::vector<float> values;       // as many as the shape's product, row-major
};

struct TensorFile {
  std::vector<NamedTensor> tensors;             // in the order of their bytes in the file
  std::map<std::string, std::string> metadata;  // UTF-8
};

// The file's bytes; the tensors begin on a 64-byte boundary. Throws Error: shape (a shape that does not fit its
// values), config (a name that stands twice or is reserved, a text that is not UTF-8), limit (the header).
Bytes to_safetensors(const TensorFile& file);

// Throws Error: format, shape, limit; `where` names the file in its text.
TensorFile parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view where);

}  // namespace inkling
