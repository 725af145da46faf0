// Any bytes as a model file: either one inkling::Error, or a file that is written and read back without a changed byte.
//
// The same holds for the network that the file describes. Whatever else escapes (another exception, a sanitizer's
// report, a difference) is a finding.
#include <cstdlib>
#include <optional>

#include "inkling/core/error.h"
#include "inkling/format/model_file.h"
#include "inkling/format/safetensors.h"

namespace {

template <typename Read>
auto unless_refused(const Read& read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const inkling::Error&) {
    return std::nullopt;
  }
}

void require_same(const inkling::Bytes& a, const inkling::Bytes& b) {
  if (a != b) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> bytes(data, size);
  if (const auto file = unless_refused([&] { return inkling::parse_safetensors(bytes, "fuzz"); })) {
    const inkling::Bytes written = inkling::to_safetensors(*file);
    require_same(written, inkling::to_safetensors(inkling::parse_safetensors(written, "written")));
  }
  if (const auto loaded = unless_refused([&] { return inkling::model_from_bytes(bytes, "fuzz"); })) {
    const inkling::Bytes written = inkling::to_bytes(loaded->model, loaded->info);
    const inkling::LoadedModel again = inkling::model_from_bytes(written, "written");
    require_same(written, inkling::to_bytes(again.model, again.info));
  }
  return 0;
}
