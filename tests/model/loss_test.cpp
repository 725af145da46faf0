// The losses of a batch: what each image costs, which images count as right, what is refused, and what extreme logits
// give. PyTorch's numbers are in golden_test.cpp, derivatives in gradcheck_grid_test.cpp.
#include "inkling/model/loss.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;  // one rounding

constexpr Loss kLosses[] = {Loss::cross_entropy, Loss::focal, Loss::binary_cross_entropy, Loss::mean_squared_error};

// A workspace that holds these logits.
struct Logits {
  explicit Logits(ConstMatrixView z) : model({.widths = {1, z.cols}}), ws(model, z.rows) {
    ws.batch = z.rows;
    for (std::size_t b = 0; b < z.rows; ++b) std::ranges::copy(z.row(b), ws.output(0).row(b).begin());
  }
  Mlp model;
  Workspace ws;
};

Matrix random_logits(std::size_t rows, std::size_t cols) {
  const Rng rng(71, 0);
  Matrix z(rows, cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) z(r, c) = static_cast<float>(2 * rng.normal(r * cols + c));
  return z;
}

// One image's loss by the equations of loss.h.
double loss_of(const LossOptions& options, std::span<const float> z, const std::vector<double>& t) {
  const auto C = static_cast<double>(z.size());
  double sum = 0, loss = 0;
  for (const float each : z) sum += std::exp(static_cast<double>(each));
  for (std::size_t c = 0; c < z.size(); ++c) {
    const double w = options.class_weights.empty() ? 1 : options.class_weights[c], x = z[c];
    const double p = std::exp(x) / sum, s = 1 / (1 + std::exp(-x));
    switch (options.kind) {
      case Loss::cross_entropy: loss -= t[c] * w * std::log(p); break;
      case Loss::focal:
        loss -= t[c] * w * std::pow(1 - p, static_cast<double>(options.focal_gamma)) * std::log(p);
        break;
      case Loss::binary_cross_entropy: loss -= w * (t[c] * std::log(s) + (1 - t[c]) * std::log(1 - s)) / C; break;
      case Loss::mean_squared_error: loss += w * (x - t[c]) * (x - t[c]) / C; break;
    }
  }
  return loss;
}

TEST(Loss, OfEachImageAndTheirMeanAreTheirEquations) {
  const Matrix z = random_logits(7, 5);
  const std::vector<std::uint8_t> labels = {0, 1, 2, 3, 4, 0, 1}, partners = {4, 4, 2, 0, 1, 1, 3};
  const std::vector<float> weights = {0.5f, 2, 0, 1, 3};
  const Runtime rt({.threads = 2});
  for (const Loss kind : kLosses)
    for (const float smoothing : {0.0f, 0.2f})
      for (const bool weighted : {false, true})
        for (const float lambda : {1.0f, 0.7f, 0.25f}) {
          const LossOptions options{.kind = kind,
                                    .label_smoothing = smoothing,
                                    .class_weights = weighted ? weights : std::vector<float>(),
                                    .focal_gamma = 1.5f};
          Logits logits(z);
          const bool mixed = lambda != 1;
          const double mean = compute_loss(
              rt, options,
              {.labels = labels, .partners = mixed ? partners : std::vector<std::uint8_t>(), .lambda = lambda},
              logits.ws);
          double total = 0, divisor = 0;
          const double l = lambda, s = smoothing;
          for (std::size_t b = 0; b < 7; ++b) {
            std::vector<double> t(5, s / (kind == Loss::binary_cross_entropy ? 2 : 5));
            t[labels[b]] += (1 - s) * l;
            if (mixed) t[partners[b]] += (1 - s) * (1 - l);
            const double want = loss_of(options, z.view().row(b), t);
            // Of the plain loss the kernel computes exponentials in float, within 3 roundings, and a sum of 5.
            EXPECT_TRUE(std::abs(logits.ws.loss()[b] - want) <= 8 * kU) << name(kind) << " image " << b;
            total += want;
            const auto w = [&](std::uint8_t c) { return weighted ? static_cast<double>(weights[c]) : 1; };
            divisor +=
                output_of(kind) == Output::softmax ? l * w(labels[b]) + (mixed ? (1 - l) * w(partners[b]) : 0) : 1;
          }
          EXPECT_TRUE(std::abs(mean - total / divisor) <= 8 * kU)
              << name(kind) << " " << smoothing << weighted << lambda;
          EXPECT_EQ(logits.ws.mean_loss, mean);
        }
}

TEST(Loss, CountsTheImagesWhoseFirstLargestLogitIsTheLabels) {
  const Matrix z({{1, 3, 2}, {5, 5, 1}, {5, 5, 1}, {-1, -2, -3}});
  const std::vector<std::uint8_t> labels = {1, 0, 1, 2};
  const Runtime rt({.threads = 1});
  for (const Loss kind : kLosses)
    for (const float smoothing : {0.0f, 0.1f}) {
      Logits logits(z);
      compute_loss(rt, {.kind = kind, .label_smoothing = smoothing, .class_weights = {}},
                   {.labels = labels, .partners = {}}, logits.ws);
      EXPECT_EQ(std::vector<int>(logits.ws.is_correct().begin(), logits.ws.is_correct().end()),
                (std::vector<int>{1, 1, 0, 0}))
          << name(kind);
      EXPECT_EQ(logits.ws.correct, 2u);
    }
}

TEST(Loss, OfMixedLabelsTheClassWithMostOfTheTargetCountsAsRight) {
  const Matrix z({{9, 0, 0}, {0, 9, 0}, {0, 0, 9}, {9, 0, 0}});
  const std::vector<std::uint8_t> labels = {0, 0, 0, 0}, partners = {1, 1, 1, 0};
  const Runtime rt({.threads = 1});
  const auto right = [&](float lambda) {
    Logits logits(z);
    compute_loss(rt, {.class_weights = {}}, {.labels = labels, .partners = partners, .lambda = lambda}, logits.ws);
    return std::vector<int>(logits.ws.is_correct().begin(), logits.ws.is_correct().end());
  };
  EXPECT_EQ(right(0.8f), (std::vector<int>{1, 0, 0, 1}));
  EXPECT_EQ(right(0.5f), (std::vector<int>{1, 0, 0, 1}));
  EXPECT_EQ(right(0.3f), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(right(0.0f), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(right(1.0f), (std::vector<int>{1, 0, 0, 1}));
}

TEST(Loss, LabelsPartnersAndWeightsThatDoNotFitAreRefused) {
  const Matrix z = random_logits(3, 4);
  const std::vector<std::uint8_t> good = {0, 1, 3}, outside = {0, 4, 1}, few = {0, 1}, many = {0, 1, 2, 3};
  const Runtime rt({.threads = 1});
  const auto refused = [&](const LossOptions& options, const MixedLabels& labels) {
    Logits logits(z);
    try {
      compute_loss(rt, options, labels, logits.ws);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::shape;
    }
    return false;
  };
  for (const Loss kind : kLosses)
    for (const float smoothing : {0.0f, 0.1f}) {
      const LossOptions options{.kind = kind, .label_smoothing = smoothing, .class_weights = {}};
      EXPECT_FALSE(refused(options, {.labels = good, .partners = good, .lambda = 0.5f}));
      for (const auto& bad : {outside, few, many}) {
        EXPECT_TRUE(refused(options, {.labels = bad, .partners = {}})) << name(kind);
        EXPECT_TRUE(refused(options, {.labels = bad, .partners = good, .lambda = 0.5f})) << name(kind);
        EXPECT_TRUE(refused(options, {.labels = good, .partners = bad, .lambda = 0.5f})) << name(kind);
      }
    }
  EXPECT_TRUE(refused({.class_weights = {1, 2, 3}}, {.labels = good, .partners = {}})) << "3 weights of 4";
  EXPECT_TRUE(refused({.class_weights = {1, 2, 3, 4, 5}}, {.labels = good, .partners = {}})) << "5 weights of 4";
}

TEST(Loss, OnlyThePlainOneTakesMoreOutputsThanAByteCounts) {
  const Matrix z = random_logits(2, 257);
  const std::vector<std::uint8_t> labels = {0, 255};
  const Runtime rt({.threads = 1});
  Logits logits(z);
  EXPECT_TRUE(std::isfinite(compute_loss(rt, {.class_weights = {}}, {.labels = labels, .partners = {}}, logits.ws)));
  for (const Loss kind : kLosses)
    EXPECT_THROW(compute_loss(rt, {.kind = kind, .label_smoothing = 0.1f, .class_weights = {}},
                              {.labels = labels, .partners = {}}, logits.ws),
                 Error);
  Logits most(random_logits(2, 256));
  EXPECT_TRUE(std::isfinite(
      compute_loss(rt, {.label_smoothing = 0.1f, .class_weights = {}}, {.labels = labels, .partners = {}}, most.ws)));
}

TEST(Loss, OptionsOutOfRangeAreRefused) {
  const Config config{.widths = {4, 3}};
  const auto refused = [&](const LossOptions& options) {
    try {
      check(options, config);
    } catch (const Error& error) {
      return error.kind() == ErrorKind::config;
    }
    return false;
  };
  EXPECT_FALSE(refused({.label_smoothing = 0.99f, .class_weights = {0, 1, 0}, .focal_gamma = 0}));
  for (const float bad : {-0.1f, 1.0f, NAN, INFINITY})
    EXPECT_TRUE(refused({.label_smoothing = bad, .class_weights = {}}));
  for (const float bad : {-0.1f, NAN, INFINITY}) {
    EXPECT_TRUE(refused({.class_weights = {}, .focal_gamma = bad}));
    EXPECT_TRUE(refused({.class_weights = {1, bad, 1}}));
  }
  EXPECT_TRUE(refused({.class_weights = {1, 1}}));
  EXPECT_TRUE(refused({.class_weights = {1, 1, 1, 1}}));
  EXPECT_TRUE(refused({.class_weights = {0, 0, 0}})) << "no class counts";
}

TEST(Loss, OfBigLogitsIsFinite) {
  const Matrix z({{1e30f, -1e30f, 0}, {-1e30f, 1e30f, 0}, {1000, -1000, 0}, {88, -88, 1}});
  const std::vector<std::uint8_t> labels = {0, 0, 1, 0};
  const Runtime rt({.threads = 1});
  for (const Loss kind : kLosses)
    for (const float smoothing : {0.0f, 0.1f})
      for (const float gamma : {0.0f, 0.5f, 2.0f}) {
        Logits logits(z);
        const LossOptions options{
            .kind = kind, .label_smoothing = smoothing, .class_weights = {}, .focal_gamma = gamma};
        EXPECT_TRUE(std::isfinite(compute_loss(rt, options, {.labels = labels, .partners = {}}, logits.ws)))
            << name(kind);
        const MatrixView dz = logits.ws.dz(0);
        for (std::size_t b = 0; b < 4; ++b)
          for (const float each : dz.row(b)) EXPECT_TRUE(std::isfinite(each)) << name(kind) << " " << gamma;
        if (kind == Loss::mean_squared_error || smoothing > 0) continue;
        // Certain and right; but a sigmoid is undecided at 0.
        const double undecided = kind == Loss::binary_cross_entropy ? std::log(2.0) / 3 : 0;
        EXPECT_TRUE(std::abs(logits.ws.loss()[0] - undecided) <= 1e-15) << name(kind);
        // Certain and wrong: a softmax pays the distance to the largest logit, sigmoids a third of each distance to 0.
        const double pays = kind == Loss::binary_cross_entropy ? 2e30 / 3 : 2e30;
        EXPECT_TRUE(std::abs(logits.ws.loss()[1] - pays) <= 4 * kU * pays) << name(kind) << logits.ws.loss()[1];
      }
}

TEST(Loss, OfLogitsThatAreNotNumbersIsNotFinite) {
  const std::vector<std::uint8_t> labels = {0, 1};
  const Runtime rt({.threads = 1});
  for (const float bad : {NAN, INFINITY})
    for (std::size_t place = 0; place < 3; ++place)
      for (const Loss kind : kLosses)
        for (const float smoothing : {0.0f, 0.1f}) {
          Matrix z({{1, 2, 3}, {3, 2, 1}});
          z(1, place) = bad;
          Logits logits(z);
          const double loss = compute_loss(rt, {.kind = kind, .label_smoothing = smoothing, .class_weights = {}},
                                           {.labels = labels, .partners = {}}, logits.ws);
          EXPECT_FALSE(std::isfinite(loss)) << name(kind) << " " << bad << " at " << place;
          EXPECT_TRUE(std::isfinite(logits.ws.loss()[0])) << name(kind) << ": the other image";
        }
}

TEST(Loss, OfABatchOfWeight0Is0AndSoAreItsGradients) {
  const std::vector<std::uint8_t> labels = {0, 1, 0}, counted = {0, 1, 2};
  const Runtime rt({.threads = 1});
  for (const Loss kind : {Loss::cross_entropy, Loss::focal}) {
    const LossOptions options{.kind = kind, .class_weights = {0, 0, 2}};
    Logits logits(random_logits(3, 3));
    EXPECT_EQ(compute_loss(rt, options, {.labels = labels, .partners = {}}, logits.ws), 0);
    for (std::size_t b = 0; b < 3; ++b)
      for (const float each : logits.ws.dz(0).row(b)) EXPECT_EQ(each, 0);
    EXPECT_TRUE(compute_loss(rt, options, {.labels = counted, .partners = {}}, logits.ws) > 0);
  }
}

TEST(Loss, GivesTheSameBytesForAnyThreads) {
  const Matrix z = random_logits(600, 10);
  std::vector<std::uint8_t> labels(600), partners(600);
  for (std::size_t b = 0; b < 600; ++b) labels[b] = b % 10, partners[b] = b % 7;
  for (const Loss kind : kLosses) {
    const LossOptions options{.kind = kind, .label_smoothing = 0.1f, .class_weights = {}};
    Logits first(z);
    const double loss = compute_loss(Runtime({.threads = 1}), options, {labels, partners, 0.6f}, first.ws);
    for (const std::size_t threads : {2u, 5u}) {
      Logits again(z);
      EXPECT_EQ(compute_loss(Runtime({.threads = threads}), options, {labels, partners, 0.6f}, again.ws), loss);
      EXPECT_TRUE(same_bytes(again.ws.dz(0), first.ws.dz(0))) << name(kind) << threads;
      EXPECT_TRUE(std::ranges::equal(again.ws.loss(), first.ws.loss())) << name(kind) << threads;
    }
  }
}

}  // namespace
}  // namespace inkling
