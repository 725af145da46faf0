#include "inkling/image/text_lines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace inkling {
namespace {

Box box_at(double x, double y, std::size_t height = 40, std::size_t width = 24) {
  return {.top = static_cast<std::size_t>(y), .left = static_cast<std::size_t>(x), .height = height, .width = width};
}

std::vector<std::vector<std::size_t>> numbers(const std::vector<TextLine>& lines) {
  std::vector<std::vector<std::size_t>> out;
  for (const TextLine& line : lines) out.push_back(line.boxes);
  return out;
}

using Numbers = std::vector<std::vector<std::size_t>>;

TEST(TextLines, NothingGivesNoLine) { EXPECT_TRUE(text_lines({}, 40).empty()); }

TEST(TextLines, ComesFromTheTopAndFromTheLeftWhateverTheOrderOfTheBoxes) {
  const std::vector<Box> boxes = {box_at(150, 205), box_at(40, 100), box_at(100, 198), box_at(90, 104),
                                  box_at(50, 200)};
  EXPECT_EQ(numbers(text_lines(boxes, 40)), (Numbers{{1, 3}, {4, 2, 0}}));
}

TEST(TextLines, AWideGapDoesNotBreakALine) {
  const std::vector<Box> boxes = {box_at(10, 100), box_at(900, 102), box_at(10, 170), box_at(900, 168)};
  EXPECT_EQ(numbers(text_lines(boxes, 40)), (Numbers{{0, 1}, {2, 3}}));
}

TEST(TextLines, FollowsALeanThatCrossesSeveralLines) {
  for (const double degrees : {-8.0, -3.0, 3.0, 8.0}) {
    const double slope = std::tan(degrees * 3.14159265 / 180);
    std::vector<Box> boxes;
    for (std::size_t line = 0; line < 4; ++line)
      for (std::size_t i = 0; i < 15; ++i) {
        const auto x = 60.0 * static_cast<double>(i);
        boxes.push_back(box_at(20 + x, 300 + 70.0 * static_cast<double>(line) + slope * x));
      }
    const std::vector<TextLine> lines = text_lines(boxes, 40);
    ASSERT_EQ(lines.size(), 4u) << degrees;
    for (std::size_t line = 0; line < 4; ++line)
      for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(lines[line].boxes.at(i), 15 * line + i) << degrees;
  }
}

TEST(TextLines, HeightIsThatOfTheLinesOwnBoxes) {
  const std::vector<Box> boxes = {box_at(10, 10, 40), box_at(60, 12, 36), box_at(110, 9, 44), box_at(10, 100, 20)};
  const std::vector<TextLine> lines = text_lines(boxes, 40);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].height, 40);
  EXPECT_EQ(lines[1].height, 20);
}

}  // namespace
}  // namespace inkling
