// What was drawn on a clear sheet is seen, whichever colour it has.
#include "inkling/image/transparency.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace inkling {
namespace {

using Colour = std::array<std::uint8_t, 4>;

// A sheet of 20 x 20 with a cross of `ink` on `ground`.
Image cross(const Colour& ink, const Colour& ground) {
  std::vector<std::uint8_t> rgba;
  for (std::size_t i = 0; i < 400; ++i) {
    const bool drawn = (i % 20 == 10 && i / 20 > 2 && i / 20 < 17) || (i / 20 == 10 && i % 20 > 2 && i % 20 < 17);
    const Colour& colour = drawn ? ink : ground;
    rgba.insert(rgba.end(), colour.begin(), colour.end());
  }
  return over_paper(rgba, 20, 20);
}

constexpr Colour kClear = {0, 0, 0, 0}, kClearWhite = {255, 255, 255, 0};

TEST(Transparency, BlackInkGetsWhitePaper) {
  for (const Colour& clear : {kClear, kClearWhite}) {
    const Image image = cross({0, 0, 0, 255}, clear);
    EXPECT_EQ(image.pixels[0], 255);
    EXPECT_EQ(image.pixels[10 * 20 + 10], 0);
  }
}
TEST(Transparency, WhiteInkGetsBlackPaper) {
  for (const Colour& clear : {kClear, kClearWhite}) {
    const Image image = cross({255, 255, 255, 255}, clear);
    EXPECT_EQ(image.pixels[0], 0);
    EXPECT_EQ(image.pixels[10 * 20 + 10], 255);
  }
}
TEST(Transparency, ColouredInkStandsOut) {
  const Image blue = cross({0, 0, 255, 255}, kClear), yellow = cross({255, 255, 0, 255}, kClear);
  EXPECT_EQ(blue.pixels[0], 255);
  EXPECT_EQ(yellow.pixels[0], 0);
}
TEST(Transparency, HalfClearInkIsMixedWithItsPaper) {
  EXPECT_EQ(cross({0, 0, 0, 128}, kClear).pixels[10 * 20 + 10], 127);
  EXPECT_EQ(cross({255, 255, 255, 128}, kClear).pixels[10 * 20 + 10], 128);
}
TEST(Transparency, PaperWithClearCornersGetsMoreOfItself) {
  std::vector<std::uint8_t> rgba;
  for (std::size_t i = 0; i < 400; ++i) {
    const bool corner = (i % 20 < 2 || i % 20 > 17) && (i / 20 < 2 || i / 20 > 17);
    const std::uint8_t grey = i % 20 == 10 ? 20 : 220;
    rgba.insert(rgba.end(), {grey, grey, grey, static_cast<std::uint8_t>(corner ? 0 : 255)});
  }
  EXPECT_EQ(paper_below(rgba, 20, 20), 220u);
}
TEST(Transparency, NothingDrawn) {
  EXPECT_EQ(cross(kClear, kClear).pixels, std::vector<std::uint8_t>(400, 0));
  EXPECT_EQ(paper_below({}, 0, 0), 0u);
}

}  // namespace
}  // namespace inkling
