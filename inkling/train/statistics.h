// What a model's answers say beside the labels: how often it is right, where, and whether its confidence can be
// believed.
//
// Pure functions of probabilities and labels, in double precision and in the order of the images: the same bytes on
// every machine, safe from many threads. Refused: no images, labels that do not fit, probabilities that are not (NaN is
// never averaged away).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/view.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

// Of one class; a share of nothing is NaN.
struct ClassStatistics {
  std::size_t support = 0;    // images with this label
  std::size_t predicted = 0;  // images read as this class
  std::size_t correct = 0;    // both
  double precision = 0;       // correct / predicted
  double recall = 0;          // correct / support
  double f1 = 0;              // 2 correct / (support + predicted), the harmonic mean of the two
};

// The images whose top probability is in (low, high].
struct ReliabilityBin {
  double low = 0, high = 0;
  std::size_t count = 0;
  double confidence = 0;  // mean top probability, NaN in an empty bin
  double accuracy = 0;    // share that is right, NaN in an empty bin
};

inline constexpr std::size_t kReliabilityBins = 15;  // of equal width, as in Guo et al. 2017

struct Statistics {
  std::size_t count = 0;
  std::size_t correct = 0;    // the first of the highest is the label's
  double accuracy = 0;        // correct / count
  double standard_error = 0;  // of the accuracy, as Metrics::standard_error
  double top2_accuracy = 0;   // the label is among the two highest

  // Proper scores of the probabilities, means over the images. A probability of 0 costs what the smallest float above 0
  // does, 103.3 nats, so that one such image does not hide all others.
  double negative_log_likelihood = 0;  // -log p_label, nats
  double brier_score = 0;  // sum over the classes of (p_c - [c = label])^2: 0 at best, 2 at worst (Brier 1950)

  // Guo, Pleiss, Sun, Weinberger 2017, "On Calibration of Modern Neural Networks".
  double mean_confidence = 0;             // mean top probability
  double expected_calibration_error = 0;  // sum over the bins of count / n |accuracy - confidence|
  std::vector<ReliabilityBin> bins;       // kReliabilityBins

  std::vector<ClassStatistics> classes;                        // one for each column
  double macro_precision = 0, macro_recall = 0, macro_f1 = 0;  // means over the classes for which they are defined

  std::vector<std::uint32_t> predicted;  // (count): the class read in each image
};

// Of probabilities (B, C), rows that sum to 1, and B labels below C. The classes are ranked by scores (B, C), the
// logits: where two probabilities are one float, logits still tell. Throws Error: shape, numeric (a probability that is
// not in [0, 1], a score that is NaN; the text names the image).
Statistics statistics_of(ConstMatrixView probabilities, std::span<const std::uint8_t> labels, ConstMatrixView scores);
// Ranked by the probabilities themselves, the first of equals first.
Statistics statistics_of(ConstMatrixView probabilities, std::span<const std::uint8_t> labels);

// Of a model on a data set, with the probabilities of class_probabilities(). Throws the same.
Statistics statistics_of(const Runtime& rt, const Mlp& model, const Dataset& data);

// Two models on the same images (McNemar 1947).
struct McNemar {
  std::size_t both_right = 0, only_first = 0, only_second = 0, neither = 0;
  // Probability of a split of the images that one alone reads right at least as uneven as this one, if both were
  // equally good: exact, binomial, two-sided.
  double p_value = 1;
};

// Of the classes that each read. Throws Error shape.
McNemar mcnemar(std::span<const std::uint32_t> first, std::span<const std::uint32_t> second,
                std::span<const std::uint8_t> labels);

// min(1, 2 P(X <= min(a, b))) for X binomial of a + b draws with probability 1/2. Takes time in proportion to
// min(a, b); relative error below 1e-12 times the larger of 1 and min(a, b) / 1000.
double exact_mcnemar_p_value(std::size_t only_first, std::size_t only_second);

}  // namespace inkling
