// Numbers as a page carries them: few bytes each, and what to multiply them with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace inkling {

// A row of floats as whole numbers from -127 to 127: value = scale * whole, with the row's largest at 127. All 0 for a
// row of zeros.
struct PackedRow {
  std::vector<std::int8_t> whole;
  float scale = 0;
};
PackedRow packed(std::span<const float> row);

// base64 of 16-bit wholes, little-endian: 65535 x, for x from 0 to 1.
std::string shares_as_base64(std::span<const float> shares);

// A number with six significant digits, which is what a page shows at most.
double rounded(double value);

}  // namespace inkling
