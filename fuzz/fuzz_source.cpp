// Any bytes as the beginning of a file: which form it is, and never anything but an answer or nothing.
//
// The same bytes go through the stream that inflates gzip, in pieces of odd lengths: what comes out does not depend on
// how it is asked for.
#include <algorithm>
#include <cstdlib>
#include <optional>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/data/byte_stream.h"
#include "inkling/data/source.h"

namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;  // guess: keeps a bomb from slowing the search

std::optional<inkling::Bytes> read_in_pieces(std::span<const std::uint8_t> bytes, std::size_t piece) {
  try {
    inkling::ByteStream stream(bytes, "fuzz");
    inkling::Bytes all;
    for (;;) {
      inkling::Bytes part(std::min(piece, kMost - all.size()));
      const std::size_t n = stream.read(part);
      all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
      if (n < piece || all.size() >= kMost) return all;
    }
  } catch (const inkling::Error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  static_cast<void>(inkling::file_kind(input));
  const auto whole = read_in_pieces(input, kMost);
  const auto pieces = read_in_pieces(input, 997);
  if (whole && pieces && *whole != *pieces) std::abort();
  if (whole) static_cast<void>(inkling::file_kind(*whole));
  return 0;
}
