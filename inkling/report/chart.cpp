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

// At 1, 2 and 5 times each power of ten, at the powers alone where they are many.
std::string logarithmic_tics(char name, const ChartAxis& axis) {
  if (!axis.low || !axis.high || !(*axis.low > 0) || !(*axis.high > *axis.low)) return {};
  const int first = static_cast<int>(std::floor(std::log10(*axis.low)));
  const int last = static_cast<int>(std::ceil(std::log10(*axis.high)));
  constexpr int kManyPowers = 3;
  std::string tics;
  for (int power = first; power <= last; ++power)
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double at = factor * std::pow(10.0, power);
      if (at < *axis.low || at > *axis.high || (factor > 1 && last - first > kManyPowers)) continue;
      tics += (tics.empty() ? "" : ", ") + number(at);
    }
  return tics.empty() ? tics : fmt::format("set {}tics ({})\n", name, tics);
}

std::string axis_commands(char name, const ChartAxis& axis) {
  std::string text = fmt::format("set {}label {} textcolor rgb {} font ',24'\nset {}range {}\n", name,
                                 gnuplot_quoted(axis.label), hex(kText), name, range(axis));
  if (axis.logarithmic)
    text += fmt::format("set logscale {}\nset format {} '%g'\n", name, name) + logarithmic_tics(name, axis);
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

constexpr std::string_view kDashes[] = {"1", "(9,4,2,4)", "(6,3)", "(2,3)"};  // gnuplot's: lengths of strokes and gaps

std::string how_drawn(const Series& s) {
  const std::string color = hex(s.color);
  switch (s.drawn) {
    case Drawn::lines: {
      const std::string line =
          fmt::format("lc rgb {} lw 1.6 dt {}", color, kDashes[static_cast<std::size_t>(s.dash) % std::size(kDashes)]);
      if (s.point == 0) return "with lines " + line;
      return fmt::format("with linespoints {} pt {} ps 1.1*sign", line, s.point);
    }
    case Drawn::points: return fmt::format("with points lc rgb {} pt {} ps 1.6*sign lw 1", color, s.point);
    case Drawn::dots: return fmt::format("with points lc rgb {} pt {} ps 0.75*sign lw 0.7", color, s.point);
    case Drawn::bars: return fmt::format("with boxes lc rgb {} fill solid 0.8 noborder", color);
  }
  return {};
}

// Where on the page a panel is, as shares of it; y upwards.
struct Place {
  double left, right, bottom, top;
  double title;  // the height of its title
  std::size_t key_columns;
};

std::size_t names_in_key(const Panel& panel) {
  return static_cast<std::size_t>(std::ranges::count_if(panel.series, [](const Series& s) { return !s.name.empty(); }));
}

// A logarithmic axis whose ends were left open gets those of its numbers, with some room.
ChartAxis with_ends(ChartAxis axis, const std::vector<Series>& series) {
  if (!axis.logarithmic) return axis;
  double low = INFINITY, high = 0;
  for (const Series& s : series)
    for (const double v : s.y) {
      if (!(v > 0) || !std::isfinite(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  if (high == 0) return axis;
  constexpr double kRoom = 1.25;
  if (!axis.low) axis.low = low / kRoom;
  if (!axis.high) axis.high = high * kRoom;
  return axis;
}

std::string panel_script(const Panel& panel, const Place& place, std::size_t block) {
  std::string data, plots;
  const std::size_t keys = names_in_key(panel);
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
    text += fmt::format("set label {} at screen {}, screen {} left textcolor rgb {} font ':Bold,24'\n",
                        gnuplot_quoted(panel.title), number(place.left), number(place.title), hex(kText));
  text += axis_commands('x', panel.x) + axis_commands('y', with_ends(panel.y, panel.series));
  text += keys == 0 ? "unset key\n"
                    : fmt::format(
                          "set key at graph 0, graph 1.01 left bottom Left reverse horizontal maxcols {} "
                          "noautotitle samplen 2.4 width 1 spacing 1.2 textcolor rgb {}\n",
                          place.key_columns, hex(kText));
  if (panel.bar_width > 0) text += fmt::format("set boxwidth {}\n", number(panel.bar_width));
  for (const Mark& m : panel.marks) {
    text += fmt::format("set arrow from first {}, graph 0 to first {}, graph 1 nohead lc rgb {} lw 0.8 dt 3\n",
                        number(m.x), number(m.x), hex(kFaintText));
    text += fmt::format("set label {} at first {}, graph {} {} offset {},0 textcolor rgb {} front boxed\n",
                        gnuplot_quoted(m.text), number(m.x), number(m.height), m.to_the_left ? "right" : "left",
                        m.to_the_left ? "-0.8" : "0.8", hex(kText));
    if (m.y)
      text += fmt::format("set label '' at first {}, first {} point pt 6 ps 2*sign lw 1 lc rgb {} front\n", number(m.x),
                          number(*m.y), hex(kText));
  }
  for (const Note& n : panel.notes)
    text += fmt::format("set label {} at first {}, first {} center textcolor rgb {} font ':Bold,22' front boxed\n",
                        gnuplot_quoted(n.text), number(n.x), number(n.y), hex(kText));
  if (panel.diagonal) add(fmt::format("x with lines lc rgb {} lw 1 dt 2 notitle", hex(kText)));
  return text + plots +
         "\nunset label\nunset arrow\nunset logscale\nunset format\nset format '%h'\nset xtics autofreq\n"
         "set ytics autofreq\n";
}

}  // namespace

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    if (c == '\'')
      quoted += "’";  // nothing then ends the text but its end: gnuplot reads doubled quotes at a beginning wrongly
    else
      quoted += control ? ' ' : c;
  }
  return quoted + "'";
}

std::string gnuplot_script(const Chart& chart) {
  const std::size_t columns = std::max<std::size_t>(1, std::min(chart.columns, chart.panels.size()));
  const std::size_t rows = (chart.panels.size() + columns - 1) / columns;
  const int row_height = rows == 1 ? kPanelHeight : kSmallPanelHeight;
  const std::vector<std::string> lines = broken_into_lines(chart.explanation, kSubtitle, kChartWidth - 2 * kMargin);
  const int above = kMargin + 66 + 34 * static_cast<int>(lines.size());
  const int height = above + static_cast<int>(rows) * row_height + 24;
  const auto share = [](int pixels, int all) { return static_cast<double>(pixels) / all; };

  std::string page;  // what both files share
  page += "set encoding utf8\nset datafile missing 'NaN'\nset border 3 lc rgb '#666666' lw 0.8\n";
  page += "set tics nomirror out textcolor rgb '#222222'\nset grid back lc rgb '#d4d4d4' lw 0.6 dt 1\n";
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
    const std::size_t keys = names_in_key(chart.panels[k]), key_columns = columns == 1 ? 8 : 4;
    const int title_room = chart.panels[k].title.empty() ? 14 : 54;
    const int key_room = 40 * static_cast<int>((keys + key_columns - 1) / key_columns);
    const Place place{.left = share(left + 150, kChartWidth),
                      .right = share(left + width - 10, kChartWidth),
                      .bottom = 1 - share(top + row_height - 92, height),
                      .top = 1 - share(top + title_room + key_room, height),
                      .title = 1 - share(top + 24, height),
                      .key_columns = key_columns};
    page += panel_script(chart.panels[k], place, block);
    block += chart.panels[k].series.size();
  }
  page += "unset multiplot\nset output\nreset\n";

  const std::string size = fmt::format(
      "size {},{} font 'DejaVu Sans,22' linewidth 2 noenhanced background rgb '#ffffff'", kChartWidth, height);
  return fmt::format("sign = 1\nset terminal pngcairo {} fontscale 0.75\nset output {}\n{}", size,
                     gnuplot_quoted(chart.name + ".png"), page) +
         fmt::format("sign = 0.5\nset terminal svg {} dynamic\nset output {}\n{}", size,
                     gnuplot_quoted(chart.name + ".svg"), page);
}

}  // namespace inkling
