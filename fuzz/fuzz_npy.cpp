// Any bytes as a .npy file of images and as one of labels: either one inkling::Error, or as many bytes as its shape
// says.
#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/data/npy_array.h"

namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;  // guess: keeps a bomb from slowing the search

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  try {
    const inkling::ImageArray images = inkling::read_image_array(inkling::array_bytes(input), "fuzz", kMaxBytes);
    require(images.count > 0 && images.height > 0 && images.width > 0);
    require(images.pixels.size() / images.height / images.width == images.count && images.pixels.size() <= size * 8);
  } catch (const inkling::Error&) {
  }
  try {
    const inkling::Bytes labels = inkling::read_label_array(inkling::array_bytes(input), "fuzz", kMaxBytes);
    require(!labels.empty() && labels.size() <= size);
  } catch (const inkling::Error&) {
  }
  return 0;
}
