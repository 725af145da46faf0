// Bytes as text: base64 with padding (RFC 4648, section 4).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace inkling {

std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace inkling
