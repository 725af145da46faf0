#include "inkling/report/study.h"

#include <algorithm>
#include <map>

#include "inkling/model/backprop.h"
#include "inkling/model/output.h"
#include "inkling/model/workspace.h"
#include "inkling/train/metrics.h"

namespace inkling {
namespace {

constexpr std::size_t kBatch = 256;          // guess: a layer's outputs stay in the second cache
constexpr std::size_t kRightOfAClass = 12;   // guess: a row or two of a gallery
constexpr std::size_t kShareOfTheRight = 4;  // one image in so many may be one that was read rightly

std::vector<std::size_t> first_of_each_class(const Dataset& data) {
  std::vector<std::size_t> first;
  for (std::size_t c = 0; c < data.class_count(); ++c) {
    const auto at = std::ranges::find(data.labels, c);
    if (at != data.labels.end()) first.push_back(static_cast<std::size_t>(at - data.labels.begin()));
  }
  return first;
}

// Sums of activations by class, in double: a mean over 10,000 images that lost no digit.
class ActivitySums {
 public:
  ActivitySums(const Mlp& model, std::size_t classes) : classes_(classes) {
    for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) {
      units_.push_back(std::min(model.config().widths[l + 1], kMaxStudiedUnits));
      sums_.emplace_back(classes * units_.back());
    }
  }

  void add(const Workspace& ws, std::span<const std::uint8_t> labels) {
    for (std::size_t l = 0; l < sums_.size(); ++l)
      for (std::size_t b = 0; b < labels.size(); ++b) {
        const std::span<const float> row = ws.output(l).row(b);
        double* sum = sums_[l].data() + labels[b] * units_[l];
        for (std::size_t u = 0; u < units_[l]; ++u) sum[u] += static_cast<double>(row[u]);
      }
  }

  Matrix means(std::size_t layer, std::span<const ClassStatistics> classes) const {
    Matrix means(classes_, units_[layer]);
    for (std::size_t c = 0; c < classes_; ++c)
      for (std::size_t u = 0; u < units_[layer]; ++u)
        if (classes[c].support > 0)
          means(c, u) =
              static_cast<float>(sums_[layer][c * units_[layer] + u] / static_cast<double>(classes[c].support));
    return means;
  }

  std::size_t units(std::size_t layer) const { return units_[layer]; }
  std::size_t layers() const { return units_.size(); }

 private:
  std::size_t classes_;
  std::vector<std::size_t> units_;
  std::vector<std::vector<double>> sums_;
};

}  // namespace

Study study(const Runtime& rt, const Mlp& model, const Dataset& data) {
  check_fit(model.config(), data);
  const std::size_t classes = model.config().outputs();
  Workspace ws(model, std::min(kBatch, data.count()));
  ActivitySums sums(model, classes);
  Matrix logits(data.count(), classes);
  for (std::size_t first = 0; first < data.count(); first += kBatch) {
    const std::size_t count = std::min(kBatch, data.count() - first);
    forward(rt, model, data.images().middle_rows(first, count), ws);
    for (std::size_t b = 0; b < count; ++b) std::ranges::copy(ws.logits().row(b), logits.view().row(first + b).begin());
    sums.add(ws, std::span(data.labels).subspan(first, count));
  }

  Study result;
  result.probabilities = Matrix(data.count(), classes);
  class_probabilities(rt, model.config(), logits, result.probabilities);
  result.statistics = statistics_of(result.probabilities, data.labels, logits);
  result.confusion.resize(classes * classes);
  for (std::size_t j = 0; j < data.count(); ++j)
    ++result.confusion[data.labels[j] * classes + result.statistics.predicted[j]];

  result.samples = first_of_each_class(data);
  for (std::size_t l = 0; l < sums.layers(); ++l)
    result.hidden.push_back({.width = model.config().widths[l + 1],
                             .mean_by_class = sums.means(l, result.statistics.classes),
                             .of_samples = Matrix(result.samples.size(), sums.units(l))});
  for (std::size_t s = 0; s < result.samples.size(); ++s) {
    forward(rt, model, data.image(result.samples[s]), ws);
    for (std::size_t l = 0; l < sums.layers(); ++l)
      std::ranges::copy(ws.output(l).row(0).first(sums.units(l)), result.hidden[l].of_samples.view().row(s).begin());
  }
  return result;
}

std::vector<std::size_t> images_worth_a_look(const Study& study, std::span<const std::uint8_t> labels,
                                             std::size_t most) {
  const std::vector<std::uint32_t>& predicted = study.statistics.predicted;
  const std::size_t classes = study.statistics.classes.size();
  std::vector<std::vector<std::size_t>> cells(classes * classes);
  for (std::size_t j = 0; j < labels.size(); ++j) cells[labels[j] * classes + predicted[j]].push_back(j);

  std::map<std::size_t, std::vector<std::size_t>> wrong_by_rank, right_by_rank;  // rank in their cell
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const bool is_right = c / classes == c % classes;
    std::ranges::stable_sort(cells[c], [&](std::size_t a, std::size_t b) {
      const float p = study.probabilities(a, predicted[a]), q = study.probabilities(b, predicted[b]);
      return is_right ? p < q : p > q;
    });
    const std::size_t ranks = is_right ? std::min(cells[c].size(), kRightOfAClass) : cells[c].size();
    for (std::size_t rank = 0; rank < ranks; ++rank)
      (is_right ? right_by_rank : wrong_by_rank)[rank].push_back(cells[c][rank]);
  }
  std::vector<std::size_t> wrong, right;
  for (const auto& [rank, images] : wrong_by_rank) wrong.insert(wrong.end(), images.begin(), images.end());
  for (const auto& [rank, images] : right_by_rank) right.insert(right.end(), images.begin(), images.end());

  right.resize(std::min(right.size(), most / kShareOfTheRight));
  wrong.resize(std::min(wrong.size(), most - right.size()));
  wrong.insert(wrong.end(), right.begin(), right.end());
  return wrong;
}

}  // namespace inkling
