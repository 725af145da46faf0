#include "inkling/report/packed.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "inkling/report/base64.h"

namespace inkling {

PackedRow packed(std::span<const float> row) {
  constexpr float kMost = 127;
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::abs(x));
  PackedRow result{.whole = std::vector<std::int8_t>(row.size()), .scale = largest / kMost};
  if (largest > 0)
    for (std::size_t i = 0; i < row.size(); ++i)
      result.whole[i] = static_cast<std::int8_t>(std::lround(row[i] / largest * kMost));
  return result;
}

std::string shares_as_base64(std::span<const float> shares) {
  std::vector<std::uint8_t> bytes;
  for (const float share : shares) {
    const long whole = std::lround(std::clamp(share, 0.0f, 1.0f) * 65535.0f);
    bytes.push_back(static_cast<std::uint8_t>(whole & 255));
    bytes.push_back(static_cast<std::uint8_t>(whole >> 8));
  }
  return base64(bytes);
}

double rounded(double value) {
  if (!std::isfinite(value)) return value;
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

}  // namespace inkling
