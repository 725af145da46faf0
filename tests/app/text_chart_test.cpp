#include "app/text_chart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "app/live_chart.h"

namespace {

using Lines = std::vector<std::string>;

// The characters of a line as code points, colour codes left out.
std::u32string characters_of(const std::string& line) {
  std::u32string out;
  for (std::size_t k = 0; k < line.size(); ++k) {
    const auto byte = static_cast<unsigned char>(line[k]);
    if (byte == 0x1b) {
      k = line.find('m', k);
    } else if ((byte & 0xC0) == 0x80) {
      out.back() = out.back() << 6 | (byte & 0x3F);
    } else {
      out += byte < 0x80 ? byte : byte & (byte < 0xE0 ? 0x1Fu : 0x0Fu);
    }
  }
  return out;
}

// The dots of a chart's plot, (x, y) from its lower left corner, read from Unicode's chart of Braille patterns.
std::set<std::pair<int, int>> dots_of(const Lines& lines) {
  constexpr int kRow[] = {0, 1, 2, 0, 1, 2, 3, 3}, kColumn[] = {0, 0, 0, 1, 1, 1, 0, 1};
  std::set<std::pair<int, int>> dots;
  const int rows = static_cast<int>(lines.size()) - 2;
  for (int row = 0; row < rows; ++row) {
    const std::u32string text = characters_of(lines[static_cast<std::size_t>(row) + 1]).substr(6);
    for (int column = 0; column < static_cast<int>(text.size()); ++column)
      for (int bit = 0; bit < 8; ++bit)
        if (const char32_t c = text[static_cast<std::size_t>(column)]; c >= 0x2800 && (c >> bit & 1) != 0)
          dots.insert({2 * column + kColumn[bit], 4 * rows - 1 - (4 * row + kRow[bit])});
  }
  return dots;
}

bool has(const Lines& lines, std::string_view text) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.find(text) != line.npos; });
}

TextChart diagonal() {
  return {.title = "loss",
          .curves = {{.name = "train", .points = {{0, 0}, {1, 1}}, .red = 86, .green = 180, .blue = 233, .value = 0.5}},
          .x_name = "epochs"};
}

TEST(TextChart, ADiagonalGoesFromCornerToCornerWithoutGaps) {
  const auto dots = dots_of(draw_chart(diagonal(), 6 + 8, 2 + 4, {}));  // 16 x 16 dots
  for (int k = 0; k < 16; ++k) EXPECT_TRUE(dots.contains({k, k})) << k;
  for (const auto& [x, y] : dots) EXPECT_LE(std::abs(x - y), 1);
}

TEST(TextChart, ADottedCurveIsDrawnInEveryOtherColumn) {
  TextChart chart = diagonal();
  chart.curves[0].dotted = true;
  for (const auto& [x, y] : dots_of(draw_chart(chart, 6 + 8, 2 + 4, {}))) EXPECT_TRUE(x % 2 == 0 || x == 15) << x;
}

TEST(TextChart, ALogarithmicAxisMakesEqualFactorsEqualSteps) {
  TextChart chart = diagonal();
  chart.curves[0].points = {{0, 0.01}, {0.5, 0.1}, {1, 1}};
  chart.y_low = 0.01;
  chart.logarithmic = true;
  const auto dots = dots_of(draw_chart(chart, 6 + 8, 2 + 4, {}));
  for (int k = 0; k < 16; ++k) EXPECT_TRUE(dots.contains({k, k})) << k;
}

TEST(TextChart, WhatHasNoPlaceIsLeftOut) {
  TextChart chart = diagonal();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  chart.curves[0].points = {{0, nan}, {0.2, INFINITY}, {0.3, 1e300}, {0.6, -1e300}, {9, 0.5}};
  EXPECT_EQ(draw_chart(chart, 14, 6, {}).size(), 6u);  // without leaving its memory
  chart.logarithmic = true;
  chart.y_low = 0.1;
  chart.curves[0].points = {{0, 0}, {1, -1}};
  EXPECT_TRUE(dots_of(draw_chart(chart, 14, 6, {})).empty());
}

TEST(TextChart, EveryLineIsAsWideAsAskedForAndOnlyColouredWhereThatIsAllowed) {
  for (const ColorLevel color : {ColorLevel::plain, ColorLevel::palette, ColorLevel::truecolor})
    for (const bool braille : {true, false})
      for (const std::size_t columns : {kLeastChartColumns, std::size_t{38}, std::size_t{80}}) {
        const Lines lines = draw_chart(diagonal(), columns, 9, {.color = color, .braille = braille});
        for (const std::string& line : lines) EXPECT_EQ(characters_of(line).size(), columns) << line;
        EXPECT_EQ(has(lines, "\x1b["), color != ColorLevel::plain);
        EXPECT_EQ(has(lines, "\x1b[38;2;86;180;233m"), color == ColorLevel::truecolor);
        EXPECT_EQ(has(lines, "\x1b[38;5;74m"), color == ColorLevel::palette);
        for (const std::string& line : lines)
          EXPECT_TRUE(braille || std::ranges::all_of(line, [](unsigned char c) { return c < 0x80; })) << line;
      }
}

TEST(ShortNumber, TakesAtMostFiveColumns) {
  for (const auto& [value, text] : std::vector<std::pair<double, std::string>>{{0, "0"},
                                                                               {20, "20"},
                                                                               {0.0123, "0.012"},
                                                                               {0.5, "0.50"},
                                                                               {9.996, "10.0"},
                                                                               {99.96, "100"},
                                                                               {1e-6, "1e-06"},
                                                                               {123456, "1e+05"}})
    EXPECT_EQ(short_number(value), text);
}

TEST(Trace, KeepsMeansAndABoundedNumberOfPointsHoweverLongTheRun) {
  Trace trace(0.25);
  for (int k = 0; k < 100'000; ++k) trace.add(k, 2 * k, 3);
  const auto points = trace.points();
  EXPECT_LE(points.size(), Trace::kMostBins);
  EXPECT_GE(points.size(), Trace::kMostBins / 2 - 1);
  double before = -1;
  for (const TextPoint& p : points) {
    EXPECT_DOUBLE_EQ(p.y, 2 * p.x);
    EXPECT_GT(p.x, before);
    before = p.x;
  }
  trace.add(1, std::numeric_limits<double>::quiet_NaN(), 1);  // is left out
  EXPECT_DOUBLE_EQ(trace.points()[0].y, points[0].y);
}

inkling::EpochReport report(std::size_t epoch, double loss, double accuracy) {
  inkling::EpochReport r;
  r.epoch = epoch;
  r.train_loss = loss;
  r.train_accuracy = accuracy;
  r.test = {.count = 100, .correct = 90, .accuracy = 0.9, .loss = 0.25};
  return r;
}

TEST(LiveChart, ShowsBothPanelsOneOrNoneAsTheTerminalHasRoom) {
  LiveChart chart(20, 1000, {});
  chart.batch({.epoch = 1, .batches_done = 1, .batches = 2, .images_done = 500, .loss = 1.5, .accuracy = 0.5});
  chart.epoch(report(1, 1.0, 0.75));
  const auto wide = chart.lines({.columns = 80, .rows = 24});
  EXPECT_TRUE(has(wide, "train 1.0000") && has(wide, "test 0.2500") && has(wide, "train 75.00") &&
              has(wide, "test 90.00"));
  EXPECT_EQ(wide.size(), 9u);
  EXPECT_EQ(chart.lines({.columns = 200, .rows = 60}).size(), 13u);
  const auto narrow = chart.lines({.columns = 60, .rows = 24});
  EXPECT_TRUE(has(narrow, "loss") && !has(narrow, "accuracy"));
  EXPECT_TRUE(chart.lines({.columns = 39, .rows = 24}).empty());
  EXPECT_TRUE(chart.lines({.columns = 80, .rows = 11}).empty());
  for (std::size_t columns = 40; columns <= 250; ++columns)
    for (const std::string& line : chart.lines({.columns = columns, .rows = 24}))
      ASSERT_LT(characters_of(line).size(), columns);
}

TEST(LiveChart, AResumedRunDrawsWhatItHasBehindIt) {
  LiveChart whole(4, 1000, {}), resumed(4, 1000, {});
  whole.epoch(report(1, 1.0, 0.75));
  whole.epoch(report(2, 0.5, 0.875));
  resumed.past(R"({"epoch":1,"train_loss":1.0,"train_accuracy":0.75,"test_loss":0.25,"test_accuracy":0.9})");
  resumed.past("no line of metrics");
  resumed.past(R"({"epoch":-1,"train_loss":1.0,"train_accuracy":0.75})");
  resumed.past(R"({"epoch":1e300,"train_loss":"a"})");
  resumed.skip(2, 0, 0, 0);
  resumed.epoch(report(2, 0.5, 0.875));
  EXPECT_EQ(resumed.lines({}), whole.lines({}));
}

}  // namespace
