// Words on pictures: where they stand, how wide they are, and what becomes of letters that the font has not.
#include "inkling/report/text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "inkling/core/error.h"

namespace {

using namespace inkling;

class Text : public testing::Test {
 protected:
  void SetUp() override {
    try {
      text_width("a", {});
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("libfreetype-dev"), std::string::npos);
      GTEST_SKIP() << "built without FreeType";
    }
  }
};

// The pixels that are not white.
Rect inked(const Picture& p) {
  int left = 10000, right = -1, top = 10000, bottom = -1;
  for (int y = 0; y < static_cast<int>(p.height()); ++y)
    for (int x = 0; x < static_cast<int>(p.width()); ++x)
      if (!(p.at(static_cast<std::size_t>(x), static_cast<std::size_t>(y)) == kWhite)) {
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
      }
  return {left, top, right - left + 1, bottom - top + 1};
}

TEST_F(Text, StandsOnItsLineWhereItWasPut) {
  for (const Align align : {Align::left, Align::center, Align::right}) {
    Picture p(400, 100);
    draw_text(p, 200, 60, "HE", {.size = 40}, align);
    const Rect r = inked(p);
    EXPECT_NEAR(r.y + r.height, 60, 1);
    EXPECT_NEAR(r.height, 29, 2);  // capitals: 0.73 of the size
    const int width = text_width("HE", {.size = 40});
    const int begin = align == Align::left ? 200 : align == Align::center ? 200 - width / 2 : 200 - width;
    EXPECT_NEAR(r.x, begin, 6);
    EXPECT_NEAR(r.width, width, 8);
  }
}

TEST_F(Text, UpwardsIsTheSameTurned) {
  Picture flat(200, 200), up(200, 200);
  draw_text(flat, 20, 100, "Ab1", {.size = 30});
  draw_text_upwards(up, 100, 180, "Ab1", {.size = 30});
  for (int k = 0; k < 150; ++k)
    for (int j = -40; j < 20; ++j)
      EXPECT_EQ(flat.at(static_cast<std::size_t>(20 + k), static_cast<std::size_t>(100 + j)),
                up.at(static_cast<std::size_t>(100 + j), static_cast<std::size_t>(180 - k)));
}

TEST_F(Text, WidthGrowsWithTextSizeAndWeight) {
  EXPECT_EQ(text_width("", {}), 0);
  EXPECT_LT(text_width("i", {}), text_width("W", {}));
  EXPECT_NEAR(text_width("digits", {.size = 80}), 4 * text_width("digits", {.size = 20}), 4);
  EXPECT_LT(text_width("digits", {}), text_width("digits", {.weight = FontWeight::bold}));
  EXPECT_THROW(text_width("a", {.size = 0}), Error);
}

TEST_F(Text, BrokenBytesAndForeignLettersAreReplaced) {
  const int sign = text_width("\xEF\xBF\xBD", {});  // U+FFFD
  EXPECT_GT(sign, 0);
  for (const char* text : {"\xFF", "\x80", "\xC3", "\xE4\xB8\xAD" /* a Chinese letter */, "\xF0\x9F\x98\x80"})
    EXPECT_NEAR(text_width(text, {}) % sign, 0, 0) << text;
  EXPECT_EQ(text_width("\xE4\xB8\xAD", {}), sign);
  for (const char* text : {"ä", "ß", "é", "Ω", "α", "✓", "✗", "…", "−", "→", "±"})
    EXPECT_NE(text_width(text, {.size = 200}), text_width("\xEF\xBF\xBD", {.size = 200})) << text;
}

TEST_F(Text, ShortenedFitsAndKeepsWholeLetters) {
  const std::string text = "größere Wörter als Platz ist";
  for (int width = 0; width < 400; width += 7) {
    const std::string cut = shortened(text, {}, width);
    EXPECT_LE(text_width(cut, {}), width);
    EXPECT_TRUE(cut.empty() || cut == text || cut.ends_with("…")) << cut;
    for (std::size_t k = 0; k < cut.size(); ++k)
      if (static_cast<unsigned char>(cut[k]) == 0xC3) {
        ASSERT_LT(k + 1, cut.size());
        EXPECT_EQ(static_cast<unsigned char>(cut[k + 1]) & 0xC0, 0x80);
      }
  }
  EXPECT_EQ(shortened("7", {}, 100), "7");
}

}  // namespace
