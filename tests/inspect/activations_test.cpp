// What hidden layers answer, the line between networks, and histograms, against plain definitions.
#include "inkling/inspect/activations.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/inspect/histogram.h"
#include "inkling/inspect/line.h"
#include "inkling/model/reference.h"

namespace {

using namespace inkling;

Dataset random_data(std::size_t count, std::size_t classes, std::size_t used) {
  Dataset data{.height = 3, .width = 4, .pixels = {}, .labels = {}, .class_names = digit_names(classes)};
  const Rng rng(3, 0);
  for (std::size_t i = 0; i < count * 12; ++i) data.pixels.push_back(static_cast<std::uint8_t>(rng.below(256, i)));
  for (std::size_t n = 0; n < count; ++n) data.labels.push_back(static_cast<std::uint8_t>(n % used));
  return data;
}

// Outputs of hidden layer l for one image, by the reference.
std::vector<double> expected_outputs(const Mlp& model, std::span<const std::uint8_t> pixels, std::size_t l) {
  const reference::Network<double> net(model);
  std::vector<double> x;
  for (const std::uint8_t p : pixels) x.push_back(net.pixel_values[p]);
  for (std::size_t k = 0; k <= l; ++k) {
    x = reference::product(net.layers[k], {x})[0];
    for (std::size_t o = 0; o < x.size(); ++o)
      x[o] = reference::activate(net.config.activation_of(k), x[o] + net.layers[k].b[o]);
  }
  return x;
}

TEST(Activations, OutputsAndTheirMeansAreTheReferences) {
  for (const Activation f : {Activation::relu, Activation::tanh}) {
    const Mlp model({.widths = {12, 9, 7, 4}, .activation = f}, 2);
    const Dataset data = random_data(10, 4, 3);  // no image of class 3
    const Runtime rt({.threads = 2});
    const std::vector<Matrix> outputs = hidden_outputs(rt, model, data.images());
    const std::vector<Matrix> means = mean_hidden_outputs(rt, model, data);
    ASSERT_EQ(outputs.size(), 2u);
    ASSERT_EQ(means.size(), 2u);
    for (std::size_t l = 0; l < 2; ++l) {
      std::vector<std::vector<double>> sums(4, std::vector<double>(outputs[l].cols()));
      std::vector<double> images(4);
      for (std::size_t n = 0; n < data.count(); ++n) {
        const std::vector<double> expected = expected_outputs(model, data.image(n).row(0), l);
        ++images[data.labels[n]];
        for (std::size_t o = 0; o < expected.size(); ++o) {
          EXPECT_TRUE(std::abs(static_cast<double>(outputs[l](n, o)) - expected[o]) <= 1e-5);
          sums[data.labels[n]][o] += expected[o];
        }
      }
      for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t o = 0; o < means[l].cols(); ++o)
          EXPECT_TRUE(std::abs(static_cast<double>(means[l](c, o)) - sums[c][o] / images[c]) <= 1e-5);
      EXPECT_TRUE(std::isnan(means[l](3, 0)));
    }
  }
}

TEST(Activations, ServedClassIsTheLargestOfTheWeightsBehind) {
  Mlp model({.widths = {4, 2, 2, 3}});
  model.weight(1)(0, 0) = 1;
  model.weight(1)(0, 1) = -2;
  model.weight(1)(1, 1) = 3;
  model.weight(2)(0, 0) = 1;
  model.weight(2)(0, 1) = 2;
  model.weight(2)(1, 2) = 1;
  const Runtime rt({.threads = 1});
  EXPECT_EQ(served_classes(rt, model, 0), (std::vector<std::size_t>{1, 2}));  // (1, 2, -2) and (0, 0, 3)
  EXPECT_EQ(served_classes(rt, model, 1), (std::vector<std::size_t>{1, 2}));
  EXPECT_THROW(served_classes(rt, model, 2), Error);
}

TEST(Activations, OfANetworkWithoutHiddenLayersAreNone) {
  const Mlp model({.widths = {12, 4}}, 1);
  EXPECT_TRUE(hidden_outputs(Runtime({.threads = 1}), model, random_data(3, 4, 4).images()).empty());
}

TEST(Line, EndsAreTheNetworksAndTheMiddleIsTheirMean) {
  const Mlp a({.widths = {12, 5, 4}}, 1), b({.widths = {12, 5, 4}}, 2);
  const Mlp middle = between(a, b, 0.5), start = between(a, b, 0), end = between(a, b, 1);
  for (std::size_t i = 0; i < a.arena().size(); ++i) {
    EXPECT_EQ(start.arena()[i], a.arena()[i]);
    EXPECT_EQ(end.arena()[i], b.arena()[i]);
    EXPECT_FLOAT_EQ(middle.arena()[i], (a.arena()[i] + b.arena()[i]) / 2);
  }
  const Dataset data = random_data(20, 4, 4);
  const Runtime rt({.threads = 1});
  const double places[] = {0, 1};
  const std::vector<Metrics> m = along_line(rt, a, b, places, data);
  EXPECT_EQ(m[0].loss, evaluate(rt, a, data).loss);
  EXPECT_EQ(m[1].loss, evaluate(rt, b, data).loss);
}

TEST(Line, RefusesNetworksOfAnotherKind) {
  const Mlp a({.widths = {12, 5, 4}}, 1);
  EXPECT_THROW(between(a, Mlp({.widths = {12, 6, 4}}, 1), 0.5), Error);
  EXPECT_THROW(between(a, Mlp({.widths = {12, 5, 4}, .activation = Activation::tanh}, 1), 0.5), Error);
  EXPECT_THROW(between(a, Mlp({.widths = {12, 5, 4}, .ink = 1}, 1), 0.5), Error);
  EXPECT_THROW(between(a, Mlp({.widths = {12, 5, 4}, .batch_norm = true}, 1), 0.5), Error);
  EXPECT_NO_THROW(between(a, Mlp({.widths = {12, 5, 4}, .activations = {Activation::relu}}, 1), 0.5));
}

TEST(Histogram, CountsWhatIsWhere) {
  const Matrix numbers({{0, 1, 2, 3}, {4, 4, 0, NAN}, {INFINITY, 2.5f, 1.5f, 0.5f}});
  const Histogram h = histogram(numbers, 4);
  EXPECT_EQ(h.low, 0);
  EXPECT_EQ(h.high, 4);
  EXPECT_EQ(h.counts, (std::vector<std::uint64_t>{3, 2, 2, 3}));
  EXPECT_EQ(h.count, 10u);
  EXPECT_EQ(h.not_finite, 2u);
  EXPECT_EQ(h.zeros, 2u);
  EXPECT_NEAR(h.mean, 1.85, 1e-12);
  EXPECT_NEAR(h.deviation, std::sqrt(54.75 / 10 - 1.85 * 1.85), 1e-12);
}

TEST(Histogram, OfOneValueAndOfNone) {
  const Histogram h = histogram(Matrix({{2, 2, 2}}), 3);
  EXPECT_EQ(h.counts, (std::vector<std::uint64_t>{0, 3, 0}));
  EXPECT_EQ(histogram(Matrix({{NAN}}), 3).count, 0u);
  EXPECT_EQ(histogram(Matrix(0, 3), 3).count, 0u);
  EXPECT_THROW(histogram(Matrix(1, 1), 0), Error);
}

}  // namespace
