#include "app/draw.h"

#include <gtest/gtest.h>

#include <array>

namespace {

using Level = ColorLevel;

TEST(ColorLevelOf, FollowsTheEnvironment) {
  EXPECT_EQ(color_level(true, nullptr, "xterm-256color", nullptr), Level::palette);
  EXPECT_EQ(color_level(true, nullptr, "xterm-256color", "truecolor"), Level::truecolor);
  EXPECT_EQ(color_level(true, nullptr, "xterm", "24bit"), Level::truecolor);
  EXPECT_EQ(color_level(true, nullptr, "xterm", "yes"), Level::palette);
  EXPECT_EQ(color_level(true, nullptr, "xterm", nullptr), Level::plain);
  EXPECT_EQ(color_level(true, nullptr, nullptr, "truecolor"), Level::plain);
  EXPECT_EQ(color_level(true, nullptr, "dumb", "truecolor"), Level::plain);
  EXPECT_EQ(color_level(true, "1", "xterm-256color", "truecolor"), Level::plain);
  EXPECT_EQ(color_level(true, "", "xterm-256color", "truecolor"), Level::truecolor);  // as no-color.org says
  EXPECT_EQ(color_level(false, nullptr, "xterm-256color", "truecolor"), Level::plain);
}

// xterm's 256colres.h: 16 + 36 r + 6 g + b with 0, 95, 135, 175, 215, 255; greys from 8 on in tens.
TEST(PaletteIndex, IsTheNearestOfXtermsColors) {
  EXPECT_EQ(palette_index(255, 0, 0), 16u + 36 * 5);
  EXPECT_EQ(palette_index(95, 135, 175), 16u + 36 * 1 + 6 * 2 + 3);
  EXPECT_EQ(palette_index(86, 180, 233), 16u + 36 * 1 + 6 * 3 + 4);
  EXPECT_EQ(palette_index(0, 0, 0), 232u);
  EXPECT_EQ(palette_index(255, 255, 255), 255u);
}

constexpr std::array<std::uint8_t, 6> kPixels = {0, 255, 128, 0, 26, 255};  // 3 rows of 2

TEST(DrawImage, TwoRowsALineInEachLevelOfColor) {
  const inkling::PixelView image(kPixels.data(), 1, kPixels.size());
  EXPECT_EQ(draw_image(image, 3, 2, Level::truecolor),
            "\x1b[38;2;0;0;0m\x1b[48;2;128;128;128m▀\x1b[38;2;255;255;255m\x1b[48;2;0;0;0m▀\x1b[0m\n"
            "\x1b[38;2;26;26;26m▀\x1b[38;2;255;255;255m▀\x1b[0m\n");
  EXPECT_EQ(draw_image(image, 3, 2, Level::palette),
            "\x1b[38;5;232m\x1b[48;5;244m▀\x1b[38;5;255m\x1b[48;5;232m▀\x1b[0m\n"
            "\x1b[38;5;234m▀\x1b[38;5;255m▀\x1b[0m\n");
  EXPECT_EQ(draw_image(image, 3, 2, Level::plain), "  @@\n++  \n..@@\n");
}

TEST(DrawImage, IsScaledDownByMeans) {
  const inkling::PixelView image(kPixels.data(), 1, kPixels.size());
  EXPECT_EQ(draw_image(image, 3, 2, Level::plain, 2), "--\n++\n");  // means 95 and 140
  EXPECT_EQ(scale_to_fit(28, Level::plain, 56), 1u);
  EXPECT_EQ(scale_to_fit(28, Level::plain, 55), 2u);
  EXPECT_EQ(scale_to_fit(28, Level::palette, 28), 1u);
  EXPECT_EQ(scale_to_fit(1000, Level::truecolor, 36), 28u);
  EXPECT_EQ(drawn_columns(1000, Level::truecolor, 28), 36u);
  EXPECT_EQ(scale_to_fit(5, Level::plain, 1), 5u);  // a single pixel is as small as it gets
}

TEST(DrawSigned, TellsSignAndSizeWithAndWithoutColor) {
  const std::array<float, 6> values = {0.0f, 1.0f, -1.0f, 0.31f, -0.04f, 2.0f};
  EXPECT_EQ(draw_signed(values, 3, 2, 1.0f, Level::plain), "  +9\n-9+3\n  +9\n");
  const std::string color = draw_signed(values, 3, 2, 1.0f, Level::truecolor);
  EXPECT_TRUE(color.starts_with("\x1b[38;2;247;247;247m\x1b[48;2;5;48;97m▀\x1b[38;2;103;0;31m")) << color;
  EXPECT_EQ(draw_signed(std::array<float, 4>{0.0f, 1.0f, -5.0f, 0.01f}, 2, 2, 1.0f, Level::palette),
            "\x1b[38;5;231m\x1b[48;5;18m▀\x1b[38;5;88m\x1b[48;5;231m▀\x1b[0m\n");
  EXPECT_EQ(draw_signed(values, 3, 2, 0.0f, Level::plain), "  +5\n-5+2\n  +9\n");  // 2 is the largest there is
  EXPECT_EQ(draw_signed(std::array<float, 2>{0.0f, 0.0f}, 1, 2, 0.0f, Level::plain), "    \n");
}

}  // namespace
