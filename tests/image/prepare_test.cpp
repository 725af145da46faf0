// Any picture of a digit becomes an image as MNIST's; one that is such an image already stays as it is.
#include "inkling/image/prepare.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>
#include <vector>

#include "inkling/data/locate.h"
#include "inkling/data/sample.h"
#include "inkling/image/decode.h"
#include "inkling/image/png.h"
#include "inkling/image/strokes.h"
#include "tests/format/refusal.h"
#include "tests/image/drawn.h"

namespace inkling {
namespace {

Image digit_of(const Dataset& data, std::size_t i) {
  const auto row = data.image(i).row(0);
  return {.height = data.height, .width = data.width, .pixels = {row.begin(), row.end()}};
}

// Of the greys, where one of them may lie a pixel aside: the place is rounded to whole pixels.
double mean_difference(const Image& a, const Image& b) {
  if (a.height != b.height || a.width != b.width) return 255;
  double least = 255;
  for (int dy = -1; dy <= 1; ++dy)
    for (int dx = -1; dx <= 1; ++dx) {
      double sum = 0;
      for (int y = 1; y + 1 < static_cast<int>(a.height); ++y)
        for (int x = 1; x + 1 < static_cast<int>(a.width); ++x) {
          const auto at = [&](const Image& image, int r, int c) {
            return int{image.pixels[static_cast<std::size_t>(r) * image.width + static_cast<std::size_t>(c)]};
          };
          sum += std::abs(at(a, y, x) - at(b, y + dy, x + dx));
        }
      least = std::min(least, sum / static_cast<double>(a.pixels.size()));
    }
  return least;
}

// A digit in another size on paper of one grey: dark where the digit is light.
Image on_paper(const Image& digit, std::size_t height, std::size_t width, std::size_t side, std::size_t top,
               std::size_t left, double paper = 230, double ink = 40) {
  const Image large = scaled(digit, side, side);
  Image sheet = flat(height, width, static_cast<std::uint8_t>(paper));
  for (std::size_t r = 0; r < side; ++r)
    for (std::size_t c = 0; c < side; ++c)
      sheet.pixels[(top + r) * width + left + c] =
          static_cast<std::uint8_t>(std::lround(paper + (ink - paper) * large.pixels[r * side + c] / 255.0));
  return sheet;
}

At center_of(const Image& image) {
  double sum = 0, x = 0, y = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    sum += image.pixels[i];
    x += static_cast<double>(i % image.width) * image.pixels[i];
    y += static_cast<double>(i / image.width) * image.pixels[i];
  }
  return {x / sum, y / sum};
}

Box lit(Image image) {
  for (std::uint8_t& pixel : image.pixels) pixel = pixel > 32 ? 255 : 0;
  return box_of(image);
}

void every_image_passes(const Dataset& data) {
  for (std::size_t i = 0; i < data.count(); ++i) {
    const Image image = digit_of(data, i);
    const Prepared prepared = prepare_digit(decode_image(png_bytes(image), "x.png"));
    ASSERT_TRUE(prepared.unchanged) << i;
    ASSERT_EQ(prepared.digit, image) << i;
  }
}

TEST(PreparePasses, EveryImageOfMnistThroughPng) {
  const char* folder = std::getenv("INKLING_DATA");
  if (folder == nullptr) GTEST_SKIP() << "INKLING_DATA does not say where MNIST is";
  every_image_passes(load_data(folder).test);
}
TEST(PreparePasses, InkDarkOnLightComesBackToTheByte) {
  const Dataset data = load_sample().test;
  for (std::size_t i = 0; i < 200; ++i) {
    const Image image = digit_of(data, i);
    if (!is_prepared(image)) continue;
    const Prepared prepared = prepare_digit(inverted(image));
    EXPECT_TRUE(prepared.inverted && !prepared.unchanged);
    EXPECT_EQ(prepared.digit, image);
  }
}
TEST(PreparePasses, NothingElse) {
  const Dataset data = load_sample().test;
  Image image = digit_of(data, 3);
  ASSERT_TRUE(is_prepared(image));
  EXPECT_FALSE(is_prepared(flat(28, 28, 0)));
  EXPECT_FALSE(is_prepared(flat(28, 28, 255)));
  EXPECT_FALSE(is_prepared(inverted(image)));
  EXPECT_FALSE(is_prepared(scaled(image, 29, 28)));
  Image moved = image;
  std::rotate(moved.pixels.begin(), moved.pixels.begin() + 2 * 28, moved.pixels.end());
  EXPECT_FALSE(is_prepared(moved));
  Image noisy = image;
  noisy.pixels[0] = 200;
  EXPECT_FALSE(is_prepared(noisy));
}

TEST(Prepare, MnistDigitsComeBackFromPaper) {
  const Dataset data = load_sample().test;
  double worst = 0, sum = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    const Image image = digit_of(data, i);
    if (!is_prepared(image)) continue;
    const Prepared prepared = prepare_digit(on_paper(image, 160, 200, 112, 20, 60));
    EXPECT_TRUE(prepared.inverted && !prepared.unchanged && !prepared.blank) << i;
    const double difference = mean_difference(prepared.digit, image);
    worst = std::max(worst, difference), sum += difference;
  }
  EXPECT_LE(sum / 100, 7);  // of 255; a digit beside another one is 40 away
  EXPECT_LE(worst, 20);
}
TEST(Prepare, ItsPolarityDoesNotMatter) {
  const Dataset data = load_sample().test;
  for (std::size_t i = 0; i < 50; ++i) {
    const Image dark = on_paper(digit_of(data, i), 90, 90, 70, 5, 12, 255, 0);
    const Prepared one = prepare_digit(dark), other = prepare_digit(inverted(dark));
    EXPECT_TRUE(one.inverted && !other.inverted) << i;
    EXPECT_EQ(one.digit, other.digit) << i;
    EXPECT_EQ(one.ink, other.ink) << i;
  }
}
TEST(Prepare, TheInkIsTwentyPixelsAndItsMassInTheMiddle) {
  for (const double pen : {2.0, 6.0, 14.0, 30.0}) {
    Image sheet = flat(200, 260, 210);
    draw(sheet, seven(120, 40, 120), pen, 30);
    const Image digit = prepare_digit(sheet).digit;
    const Box box = lit(digit);
    EXPECT_NEAR(static_cast<double>(std::max(box.height, box.width)), 20, 1) << pen;
    EXPECT_LT(box.width, box.height) << pen;
    const At center = center_of(digit);
    EXPECT_TRUE(std::fabs(center.x - 14) <= 0.5 && std::fabs(center.y - 14) <= 0.5) << center.x << " " << center.y;
  }
}
TEST(Prepare, ThinAndThickPensBecomeOfMnistsWidth) {
  for (const double pen : {1.5, 3.0, 8.0, 16.0, 40.0}) {
    Image sheet = flat(300, 300, 240);
    draw(sheet, seven(80, 60, 180), pen, 20);
    const Prepared prepared = prepare_digit(sheet);
    const double width = stroke_width(prepared.digit);
    EXPECT_TRUE(width >= 1.5 && width <= 3.9) << pen << " -> " << width;  // 5 to 95 % of MNIST's, and what scaling does
    EXPECT_GE(*std::max_element(prepared.digit.pixels.begin(), prepared.digit.pixels.end()), 240) << pen;
  }
}
TEST(Prepare, ABoxSaysWhereTheInkIs) {
  Image sheet = flat(300, 400, 230);
  draw(sheet, seven(250, 100, 120), 10, 30);
  const Box box = prepare_digit(sheet).ink;
  EXPECT_NEAR(static_cast<double>(box.left), 245, 3);
  EXPECT_NEAR(static_cast<double>(box.top), 95, 3);
  EXPECT_NEAR(static_cast<double>(box.width), 82, 5);
  EXPECT_NEAR(static_cast<double>(box.height), 130, 5);
}
TEST(Prepare, ASmallDigitOnAPhotoOfTwelveMegapixels) {
  const Image digit = digit_of(load_sample().test, 3);
  Image photo = on_paper(digit, 3000, 4000, 280, 2200, 3300);
  for (std::size_t i = 0; i < photo.pixels.size(); ++i) {  // half the light on its left, a dark table above
    const std::size_t row = i / 4000, column = i % 4000;
    photo.pixels[i] = row < 150 ? 30 : static_cast<std::uint8_t>(photo.pixels[i] * (4000 + column) / 8000);
  }
  const Prepared prepared = prepare_digit(photo);
  EXPECT_TRUE(prepared.inverted && !prepared.blank);
  EXPECT_LE(mean_difference(prepared.digit, digit), 12);
  EXPECT_GE(prepared.ink.top, 2200u);
  EXPECT_GE(prepared.ink.left, 3300u);
  EXPECT_LE(prepared.ink.top + prepared.ink.height, 2480u);
  EXPECT_LE(prepared.ink.left + prepared.ink.width, 3580u);
}
TEST(Prepare, TinyImages) {
  Image tiny = flat(16, 16, 250);
  draw(tiny, seven(4, 3, 10), 1.6, 10);
  const Image large_from_tiny = prepare_digit(tiny).digit;
  Image large = flat(160, 160, 250);
  draw(large, seven(44, 34, 100), 16, 10);
  EXPECT_LE(mean_difference(large_from_tiny, prepare_digit(large).digit), 12);
}
TEST(Prepare, ADigitCutOutTightly) {
  for (const std::uint8_t ink : {20, 235}) {
    Image one = flat(120, 26, static_cast<std::uint8_t>(255 - ink));  // most of it is ink
    draw(one, {{12, -10}, {13, 130}}, 15, ink);
    const Prepared prepared = prepare_digit(one);
    EXPECT_FALSE(prepared.blank);
    EXPECT_EQ(prepared.inverted, ink < 128);
    const Box box = lit(prepared.digit);
    EXPECT_EQ(box.height, 20u);
    EXPECT_LE(box.width, 6u);
  }
}
TEST(Prepare, ShadowsLampsAndColoursDoNotMatter) {
  const Image digit = digit_of(load_sample().test, 3);
  const Image even = on_paper(digit, 200, 200, 120, 40, 40);
  const Image wanted = prepare_digit(even).digit;
  const auto under = [&](const auto& light) {
    Image photo = even;
    for (std::size_t i = 0; i < photo.pixels.size(); ++i)
      photo.pixels[i] = static_cast<std::uint8_t>(photo.pixels[i] *
                                                  light(static_cast<double>(i / 200), static_cast<double>(i % 200)));
    return mean_difference(prepare_digit(photo).digit, wanted);
  };
  EXPECT_LE(under([](double, double) { return 0.55; }), 8) << "dark paper";
  EXPECT_LE(under([](double r, double c) { return 1 - 0.3 * r / 200 - 0.3 * c / 200; }), 8) << "gradient";
  EXPECT_LE(under([](double r, double c) { return 1 - 0.5 * std::hypot(r - 50, c - 50) / 200; }), 8) << "lamp";
  EXPECT_LE(under([](double r, double c) { return r + 0.5 * c < 150 ? 1.0 : 0.55; }), 12) << "hard shadow";
}
TEST(Prepare, RuledLinesAreTakenAway) {
  const Image digit = digit_of(load_sample().test, 3);
  const Image clean = on_paper(digit, 200, 260, 120, 40, 60);
  Image ruled = clean;
  for (const std::size_t top : {25, 75, 125, 175})
    for (std::size_t c = 0; c < 260; ++c)
      for (std::size_t r = top + c / 40; r < top + c / 40 + 2; ++r)  // a little aslant
        ruled.pixels[r * 260 + c] = std::min<std::uint8_t>(ruled.pixels[r * 260 + c], 130);
  const Prepared prepared = prepare_digit(ruled);
  EXPECT_EQ(prepared.lines, 4u);
  EXPECT_LE(mean_difference(prepared.digit, prepare_digit(clean).digit), 8);
}
TEST(Prepare, ARuledLineBehindABroadStroke) {
  Image sheet = flat(100, 100, 240);
  for (std::size_t i = 60 * 100; i < 62 * 100; ++i) sheet.pixels[i] = 120;
  draw(sheet, {{25, 60}, {75, 62}}, 16, 20);
  draw(sheet, {{50, 15}, {50, 85}}, 16, 20);
  const Prepared prepared = prepare_digit(sheet);
  EXPECT_EQ(prepared.lines, 1u);
  EXPECT_GE(prepared.ink.left, 14u);
  EXPECT_LE(prepared.ink.width, 72u);
}
TEST(Prepare, AStraightStrokeIsNoRuledLine) {
  Image one = flat(100, 100, 240);
  draw(one, {{50, 2}, {50, 97}}, 5, 20);
  const Prepared prepared = prepare_digit(one);
  EXPECT_FALSE(prepared.blank);
  EXPECT_EQ(prepared.lines, 0u);
  EXPECT_EQ(lit(prepared.digit).height, 20u);
}
TEST(Prepare, SpecksAreNoPartOfADigit) {
  Image sheet = flat(200, 200, 230);
  draw(sheet, seven(80, 50, 100), 10, 30);
  const Prepared clean = prepare_digit(sheet);
  draw(sheet, {{20, 180}, {21, 180}}, 4, 30);
  draw(sheet, {{185, 15}, {185, 16}}, 3, 60);
  EXPECT_EQ(prepare_digit(sheet).digit, clean.digit);
}
TEST(Prepare, TwoDigitsAreBothSeen) {
  Image sheet = flat(200, 300, 230);
  draw(sheet, seven(40, 50, 100), 10, 30);
  draw(sheet, seven(190, 50, 100), 10, 30);
  const Box box = prepare_digit(sheet).ink;
  EXPECT_LE(box.left, 40u);
  EXPECT_GE(box.left + box.width, 245u);
}

TEST(PrepareBlank, PaperWithoutInk) {
  EXPECT_TRUE(prepare_digit({}).blank);
  for (const std::uint8_t grey : {0, 100, 255}) EXPECT_TRUE(prepare_digit(flat(120, 90, grey)).blank);
  Image gradient = flat(200, 200, 0), shadow = gradient, ruled = flat(200, 260, 230), noisy = gradient;
  std::uint32_t noise = 1;
  for (std::size_t i = 0; i < gradient.pixels.size(); ++i) {
    gradient.pixels[i] = static_cast<std::uint8_t>(120 + i % 200 / 2);
    shadow.pixels[i] = i % 200 > 80 + i / 400 ? 130 : 230;
    noise = noise * 1664525u + 1013904223u;
    noisy.pixels[i] = static_cast<std::uint8_t>(200 + noise % 21);
  }
  for (std::size_t r = 20; r < 200; r += 40)
    std::fill_n(ruled.pixels.begin() + static_cast<std::ptrdiff_t>(r * 260), 260, 120);
  EXPECT_TRUE(prepare_digit(gradient).blank);
  EXPECT_TRUE(prepare_digit(shadow).blank);
  EXPECT_TRUE(prepare_digit(noisy).blank);
  EXPECT_TRUE(prepare_digit(ruled).blank);
  EXPECT_EQ(prepare_digit(ruled).digit, flat(28, 28, 0));
}
TEST(PrepareBlank, PlacedInkThatIsNone) { EXPECT_EQ(place_digit(flat(40, 30, 0)), flat(28, 28, 0)); }

TEST(Prepare, OtherSizesThanMnists) {
  Image sheet = flat(200, 200, 230);
  draw(sheet, seven(80, 50, 100), 10, 30);
  for (const std::size_t side : {8, 20, 56, 300}) {
    const Image digit = prepare_digit(sheet, {.height = side, .width = side}).digit;
    EXPECT_EQ(digit.height, side);
    EXPECT_EQ(digit.width, side);
    EXPECT_NEAR(static_cast<double>(lit(digit).height), 20.0 / 28 * static_cast<double>(side), 1.5);
  }
  const Image wide = prepare_digit(sheet, {.height = 28, .width = 40}).digit;
  EXPECT_EQ(wide.width, 40u);
  EXPECT_NEAR(center_of(wide).x, 20, 0.6);
}
TEST(Prepare, AnySizeAndAnyBytes) {
  std::uint32_t noise = 7;
  for (const auto& [height, width] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 1}, {1, 50}, {3, 3}, {8, 2}, {2, 900}, {900, 1}, {27, 29}, {65, 64}, {129, 127}, {900, 40}}) {
    Image image = flat(height, width, 0);
    for (std::uint8_t& pixel : image.pixels)
      pixel = static_cast<std::uint8_t>((noise = noise * 1664525u + 1013904223u) >> 24);
    const Prepared prepared = prepare_digit(image);
    EXPECT_EQ(prepared.digit.pixels.size(), 784u);
    EXPECT_LE(prepared.ink.top + prepared.ink.height, height);
    EXPECT_LE(prepared.ink.left + prepared.ink.width, width);
    EXPECT_EQ(prepare_digit(image).digit, prepared.digit);
  }
}
TEST(Prepare, Refusals) {
  const auto refused = [](const Image& image, const PrepareOptions& options, ErrorKind kind, std::string_view part) {
    EXPECT_TRUE(refuses(kind, part, [&] { prepare_digit(image, options); }));
    EXPECT_TRUE(refuses(kind, part, [&] { place_digit(image, options); }));
  };
  refused({.height = 2, .width = 2, .pixels = {1, 2, 3}}, {}, ErrorKind::shape, "2 x 2 pixels with 3 values");
  refused(flat(9, 9, 0), {.height = 7, .width = 28}, ErrorKind::config, "7 x 28 pixels cannot be prepared");
  refused(flat(9, 9, 0), {.height = 28, .width = 1025}, ErrorKind::config, "28 x 1025");
  EXPECT_TRUE(refuses(ErrorKind::shape, "3 values", [] { ink_of({.height = 2, .width = 2, .pixels = {1, 2, 3}}); }));
}

}  // namespace
}  // namespace inkling
