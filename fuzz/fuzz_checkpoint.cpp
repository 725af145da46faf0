// Any bytes as a checkpoint: either one inkling::Error, or a state that is written and read back without a changed
// byte.
//
// Bytes are compared and not states, because a float of a state may be a NaN.
#include <cstdlib>
#include <optional>

#include "inkling/core/error.h"
#include "inkling/train/checkpoint.h"

namespace {

std::optional<inkling::Checkpoint> unless_refused(std::span<const std::uint8_t> bytes) {
  try {
    return inkling::checkpoint_from_bytes(bytes, "fuzz");
  } catch (const inkling::Error&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto checkpoint = unless_refused({data, size});
  if (!checkpoint) return 0;
  const inkling::Bytes written = inkling::to_bytes(*checkpoint);
  const inkling::Checkpoint again = inkling::checkpoint_from_bytes(written, "written");
  if (inkling::to_bytes(again) != written || again.identity != checkpoint->identity) std::abort();
  return 0;
}
