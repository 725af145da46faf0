#include "inkling/image/segment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "inkling/core/error.h"
#include "tests/papers/compose.h"

namespace inkling {
namespace {

using papers::Dice;
using papers::InkSheet;

Image paper_with(const InkSheet& ink) {
  Image page{.height = ink.height, .width = ink.width, .pixels = ink.amount};
  for (std::uint8_t& p : page.pixels) p = static_cast<std::uint8_t>(240 - p * 200 / 255);
  return page;
}

// A digit of the hand, upright, at (x, y).
Box write(InkSheet& ink, std::size_t digit, std::size_t hand, double x, double y, double height = 80) {
  return write_glyph(ink, papers::digit_glyph(digit, hand), {.x = x, .y = y, .height = height}, 8);
}

bool covers(const Box& a, const Box& b, std::size_t by = 3) {
  return a.top <= b.top + by && a.left <= b.left + by && a.top + a.height + by >= b.top + b.height &&
         a.left + a.width + by >= b.left + b.width;
}

TEST(Segment, ABlankPageHasNoPieces) {
  EXPECT_TRUE(segment(paper_with(InkSheet(300, 300))).pieces.empty());
  EXPECT_TRUE(segment(Image{}).pieces.empty());
}

TEST(Segment, RefusesAnImageThatIsNotItsSize) {
  EXPECT_THROW(segment(Image{.height = 3, .width = 3, .pixels = std::vector<std::uint8_t>(8)}), Error);
}

TEST(Segment, TheLooseBarOfAFiveBelongsToIt) {
  InkSheet ink(300, 500);
  const Box left = write(ink, 3, 0, 80, 150), five = write(ink, 5, 3, 200, 150), right = write(ink, 0, 0, 320, 150);
  ASSERT_TRUE(papers::has_loose_parts(5, 3));
  const Segmentation found = segment(paper_with(ink));
  ASSERT_EQ(found.pieces.size(), 3u);
  EXPECT_TRUE(covers(found.pieces[0].box, left));
  EXPECT_TRUE(covers(found.pieces[1].box, five));
  EXPECT_TRUE(covers(found.pieces[2].box, right));
  EXPECT_TRUE(covers(five, found.pieces[1].box));
}

TEST(Segment, ADotAndADashAreNoDigits) {
  InkSheet ink(300, 500);
  write(ink, 3, 0, 80, 150);
  write_glyph(ink, papers::glyph_of("0,0! 1,0!"), {.x = 150, .y = 186, .height = 8}, 8);   // a decimal point
  write_glyph(ink, papers::glyph_of("0,0! 40,0!"), {.x = 350, .y = 150, .height = 9}, 8);  // a minus
  write(ink, 7, 0, 230, 150);
  EXPECT_EQ(segment(paper_with(ink)).pieces.size(), 2u);
}

TEST(Segment, AnotherLinesDigitIsNeverALoosePart) {
  InkSheet ink(400, 300);
  write(ink, 8, 0, 100, 90), write(ink, 8, 0, 200, 90);
  write(ink, 8, 0, 100, 190), write(ink, 8, 0, 200, 190);
  const Segmentation found = segment(paper_with(ink));
  ASSERT_EQ(found.pieces.size(), 4u);
  EXPECT_EQ(found.line_heights.size(), 2u);
  EXPECT_EQ(found.pieces[1].line, 0u);
  EXPECT_EQ(found.pieces[2].line, 1u);
}

TEST(Segment, AWideGapIsASpaceAndANarrowOneIsNot) {
  InkSheet ink(200, 600);
  write(ink, 2, 0, 60, 100), write(ink, 3, 0, 130, 100), write(ink, 6, 0, 300, 100), write(ink, 8, 0, 370, 100);
  const Segmentation found = segment(paper_with(ink));
  ASSERT_EQ(found.pieces.size(), 4u);
  EXPECT_FALSE(found.pieces[0].space_before);
  EXPECT_FALSE(found.pieces[1].space_before);
  EXPECT_TRUE(found.pieces[2].space_before);
  EXPECT_FALSE(found.pieces[3].space_before);
}

TEST(Segment, APieceHoldsItsOwnInkAlone) {
  InkSheet ink(200, 300);  // the 1 leans over the 4's box
  write_glyph(ink, papers::glyph_of("0,100! 60,0!"), {.x = 90, .y = 100, .height = 80}, 8);
  write(ink, 0, 0, 140, 112, 60);
  const Segmentation found = segment(paper_with(ink));
  ASSERT_EQ(found.pieces.size(), 2u);
  const Piece& one = found.pieces[0];
  // Nothing to the right of the slanted bar's lower end.
  for (std::size_t x = one.ink.width * 2 / 3; x < one.ink.width; ++x)
    EXPECT_EQ(one.ink.pixels[(one.ink.height - 1) * one.ink.width + x], 0);
}

TEST(Segment, LargePagesAreSearchedAtAFractionAndBoxesAreThePages) {
  InkSheet ink(3000, 4000);
  const Box box = write(ink, 3, 0, 2000, 1500, 900);
  const Segmentation found = segment(paper_with(ink));
  EXPECT_EQ(found.scale, 2u);
  ASSERT_EQ(found.pieces.size(), 1u);
  EXPECT_TRUE(covers(found.pieces[0].box, box, 6));
  EXPECT_TRUE(covers(box, found.pieces[0].box, 6));
}

TEST(Segment, ManyMarksStayWithinTheLimits) {
  InkSheet ink(1600, 1600);
  for (std::size_t y = 8; y + 8 < 1600; y += 16)
    for (std::size_t x = 8; x + 8 < 1600; x += 16)
      for (std::size_t i = 0; i < 36; ++i) ink.amount[(y + i / 6) * 1600 + x + i % 6] = 255;
  const Segmentation found = segment(paper_with(ink));
  EXPECT_LE(found.pieces.size(), kMaxPageParts);
  std::size_t pixels = 0;
  for (const Piece& piece : found.pieces) pixels += piece.ink.pixels.size();
  EXPECT_LE(pixels, kMaxPiecePixels);
}

}  // namespace
}  // namespace inkling
