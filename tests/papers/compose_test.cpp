// The made images are what the other tests trust: their truth is checked here against their pixels.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "inkling/core/error.h"
#include "tests/papers/compose.h"

namespace inkling::papers {
namespace {

// The box of what is darker than half on a plain white sheet, by counting pixels.
Box dark_box(const Photo& photo) {
  const Image grey = grey_of(photo);
  std::size_t top = grey.height, left = grey.width, bottom = 0, right = 0;
  for (std::size_t i = 0; i < grey.pixels.size(); ++i) {
    if (grey.pixels[i] > 150) continue;
    top = std::min(top, i / grey.width), bottom = std::max(bottom, i / grey.width + 1);
    left = std::min(left, i % grey.width), right = std::max(right, i % grey.width + 1);
  }
  return {.top = top, .left = left, .height = bottom - top, .width = right - left};
}

TEST(Papers, SameSeedSameBytesAnotherSeedOthers) {
  const PageOptions options{.height = 300, .width = 400, .digits = 12, .paper = ""};
  Dice one(5), same(5), other(6);
  const Page first = compose_page(stroke_digits(), options, one);
  EXPECT_EQ(first.photo.pixels, compose_page(stroke_digits(), options, same).photo.pixels);
  EXPECT_NE(first.photo.pixels, compose_page(stroke_digits(), options, other).photo.pixels);
}

TEST(Papers, BoxOfASingleIsWhereItsInkIs) {
  Dice dice(11);
  for (std::size_t i = 0; i < 40; ++i) {
    const Single single =
        compose_single(digit_writer(i % 10, dice), {.height = 120, .width = 150, .paper = "plain"}, dice);
    const Box dark = dark_box(single.photo);
    for (const auto side : {&Box::top, &Box::left, &Box::height, &Box::width})
      EXPECT_NEAR(static_cast<double>(dark.*side), static_cast<double>(single.box.*side), 2.0) << i;
  }
}

TEST(Papers, SinglesOfEverySizeAreWholeOnTheSheet) {
  Dice dice(12);
  for (const std::size_t side : {16, 17, 28, 61, 400}) {
    for (std::size_t digit = 0; digit < 10; ++digit) {
      const Single single = compose_single(digit_writer(digit, dice), {.height = side, .width = side}, dice);
      EXPECT_GE(single.box.height, side / 4);
      EXPECT_LE(single.box.top + single.box.height, side);
      EXPECT_LE(single.box.left + single.box.width, side);
    }
  }
}

TEST(Papers, APageHasItsDigitsInReadingOrder) {
  Dice dice(13);
  for (std::size_t count = 1; count <= 60; ++count) {
    const Page page = compose_page(stroke_digits(), {.height = 500, .width = 640, .digits = count}, dice);
    ASSERT_EQ(page.digits.size(), count);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += static_cast<char>('0' + page.digits[i].digit);
      EXPECT_GT(page.digits[i].box.height, 0u);
      if (i == 0 || page.digits[i].line != page.digits[i - 1].line) continue;
      EXPECT_GT(2 * page.digits[i].box.left + page.digits[i].box.width,
                2 * page.digits[i - 1].box.left + page.digits[i - 1].box.width);
    }
    std::string shown = page.text;
    std::erase_if(shown, [](char c) { return c == ' ' || c == '\n'; });
    EXPECT_EQ(shown, text);
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(page.text, '\n')), page.digits.back().line);
  }
}

TEST(Papers, DigitsTouchOnlyWhereTheySayThatTheyDo) {
  const auto parts_of = [](double touching) {
    Dice dice(14);
    const Page page = compose_page(
        stroke_digits(), {.height = 600, .width = 900, .digits = 24, .touching = touching, .paper = "plain"}, dice);
    return std::ranges::count_if(page.digits, [](const TrueDigit& digit) { return digit.touches; });
  };
  EXPECT_EQ(parts_of(0), 0);
  EXPECT_GT(parts_of(1), 8);
}

TEST(Papers, EveryHandOfEveryDigitAndEveryLetterIsAnother) {
  std::set<std::string> seen;
  const auto draw = [&](const Glyph& glyph) {
    InkSheet ink(40, 40);
    write_glyph(ink, glyph, {.x = 20, .y = 20, .height = 32}, 2);
    return std::string(ink.amount.begin(), ink.amount.end());
  };
  for (std::size_t digit = 0; digit < 10; ++digit)
    for (std::size_t hand = 0; hand < hands(); ++hand)
      EXPECT_TRUE(seen.insert(draw(digit_glyph(digit, hand))).second) << digit << " in hand " << hand;
  for (const char letter : letters()) seen.insert(draw(letter_glyph(letter)));
  EXPECT_GE(seen.size(), 10 * hands() + 50);
}

TEST(Papers, ADarkPaperCarriesLightInk) {
  Dice dice(15);
  const Single dark = compose_single(digit_writer(3, dice), {.height = 80, .width = 80, .paper = "dark"}, dice);
  const Image grey = grey_of(dark.photo);
  EXPECT_LT(grey.pixels.front(), 90);
  EXPECT_GT(*std::ranges::max_element(grey.pixels), 180);
}

TEST(Papers, JpegNoiseGrowsAsQualityFalls) {
  Dice dice(16);
  const Single single = compose_single(digit_writer(8, dice), {.height = 101, .width = 67, .paper = "coloured"}, dice);
  double before = 0;
  for (const int quality : {95, 60, 20}) {
    Photo worse = single.photo;
    add_jpeg_noise(worse, quality);
    double squares = 0;
    for (std::size_t i = 0; i < worse.pixels.size(); ++i) {
      const double difference = static_cast<double>(worse.pixels[i]) - static_cast<double>(single.photo.pixels[i]);
      squares += difference * difference;
    }
    EXPECT_GT(squares, before);
    before = squares;
  }
}

TEST(Papers, AnMnistImageAsInkKeepsItsShape) {
  // A bar of 4 x 20 pixels, enlarged five times: 20 x 100.
  std::vector<std::uint8_t> bar(28 * 28);
  for (std::size_t y = 4; y < 24; ++y)
    for (std::size_t x = 12; x < 16; ++x) bar[y * 28 + x] = 255;
  InkSheet ink(140, 100);
  const Box box = write_image(ink, bar, 28, {.x = 50, .y = 70, .height = 100});
  EXPECT_NEAR(static_cast<double>(box.height), 100, 1);
  EXPECT_NEAR(static_cast<double>(box.width), 20, 1);
  EXPECT_NEAR(static_cast<double>(box.top), 20, 1);
}

TEST(Papers, RefusesPagesThatItCannotMake) {
  Dice dice(17);
  EXPECT_THROW(compose_page(stroke_digits(), {.digits = 0}, dice), Error);
  EXPECT_THROW(compose_page(stroke_digits(), {.digits = 61}, dice), Error);
  EXPECT_THROW(paper_of_kind("velvet", 30, dice), Error);
  EXPECT_THROW(letter_glyph('7'), Error);
  EXPECT_THROW(glyph_of("1,2 x"), Error);
}

}  // namespace
}  // namespace inkling::papers
