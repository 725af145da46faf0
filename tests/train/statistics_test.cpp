// Statistics of answers: against numbers worked out by hand and by NumPy on small fixed tables, at the edges, and with
// each refusal.
#include "inkling/train/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/model/backprop.h"
#include "inkling/train/metrics.h"
#include "tests/format/refusal.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

using Labels = std::vector<std::uint8_t>;

testing::AssertionResult near(double value, double expected, double tolerance = 1e-14) {
  if (std::abs(value - expected) <= tolerance * std::max(1.0, std::abs(expected))) return testing::AssertionSuccess();
  return testing::AssertionFailure() << value << ", not " << expected;
}

// Six images, three classes; every number is exact in fp32. Read as 0 1 2 0 1 0: the fifth is a tie of 1 and 2.
const Matrix kP({{0.75f, 0.125f, 0.125f},
                 {0.25f, 0.5f, 0.25f},
                 {0.0625f, 0.0625f, 0.875f},
                 {0.5f, 0.375f, 0.125f},
                 {0.25f, 0.375f, 0.375f},
                 {1, 0, 0}});
const Labels kLabels = {0, 1, 2, 1, 2, 1};

TEST(Statistics, CountWhatIsRight) {
  const Statistics s = statistics_of(kP, kLabels);
  EXPECT_EQ(s.count, 6u);
  EXPECT_EQ(s.correct, 3u);
  EXPECT_EQ(s.accuracy, 0.5);
  EXPECT_TRUE(near(s.standard_error, std::sqrt(0.25 / 6)));
  EXPECT_EQ(s.predicted, (std::vector<std::uint32_t>{0, 1, 2, 0, 1, 0}));
}

TEST(Statistics, TopTwoTakesTheFirstOfEquals) {
  // The last image's label 1 ties with class 2 at 0 for the second place.
  EXPECT_EQ(statistics_of(kP, kLabels).top2_accuracy, 1);
  EXPECT_TRUE(near(statistics_of(kP, Labels{0, 1, 2, 1, 2, 2}).top2_accuracy, 5.0 / 6));
  EXPECT_TRUE(near(statistics_of(kP, Labels{2, 2, 1, 2, 0, 2}).top2_accuracy, 0));
}

TEST(Statistics, ScoreProbabilitiesAsNumPyDoes) {
  const Statistics s = statistics_of(kP, kLabels);
  EXPECT_TRUE(near(s.brier_score, 0.6236979166666666));
  // -(log 0.75 + log 0.5 + log 0.875 + 2 log 0.375 + log 2^-149) / 6
  EXPECT_TRUE(near(s.negative_log_likelihood, 17.72582484251526));
  EXPECT_TRUE(near(s.mean_confidence, 2.0 / 3));
  EXPECT_TRUE(near(s.expected_calibration_error, 0.29166666666666663));
}

TEST(Statistics, TableOfReliability) {
  const Statistics s = statistics_of(kP, kLabels);
  ASSERT_EQ(s.bins.size(), 15u);
  const auto is = [&](std::size_t bin, std::size_t count, double confidence, double accuracy) {
    const ReliabilityBin& b = s.bins[bin];
    EXPECT_EQ(b.count, count) << bin;
    EXPECT_EQ(b.confidence, confidence) << bin;
    EXPECT_EQ(b.accuracy, accuracy) << bin;
    EXPECT_TRUE(b.low < confidence && confidence <= b.high) << bin;
  };
  is(5, 1, 0.375, 0);
  is(7, 2, 0.5, 0.5);
  is(11, 1, 0.75, 1);
  is(13, 1, 0.875, 1);
  is(14, 1, 1, 0);
  std::size_t total = 0;
  for (const ReliabilityBin& bin : s.bins) {
    total += bin.count;
    EXPECT_EQ(std::isnan(bin.confidence), bin.count == 0);
    EXPECT_EQ(std::isnan(bin.accuracy), bin.count == 0);
    EXPECT_TRUE(near(bin.high - bin.low, 1.0 / 15));
  }
  EXPECT_EQ(total, 6u);
  EXPECT_EQ(s.bins.front().low, 0);
  EXPECT_EQ(s.bins.back().high, 1);
}

TEST(Statistics, ABinHoldsItsUpperEdge) {
  // The floats around k / 15 are never the edge itself; they must fall on its two sides.
  for (std::size_t k = 4; k < 15; ++k) {
    const auto edge = static_cast<float>(static_cast<double>(k) / 15);
    for (const float p : {std::nextafter(edge, 0.0f), edge, std::nextafter(edge, 1.0f)}) {
      const bool above = static_cast<long double>(p) * 15 > static_cast<long double>(k);
      const Matrix two({{p, 1 - p, 0, 0}});  // 1 - p may be the larger: then the bin of that one
      const Statistics s = statistics_of(two, Labels{0}, Matrix({{1, 0, 0, 0}}));
      EXPECT_EQ(s.bins[above ? k : k - 1].count, 1u) << p;
    }
  }
}

TEST(Statistics, OfEachClass) {
  const Statistics s = statistics_of(kP, kLabels);
  ASSERT_EQ(s.classes.size(), 3u);
  const std::size_t supports[] = {1, 3, 2}, predicted[] = {3, 2, 1};
  const double f1[] = {0.5, 0.4, 2.0 / 3};
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(s.classes[c].support, supports[c]) << c;
    EXPECT_EQ(s.classes[c].predicted, predicted[c]) << c;
    EXPECT_EQ(s.classes[c].correct, 1u) << c;
    EXPECT_TRUE(near(s.classes[c].precision, 1.0 / static_cast<double>(predicted[c]))) << c;
    EXPECT_TRUE(near(s.classes[c].recall, 1.0 / static_cast<double>(supports[c]))) << c;
    EXPECT_TRUE(near(s.classes[c].f1, f1[c])) << c;
  }
  EXPECT_TRUE(near(s.macro_precision, (1.0 / 3 + 1.0 / 2 + 1) / 3));
  EXPECT_TRUE(near(s.macro_recall, (1 + 1.0 / 3 + 1.0 / 2) / 3));
  EXPECT_TRUE(near(s.macro_f1, (0.5 + 0.4 + 2.0 / 3) / 3));
}

TEST(Statistics, AClassThatIsAbsentHasNoRecallAndDoesNotCount) {
  const Matrix p({{0.9f, 0.1f, 0, 0}, {0.2f, 0.7f, 0.1f, 0}, {0.6f, 0.3f, 0.1f, 0}});
  const Statistics s = statistics_of(p, Labels{0, 0, 2});  // 1 is only predicted, 2 only a label, 3 neither
  EXPECT_EQ(s.classes[0].precision, 0.5);
  EXPECT_EQ(s.classes[0].recall, 0.5);
  EXPECT_EQ(s.classes[1].precision, 0);
  EXPECT_TRUE(std::isnan(s.classes[1].recall));
  EXPECT_EQ(s.classes[1].f1, 0);
  EXPECT_TRUE(std::isnan(s.classes[2].precision));
  EXPECT_EQ(s.classes[2].recall, 0);
  EXPECT_EQ(s.classes[2].f1, 0);
  EXPECT_TRUE(std::isnan(s.classes[3].precision) && std::isnan(s.classes[3].recall) && std::isnan(s.classes[3].f1));
  EXPECT_EQ(s.macro_precision, 0.25);                    // of 0 and 1
  EXPECT_EQ(s.macro_recall, 0.25);                       // of 0 and 2
  EXPECT_TRUE(near(s.macro_f1, (0.5 + 0.0 + 0.0) / 3));  // of 0, 1 and 2
}

TEST(Statistics, AllRightAndAllWrong) {
  const Matrix certain({{1, 0}, {0, 1}, {1, 0}});
  const Statistics right = statistics_of(certain, Labels{0, 1, 0});
  EXPECT_EQ(right.accuracy, 1);
  EXPECT_EQ(right.negative_log_likelihood, 0);
  EXPECT_EQ(right.brier_score, 0);
  EXPECT_EQ(right.expected_calibration_error, 0);
  EXPECT_EQ(right.macro_f1, 1);
  EXPECT_TRUE(right.standard_error > 0);
  const Statistics wrong = statistics_of(certain, Labels{1, 0, 1});
  EXPECT_EQ(wrong.accuracy, 0);
  EXPECT_EQ(wrong.top2_accuracy, 1);
  EXPECT_TRUE(near(wrong.negative_log_likelihood, 149 * std::log(2.0)));
  EXPECT_EQ(wrong.brier_score, 2);
  EXPECT_EQ(wrong.expected_calibration_error, 1);
  EXPECT_EQ(wrong.macro_f1, 0);
}

TEST(Statistics, OfOneImageAndOfOneClass) {
  const Statistics one = statistics_of(Matrix({{0.25f, 0.75f}}), Labels{0});
  EXPECT_EQ(one.count, 1u);
  EXPECT_EQ(one.accuracy, 0);
  EXPECT_EQ(one.expected_calibration_error, 0.75);
  EXPECT_TRUE(near(one.negative_log_likelihood, std::log(4.0)));
  EXPECT_EQ(one.brier_score, 2 * 0.5625);
  EXPECT_EQ(statistics_of(Matrix({{1}}), Labels{0}).top2_accuracy, 1);
}

TEST(Statistics, ScoresRankWhereProbabilitiesTie) {
  const Matrix p({{0.25f, 0.25f, 0.25f, 0.25f}}), scores({{30, 50, 40, 20}});
  const Statistics s = statistics_of(p, Labels{1}, scores);
  EXPECT_EQ(s.predicted.front(), 1u);
  EXPECT_EQ(s.accuracy, 1);
  EXPECT_EQ(statistics_of(p, Labels{2}, scores).top2_accuracy, 1);
  EXPECT_EQ(statistics_of(p, Labels{0}, scores).top2_accuracy, 0);
}

TEST(Statistics, RefuseWhatDoesNotFit) {
  const Matrix p({{0.5f, 0.5f}});
  EXPECT_TRUE(refuses(ErrorKind::shape, "no images", [] { statistics_of(Matrix(0, 2), Labels{}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "2 labels for probabilities of shape (1, 2)", [&] {
    statistics_of(p, Labels{0, 1});
  }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "image 0 has label 2", [&] { statistics_of(p, Labels{2}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "scores of shape (1, 3)", [&] {
    statistics_of(p, Labels{0}, Matrix({{1, 2, 3}}));
  }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "scores of shape (2, 2)", [&] {
    statistics_of(p, Labels{0}, Matrix({{1, 2}, {3, 4}}));
  }));
}

TEST(Statistics, RefuseWhatIsNoProbability) {
  for (const float bad : {NAN, -0.1f, 1.1f, INFINITY})
    EXPECT_TRUE(refuses(ErrorKind::numeric, fmt::format("image 1: the probability of class 0 is {}", bad), [&] {
      statistics_of(Matrix({{0.5f, 0.5f}, {bad, 0.5f}}), Labels{0, 0});
    }));
  EXPECT_TRUE(refuses(ErrorKind::numeric, "image 0: the score of class 1 is not a number", [] {
    statistics_of(Matrix({{0.5f, 0.5f}}), Labels{0}, Matrix({{1, NAN}}));
  }));
}

TEST(Statistics, OfAModelAgreeWithItsMetrics) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(1100);  // three batches, the last one smaller
  const Mlp model({.widths = {144, 20, 10}}, 4);
  const Metrics m = evaluate(rt, model, data);
  const Statistics s = statistics_of(rt, model, data);
  EXPECT_EQ(s.count, m.count);
  EXPECT_EQ(s.correct, m.correct);
  EXPECT_EQ(s.standard_error, m.standard_error());
  EXPECT_TRUE(near(s.negative_log_likelihood, m.loss, 1e-5));  // derived: probabilities are fp32, losses log space
}

TEST(LogitsOf, AreThoseOfEachImage) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(1030);
  const Mlp model({.widths = {144, 20, 10}}, 4);
  const Matrix logits = logits_of(rt, model, data);
  ASSERT_EQ(shape(logits), "(1030, 10)");
  Workspace ws(model, 1);
  for (const std::size_t j : {0u, 1u, 511u, 512u, 1023u, 1024u, 1029u}) {
    forward(rt, model, data.image(j), ws);
    EXPECT_TRUE(logits.view().middle_rows(j, 1) == ws.logits()) << j;
  }
  EXPECT_TRUE(refuses(ErrorKind::shape, "do not fit", [&] { logits_of(rt, Mlp({.widths = {145, 10}}), data); }));
}

TEST(McNemar, CountsWhatEachReadsRight) {
  const std::vector<std::uint32_t> first = {0, 1, 2, 2, 0, 1}, second = {0, 2, 2, 1, 1, 0};
  const McNemar m = mcnemar(first, second, Labels{0, 1, 2, 0, 0, 1});
  EXPECT_EQ(m.both_right, 2u);
  EXPECT_EQ(m.only_first, 3u);
  EXPECT_EQ(m.only_second, 0u);
  EXPECT_EQ(m.neither, 1u);
  EXPECT_EQ(m.p_value, 0.25);
  const McNemar swapped = mcnemar(second, first, Labels{0, 1, 2, 0, 0, 1});
  EXPECT_EQ(swapped.only_first, 0u);
  EXPECT_EQ(swapped.only_second, 3u);
  EXPECT_EQ(swapped.p_value, 0.25);
  EXPECT_TRUE(
      refuses(ErrorKind::shape, "mcnemar: 6 and 6 answers for 1 labels", [&] { mcnemar(first, second, Labels{0}); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "mcnemar: 6 and 0 answers for 6 labels", [&] {
    mcnemar(first, {}, Labels{0, 1, 2, 0, 0, 1});
  }));
}

// From Python's fractions: min(1, 2 sum_(i <= k) C(n, i) / 2^n), rounded once. (86, 150) is Agresti's table of approval
// of a prime minister, "Categorical Data Analysis", section 10.1.
TEST(McNemar, PValuesAreExact) {
  struct Known {
    std::size_t a, b;
    double p;
  };
  for (const Known& k :
       {Known{0, 0, 1}, Known{0, 1, 1}, Known{0, 5, 0.0625}, Known{0, 6, 0.03125}, Known{3, 3, 1}, Known{2, 3, 1},
        Known{6, 2, 0.2890625}, Known{1, 9, 0.021484375}, Known{16, 4, 0.01181793212890625},
        Known{12, 5, 0.143463134765625}, Known{5, 25, 0.00032491423189640045}, Known{59, 6, 4.964650327128617e-12},
        Known{86, 150, 3.715936139571442e-05}, Known{638, 56, 5.009017105809173e-126},
        Known{1000, 1100, 0.030720707864242296}, Known{20000, 20500, 0.013153825113143827},
        Known{0, 1000, 1.8665272370064378e-301}, Known{10, 1500, 0}}) {
    const double tolerance = 1e-12 * std::max(1.0, static_cast<double>(std::min(k.a, k.b)) / 1000);
    for (const double p : {exact_mcnemar_p_value(k.a, k.b), exact_mcnemar_p_value(k.b, k.a)})
      EXPECT_TRUE(std::abs(p - k.p) <= tolerance * k.p) << k.a << " " << k.b << ": " << p;
  }
}

}  // namespace
}  // namespace inkling
