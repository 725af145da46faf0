// Saliency: gradients of the pixels against the reference on complex numbers, for every activation; the shares of
// integrated gradients against the difference of the logit that they must sum to.
#include "inkling/inspect/saliency.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/data/sample.h"
#include "inkling/inspect/float_pass.h"
#include "inkling/model/reference.h"
#include "inkling/train/fit.h"
#include "inkling/train/metrics.h"

namespace {

using namespace inkling;
using Complex = std::complex<double>;

std::vector<std::uint8_t> random_pixels(std::size_t count, std::uint64_t seed) {
  std::vector<std::uint8_t> pixels(count);
  const Rng rng(seed, 0);
  for (std::size_t i = 0; i < count; ++i)  // half of them background, as in handwriting
    pixels[i] = rng.uniform(2 * i) < 0.5 ? 0 : static_cast<std::uint8_t>(rng.below(256, 2 * i + 1));
  return pixels;
}

// With biases too, which a fresh network has not.
Mlp network(Config config, std::uint64_t seed) {
  Mlp model(std::move(config), seed);
  const Rng rng(seed, 99);
  for (std::size_t l = 0; l < model.layer_count(); ++l)
    for (std::size_t o = 0; o < model.bias(l).cols; ++o)
      model.bias(l)(0, o) = static_cast<float>(rng.uniform(1000 * l + o) - 0.5);
  return model;
}

// The logits of real inputs x, in any number type.
template <typename T>
std::vector<T> logits(const reference::Network<T>& net, std::vector<T> x) {
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    reference::Rows<T> z = reference::product(net.layers[l], {x});
    x = z[0];
    for (std::size_t o = 0; o < x.size(); ++o) {
      x[o] += net.layers[l].b[o];
      if (l + 1 < net.layers.size()) x[o] = reference::activate(net.config.activation_of(l), x[o]);
    }
  }
  return x;
}

// d z_c / d pixel, a pixel counting from 0 to 1, by the complex step.
std::vector<double> oracle(const Mlp& model, std::span<const std::uint8_t> pixels, std::size_t c) {
  const reference::Network<Complex> net(model);
  const double h = 1e-50, ink = static_cast<double>(model.config().ink);
  std::vector<double> gradient;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    std::vector<Complex> x;
    for (const std::uint8_t p : pixels) x.emplace_back(net.pixel_values[p].real());
    x[i] += Complex(0, h * ink);
    gradient.push_back(logits(net, x)[c].imag() / h);
  }
  return gradient;
}

class EveryActivation : public testing::TestWithParam<Activation> {};

TEST_P(EveryActivation, InputGradientIsTheReferences) {
  const Mlp model = network({.widths = {12, 9, 7, 4}, .activation = GetParam(), .ink = 2.0f}, 3);
  const std::vector<std::uint8_t> pixels = random_pixels(3 * 12, 5);
  const PixelView images(pixels.data(), 3, 12);
  const std::size_t classes[] = {0, 3, 2};
  const Runtime rt({.threads = 1});
  const Matrix gradient = input_gradient(rt, model, images, classes);
  const Matrix times_input = gradient_times_input(rt, model, images, classes);
  for (std::size_t b = 0; b < 3; ++b) {
    const std::vector<double> expected = oracle(model, images.row(b), classes[b]);
    double largest = 0;
    for (const double g : expected) largest = std::max(largest, std::abs(g));
    for (std::size_t i = 0; i < 12; ++i) {
      const double off = std::abs(static_cast<double>(gradient(b, i)) - expected[i]);
      EXPECT_TRUE(off <= 1e-5 * largest) << name(GetParam()) << " image " << b << " pixel " << i << ": "
                                         << gradient(b, i) << " for " << expected[i];
      const double share = expected[i] * images(b, i) / 255;
      EXPECT_TRUE(std::abs(static_cast<double>(times_input(b, i)) - share) <= 1e-5 * largest);
    }
  }
}

TEST_P(EveryActivation, IntegratedGradientsAreTheLinesMean) {
  const Mlp model = network({.widths = {12, 9, 7, 4}, .activation = GetParam()}, 4);
  const std::vector<std::uint8_t> pixels = random_pixels(12, 6);
  const PixelView image(pixels.data(), 1, 12);
  const std::size_t c[] = {1};
  const IntegratedGradients found = integrated_gradients(Runtime({.threads = 1}), model, image, c);
  // By many steps of the midpoint rule on the reference: its error falls with the square of the step, but at kinks.
  const reference::Network<Complex> net(model);
  constexpr int kSteps = 4000;
  std::vector<double> expected(12);
  for (int k = 0; k < kSteps; ++k)
    for (std::size_t i = 0; i < 12; ++i) {
      if (pixels[i] == 0) continue;
      std::vector<Complex> x;
      for (const std::uint8_t p : pixels) x.emplace_back((k + 0.5) / kSteps * net.pixel_values[p].real());
      x[i] += Complex(0, 1e-50);
      expected[i] += logits(net, x)[1].imag() / 1e-50 * net.pixel_values[pixels[i]].real() / kSteps;
    }
  double size = 0;
  for (const double share : expected) size += std::abs(share);
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_TRUE(std::abs(static_cast<double>(found.shares(0, i)) - expected[i]) <= 2e-3 * size)
        << name(GetParam()) << " pixel " << i << ": " << found.shares(0, i) << " for " << expected[i];
  EXPECT_TRUE(std::abs(found.sum[0] - found.difference[0]) <= 1e-3 * std::abs(found.difference[0]))
      << name(GetParam()) << ": " << found.sum[0] << " for " << found.difference[0];
}

std::vector<Activation> all_activations() {
  std::vector<Activation> all;
  for (std::size_t k = 0; k < choice_names(Activation{}).size(); ++k) all.push_back(static_cast<Activation>(k));
  return all;
}
INSTANTIATE_TEST_SUITE_P(Saliency, EveryActivation, testing::ValuesIn(all_activations()),
                         [](const auto& each) { return std::string(name(each.param)); });

TEST(Saliency, OfALinearNetworkAllSharesAreWeightTimesPixel) {
  const Mlp model = network({.widths = {6, 3}}, 1);
  const std::vector<std::uint8_t> pixels = {0, 10, 255, 0, 90, 128};
  const PixelView image(pixels.data(), 1, 6);
  const std::size_t c[] = {2};
  const Runtime rt({.threads = 1});
  const Matrix gradient = input_gradient(rt, model, image, c);
  const IntegratedGradients integrated = integrated_gradients(rt, model, image, c);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_FLOAT_EQ(gradient(0, i), model.config().ink * model.weight(0)(i, 2));
    EXPECT_TRUE(std::abs(integrated.shares(0, i) - model.pixel_values()[pixels[i]] * model.weight(0)(i, 2)) <= 1e-6f);
  }
}

// The goal: completeness to 1e-3 on 1,000 images, of a network that has learnt.
TEST(Saliency, IntegratedGradientsAreCompleteOnAThousandImages) {
  const DataSplit data = load_sample();
  for (const Config& config : {Config{.widths = {784, 64, 10}}, Config{.widths = {784, 48, 32, 10}},
                               Config{.widths = {784, 32, 10}, .activation = Activation::gelu}}) {
    Mlp model(config, 1);
    const Runtime rt({.threads = 2});
    fit(rt, model, data.train, data.test, {.epochs = 2});
    std::vector<Answer> answers;
    evaluate(rt, model, data.test, &answers);
    std::vector<std::size_t> classes;
    for (const Answer& a : answers) classes.push_back(a.predicted);
    ASSERT_EQ(classes.size(), 1000u);
    const IntegratedGradients found = integrated_gradients(rt, model, data.test.images(), classes);
    // The difference itself, from the inference pass.
    const Matrix logits = logits_of(rt, model, data.test);
    Dataset black = data.test;
    black.pixels.assign(black.image_size(), 0);
    black.labels.assign(1, 0);
    const Matrix at_black = logits_of(rt, model, black);
    for (std::size_t b = 0; b < classes.size(); ++b) {
      const double difference =
          static_cast<double>(logits(b, classes[b])) - static_cast<double>(at_black(0, classes[b]));
      EXPECT_TRUE(std::abs(found.sum[b] - difference) <= 1e-3 * std::abs(difference))
          << describe(config) << " image " << b << ": " << found.sum[b] << " for " << difference;
    }
  }
}

// A smooth line in 16 pieces of two points each, none halved: the rule's error is below 1e-6 there, and that of any
// other points is of the order of a piece's length squared.
TEST(Saliency, PointsAreGaussAndLegendres) {
  const Mlp model = network({.widths = {40, 16, 5}, .activation = Activation::tanh}, 3);
  const std::vector<std::uint8_t> pixels = random_pixels(5 * 40, 4);
  const std::vector<std::size_t> classes = {0, 1, 2, 3, 4};
  const IntegratedGradients found =
      integrated_gradients(Runtime({.threads = 1}), model, {pixels.data(), 5, 40}, classes, {.most_rounds = 0});
  for (std::size_t b = 0; b < classes.size(); ++b) {
    EXPECT_EQ(found.points[b], 32u);
    EXPECT_TRUE(std::abs(found.sum[b] - found.difference[b]) <= 2e-5)
        << b << ": " << found.sum[b] << " for " << found.difference[b];
  }
}

TEST(Saliency, SameBytesForAnyThreadsAndInstructionSet) {
  const Mlp model = network({.widths = {40, 33, 20, 5}, .activation = Activation::silu}, 2);
  const std::vector<std::uint8_t> pixels = random_pixels(7 * 40, 8);
  const PixelView images(pixels.data(), 7, 40);
  const std::vector<std::size_t> classes(7, 1);
  const Runtime one({.threads = 1});
  const Matrix gradient = input_gradient(one, model, images, classes);
  const Matrix shares = integrated_gradients(one, model, images, classes).shares;
  for (const Isa isa : available_isas()) {
    const Runtime rt({.threads = 3, .isa = isa});
    EXPECT_TRUE(input_gradient(rt, model, images, classes) == gradient) << name(isa);
    EXPECT_TRUE(integrated_gradients(rt, model, images, classes).shares == shares) << name(isa);
  }
}

TEST(Saliency, RefusesWhatDoesNotFit) {
  const Mlp model = network({.widths = {6, 3, 2}}, 1);
  const std::vector<std::uint8_t> pixels(12);
  const Runtime rt({.threads = 1});
  const std::size_t one[] = {0}, beyond[] = {2};
  EXPECT_THROW(input_gradient(rt, model, {pixels.data(), 2, 6}, one), Error);
  EXPECT_THROW(input_gradient(rt, model, {pixels.data(), 1, 6}, beyond), Error);
  EXPECT_THROW(input_gradient(rt, model, {pixels.data(), 1, 5}, one), Error);
  EXPECT_THROW(integrated_gradients(rt, model, {pixels.data(), 2, 6}, one), Error);
  EXPECT_THROW(integrated_gradients(rt, model, {pixels.data(), 1, 6}, beyond), Error);
  EXPECT_THROW(integrated_gradients(rt, model, {pixels.data(), 1, 6}, one, {.tolerance = NAN}), Error);
  const Mlp normalised({.widths = {6, 3, 2}, .batch_norm = true}, 1);
  EXPECT_THROW(input_gradient(rt, normalised, {pixels.data(), 1, 6}, one), Error);
}

}  // namespace
