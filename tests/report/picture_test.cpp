// Pictures in colour: what is drawn is there, what lies outside is cut off, and PNG files give back every pixel.
#include "inkling/report/picture.h"

#include <gtest/gtest.h>
#include <png.h>

#include "inkling/core/error.h"
#include "inkling/report/colors.h"

namespace {

using inkling::Color;
using inkling::Picture;

constexpr Color kRed{255, 0, 0}, kBlue{0, 0, 255};

// As libpng reads it.
std::vector<std::uint8_t> decoded(const inkling::Bytes& bytes, std::size_t width, std::size_t height) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()), 0) << png.message;
  EXPECT_EQ(png.width, width);
  EXPECT_EQ(png.height, height);
  png.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(png));
  EXPECT_NE(png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr), 0) << png.message;
  return pixels;
}

TEST(Picture, IsReadBackAsItWasWritten) {
  Picture picture(7, 5, kRed);
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 7; ++x)
      picture.set(x, y, {static_cast<std::uint8_t>(30 * x), static_cast<std::uint8_t>(50 * y), 99});
  EXPECT_EQ(decoded(inkling::png_bytes(picture), 7, 5), picture.bytes());
  EXPECT_EQ(decoded(inkling::png_bytes(picture, 192), 7, 5), picture.bytes());
}

TEST(Picture, SaysHowLargeItIsInPrint) {
  const inkling::Bytes bytes = inkling::png_bytes(Picture(3, 3), 254);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t at = text.find("pHYs");
  ASSERT_NE(at, text.npos);
  EXPECT_LT(at, text.find("IDAT"));
  EXPECT_EQ(text.substr(at + 4, 9), std::string_view("\0\0\x27\x10\0\0\x27\x10\1", 9));  // 10,000 pixels a metre
}

TEST(Picture, CutsOffWhatLiesOutside) {
  Picture picture(4, 3);
  picture.fill({-5, -5, 7, 7}, kRed);
  picture.fill({3, 2, 100, 100}, kBlue);
  picture.set(-1, 0, kBlue);
  picture.set(0, 3, kBlue);
  picture.paste(Picture(9, 9, kBlue), -20, -20);
  EXPECT_EQ(picture.at(1, 1), kRed);
  EXPECT_EQ(picture.at(2, 1), inkling::kWhite);
  EXPECT_EQ(picture.at(3, 2), kBlue);
  EXPECT_EQ(picture.at(2, 2), inkling::kWhite);
}

TEST(Picture, OutlineLeavesItsInside) {
  Picture picture(8, 8);
  picture.outline({1, 1, 6, 6}, 2, kRed);
  EXPECT_EQ(picture.at(0, 0), inkling::kWhite);
  EXPECT_EQ(picture.at(1, 1), kRed);
  EXPECT_EQ(picture.at(6, 6), kRed);
  EXPECT_EQ(picture.at(3, 3), inkling::kWhite);
  EXPECT_EQ(picture.at(4, 2), kRed);
}

TEST(Picture, PastesLarger) {
  Picture small(2, 1, kRed);
  small.set(1, 0, kBlue);
  Picture picture(8, 4);
  picture.paste(small, 1, 0, 3);
  EXPECT_EQ(picture.at(0, 0), inkling::kWhite);
  EXPECT_EQ(picture.at(1, 0), kRed);
  EXPECT_EQ(picture.at(3, 2), kRed);
  EXPECT_EQ(picture.at(4, 2), kBlue);
  EXPECT_EQ(picture.at(4, 3), inkling::kWhite);
}

TEST(Picture, BlendsByCoverage) {
  Picture picture(3, 1, inkling::kBlack);
  picture.blend(0, 0, inkling::kWhite, 0);
  picture.blend(1, 0, inkling::kWhite, 51);
  picture.blend(2, 0, inkling::kWhite, 255);
  EXPECT_EQ(picture.at(0, 0), inkling::kBlack);
  EXPECT_EQ(picture.at(1, 0), (Color{51, 51, 51}));
  EXPECT_EQ(picture.at(2, 0), inkling::kWhite);
}

TEST(Picture, RefusesSizesBeyondItsLimits) {
  EXPECT_THROW(Picture(0, 5), inkling::Error);
  EXPECT_THROW(Picture(5, 0), inkling::Error);
  EXPECT_THROW(Picture(inkling::kMaxPictureSide + 1, 1), inkling::Error);
  EXPECT_THROW(Picture(inkling::kMaxPictureSide, inkling::kMaxPictureSide), inkling::Error);
}

TEST(Colors, EndsAndMiddles) {
  EXPECT_EQ(inkling::viridis(0), (Color{68, 1, 84}));
  EXPECT_EQ(inkling::viridis(1), (Color{253, 231, 37}));
  EXPECT_EQ(inkling::viridis(7), inkling::viridis(1));
  EXPECT_EQ(inkling::diverging(0), (Color{247, 247, 247}));
  EXPECT_GT(inkling::diverging(0.8).red, inkling::diverging(0.8).blue);
  EXPECT_LT(inkling::diverging(-0.8).red, inkling::diverging(-0.8).blue);
  EXPECT_EQ(inkling::ink(0.5), (Color{128, 128, 128}));
  EXPECT_EQ(inkling::viridis(std::nan("")), inkling::kNoNumber);
  EXPECT_EQ(inkling::diverging(std::nan("")), inkling::kNoNumber);
}

TEST(Colors, AmountsGrowEvenlyInLightness) {
  const auto light = [](Color c) { return 299 * c.red + 587 * c.green + 114 * c.blue; };
  for (int i = 0; i < 100; ++i) {
    EXPECT_LT(light(inkling::viridis(i / 100.0)), light(inkling::viridis((i + 1) / 100.0)));
    EXPECT_GT(light(inkling::blues(i / 100.0)), light(inkling::blues((i + 1) / 100.0)));
  }
}

TEST(Colors, TextIsReadableOnAnyGround) {
  EXPECT_EQ(inkling::text_on(inkling::kWhite), inkling::kBlack);
  EXPECT_EQ(inkling::text_on(inkling::kBlack), inkling::kWhite);
  EXPECT_EQ(inkling::text_on({8, 48, 107}), inkling::kWhite);
  EXPECT_EQ(inkling::text_on({253, 231, 37}), inkling::kBlack);
}

}  // namespace
