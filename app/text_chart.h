// A chart in characters: curves in Braille dots, two by four a cell, or in plain characters.
//
// Pure: points in, lines of text out, each exactly as many columns wide as asked for, colour codes not counted. What is
// not finite, or not above 0 on a logarithmic axis, is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/terminal.h"

struct TextPoint {
  double x = 0, y = 0;
};

struct TextCurve {
  std::string name;
  std::vector<TextPoint> points;  // x rises
  std::uint8_t red = 0, green = 0, blue = 0;
  bool dotted = false;            // every other dot: told apart from a solid curve without colour
  std::optional<double> value{};  // where it stands, behind its name
};

struct TextChart {
  std::string title;  // before the curves' names and values
  std::vector<TextCurve> curves;
  double x_first = 0, x_last = 1;
  double y_low = 0, y_high = 1;
  bool logarithmic = false;
  std::string x_name;
  int decimals = 4;  // of the values behind the curves' names
};

struct TextStyle {
  ColorLevel color = ColorLevel::plain;
  bool braille = true;  // else plain ASCII
};

inline constexpr std::size_t kLeastChartColumns = 24, kLeastChartLines = 5;  // guess: below it nothing can be seen

// `lines` lines: title, curves, the names of the x axis. Wants at least the sizes above.
std::vector<std::string> draw_chart(const TextChart& chart, std::size_t columns, std::size_t lines,
                                    const TextStyle& style);

// A value in at most five characters: "0.012", "12.3", "20", "1e-06".
std::string short_number(double value);
