#include "inkling/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inkling/report/sheet.h"

namespace inkling {
namespace {

std::string hex(Color c) { return fmt::format("'#{:02x}{:02x}{:02x}'", c.red, c.green, c.blue); }

// What a number is to gnuplot; it reads NaN as missing.
std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : "NaN"; }

std::string range(const ChartAxis& axis) {
  const auto end = [](const std::optional<double>& value) { return value ? number(*value) : std::string("*"); };
  return fmt::format("[{}:{}]", end(axis.low), end(axis.high));
}

std::string axis_commands(char name, const ChartAxis& axis) {
  std::string text = fmt::format("set {}label {} textcolor rgb {} font ',24'\nset {}range {}\n", name,
                                 gnuplot_quoted(axis.label), hex(kText), name, range(axis));
  if (axis.logarithmic) text += fmt::format("set logscale {}\nset format {} '%g'\n", name, name);
  if (axis.whole_numbers && axis.low && axis.high) {
    // derived: about ten tics, at a distance that people count in
    const double room = (*axis.high - *axis.low) / 10;
    double step = 1;
    for (double ten = 1; step < room; ten *= 10)
      for (const double factor : {1.0, 2.0, 5.0})
        if (step < room) step = ten * factor;
    text += fmt::format("set {}tics {}\n", name, number(step));
  }
  return text;
}

std::string_view key_place(KeyPlace place) {
  switch (place) {
    case KeyPlace::none: return "off";
    case KeyPlace::top_right: return "inside top right";
    case KeyPlace::bottom_right: return "inside bottom right";
    case KeyPlace::top_left: return "inside top left";
  }
  return "off";
}

std::string how_drawn(const Series& s) {
  const std::string color = hex(s.color);
  switch (s.drawn) {
    case Drawn::lines:
      return fmt::format("with {} lc rgb {} lw 2 dt {} pt {} ps 1.4", s.point > 0 ? "linespoints" : "lines", color,
                         s.dash, std::max(s.point, 1));
    case Drawn::points: return fmt::format("with points lc rgb {} pt {} ps 2.2 lw 2", color, s.point);
    case Drawn::dots: return fmt::format("with points lc rgb {} pt {} ps 1 lw 1", color, s.point);
    case Drawn::bars: return fmt::format("with boxes lc rgb {} fill solid 0.75 border lc rgb {}", color, color);
  }
  return {};
}

// Where on the page a panel is, as shares of it; y upwards.
struct Place {
  double left, right, bottom, top;
};

std::string panel_script(const Panel& panel, const Place& place, std::size_t block) {
  std::string data, plots;
  const auto add = [&](const std::string& what) { plots += (plots.empty() ? "plot " : ", \\\n  ") + what; };
  for (const Series& s : panel.series) {
    data += fmt::format("$data{} << END_OF_DATA\n", block);
    for (std::size_t k = 0; k < s.x.size(); ++k) data += number(s.x[k]) + " " + number(s.y[k]) + "\n";
    if (s.x.empty()) data += "NaN NaN\n";
    data += "END_OF_DATA\n";
    add(fmt::format("$data{} using 1:2 {} {}", block, how_drawn(s),
                    s.name.empty() ? "notitle" : "title " + gnuplot_quoted(s.name)));
    ++block;
  }
  std::string text = data;
  text += fmt::format(
      "set lmargin at screen {}\nset rmargin at screen {}\nset bmargin at screen {}\nset tmargin at "
      "screen {}\n",
      number(place.left), number(place.right), number(place.bottom), number(place.top));
  if (!panel.title.empty())
    text += fmt::format("set title {} offset 0,-0.4 textcolor rgb {} font ':Bold,24'\n", gnuplot_quoted(panel.title),
                        hex(kText));
  text += axis_commands('x', panel.x) + axis_commands('y', panel.y);
  if (panel.key == KeyPlace::none)
    text += "unset key\n";
  else
    text +=
        fmt::format("set key {} opaque fillcolor rgb '#ffffff' noautotitle spacing 1.3 samplen 3 textcolor rgb {}\n",
                    key_place(panel.key), hex(kText));
  if (panel.bar_width > 0) text += fmt::format("set boxwidth {}\n", number(panel.bar_width));
  for (const Mark& m : panel.marks) {
    text += fmt::format("set arrow from first {}, graph 0 to first {}, graph 1 nohead lc rgb {} lw 1 dt 3\n",
                        number(m.x), number(m.x), hex(kFaintText));
    text += fmt::format("set label {} at first {}, graph {} {} offset {},0 textcolor rgb {} front boxed\n",
                        gnuplot_quoted(m.text), number(m.x), number(m.height), m.to_the_left ? "right" : "left",
                        m.to_the_left ? "-0.8" : "0.8", hex(kText));
    if (m.y)
      text += fmt::format("set label '' at first {}, first {} point pt 6 ps 3 lw 2 lc rgb {} front\n", number(m.x),
                          number(*m.y), hex(kText));
  }
  for (const Note& n : panel.notes)
    text += fmt::format("set label {} at first {}, first {} center textcolor rgb {} font ':Bold,22' front boxed\n",
                        gnuplot_quoted(n.text), number(n.x), number(n.y), hex(kText));
  if (panel.diagonal) add(fmt::format("x with lines lc rgb {} lw 1.5 dt 2 notitle", hex(kText)));
  return text + plots +
         "\nunset label\nunset arrow\nunset logscale\nunset format\nset format '%h'\nset xtics autofreq\n"
         "set ytics autofreq\nunset title\n";
}

}  // namespace

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
  }
  return quoted + "'";
}

std::string gnuplot_script(const Chart& chart, const std::filesystem::path& folder) {
  const std::size_t columns = std::max<std::size_t>(1, std::min(chart.columns, chart.panels.size()));
  const std::size_t rows = (chart.panels.size() + columns - 1) / columns;
  const int row_height = rows == 1 ? kPanelHeight : kSmallPanelHeight;
  const std::vector<std::string> lines = broken_into_lines(chart.explanation, kSubtitle, kChartWidth - 2 * kMargin);
  const int above = kMargin + 66 + 34 * static_cast<int>(lines.size());
  const int height = above + static_cast<int>(rows) * row_height + 24;
  const auto share = [](int pixels, int all) { return static_cast<double>(pixels) / all; };

  std::string page;  // what both files share
  page += "set encoding utf8\nset datafile missing 'NaN'\nset border 3 lc rgb '#666666' lw 1\n";
  page += "set tics nomirror out textcolor rgb '#222222'\nset grid lc rgb '#dddddd' lw 0.8 dt 1\n";
  page += "set style textbox opaque noborder fillcolor rgb '#ffffff' margins 0.6,0.4\n";
  page += "set multiplot\n";
  const auto words = [&](std::string_view text, int y, std::string_view font, Color color) {
    return fmt::format("set label {} at screen {}, screen {} left font '{}' textcolor rgb {}\n", gnuplot_quoted(text),
                       number(share(kMargin, kChartWidth)), number(1 - share(y, height)), font, hex(color));
  };
  page += words(chart.title, kMargin + 16, ":Bold,38", kText);
  for (std::size_t k = 0; k < lines.size(); ++k)
    page += words(lines[k], kMargin + 66 + 34 * static_cast<int>(k), ",25", kFaintText);
  std::size_t block = 0;
  for (std::size_t k = 0; k < chart.panels.size(); ++k) {
    const int width = (kChartWidth - kMargin) / static_cast<int>(columns);
    const int left = static_cast<int>(k % columns) * width, top = above + static_cast<int>(k / columns) * row_height;
    const Place place{.left = share(left + 150, kChartWidth),
                      .right = share(left + width - 10, kChartWidth),
                      .bottom = 1 - share(top + row_height - 92, height),
                      .top = 1 - share(top + (chart.panels[k].title.empty() ? 20 : 56), height)};
    page += panel_script(chart.panels[k], place, block);
    block += chart.panels[k].series.size();
  }
  page += "unset multiplot\nset output\nreset\n";

  const std::string files = (folder / chart.name).string();
  const std::string size =
      fmt::format("size {},{} font 'DejaVu Sans,22' noenhanced background rgb '#ffffff'", kChartWidth, height);
  return fmt::format("set terminal pngcairo {}\nset output {}\n{}", size, gnuplot_quoted(files + ".png"), page) +
         fmt::format("set terminal svg {} dynamic\nset output {}\n{}", size, gnuplot_quoted(files + ".svg"), page);
}

}  // namespace inkling
