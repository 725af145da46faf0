// The page around the data: nothing in the data gets out of its element, and only the page's own code may run.
#include "inkling/report/page.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "inkling/report/base64.h"
#include "inkling/report/packed.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

constexpr PageCode kCode{.script = "console.log(1)", .style = "p{}"};

// What the browser would take as the data: all between the element's start and the next "</script".
std::string data_element(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"report-data\">";
  const std::size_t begin = page.find(start) + start.size();
  return page.substr(begin, page.find("</script", begin) - begin);
}

TEST(Page, DataComeBackWhateverTheySay) {
  for (const char* text : {"</script><script>alert(1)</script>", "<!--<script>", "]]>&amp;\"'\\", "\xE2\x80\xA8\n\t",
                           "</SCRIPT >", "\xF0\x9F\x96\x8B"}) {
    const ordered_json data = {{"name", text}, {text, 1}};
    const std::string page = html_page(kCode, text, data);
    EXPECT_EQ(ordered_json::parse(data_element(page)), data) << text;
    EXPECT_EQ(page.find("<script>alert"), page.npos);
  }
}

TEST(Page, TextsThatAreNoUtf8AreReplaced) {
  const std::string page = html_page(kCode, "a\xFFz", {{"name", "b\xC3"}});
  EXPECT_EQ(ordered_json::parse(data_element(page))["name"], "b\xEF\xBF\xBD");
  EXPECT_NE(page.find("<title>a\xEF\xBF\xBDz</title>"), page.npos);
}

TEST(Page, TitleIsText) {
  const std::string page = html_page(kCode, "</title><b>&", ordered_json::object());
  EXPECT_NE(page.find("<title>&lt;/title&gt;&lt;b&gt;&amp;</title>"), page.npos);
}

TEST(Page, NaNIsNull) { EXPECT_EQ(data_element(html_page(kCode, "", {{"x", std::nan("")}})), R"({"x":null})"); }

TEST(Page, PolicyLetsOnlyThisCodeRunAndNothingBeFetched) {
  const std::string page = html_page(kCode, "", ordered_json::object());
  const std::size_t begin = page.find("content=\"default-src") + 9;
  // echo -n 'console.log(1)' | openssl dgst -sha256 -binary | base64
  EXPECT_EQ(
      page.substr(begin, page.find('"', begin) - begin),
      "default-src 'none'; script-src 'sha256-CihokcEcBW4atb/CW/XWsvWwbTjqwQlE9nj9ii5ww5M='; style-src "
      "'sha256-gG2yISYereRMiG2lMXrbiUgi0Ubw9p7QCeWcroOvy9Y='; img-src data:; base-uri 'none'; form-action 'none'");
}

TEST(Page, CodeThatWouldEndItsElementIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::format, "</script",
                      [] { html_page({.script = "'</script>'", .style = ""}, "", ordered_json::object()); }));
  EXPECT_TRUE(refuses(ErrorKind::format, "</style",
                      [] { html_page({.script = "", .style = "</style>"}, "", ordered_json::object()); }));
}

TEST(Base64, OfTheStandard) {  // RFC 4648, section 10
  const auto of = [](std::string_view text) {
    return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foob"), "Zm9vYg==");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(of("\xFB\xFF\xFE"), "+//+");
}

TEST(Packed, KeepsNumbersToHalfAStep) {
  const std::vector<float> row{0.5f, -2.0f, 0.0f, 1.999f, 0.013f};
  const PackedRow p = packed(row);
  EXPECT_EQ(p.whole[1], -127);
  EXPECT_EQ(p.whole[2], 0);
  for (std::size_t i = 0; i < row.size(); ++i)
    EXPECT_LE(std::abs(static_cast<float>(p.whole[i]) * p.scale - row[i]), 0.5001f * p.scale) << i;
  EXPECT_EQ(packed(std::vector<float>{0, 0}).whole, (std::vector<std::int8_t>{0, 0}));
}

TEST(Packed, SharesAreWholesOf65535) {
  EXPECT_EQ(shares_as_base64(std::vector<float>{0, 1, 0.5f}),
            base64(std::vector<std::uint8_t>{0, 0, 255, 255, 0, 128}));
}

TEST(Packed, RoundsToSixDigits) {
  EXPECT_EQ(rounded(0.123456789), 0.123457);
  EXPECT_EQ(rounded(-1234567.0), -1234570.0);
  EXPECT_EQ(rounded(0), 0);
  EXPECT_TRUE(std::isnan(rounded(std::nan(""))));
}

}  // namespace
}  // namespace inkling
