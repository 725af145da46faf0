// Any pixels in any shape as a picture of a digit: an image of the size asked for, the same twice, its ink inside the
// given image, and what is_prepared() accepts stays as it is.
//
// Two bytes say the height and the size asked for; the rest are pixels, repeated in larger blocks when a third byte
// says so, since strokes are larger than a fuzzer's inputs.
#include <cstdlib>

#include "inkling/core/error.h"
#include "inkling/image/prepare.h"

namespace {

constexpr std::size_t kMostPixels = 1u << 16;  // guess: more take a sanitizer's build too long

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::size_t height = std::size_t{data[0]} + 1, side = 8 + data[1] % 57, block = 1 + data[2] % 8;
  const std::size_t width = (size - 3) / height;
  if (width == 0 || height * width * block * block > kMostPixels) return 0;
  inkling::Image image{.height = height * block, .width = width * block, .pixels = {}};
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) image.pixels.push_back(data[3 + r / block * width + c / block]);

  const inkling::PrepareOptions options{.height = side, .width = side};
  const inkling::Prepared prepared = inkling::prepare_digit(image, options);
  require(prepared.digit.height == side && prepared.digit.width == side);
  require(prepared.digit.pixels.size() == side * side);
  require(prepared.ink.top + prepared.ink.height <= image.height);
  require(prepared.ink.left + prepared.ink.width <= image.width);
  require(prepared.stroke_width >= 0 && prepared.contrast >= 0 && prepared.contrast <= 1);
  require(!prepared.unchanged || prepared.digit == image);
  require(inkling::prepare_digit(image, options).digit == prepared.digit);
  require(inkling::place_digit(image, options).pixels.size() == side * side);
  return 0;
}
