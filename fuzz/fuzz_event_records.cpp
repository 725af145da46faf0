// TensorBoard event files from outside, as a resumed run reads them: what is kept of a file is a beginning of it, is
// kept again, and grows with the step.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "inkling/report/event_records.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> file(data, size);
  std::size_t before = 0;
  for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{469}, UINT64_MAX}) {
    const std::size_t kept = inkling::bytes_through_step(file, step);
    if (kept < before || kept > size || inkling::bytes_through_step(file.first(kept), step) != kept) std::abort();
    before = kept;
  }
  return 0;
}
