#include "inkling/image/cuts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace inkling {
namespace {

Image blank(std::size_t height, std::size_t width) {
  return {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(height * width)};
}

void fill(Image& image, const Box& box) {
  for (std::size_t y = box.top; y < box.top + box.height; ++y)
    for (std::size_t x = box.left; x < box.left + box.width; ++x) image.pixels[y * image.width + x] = 255;
}

// Two bars of 6 x 40 that a bridge of `thick` rows joins.
Image two_bars(std::size_t thick) {
  Image image = blank(40, 40);
  fill(image, {.top = 0, .left = 2, .height = 40, .width = 6});
  fill(image, {.top = 0, .left = 32, .height = 40, .width = 6});
  fill(image, {.top = 18, .left = 8, .height = thick, .width = 24});
  return image;
}

std::uint64_t ink_of_sum(const Image& image) {
  std::uint64_t sum = 0;
  for (const std::uint8_t p : image.pixels) sum += p;
  return sum;
}

TEST(Cuts, CrossNoMoreInkThanTheBridge) {
  const Image image = two_bars(2);
  const std::vector<Cut> cuts = cuts_of(image, 40);
  ASSERT_FALSE(cuts.empty());
  EXPECT_TRUE(std::ranges::any_of(cuts, [&](const Cut& cut) {
    std::uint64_t crossed = 0;
    for (std::size_t y = 0; y < image.height; ++y) crossed += image.pixels[y * image.width + cut.columns[y]];
    EXPECT_DOUBLE_EQ(255 * cut.ink, static_cast<double>(crossed));
    return crossed == 2 * 255;
  }));
}

TEST(Cuts, NeverCrossAndStandInOrder) {
  const std::vector<Cut> cuts = cuts_of(two_bars(20), 40);
  for (std::size_t i = 1; i < cuts.size(); ++i)
    for (std::size_t y = 0; y < 40; ++y) EXPECT_LE(cuts[i - 1].columns[y], cuts[i].columns[y]);
  EXPECT_LE(cuts.size(), kMaxCuts);
}

TEST(Cuts, ALeaningGapIsFollowedWithoutCuttingInk) {
  Image image = blank(60, 60);  // two strokes that lean by 20 columns over their height, and a gap of 8 between
  for (std::size_t y = 0; y < 60; ++y) {
    const std::size_t lean = y / 3;
    fill(image, {.top = y, .left = 8 + lean, .height = 1, .width = 6});
    fill(image, {.top = y, .left = 22 + lean, .height = 1, .width = 6});
  }
  const std::vector<Cut> cuts = cuts_of(image, 60);
  EXPECT_TRUE(std::ranges::any_of(cuts, [&](const Cut& cut) {
    for (std::size_t y = 0; y < 60; ++y)
      if (cut.columns[y] < 14 + y / 3 || cut.columns[y] >= 23 + y / 3) return false;
    return true;
  }));
}

TEST(Cuts, PartsHoldAllInkOnceAndKnowWhereTheyAre) {
  const Image image = two_bars(3);
  const std::vector<Cut> cuts = cuts_of(image, 40);
  ASSERT_FALSE(cuts.empty());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    Box box;
    const Image part = between(image, i == 0 ? nullptr : &cuts[i - 1], i == cuts.size() ? nullptr : &cuts[i], box);
    sum += ink_of_sum(part);
    EXPECT_EQ(part.height, box.height);
    EXPECT_EQ(part.width, box.width);
    EXPECT_LE(box.left + box.width, image.width);
  }
  EXPECT_EQ(sum, ink_of_sum(image));
}

TEST(Cuts, NothingThatIsTooNarrowIsCut) {
  EXPECT_TRUE(cuts_of(blank(0, 0), 40).empty());
  EXPECT_TRUE(cuts_of(blank(40, 4), 40).empty());
}

}  // namespace
}  // namespace inkling
