#include "inkling/report/report_data.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "inkling/core/error.h"
#include "inkling/report/base64.h"
#include "inkling/report/network_parts.h"
#include "inkling/report/packed.h"
#include "inkling/report/run_facts.h"
#include "inkling/report/test_findings.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

constexpr int kDataVersion = 1;
constexpr std::size_t kMaxNote = 2000;  // guess, bytes: an error's text

ordered_json notes_of(std::span<const std::string> notes) {
  ordered_json list = ordered_json::array();
  for (const std::string& note : notes) list.push_back(note.substr(0, kMaxNote));
  return list;
}

ordered_json test_facts(const TestImages* test) {
  if (test == nullptr) return nullptr;
  return {{"origin", test->origin},
          {"images", test->images.count()},
          {"checksums", {test->idx_sha256[2], test->idx_sha256[3]}}};
}

// Without test images there is still the last line of the run's record; its error bar is that of Metrics.
ordered_json recorded_scores(const RunHistory& run) {
  if (run.epochs.empty() || run.data.test_images == 0) return nullptr;
  const EpochRecord& last = run.epochs.back();
  Metrics metrics{.count = run.data.test_images, .accuracy = last.test_accuracy, .loss = last.test_loss};
  metrics.correct = static_cast<std::size_t>(std::lround(last.test_accuracy * static_cast<double>(metrics.count)));
  return {{"epoch", last.epoch},
          {"images", metrics.count},
          {"accuracy", rounded(last.test_accuracy)},
          {"standard_error", rounded(metrics.standard_error())},
          {"loss", rounded(last.test_loss)}};
}

ordered_json pairwise(std::span<const ReportedRun> runs, const Dataset& test) {
  ordered_json pairs = ordered_json::array();
  for (std::size_t a = 0; a < runs.size(); ++a)
    for (std::size_t b = a + 1; b < runs.size(); ++b) {
      if (runs[a].study == nullptr || runs[b].study == nullptr) continue;
      const McNemar m = mcnemar(runs[a].study->statistics.predicted, runs[b].study->statistics.predicted, test.labels);
      pairs.push_back({{"first", a},
                       {"second", b},
                       {"both_right", m.both_right},
                       {"only_first", m.only_first},
                       {"only_second", m.only_second},
                       {"neither", m.neither},
                       {"p_value", rounded(m.p_value)}});
    }
  return pairs;
}

// Images that some of the models read rightly and others not, those first of which a model was wrongly most sure.
ordered_json disagreements(std::span<const ReportedRun> runs, const Dataset& test) {
  std::vector<const Study*> studies;
  for (const ReportedRun& run : runs)
    if (run.study != nullptr) studies.push_back(run.study);
  std::vector<std::pair<float, std::size_t>> found;
  for (std::size_t j = 0; j < test.count(); ++j) {
    std::size_t right = 0;
    float surest = 0;
    for (const Study* study : studies) {
      const std::size_t read = study->statistics.predicted[j];
      if (read == test.labels[j])
        ++right;
      else
        surest = std::max(surest, study->probabilities(j, read));
    }
    if (right > 0 && right < studies.size()) found.emplace_back(surest, j);
  }
  const std::size_t total = found.size();
  std::ranges::stable_sort(found, std::greater(), [](const auto& each) { return each.first; });
  found.resize(std::min(found.size(), images_that_fit(test, kMaxImageText)));

  std::vector<std::size_t> images;
  std::vector<std::uint8_t> labels, read;
  std::vector<float> shares;
  for (const auto& [surest, j] : found) {
    images.push_back(j);
    labels.push_back(test.labels[j]);
    for (const Study* study : studies) {
      read.push_back(static_cast<std::uint8_t>(study->statistics.predicted[j]));
      shares.push_back(study->probabilities(j, study->statistics.predicted[j]));
    }
  }
  return {{"total", total},
          {"height", test.height},
          {"width", test.width},
          {"index", images},
          {"label", base64(labels)},
          {"read", base64(read)},
          {"share", shares_as_base64(shares)},
          {"pixels", pixels_as_base64(test, images)}};
}

}  // namespace

ordered_json report_of(const ReportedRun& run, const TestImages* test, std::span<const std::string> notes) {
  ordered_json data = {{"format", kDataVersion}, {"kind", "run"}, {"notes", notes_of(notes)}};
  data["run"] = run_facts(run.history);
  data["run"]["recorded"] = recorded_scores(run.history);
  data["test"] = test_facts(test);
  if (run.model != nullptr) {
    data["weights"] = first_layer_weights(*run.model, run.study);
    data["weight_layers"] = weight_layers(run.model->model);
    data["temperature"] = rounded(static_cast<double>(run.model->model.config().temperature));
  }
  if (run.study != nullptr && test != nullptr) {
    data["findings"] = test_findings(*run.study, test->images, run.model->info.class_names);
    data["activations"] = activations(run.model->model, *run.study, test->images);
  }
  return data;
}

ordered_json comparison_of(std::span<const ReportedRun> runs, const TestImages* test,
                           std::span<const std::string> notes) {
  if (runs.size() < 2 || runs.size() > kMaxComparedRuns)
    fail(ErrorKind::config, "{} runs to compare; expected 2 to {}", runs.size(), kMaxComparedRuns);
  std::vector<const RunHistory*> histories;
  for (const ReportedRun& run : runs) {
    histories.push_back(&run.history);
    if (run.study != nullptr && (test == nullptr || run.study->statistics.count != test->images.count()))
      fail(ErrorKind::shape, "{}: was tested on other images than the runs beside it", run.history.folder.string());
  }
  ordered_json data = {{"format", kDataVersion}, {"kind", "comparison"}, {"notes", notes_of(notes)}};
  data["test"] = test_facts(test);
  data["differences"] = config_differences(histories);
  data["runs"] = ordered_json::array();
  for (const ReportedRun& run : runs) {
    ordered_json facts = run_facts(run.history, kMaxCurveNumbers / runs.size());
    facts["recorded"] = recorded_scores(run.history);
    if (run.study != nullptr) facts["scores"] = scores(run.study->statistics);
    data["runs"].push_back(facts);
  }
  if (test != nullptr) {
    const auto named = std::ranges::find_if(runs, [](const ReportedRun& r) { return r.model != nullptr; });
    data["classes"] = short_names(named == runs.end() ? test->images.class_names : named->model->info.class_names);
    data["pairs"] = pairwise(runs, test->images);
    data["disagreements"] = disagreements(runs, test->images);
  }
  return data;
}

}  // namespace inkling
