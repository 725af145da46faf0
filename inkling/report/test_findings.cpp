#include "inkling/report/test_findings.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "inkling/report/base64.h"
#include "inkling/report/packed.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kRanks = 3;           // guess: the classes of an image that a page names
constexpr std::size_t kLongestName = 40;    // guess, bytes: what a table's heading can hold
constexpr std::size_t kMatrixClasses = 40;  // guess: a larger confusion matrix is no picture any more
constexpr std::size_t kPairs = 100;         // guess: of a larger one, the pairs that are confused most

ordered_json per_class(const Statistics& s) {
  ordered_json rows = ordered_json::array();
  for (const ClassStatistics& c : s.classes)
    rows.push_back({{"images", c.support},
                    {"predicted", c.predicted},
                    {"correct", c.correct},
                    {"precision", rounded(c.precision)},
                    {"recall", rounded(c.recall)},
                    {"f1", rounded(c.f1)}});
  return rows;
}

// The most frequent confusions, the most frequent first: {"label", "predicted", "images"}.
ordered_json confused_pairs(const Study& study, std::size_t classes) {
  std::vector<std::size_t> cells;
  for (std::size_t i = 0; i < study.confusion.size(); ++i)
    if (i / classes != i % classes && study.confusion[i] > 0) cells.push_back(i);
  std::ranges::stable_sort(cells, std::greater(), [&](std::size_t i) { return study.confusion[i]; });
  cells.resize(std::min(cells.size(), kPairs));
  ordered_json rows = ordered_json::array();
  for (const std::size_t i : cells)
    rows.push_back({{"label", i / classes}, {"predicted", i % classes}, {"images", study.confusion[i]}});
  return rows;
}

ordered_json confusion_rows(const Study& study, std::size_t classes) {
  ordered_json rows = ordered_json::array();
  for (std::size_t c = 0; c < classes; ++c)
    rows.push_back(std::vector<std::size_t>(study.confusion.begin() + static_cast<std::ptrdiff_t>(c * classes),
                                            study.confusion.begin() + static_cast<std::ptrdiff_t>((c + 1) * classes)));
  return rows;
}

// For each image the classes that come first, (images * ranks), and their shares; and the share of its label.
ordered_json answers(const Study& study, const Dataset& test, std::span<const std::size_t> images) {
  const std::size_t classes = study.statistics.classes.size(), ranks = std::min(kRanks, classes);
  std::vector<std::uint8_t> top_class, label;
  std::vector<float> top_share, label_share;
  std::vector<std::size_t> order(classes);
  for (const std::size_t j : images) {
    const std::size_t read = study.statistics.predicted[j];
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      if ((a == read) != (b == read)) return a == read;  // first by its logit, where probabilities tie
      return study.probabilities(j, a) > study.probabilities(j, b);
    });
    for (std::size_t k = 0; k < ranks; ++k) {
      top_class.push_back(static_cast<std::uint8_t>(order[k]));
      top_share.push_back(study.probabilities(j, order[k]));
    }
    label.push_back(test.labels[j]);
    label_share.push_back(study.probabilities(j, test.labels[j]));
  }
  return {{"ranks", ranks},
          {"index", images},
          {"label", base64(label)},
          {"label_share", shares_as_base64(label_share)},
          {"top_class", base64(top_class)},
          {"top_share", shares_as_base64(top_share)}};
}

}  // namespace

std::string pixels_as_base64(const Dataset& data, std::span<const std::size_t> images) {
  std::vector<std::uint8_t> pixels;
  pixels.reserve(images.size() * data.image_size());
  for (const std::size_t j : images) {
    const std::span<const std::uint8_t> row = data.image(j).row(0);
    pixels.insert(pixels.end(), row.begin(), row.end());
  }
  return base64(pixels);
}

std::size_t images_that_fit(const Dataset& data, std::size_t text) { return text / 4 * 3 / data.image_size(); }

ordered_json short_names(std::span<const std::string> class_names) {
  ordered_json names = ordered_json::array();
  for (const std::string& name : class_names) {
    std::size_t end = std::min(name.size(), kLongestName);
    while (end > 0 && end < name.size() && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    names.push_back(end < name.size() ? name.substr(0, end) + "\xE2\x80\xA6" : name);
  }
  return names;
}

ordered_json scores(const Statistics& s) {
  ordered_json bins = ordered_json::array();
  for (const ReliabilityBin& bin : s.bins)
    bins.push_back({{"low", rounded(bin.low)},
                    {"high", rounded(bin.high)},
                    {"images", bin.count},
                    {"confidence", rounded(bin.confidence)},
                    {"accuracy", rounded(bin.accuracy)}});
  return {{"images", s.count},
          {"correct", s.correct},
          {"accuracy", s.accuracy},
          {"standard_error", rounded(s.standard_error)},
          {"top2_accuracy", s.top2_accuracy},
          {"negative_log_likelihood", rounded(s.negative_log_likelihood)},
          {"brier_score", rounded(s.brier_score)},
          {"mean_confidence", rounded(s.mean_confidence)},
          {"expected_calibration_error", rounded(s.expected_calibration_error)},
          {"bins", bins}};
}

ordered_json test_findings(const Study& study, const Dataset& test, std::span<const std::string> class_names) {
  const std::size_t classes = study.statistics.classes.size();
  ordered_json result = scores(study.statistics);
  result["classes"] = short_names(class_names);
  result["per_class"] = per_class(study.statistics);
  if (classes <= kMatrixClasses) result["confusion"] = confusion_rows(study, classes);
  result["confused_pairs"] = confused_pairs(study, classes);
  const std::vector<std::size_t> images = images_worth_a_look(study, test.labels, images_that_fit(test, kMaxImageText));
  ordered_json shown = {{"height", test.height}, {"width", test.width}};
  shown.update(answers(study, test, images));
  shown["pixels"] = pixels_as_base64(test, images);
  result["gallery"] = shown;
  return result;
}

}  // namespace inkling
