// The JSON of `inkling eval`: everything that the text says and what is too long for it. NaN, a share of nothing, is
// null.
#include <nlohmann/json.hpp>

#include "app/eval_report.h"

namespace {

using nlohmann::ordered_json;

ordered_json confusion_json(const EvalReport& r) {
  const auto classes = static_cast<std::ptrdiff_t>(r.class_names.size());
  ordered_json rows = ordered_json::array();
  for (auto row = r.confusion.begin(); row != r.confusion.end(); row += classes)
    rows.push_back(std::vector<std::size_t>(row, row + classes));
  return rows;
}

ordered_json per_class_json(const EvalReport& r) {
  ordered_json rows = ordered_json::array();
  for (std::size_t c = 0; c < r.class_names.size(); ++c) {
    const inkling::ClassStatistics& each = r.statistics.classes[c];
    rows.push_back({{"class", r.class_names[c]},
                    {"images", each.support},
                    {"predicted", each.predicted},
                    {"correct", each.correct},
                    {"precision", each.precision},
                    {"recall", each.recall},
                    {"f1", each.f1}});
  }
  return rows;
}

ordered_json reliability_json(const inkling::Statistics& s) {
  ordered_json rows = ordered_json::array();
  for (const inkling::ReliabilityBin& bin : s.bins)
    rows.push_back({{"low", bin.low},
                    {"high", bin.high},
                    {"images", bin.count},
                    {"confidence", bin.confidence},
                    {"accuracy", bin.accuracy}});
  return rows;
}

ordered_json mistakes_json(const EvalReport& r) {
  ordered_json rows = ordered_json::array();
  for (const Mistake& m : r.mistakes)
    rows.push_back({{"index", m.image},
                    {"label", r.class_names[m.label]},
                    {"class", r.class_names[m.predicted]},
                    {"probability", m.probability}});
  return rows;
}

ordered_json comparison_json(const Comparison& c) {
  ordered_json result = {{"model", c.model}};
  result.update(summary_json(c.statistics));
  result.update({{"both_right", c.mcnemar.both_right},
                 {"only_first_right", c.mcnemar.only_first},
                 {"only_second_right", c.mcnemar.only_second},
                 {"neither_right", c.mcnemar.neither},
                 {"p_value", c.mcnemar.p_value}});
  return result;
}

}  // namespace

ordered_json summary_json(const inkling::Statistics& s) {
  return {{"accuracy", s.accuracy},
          {"standard_error", s.standard_error},
          {"top2_accuracy", s.top2_accuracy},
          {"negative_log_likelihood", s.negative_log_likelihood},
          {"brier_score", s.brier_score},
          {"mean_confidence", s.mean_confidence},
          {"expected_calibration_error", s.expected_calibration_error}};
}

ordered_json report_json(const EvalReport& r) {
  ordered_json result = {{"model", r.model},
                         {"data", r.data},
                         {"temperature", r.temperature},
                         {"images", r.statistics.count},
                         {"correct", r.statistics.correct}};
  result.update(summary_json(r.statistics));
  result["loss"] = r.statistics.negative_log_likelihood;
  result["macro"] = {{"precision", r.statistics.macro_precision},
                     {"recall", r.statistics.macro_recall},
                     {"f1", r.statistics.macro_f1}};
  result["classes"] = r.class_names;
  result["per_class"] = per_class_json(r);
  result["confusion"] = confusion_json(r);
  result["reliability"] = reliability_json(r.statistics);
  result["mistakes"] = mistakes_json(r);
  if (r.comparison) result["compare"] = comparison_json(*r.comparison);
  if (r.reject) result["reject"] = reject_json(*r.reject);
  return result;
}
