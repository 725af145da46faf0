// When an answer is none: distances against their definition, limits against the images that they were chosen on, the
// unit for "none" against the network that it was taken out of.
#include "inkling/reader/refusal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "inkling/data/select.h"
#include "inkling/inspect/activations.h"
#include "inkling/model/backprop.h"
#include "inkling/model/fold.h"
#include "inkling/train/fit.h"
#include "tests/format/refusal.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

// A network that has learnt made-up digits a little.
const Mlp& trained() {
  static const Mlp model = [] {
    const Dataset data = made_up_digits(2000);
    Mlp net({.widths = {144, 20, 10}}, 3);
    fit(Runtime({.threads = 1}), net, data, made_up_digits(100, 12, 2), {.epochs = 4, .batch = 50});
    return net;
  }();
  return model;
}
Dataset held_out() { return made_up_digits(1000, 12, 7); }

RefusalRule fitted(double rate, std::size_t threads = 1, std::optional<Isa> isa = {}) {
  return fit_refusal(Runtime({.threads = threads, .isa = isa}), trained(), made_up_digits(1500), held_out(),
                     {.rate = rate});
}

std::size_t refused(const RefusalRule& rule, const Dataset& data) {
  const std::vector<Evidence> all = evidence_of(Runtime({.threads = 1}), trained(), rule, data.images());
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const Evidence& e) { return refusal_reason(rule, e).has_value(); }));
}

// x of A x = b by Gauss and Jordan, in long double: another way than the library's.
std::vector<long double> solved(std::vector<std::vector<long double>> A, std::vector<long double> b) {
  const std::size_t n = b.size();
  for (std::size_t c = 0; c < n; ++c) {
    std::size_t pivot = c;
    for (std::size_t r = c; r < n; ++r)
      if (std::abs(A[r][c]) > std::abs(A[pivot][c])) pivot = r;
    std::swap(A[c], A[pivot]);
    std::swap(b[c], b[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      const long double f = A[r][c] / A[c][c];
      for (std::size_t k = c; k < n; ++k) A[r][k] -= f * A[c][k];
      b[r] -= f * b[c];
    }
  }
  for (std::size_t c = 0; c < n; ++c) b[c] /= A[c][c];
  return b;
}

// Lee et al. 2018, equation (2), with a hundredth of the mean variance on the diagonal.
TEST(Refusal, DistanceIsMahalanobissToTheNearestClassMean) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(1500), images = made_up_digits(20, 12, 5);
  const Matrix h = hidden_outputs(rt, trained(), train.images())[0];
  constexpr std::size_t H = 20, C = 10;
  std::vector<std::vector<long double>> means(C, std::vector<long double>(H)), S(H, std::vector<long double>(H));
  std::vector<long double> counts(C);
  for (std::size_t j = 0; j < train.count(); ++j) {
    counts[train.labels[j]] += 1;
    for (std::size_t i = 0; i < H; ++i) means[train.labels[j]][i] += static_cast<long double>(h(j, i));
  }
  for (std::size_t c = 0; c < C; ++c)
    for (long double& m : means[c]) m /= counts[c];
  for (std::size_t j = 0; j < train.count(); ++j)
    for (std::size_t a = 0; a < H; ++a)
      for (std::size_t b = 0; b < H; ++b)
        S[a][b] += (static_cast<long double>(h(j, a)) - means[train.labels[j]][a]) *
                   (static_cast<long double>(h(j, b)) - means[train.labels[j]][b]) / 1500;
  long double trace = 0;
  for (std::size_t i = 0; i < H; ++i) trace += S[i][i];
  for (std::size_t i = 0; i < H; ++i) S[i][i] += trace / H / 100;

  const std::vector<Evidence> evidence = evidence_of(rt, trained(), fitted(0.01), images.images());
  const Matrix seen = hidden_outputs(rt, trained(), images.images())[0];
  for (std::size_t j = 0; j < images.count(); ++j) {
    long double nearest = std::numeric_limits<long double>::infinity();
    for (std::size_t c = 0; c < C; ++c) {
      std::vector<long double> d(H);
      for (std::size_t i = 0; i < H; ++i) d[i] = static_cast<long double>(seen(j, i)) - means[c][i];
      const std::vector<long double> x = solved(S, d);
      long double squared = 0;
      for (std::size_t i = 0; i < H; ++i) squared += d[i] * x[i];
      nearest = std::min(nearest, squared);
    }
    const long double expected = std::sqrt(nearest);
    // derived: whitening and centres are floats, and the distance is the difference of some tens of their products
    EXPECT_TRUE(std::abs(static_cast<long double>(evidence[j].distance) / expected - 1) <= 1e-4L)
        << evidence[j].distance << " " << static_cast<double>(expected);
  }
}

TEST(Refusal, LimitsRefuseTheStatedShareOfTheHeldOutImages) {
  for (const double rate : {0.01, 0.05, 0.3}) {
    const RefusalRule rule = fitted(rate);
    const std::size_t n = refused(rule, held_out());
    EXPECT_LE(n, static_cast<std::size_t>(1000 * rate)) << rate;
    EXPECT_GE(n + 2, static_cast<std::size_t>(1000 * rate)) << rate;  // one rank more could refuse two more
    EXPECT_EQ(rule.rate, rate);
    EXPECT_EQ(rule.images, 1000u);
  }
}

TEST(Refusal, RefusesNoiseThatTheNetworkWasNeverShown) {
  Dataset noise = made_up_digits(500, 12, 9);
  const Rng rng(4, 0);
  for (std::size_t i = 0; i < noise.pixels.size(); ++i)
    noise.pixels[i] = rng.uniform(i) < 0.5 ? static_cast<std::uint8_t>(rng.below(256, i)) : 0;
  const RefusalRule rule = fitted(0.05);
  EXPECT_GE(refused(rule, noise), 450u);
  EXPECT_LE(refused(rule, made_up_digits(500, 12, 11)), 50u);  // digits of the same kind, not seen before
}

TEST(Refusal, RuleHasTheSameBytesForAnyThreadsAndInstructionSet) {
  const RefusalRule rule = fitted(0.02);
  EXPECT_EQ(rule, fitted(0.02, 3));
  EXPECT_EQ(rule, fitted(0.02, 2, Isa::portable));
}

TEST(Refusal, NoneUnitGivesTheProbabilityOfTheOutputThatItWas) {
  const Runtime rt({.threads = 1});
  Mlp eleven({.widths = {144, 20, 11}}, 5);
  const Dataset images = made_up_digits(30);
  constexpr std::size_t kNone = 4;  // in the middle, so that the classes behind it move
  RefusalRule rule;
  for (std::size_t i = 0; i < 20; ++i) rule.none_weight.push_back(eleven.weight(1)(i, kNone));
  rule.none_bias = eleven.bias(1)(0, kNone) = 0.25f;
  const Mlp ten = without_output(eleven, kNone);
  check(rule, ten.config());
  Workspace ws(eleven, 30);
  Matrix p(30, 11);
  predict(rt, eleven, images.images(), ws, p);
  const std::vector<Evidence> evidence = evidence_of(rt, ten, rule, images.images());
  for (std::size_t j = 0; j < 30; ++j) {
    EXPECT_TRUE(std::abs(evidence[j].none - p(j, kNone)) <= 1e-5f) << j;
    float most = 0;
    for (std::size_t c = 0; c < 11; ++c)
      if (c != kNone) most = std::max(most, p(j, c));
    EXPECT_TRUE(std::abs(evidence[j].probability - most) <= 1e-5f) << j;
    EXPECT_EQ(p(j, evidence[j].best + (evidence[j].best >= kNone ? 1 : 0)), most) << j;
  }
}

TEST(Refusal, NetworkWithoutAHiddenLayerIsJudgedByProbabilityAlone) {
  const Runtime rt({.threads = 1});
  const Mlp flat({.widths = {144, 10}}, 2);
  const RefusalRule rule = fit_refusal(rt, flat, made_up_digits(200), held_out(), {.rate = 0.1});
  EXPECT_FALSE(rule.has_distance());
  EXPECT_GT(rule.least_probability, 0.1f);
}

TEST(Refusal, WideLayerKeepsTheVariancesAlone) {
  const Runtime rt({.threads = 1});
  const Mlp wide({.widths = {144, kMaxCovarianceWidth + 1, 10}}, 2);
  const RefusalRule rule = fit_refusal(rt, wide, made_up_digits(200), made_up_digits(100, 12, 3), {.rate = 0.1});
  EXPECT_EQ(rule.whitening.size(), kMaxCovarianceWidth + 1);
}

TEST(Refusal, ReasonsSayWhatWasSeenAndWhatTheLimitIs) {
  RefusalRule rule{.least_probability = 0.6f, .most_distance = 12, .centers = {1}, .whitening = {1}};
  EXPECT_EQ(refusal_reason(rule, {.probability = 0.41f, .distance = 3}), "unsure (41 %)");
  EXPECT_EQ(refusal_reason(rule, {.probability = 0.9f, .distance = 31}),
            "unlike the training images (outlier score 31, limit 12)");
  EXPECT_EQ(refusal_reason(rule, {.probability = 0.02f, .none = 0.97f}), "looks like none of the classes (97 %)");
  EXPECT_EQ(refusal_reason(rule, {.probability = 0.6f, .distance = 12}), std::nullopt);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(refusal_reason(rule, {.probability = nan, .distance = 3}));
  EXPECT_TRUE(refusal_reason(rule, {.probability = 0.9f, .distance = nan}));
}

TEST(Refusal, RatesThatAreNoShares) {
  for (const double rate : {0.0, 1.0, -0.1, std::nan("")})
    EXPECT_TRUE(refuses(ErrorKind::config, "expected a share between 0 and 1", [&] { fitted(rate); })) << rate;
}

TEST(WithoutClass, MovesTheClassesBehindItUp) {
  Dataset data = made_up_digits(100);
  const Dataset rest = without_class(data, 3);
  EXPECT_EQ(rest.class_names, (std::vector<std::string>{"0", "1", "2", "4", "5", "6", "7", "8", "9"}));
  std::size_t k = 0;
  for (std::size_t j = 0; j < data.count(); ++j) {
    if (data.labels[j] == 3) continue;
    EXPECT_EQ(rest.class_names[rest.labels.at(k)], data.class_names[data.labels[j]]);
    EXPECT_TRUE(std::ranges::equal(rest.image(k).row(0), data.image(j).row(0)));
    ++k;
  }
  EXPECT_EQ(rest.count(), k);
  std::ranges::fill(data.labels, std::uint8_t{3});
  EXPECT_TRUE(refuses(ErrorKind::shape, "no other is left", [&] { without_class(data, 3); }));
}

TEST(WithoutOutput, RefusesAnOutputThatIsNotThere) {
  EXPECT_TRUE(refuses(ErrorKind::shape, "cannot lose output 10", [] { without_output(Mlp({.widths = {4, 10}}), 10); }));
  EXPECT_TRUE(refuses(ErrorKind::shape, "cannot lose output 0", [] { without_output(Mlp({.widths = {4, 1}}), 0); }));
}

TEST(SpreadImages, AreEvenlyFromAllOver) {
  const Dataset data = made_up_digits(10);
  const Dataset part = spread_images(data, 4);
  EXPECT_EQ(part.labels, (std::vector<std::uint8_t>{data.labels[0], data.labels[2], data.labels[5], data.labels[7]}));
  EXPECT_EQ(spread_images(data, 50).labels, data.labels);
}

}  // namespace
}  // namespace inkling
