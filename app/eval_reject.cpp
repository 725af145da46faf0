#include "app/eval_reject.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/progress.h"
#include "inkling/core/error.h"
#include "inkling/reader/refusal.h"

namespace {

using inkling::Evidence;
using inkling::RefusalRule;

// Shown besides the model's own. guess: where the trade of most models turns.
constexpr double kThresholds[] = {0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999};

// Of images as a Reader judges them: a blank one is never sure of anything.
std::vector<Evidence> judged(const inkling::Runtime& rt, const inkling::LoadedModel& loaded, const RefusalRule& rule,
                             const inkling::Dataset& data, const std::string& source) {
  if (data.height != loaded.info.image_height || data.width != loaded.info.image_width)
    inkling::fail(inkling::ErrorKind::shape, "{}: images of {}x{}; the model reads {}x{}", source, data.height,
                  data.width, loaded.info.image_height, loaded.info.image_width);
  std::vector<Evidence> evidence = inkling::evidence_of(rt, loaded.model, rule, data.images());
  for (std::size_t j = 0; j < evidence.size(); ++j)
    if (std::ranges::all_of(data.image(j).row(0), [](std::uint8_t p) { return p == 0; })) evidence[j].probability = -1;
  return evidence;
}

std::string percent(std::size_t part, std::size_t whole, int digits) {
  if (whole == 0) return "-";
  return fmt::format("{:.{}f} %", 100 * static_cast<double>(part) / static_cast<double>(whole), digits);
}

double share(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, whole));
}

}  // namespace

RejectReport reject_report(const inkling::Runtime& rt, const inkling::LoadedModel& loaded, const inkling::Dataset& test,
                           const std::vector<OutsiderSet>& outsiders) {
  RejectReport report{.rule = loaded.info.refusal, .images = test.count(), .outsiders = {}, .rows = {}};
  const RefusalRule own = report.rule.value_or(RefusalRule{});
  const std::vector<Evidence> evidence = judged(rt, loaded, own, test, "the test images");
  std::vector<std::vector<Evidence>> others;
  for (const OutsiderSet& set : outsiders) {
    others.push_back(judged(rt, loaded, own, set.images, set.source));
    report.outsiders.push_back({.source = set.source, .images = set.images.count()});
  }
  const auto add_row = [&](std::optional<double> threshold, bool is_own) {
    RefusalRule rule = own;
    if (threshold && !is_own) rule.least_probability = static_cast<float>(*threshold);
    const auto refuses = [&](const Evidence& e) { return threshold && inkling::refusal_reason(rule, e).has_value(); };
    RejectRow row{.threshold = threshold, .own = is_own};
    for (std::size_t j = 0; j < evidence.size(); ++j) {
      if (refuses(evidence[j])) continue;
      ++row.kept;
      if (evidence[j].best != test.labels[j]) ++row.wrong;
    }
    for (const std::vector<Evidence>& set : others)
      row.refused.push_back(static_cast<std::size_t>(std::ranges::count_if(set, refuses)));
    report.rows.push_back(std::move(row));
  };
  add_row(std::nullopt, false);
  for (const double threshold : kThresholds) add_row(threshold, false);
  if (report.rule) add_row(static_cast<double>(own.least_probability), true);
  std::ranges::stable_sort(report.rows, [](const RejectRow& a, const RejectRow& b) {
    return a.threshold.value_or(-1) < b.threshold.value_or(-1);
  });
  return report;
}

std::string reject_text(const RejectReport& r) {
  std::string text = "\nRefusals  ";
  if (r.rule) {
    text += fmt::format("of answers below {:.1f} %", 100 * static_cast<double>(r.rule->least_probability));
    if (r.rule->has_distance()) text += fmt::format(" and of outlier scores above {:.3g}", r.rule->most_distance);
    text += fmt::format("\n          (>: chosen so that {:.3g} % of {} validation images are refused)\n",
                        100 * r.rule->rate, with_commas(r.rule->images));
  } else {
    text +=
        "the model has no limits of its own and refuses blank images only;\n"
        "          inkling train --validation 0.1 gives it some\n";
  }
  constexpr std::size_t kMostSets = 2;  // derived: what 80 columns hold
  text += fmt::format("\n{:>15}   {:>7}  {:>16}", "answers below", "kept", "wrong of them");
  const std::size_t sets = std::min(kMostSets, r.outsiders.size());
  for (std::size_t k = 0; k < sets; ++k) text += fmt::format("  {:>16}", "refused of");
  text += '\n';
  if (sets > 0) {
    text += std::string(43, ' ');
    for (std::size_t k = 0; k < sets; ++k) {
      const std::string& source = r.outsiders[k].source;
      text += fmt::format("  {:>16}", source.size() > 16 ? "..." + source.substr(source.size() - 13) : source);
    }
    text += '\n';
  }
  for (const RejectRow& row : r.rows) {
    std::string threshold = "all kept";
    if (row.threshold) threshold = *row.threshold == 0 ? "outliers" : fmt::format("{:.1f} %", 100 * *row.threshold);
    text += fmt::format("{} {:>10}   {:>10}  {:>16}", row.own ? '>' : ' ', threshold, percent(row.kept, r.images, 2),
                        percent(row.wrong, row.kept, 2));
    for (std::size_t k = 0; k < sets; ++k)
      text += fmt::format("  {:>16}", percent(row.refused[k], r.outsiders[k].images, 1));
    text += '\n';
  }
  if (r.outsiders.size() > sets) text += fmt::format("  {} more sets: --json has them\n", r.outsiders.size() - sets);
  return text;
}

nlohmann::ordered_json reject_json(const RejectReport& r) {
  nlohmann::ordered_json result = {{"images", r.images}, {"limits", nullptr}};
  if (r.rule) {
    result["limits"] = {{"rate", r.rule->rate},
                        {"images", r.rule->images},
                        {"least_probability", r.rule->least_probability},
                        {"most_distance", nullptr},
                        {"none_unit", r.rule->has_none()}};
    if (r.rule->has_distance()) result["limits"]["most_distance"] = r.rule->most_distance;
  }
  result["rows"] = nlohmann::ordered_json::array();
  for (const RejectRow& row : r.rows) {
    nlohmann::ordered_json line = {{"threshold", nullptr},
                                   {"own", row.own},
                                   {"kept", row.kept},
                                   {"coverage", share(row.kept, r.images)},
                                   {"wrong", row.wrong},
                                   {"error", share(row.wrong, row.kept)},
                                   {"outsiders", nlohmann::ordered_json::array()}};
    if (row.threshold) line["threshold"] = *row.threshold;
    for (std::size_t k = 0; k < r.outsiders.size(); ++k)
      line["outsiders"].push_back({{"data", r.outsiders[k].source},
                                   {"images", r.outsiders[k].images},
                                   {"refused", row.refused[k]},
                                   {"share", share(row.refused[k], r.outsiders[k].images)}});
    result["rows"].push_back(std::move(line));
  }
  return result;
}
