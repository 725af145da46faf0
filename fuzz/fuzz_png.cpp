// Any bytes as a PNG: either one inkling::Error, or an image that is written and read back without a changed pixel.
//
// Each input is tried twice: as it is, and with every chunk's checksum made right, so that the decoder behind the
// checksums is reached too.
#include <libdeflate.h>

#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/image/png.h"

namespace {

inkling::Bytes with_right_checksums(const std::uint8_t* data, std::size_t size) {
  inkling::Bytes bytes(data, data + size);
  for (std::size_t at = 8; at + 12 <= bytes.size();) {  // behind the signature; a chunk is length, type, data, checksum
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | bytes[at + i];
    if (length > bytes.size() - at - 12) break;
    const std::uint32_t checksum = libdeflate_crc32(0, &bytes[at + 4], length + 4);
    for (std::size_t i = 0; i < 4; ++i)
      bytes[at + 8 + length + i] = static_cast<std::uint8_t>(checksum >> (24 - 8 * i));
    at += 12 + length;
  }
  return bytes;
}

void try_png(std::span<const std::uint8_t> bytes) {
  inkling::Image image;
  try {
    image = inkling::parse_png(bytes, "fuzz");
  } catch (const inkling::Error&) {
    return;
  }
  if (inkling::parse_png(inkling::png_bytes(image), "written") != image) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_png({data, size});
  try_png(with_right_checksums(data, size));
  return 0;
}
