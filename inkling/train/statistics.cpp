#include "inkling/train/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/core/matrix.h"
#include "inkling/model/output.h"
#include "inkling/train/metrics.h"

namespace inkling {
namespace {

constexpr double kSmallestFloat = std::numeric_limits<float>::denorm_min();

// NaN for a share of nothing.
double share(double part, std::size_t whole) {
  return whole == 0 ? std::numeric_limits<double>::quiet_NaN() : part / static_cast<double>(whole);
}
double share(std::size_t part, std::size_t whole) { return share(static_cast<double>(part), whole); }

void check_shapes(ConstMatrixView probabilities, std::span<const std::uint8_t> labels, ConstMatrixView scores) {
  if (labels.empty()) fail(ErrorKind::shape, "statistics: no images; expected one at least");
  if (labels.size() != probabilities.rows)
    fail(ErrorKind::shape, "statistics: {} labels for probabilities of shape {}", labels.size(), shape(probabilities));
  if (scores.rows != probabilities.rows || scores.cols != probabilities.cols)
    fail(ErrorKind::shape, "statistics: scores of shape {} for probabilities of shape {}", shape(scores),
         shape(probabilities));
  for (std::size_t b = 0; b < labels.size(); ++b)
    if (labels[b] >= probabilities.cols)
      fail(ErrorKind::shape, "statistics: image {} has label {}; expected one below {}", b, labels[b],
           probabilities.cols);
}

void check_numbers(std::span<const float> p, std::span<const float> scores, std::size_t image) {
  constexpr float kMost = 1.0001f;  // guess: a probability that was rounded, not another quantity
  for (std::size_t c = 0; c < p.size(); ++c) {
    if (!(p[c] >= 0 && p[c] <= kMost))
      fail(ErrorKind::numeric, "statistics: image {}: the probability of class {} is {}; expected one from 0 to 1",
           image, c, p[c]);
    if (std::isnan(scores[c]))
      fail(ErrorKind::numeric, "statistics: image {}: the score of class {} is not a number", image, c);
  }
}

// How many classes stand before this one: those with a higher score, and the equal ones to its left.
std::size_t rank(std::span<const float> scores, std::size_t label) {
  std::size_t before = 0;
  for (std::size_t c = 0; c < scores.size(); ++c)
    before += scores[c] > scores[label] || (scores[c] == scores[label] && c < label);
  return before;
}

double squared_distance(std::span<const float> p, std::size_t label) {
  double sum = 0;
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double d = static_cast<double>(p[c]) - (c == label ? 1 : 0);
    sum += d * d;
  }
  return sum;
}

// m with confidence in (m / bins, (m + 1) / bins]; 0 goes into the first. The product is exact: 24 bits by 4.
std::size_t bin_of(double confidence) {
  const double up = std::ceil(confidence * static_cast<double>(kReliabilityBins)) - 1;
  return static_cast<std::size_t>(std::clamp(up, 0.0, static_cast<double>(kReliabilityBins - 1)));
}

// From sums over the images to means, of the bins and of all.
void finish_calibration(Statistics& s) {
  const auto width = 1.0 / static_cast<double>(kReliabilityBins);
  for (std::size_t m = 0; m < s.bins.size(); ++m) {
    ReliabilityBin& bin = s.bins[m];
    bin.low = static_cast<double>(m) * width;
    bin.high = static_cast<double>(m + 1) * width;
    s.mean_confidence += bin.confidence;
    s.expected_calibration_error += std::abs(bin.accuracy - bin.confidence);  // sums: count stands in both
    bin.confidence = share(bin.confidence, bin.count);
    bin.accuracy = share(bin.accuracy, bin.count);
  }
  s.mean_confidence /= static_cast<double>(s.count);
  s.expected_calibration_error /= static_cast<double>(s.count);
}

double mean_where_defined(const std::vector<ClassStatistics>& classes, double ClassStatistics::*value) {
  double sum = 0;
  std::size_t defined = 0;
  for (const ClassStatistics& each : classes)
    if (!std::isnan(each.*value)) {
      sum += each.*value;
      ++defined;
    }
  return share(sum, defined);
}

void finish_classes(Statistics& s) {
  for (ClassStatistics& each : s.classes) {
    each.precision = share(each.correct, each.predicted);
    each.recall = share(each.correct, each.support);
    each.f1 = share(2 * each.correct, each.support + each.predicted);
    s.correct += each.correct;
  }
  s.macro_precision = mean_where_defined(s.classes, &ClassStatistics::precision);
  s.macro_recall = mean_where_defined(s.classes, &ClassStatistics::recall);
  s.macro_f1 = mean_where_defined(s.classes, &ClassStatistics::f1);
}

}  // namespace

Statistics statistics_of(ConstMatrixView probabilities, std::span<const std::uint8_t> labels, ConstMatrixView scores) {
  check_shapes(probabilities, labels, scores);
  Statistics s;
  s.count = labels.size();
  s.bins.resize(kReliabilityBins);
  s.classes.resize(probabilities.cols);
  s.predicted.reserve(s.count);
  std::size_t in_top_2 = 0;
  for (std::size_t b = 0; b < s.count; ++b) {
    const std::span<const float> p = probabilities.row(b), score = scores.row(b);
    check_numbers(p, score, b);
    const std::size_t label = labels[b];
    const auto best = static_cast<std::size_t>(std::ranges::max_element(score) - score.begin());
    s.predicted.push_back(static_cast<std::uint32_t>(best));
    in_top_2 += rank(score, label) < 2;
    ++s.classes[label].support;
    ++s.classes[best].predicted;
    s.classes[best].correct += best == label;

    s.negative_log_likelihood -= portable_log(std::max(static_cast<double>(p[label]), kSmallestFloat));
    s.brier_score += squared_distance(p, label);
    const auto confidence = static_cast<double>(p[best]);
    ReliabilityBin& bin = s.bins[bin_of(confidence)];
    ++bin.count;
    bin.confidence += confidence;
    bin.accuracy += best == label;
  }
  finish_classes(s);
  finish_calibration(s);
  s.accuracy = share(s.correct, s.count);
  s.standard_error = Metrics{.count = s.count, .correct = s.correct}.standard_error();
  s.top2_accuracy = share(in_top_2, s.count);
  s.negative_log_likelihood /= static_cast<double>(s.count);
  s.brier_score /= static_cast<double>(s.count);
  return s;
}

Statistics statistics_of(ConstMatrixView probabilities, std::span<const std::uint8_t> labels) {
  return statistics_of(probabilities, labels, probabilities);
}

Statistics statistics_of(const Runtime& rt, const Mlp& model, const Dataset& data) {
  const Matrix logits = logits_of(rt, model, data);
  Matrix p(logits.rows(), logits.cols());
  class_probabilities(rt, model.config(), logits, p);
  return statistics_of(p, data.labels, logits);
}

McNemar mcnemar(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second,
                std::span<const std::uint8_t> labels) {
  if (first.size() != labels.size() || second.size() != labels.size())
    fail(ErrorKind::shape, "mcnemar: {} and {} answers for {} labels; expected as many", first.size(), second.size(),
         labels.size());
  McNemar m;
  for (std::size_t b = 0; b < labels.size(); ++b) {
    const bool first_right = first[b] == labels[b], second_right = second[b] == labels[b];
    if (first_right)
      ++(second_right ? m.both_right : m.only_first);
    else
      ++(second_right ? m.only_second : m.neither);
  }
  m.p_value = exact_mcnemar_p_value(m.only_first, m.only_second);
  return m;
}

double exact_mcnemar_p_value(std::size_t only_first, std::size_t only_second) {
  const std::size_t n = only_first + only_second, k = std::min(only_first, only_second);
  // C(n, k) / 2^n, the largest term, as a product that is halved whenever it exceeds 1, at most n times.
  double term = 1;
  std::size_t halvings = 0;
  for (std::size_t i = 1; i <= k; ++i) {
    term *= static_cast<double>(n - k + i) / static_cast<double>(i);
    for (; term > 1 && halvings < n; ++halvings) term /= 2;
  }
  constexpr std::size_t kUnderflow = 1100;  // derived: 2^-1100 is 0 in double
  term = std::ldexp(term, -static_cast<int>(std::min(n - halvings, kUnderflow)));
  // The terms below it: C(n, i - 1) = C(n, i) i / (n - i + 1).
  double tail = 0;
  for (std::size_t i = k; term > 0; --i) {
    tail += term;
    if (i == 0) break;
    term *= static_cast<double>(i) / static_cast<double>(n - i + 1);
  }
  return std::min(1.0, 2 * tail);
}

}  // namespace inkling
