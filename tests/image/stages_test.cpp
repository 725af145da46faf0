// The stages of the preparation, each against a definition of its own: sizes, strokes, components, paper.
#include <cmath>
#include <numeric>
#include <queue>

#include "inkling/image/components.h"
#include "inkling/image/ink.h"
#include "inkling/image/paper.h"
#include "inkling/image/resample.h"
#include "inkling/image/strokes.h"
#include "tests/format/refusal.h"
#include "tests/image/drawn.h"

namespace inkling {
namespace {

Image noise(std::size_t height, std::size_t width, std::uint32_t seed, std::uint32_t below = 256) {
  Image image = flat(height, width, 0);
  for (std::uint8_t& pixel : image.pixels)
    pixel = static_cast<std::uint8_t>(((seed = seed * 1664525u + 1013904223u) >> 8) % below);
  return image;
}

TEST(Resample, DownIsTheMeanOverEachArea) {
  const Image image = noise(30, 44, 1);
  const Image small = scaled(image, 7, 11);
  for (std::size_t r = 0; r < 7; ++r)
    for (std::size_t c = 0; c < 11; ++c) {  // in steps of a hundredth of a pixel
      const double top = r * 30 / 7.0, left = c * 44 / 11.0;
      double sum = 0;
      for (int i = 0; i < 100; ++i)
        for (int j = 0; j < 100; ++j) {
          const auto y = static_cast<std::size_t>(top + (i + 0.5) / 100 * 30 / 7);
          const auto x = static_cast<std::size_t>(left + (j + 0.5) / 100 * 44 / 11);
          sum += image.pixels[y * 44 + x];
        }
      EXPECT_NEAR(small.pixels[r * 11 + c], sum / 1e4, 1.6);  // the sum itself is that inexact
    }
}
TEST(Resample, UpKeepsMeansAndStraightSlopes) {
  Image slope = flat(8, 8, 0);
  for (std::size_t i = 0; i < 64; ++i) slope.pixels[i] = static_cast<std::uint8_t>(20 * (i % 8) + 10 * (i / 8));
  const Image large = scaled(slope, 32, 32);
  for (std::size_t r = 4; r < 28; ++r)
    for (std::size_t c = 4; c < 28; ++c)
      EXPECT_NEAR(large.pixels[r * 32 + c], 20 * ((c + 0.5) / 4 - 0.5) + 10 * ((r + 0.5) / 4 - 0.5), 1.01);
}
TEST(Resample, FlatStaysFlatInEverySize) {
  for (const std::uint8_t grey : {0, 1, 77, 254, 255})
    for (const std::size_t side : {1, 2, 5, 20, 33, 100})
      EXPECT_EQ(scaled(flat(20, 13, grey), side, side), flat(side, side, grey));
}
TEST(Resample, ShrunkByWholeFactorsAsScaled) {
  const Image image = noise(24, 36, 5);
  const Image one = shrunk(image, 4), other = scaled(image, 6, 9);
  for (std::size_t i = 0; i < one.pixels.size(); ++i) EXPECT_NEAR(one.pixels[i], other.pixels[i], 1);
  EXPECT_EQ(shrunk(noise(5, 7, 1), 3).height, 2u);
  EXPECT_EQ(shrunk(flat(5, 7, 9), 3), flat(2, 3, 9));
  EXPECT_TRUE(refuses(ErrorKind::config, "shrunk by 0", [] { shrunk(flat(5, 7, 9), 0); }));
}
TEST(Resample, CroppedIsThatPart) {
  const Image part = cropped(noise(10, 12, 3), {.top = 2, .left = 5, .height = 3, .width = 4});
  const Image whole = noise(10, 12, 3);
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 4; ++c) EXPECT_EQ(part.pixels[r * 4 + c], whole.pixels[(r + 2) * 12 + c + 5]);
}

TEST(Strokes, WidthOfALineIsItsPen) {
  for (const double pen : {3.0, 6.0, 12.0})
    for (const double turn : {0.0, 0.3, 0.8}) {
      Image ink = flat(300, 300, 0);
      draw(ink,
           {{150 - 120 * std::cos(turn), 150 - 120 * std::sin(turn)},
            {150 + 120 * std::cos(turn), 150 + 120 * std::sin(turn)}},
           pen, 255);
      EXPECT_NEAR(stroke_width(ink), pen * 240 / (240 + pen), 0.2 * pen) << pen << " " << turn;
    }
  EXPECT_EQ(stroke_width(flat(9, 9, 0)), 0);
  EXPECT_EQ(stroke_width({}), 0);
}
TEST(Strokes, ThickenedByARadiusOnEachSide) {
  const auto line = [](double pen) {
    Image ink = flat(120, 120, 0);
    draw(ink, {{30, 60}, {90, 62}}, pen, 255);
    return ink;
  };
  for (const double radius : {-1.5, -0.5, 0.5, 1.0, 2.5, 6.0}) {
    const Image changed = thickened(line(6), radius), drawn = line(6 + 2 * radius);
    const auto sum = [](const Image& image) { return std::accumulate(image.pixels.begin(), image.pixels.end(), 0.0); };
    EXPECT_NEAR(sum(changed) / sum(drawn), 1, 0.13) << radius;
  }
  EXPECT_EQ(thickened(line(6), 0), line(6));
}
TEST(Strokes, DilatedIsTheLargestOfASquare) {
  const Image image = noise(17, 23, 9);
  for (const std::size_t radius : {0, 1, 2, 3, 7, 30}) {
    const Image most = dilated(image, radius), least = eroded(image, radius);
    for (std::size_t r = 0; r < 17; ++r)
      for (std::size_t c = 0; c < 23; ++c) {
        std::uint8_t high = 0, low = 255;
        for (std::size_t y = r - std::min(r, radius); y < std::min<std::size_t>(17, r + radius + 1); ++y)
          for (std::size_t x = c - std::min(c, radius); x < std::min<std::size_t>(23, c + radius + 1); ++x) {
            high = std::max(high, image.pixels[y * 23 + x]);
            low = std::min(low, image.pixels[y * 23 + x]);
          }
        ASSERT_EQ(most.pixels[r * 23 + c], high) << radius;
        ASSERT_EQ(least.pixels[r * 23 + c], low) << radius;
      }
  }
}

TEST(Components, AsAFloodFills) {
  for (const std::uint32_t seed : {1u, 2u, 3u, 4u}) {
    Image mask = noise(31, 37, seed, 5);
    for (std::uint8_t& pixel : mask.pixels) pixel = pixel < 2 ? 255 : 0;
    const Components found = components_of(mask);
    std::vector<std::uint32_t> labels(mask.pixels.size());
    std::uint32_t count = 0;
    for (std::size_t start = 0; start < labels.size(); ++start) {
      if (mask.pixels[start] == 0 || labels[start] != 0) continue;
      std::queue<std::size_t> open({start});
      labels[start] = ++count;
      std::size_t area = 0;
      for (; !open.empty(); open.pop(), ++area) {
        const auto r = static_cast<int>(open.front() / 37), c = static_cast<int>(open.front() % 37);
        for (int y = std::max(0, r - 1); y <= std::min(30, r + 1); ++y)
          for (int x = std::max(0, c - 1); x <= std::min(36, c + 1); ++x) {
            const auto i = static_cast<std::size_t>(y * 37 + x);
            if (mask.pixels[i] != 0 && labels[i] == 0) labels[i] = count, open.push(i);
          }
      }
      ASSERT_LE(count, found.parts.size());
      EXPECT_EQ(found.parts[count - 1].area, area);
    }
    EXPECT_EQ(found.parts.size(), count);
    EXPECT_EQ(found.labels, labels);
  }
}
TEST(Components, BoxesHoldThem) {
  Image mask = flat(20, 20, 0);
  for (const std::size_t i : {3u * 20 + 7, 4u * 20 + 6, 5u * 20 + 8, 4u * 20 + 7}) mask.pixels[i] = 255;
  const Components found = components_of(mask);
  ASSERT_EQ(found.parts.size(), 1u);
  EXPECT_EQ(found.parts[0].box, (Box{.top = 3, .left = 6, .height = 3, .width = 3}));
  EXPECT_EQ(box_of(mask), found.parts[0].box);
  EXPECT_EQ(box_of(flat(4, 4, 0)), Box{});
}

TEST(Paper, PolarityOfStrokesOfAllWidths) {
  for (const double pen : {2.0, 8.0, 25.0})
    for (const double height : {40.0, 150.0}) {
      Image sheet = flat(200, 200, 220);
      draw(sheet, seven(60, 25, height), pen, 40);
      EXPECT_TRUE(ink_is_dark(sheet)) << pen << " " << height;
      EXPECT_FALSE(ink_is_dark(inverted(sheet))) << pen << " " << height;
    }
}
TEST(Paper, AbsorbsNothingUnderAnEvenOrFallingLight) {
  Image sheet = flat(150, 150, 0);
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) sheet.pixels[i] = static_cast<std::uint8_t>(150 + i % 150 / 2);
  for (const float absorbed : absorbed_light(sheet)) ASSERT_LT(std::fabs(absorbed), 0.06f);
}
TEST(Ink, EvenedIsFullInkAndBarePaper) {
  Image sheet = flat(200, 200, 0);
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) sheet.pixels[i] = static_cast<std::uint8_t>(100 + i % 200 / 2);
  Image ink_only = flat(200, 200, 0);
  draw(ink_only, seven(70, 50, 100), 12, 255);
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i)  // ink that reflects a quarter of the light
    sheet.pixels[i] = static_cast<std::uint8_t>(sheet.pixels[i] * (255 - 0.75 * ink_only.pixels[i]) / 255);
  const Ink ink = ink_of(sheet);
  EXPECT_TRUE(ink.inverted && !ink.blank);
  EXPECT_NEAR(ink.contrast, 0.75, 0.08);
  EXPECT_NEAR(ink.stroke_width, 12, 1.5);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < sheet.pixels.size(); ++i) {
    wrong += (ink.mask.pixels[i] != 0) != (ink_only.pixels[i] >= 128);
    if (ink_only.pixels[i] == 255) {
      EXPECT_GE(ink.evened.pixels[i], 200);
    }
    if (ink_only.pixels[i] == 0) {
      EXPECT_LE(ink.evened.pixels[i], 40);
    }
  }
  EXPECT_LE(wrong, 250u);  // of 40,000: along the edges
}

}  // namespace
}  // namespace inkling
