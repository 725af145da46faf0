// Any bytes as a picture file: either one inkling::Error, or an image whose pixels are all there and within the limits.
//
// Each input is tried three times: as it is; behind the first bytes of a JPEG file, with an end behind it, so that the
// decoder behind the signature is reached from anywhere; and its EXIF block alone.
#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/core/file.h"
#include "inkling/image/decode.h"
#include "inkling/image/exif.h"

namespace {

void try_image(std::span<const std::uint8_t> bytes) {
  try {
    const inkling::Image image = inkling::decode_image(bytes, "fuzz");
    if (image.height == 0 || image.width == 0 || image.pixels.size() != image.height * image.width) std::abort();
    if (image.height > inkling::kMaxImageSide || image.width > inkling::kMaxImageSide) std::abort();
    if (image.pixels.size() > inkling::kMaxImagePixels) std::abort();
  } catch (const inkling::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_image({data, size});
  inkling::Bytes jpeg = {0xFF, 0xD8};
  jpeg.insert(jpeg.end(), data, data + size);
  jpeg.insert(jpeg.end(), {0xFF, 0xD9});
  try_image(jpeg);
  const unsigned orientation = inkling::exif_orientation({data, size});
  if (orientation < 1 || orientation > 8) std::abort();
  return 0;
}
