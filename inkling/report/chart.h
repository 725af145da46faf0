// Charts as data: panels with axes and series, and the gnuplot script that draws them.
//
// Whatever comes from outside (names of classes, of files) is quoted so that gnuplot takes it as text and nothing else,
// and numbers go into data blocks; nothing of it is ever run. Lengths are pixels of a page seen at half its size.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inkling/report/colors.h"

namespace inkling {

struct ChartAxis {
  std::string label;  // name and unit
  std::optional<double> low{}, high{};
  bool logarithmic = false;
  bool whole_numbers = false;  // epochs: no tics between them
};

enum class Drawn { lines, points, bars, dots };  // bars have the width of the chart's bar_width; dots are small points

struct Series {
  std::string name{};            // in the key; empty: not there
  std::vector<double> x{}, y{};  // a NaN is left out
  Color color = kOkabeIto[0];
  Drawn drawn = Drawn::lines;
  int dash = 0;   // 0: none; 1 to 3: kinds of dashes
  int point = 0;  // gnuplot's number of the sign, 0: none on lines
};

// A vertical line with words beside it, and a sign on the curve where y is given.
struct Mark {
  double x = 0;
  std::optional<double> y{};
  std::string text{};
  double height = 0.55;  // of the words, as a share of the panel's
  bool to_the_left = false;
};

// Words at a place, on white.
struct Note {
  double x = 0, y = 0;
  std::string text;
};

struct Panel {
  std::string title;  // empty where there is one panel
  ChartAxis x, y;
  std::vector<Series> series{};
  std::vector<Mark> marks{};
  std::vector<Note> notes{};
  double bar_width = 0;
  bool diagonal = false;  // a thin line along x = y
};

struct Chart {
  std::string name;  // of its files: NAME.png, NAME.svg
  std::string title;
  std::string explanation;
  std::vector<Panel> panels;
  std::size_t columns = 1;  // of panels
};

inline constexpr int kChartWidth = 1600, kPanelHeight = 800, kSmallPanelHeight = 460;

// A text in gnuplot's single quotes, in which nothing has a meaning; quotes become ’, control characters spaces.
std::string gnuplot_quoted(std::string_view text);

// Commands that write NAME.png and NAME.svg in the working folder.
std::string gnuplot_script(const Chart& chart);

}  // namespace inkling
