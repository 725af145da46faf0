// Gzip, in memory and with a hard limit.
//
// A gzip file ends with the size it claims to inflate to, and may lie. The claim is believed only within reason; beyond
// that memory is taken as the content proves to need it, up to the caller's limit. Files of several members are read
// whole; bytes behind the last member are refused, as is anything cut short or altered (CRC-32).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "inkling/core/file.h"

namespace inkling {

inline constexpr std::size_t kMaxInflated = std::size_t{1} << 30;  // guess: 1 GiB, 20 times MNIST's training images

// True when the bytes begin as a gzip file does.
bool is_gzip(std::span<const std::uint8_t> bytes);

// The content of every member. `where` names the source in errors. Thread-safe.
// Throws Error: format (not gzip, truncated, corrupt), limit (inflates to more than max_bytes).
Bytes gunzip(std::span<const std::uint8_t> bytes, std::string_view where, std::size_t max_bytes = kMaxInflated);

// One member without name or time: the same bytes in, the same bytes out.
Bytes gzip(std::span<const std::uint8_t> bytes);

}  // namespace inkling
