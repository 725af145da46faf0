#include "inkling/report/network_parts.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "inkling/report/base64.h"
#include "inkling/report/packed.h"
#include "inkling/report/test_findings.h"

namespace inkling {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kHistogramBins = 41;      // guess: odd, so that 0 has a bin of its own
constexpr std::size_t kMaxSamples = 20;         // guess: rows of a picture
constexpr std::size_t kMaxSampleText = 60'000;  // guess: 57 images of 28x28 pixels

std::vector<float> column(ConstMatrixView W, std::size_t unit) {
  std::vector<float> values(W.rows);
  for (std::size_t i = 0; i < W.rows; ++i) values[i] = W(i, unit);
  return values;
}

double norm_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float x : values) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

// The class whose images excite the unit most, on average; -1 where none does more than another, or nobody knows.
int class_served(const LoadedModel& model, const Study* study, std::size_t unit) {
  if (model.model.layer_count() == 1) return static_cast<int>(unit);
  if (study == nullptr || unit >= study->hidden.front().mean_by_class.cols()) return -1;
  const Matrix& means = study->hidden.front().mean_by_class;
  std::size_t best = 0;
  bool differs = false;
  for (std::size_t c = 1; c < means.rows(); ++c) {
    if (means(c, unit) != means(0, unit)) differs = true;
    if (means(c, unit) > means(best, unit)) best = c;
  }
  return differs ? static_cast<int>(best) : -1;
}

std::string as_base64(const std::vector<std::int8_t>& whole) {
  return base64({reinterpret_cast<const std::uint8_t*>(whole.data()), whole.size()});
}

// A matrix's first rows and columns with one scale.
ordered_json packed_corner(ConstMatrixView m, std::size_t rows, std::size_t cols) {
  std::vector<float> values;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::span<const float> row = m.row(r).first(cols);
    values.insert(values.end(), row.begin(), row.end());
  }
  const PackedRow all = packed(values);
  return {{"scale", rounded(static_cast<double>(all.scale))}, {"values", as_base64(all.whole)}};
}

}  // namespace

ordered_json first_layer_weights(const LoadedModel& model, const Study* study) {
  const ConstMatrixView W = model.model.weight(0);
  std::vector<double> norms;
  for (std::size_t u = 0; u < W.cols; ++u) norms.push_back(norm_of(column(W, u)));
  std::vector<std::size_t> order(W.cols);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t u) { return norms[u]; });
  order.resize(std::min(order.size(), kMaxWeightText / 4 * 3 / W.rows));

  ordered_json units = ordered_json::array();
  std::vector<std::int8_t> whole;
  for (const std::size_t u : order) {
    const PackedRow row = packed(column(W, u));
    whole.insert(whole.end(), row.whole.begin(), row.whole.end());
    units.push_back({{"unit", u},
                     {"norm", rounded(norms[u])},
                     {"bias", rounded(static_cast<double>(model.model.bias(0)(0, u)))},
                     {"scale", rounded(static_cast<double>(row.scale))},
                     {"serves", class_served(model, study, u)}});
  }
  return {{"height", model.info.image_height},
          {"width", model.info.image_width},
          {"total", W.cols},
          {"units", units},
          {"values", as_base64(whole)}};
}

ordered_json weight_layers(const Mlp& model) {
  ordered_json layers = ordered_json::array();
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const ConstMatrixView W = model.weight(l);
    float largest = 0;
    for (std::size_t r = 0; r < W.rows; ++r)
      for (const float x : W.row(r)) largest = std::max(largest, std::abs(x));
    std::vector<std::size_t> counts(kHistogramBins);
    for (std::size_t r = 0; r < W.rows; ++r)
      for (const float x : W.row(r)) {
        const double place = largest > 0 ? (static_cast<double>(x) / static_cast<double>(largest) + 1) / 2 : 0.5;
        ++counts[std::min(kHistogramBins - 1, static_cast<std::size_t>(place * static_cast<double>(kHistogramBins)))];
      }
    layers.push_back({{"name", model.table()[2 * l].name},
                      {"inputs", W.rows},
                      {"outputs", W.cols},
                      {"largest", rounded(static_cast<double>(largest))},
                      {"histogram", counts}});
  }
  return layers;
}

ordered_json activations(const Mlp& model, const Study& study, const Dataset& test) {
  const std::span<const std::size_t> samples(
      study.samples.data(), std::min({study.samples.size(), kMaxSamples, images_that_fit(test, kMaxSampleText)}));
  ordered_json labels = ordered_json::array(), read = ordered_json::array(), layers = ordered_json::array();
  for (const std::size_t j : samples) {
    labels.push_back(test.labels[j]);
    read.push_back(study.statistics.predicted[j]);
  }
  for (std::size_t l = 0; l < study.hidden.size(); ++l) {
    const HiddenActivity& hidden = study.hidden[l];
    const std::size_t rows = hidden.mean_by_class.rows() + samples.size();
    const std::size_t units = std::min(
        hidden.mean_by_class.cols(), std::max<std::size_t>(1, kMaxActivationText / 4 * 3 / rows / study.hidden.size()));
    layers.push_back({{"width", hidden.width},
                      {"units", units},
                      {"activation", name(model.config().activation_of(l))},
                      {"mean_by_class", packed_corner(hidden.mean_by_class, hidden.mean_by_class.rows(), units)},
                      {"of_samples", packed_corner(hidden.of_samples, samples.size(), units)}});
  }
  return {{"samples",
           {{"index", samples},
            {"height", test.height},
            {"width", test.width},
            {"labels", labels},
            {"read", read},
            {"pixels", pixels_as_base64(test, samples)}}},
          {"layers", layers}};
}

}  // namespace inkling
