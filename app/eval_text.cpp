// The text of `inkling eval`, in 80 columns and, for ten classes, in less than 60 lines.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "app/eval_report.h"
#include "app/progress.h"
#include "app/terminal.h"

namespace {

using inkling::Statistics;

// "97.8", or "-" where there is none.
std::string percent(double share) { return std::isnan(share) ? "-" : fmt::format("{:.1f}", 100 * share); }

// What tables call the classes: their names, where the beginnings that a column holds tell them apart, or else their
// numbers, which the legend explains.
struct TableNames {
  std::vector<std::string> names;
  std::string legend{};
};

TableNames table_names(const std::vector<std::string>& names) {
  constexpr std::size_t kColumns = 80, kIndent = 10;
  std::set<std::string> beginnings;
  for (const std::string& name : names) beginnings.insert(fmt::format("{:.5}", name));
  if (beginnings.size() == names.size()) return {names};
  TableNames table;
  std::string line = "\nClasses   ";
  std::size_t column = kIndent;
  for (std::size_t c = 0; c < names.size(); ++c) {
    table.names.push_back(fmt::format("{}", c));
    const std::string entry = fmt::format("{} {}{}", c, names[c], c + 1 < names.size() ? "," : "");
    if (column > kIndent && column + 1 + columns_of(entry) > kColumns) {
      line += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    } else if (column > kIndent) {
      line += ' ';
      ++column;
    }
    line += entry;
    column += columns_of(entry);
  }
  table.legend = line + "\n";
  return table;
}

std::string confusion_text(const EvalReport& r, const std::vector<std::string>& names) {
  constexpr std::size_t kMostClasses = 12;  // derived: what 80 columns hold
  if (names.size() > kMostClasses)
    return fmt::format("\nConfusion matrix: {} classes are too many for a terminal; --json has it.\n", names.size());
  std::string text = "\nConfusion matrix (a row is a label, a column what was read)\n\n        ";
  for (const std::string& name : names) text += fmt::format("{:>6.5}", name);
  text += "   right\n";
  for (std::size_t y = 0; y < names.size(); ++y) {
    text += fmt::format("{:>8.7}", names[y]);
    for (std::size_t p = 0; p < names.size(); ++p) {
      const std::size_t count = r.confusion[y * names.size() + p];
      text += fmt::format("{:>6}", count == 0 ? "." : fmt::format("{}", count));
    }
    const double recall = r.statistics.classes[y].recall;
    text += std::isnan(recall) ? "       -\n" : fmt::format("{:>6.1f} %\n", 100 * recall);
  }
  return text;
}

constexpr std::size_t kLeftWidth = 39;

// kLeftWidth wide, each line.
std::vector<std::string> class_table(const EvalReport& r, const std::vector<std::string>& names) {
  std::vector<std::string> lines = {fmt::format("{:<{}}", "Classes (%)", kLeftWidth), std::string(kLeftWidth, ' '),
                                    "        precision  recall     F1  images"};
  for (std::size_t c = 0; c < r.class_names.size(); ++c) {
    const inkling::ClassStatistics& each = r.statistics.classes[c];
    lines.push_back(fmt::format("{:>8.7}{:>9}{:>8}{:>7}{:>7}", names[c], percent(each.precision), percent(each.recall),
                                percent(each.f1), each.support));
  }
  lines.push_back(fmt::format("{:>8}{:>9}{:>8}{:>7}{:>7}", "mean", percent(r.statistics.macro_precision),
                              percent(r.statistics.macro_recall), percent(r.statistics.macro_f1), r.statistics.count));
  return lines;
}

// Of the bins that have images.
std::vector<std::string> reliability_table(const Statistics& s) {
  std::vector<std::string> lines = {"Reliability (%) of the top probability", "",
                                    "   confidence images    mean   right"};
  for (const inkling::ReliabilityBin& bin : s.bins)
    if (bin.count > 0)
      lines.push_back(fmt::format("{:>5.1f} - {:>5.1f}{:>7}{:>8}{:>8}", 100 * bin.low, 100 * bin.high, bin.count,
                                  percent(bin.confidence), percent(bin.accuracy)));
  return lines;
}

std::string beside(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  std::string text;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    std::string line = i < left.size() ? left[i] : std::string(kLeftWidth, ' ');
    if (i < right.size()) line += "   " + right[i];
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string mistakes_text(const EvalReport& r) {
  if (r.mistakes.empty()) return {};
  constexpr std::size_t kShown = 5;
  std::string text = fmt::format("\nMost confident mistakes (look at one: inkling predict {} --index N)\n", r.model);
  for (std::size_t k = 0; k < std::min(kShown, r.mistakes.size()); ++k) {
    const Mistake& m = r.mistakes[k];
    text += fmt::format("  image {:>5}: {} read as {} with {:.2f} %\n", m.image, r.class_names[m.label],
                        r.class_names[m.predicted], 100 * m.probability);
  }
  return text;
}

// What a p-value says, in words that claim no more than it does.
std::string verdict(const inkling::McNemar& m) {
  if (m.only_first + m.only_second == 0) return "right and wrong on the same images";
  if (!(m.p_value < 0.05)) return "no evidence of a difference";
  return fmt::format("{}evidence that the {} model is better", m.p_value < 0.001 ? "strong " : "",
                     m.only_first > m.only_second ? "first" : "second");
}

std::string comparison_text(const Comparison& c) {
  const inkling::McNemar& m = c.mcnemar;
  return fmt::format(
      "\nAgainst   {}: {:.2f} % ± {:.2f}\n"
      "          both right {}, first alone {}, second alone {}, neither {}\n"
      "          McNemar's p = {:.3g}: {}\n",
      c.model, 100 * c.statistics.accuracy, 100 * c.statistics.standard_error, with_commas(m.both_right),
      with_commas(m.only_first), with_commas(m.only_second), with_commas(m.neither), m.p_value, verdict(m));
}

}  // namespace

std::string summary(const Statistics& s) {
  return fmt::format(
      "Accuracy  {:.2f} % ± {:.2f} (standard error), {} of {} wrong\n"
      "Top two   {:.2f} % have their label among the two most likely classes\n"
      "Loss      {:.4f} (negative log-likelihood, nats), Brier score {:.4f}\n"
      "Certainty {:.2f} % on average, expected calibration error {:.2f} %\n",
      100 * s.accuracy, 100 * s.standard_error, with_commas(s.count - s.correct), with_commas(s.count),
      100 * s.top2_accuracy, s.negative_log_likelihood, s.brier_score, 100 * s.mean_confidence,
      100 * s.expected_calibration_error);
}

std::string report_text(const EvalReport& r) {
  std::string text = fmt::format("Model     {}: {}\nData      {}: {} test images\n\n", r.model, r.network, r.data,
                                 with_commas(r.statistics.count));
  text += summary(r.statistics);
  if (r.comparison) text += comparison_text(*r.comparison);
  if (r.reject) text += reject_text(*r.reject);
  const TableNames table = table_names(r.class_names);
  text += table.legend;
  text += confusion_text(r, table.names);
  text += "\n" + beside(class_table(r, table.names), reliability_table(r.statistics));
  text += mistakes_text(r);
  return text;
}
