// Batch normalisation in the network: training statistics, inference by them, and the network that they fold into.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "inkling/model/fold.h"
#include "inkling/model/loss.h"
#include "tests/support/digits.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;  // one rounding

// Everything that normalisation adds, set to numbers that are not its defaults.
Mlp seasoned(const Config& config) {
  Mlp model(config, 3);
  const Rng rng(51, 0);
  std::uint64_t k = 0;
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l)
    for (std::size_t o = 0; o < config.widths[l + 1]; ++o) {
      model.scale(l)(0, o) = static_cast<float>(1 + 0.3 * rng.normal(k++));
      model.running_mean(l)(0, o) = static_cast<float>(2 * rng.normal(k++));
      model.running_variance(l)(0, o) = static_cast<float>(0.01 + 4 * rng.uniform(k++));
    }
  for (std::size_t l = 0; l < model.layer_count(); ++l)
    for (float& b : model.bias(l).row(0)) b = static_cast<float>(rng.normal(k++));
  return model;
}

struct Bounded {
  std::vector<double> value, error;
};

// The inference pass of one image in double, and how far either fp32 way of computing it may be off: a chain of I
// multiply-adds brings I roundings of sum |x W|, folding two more; normalisation half a dozen of what it adds up; the
// activations here have a slope of at most 1 and are within 16 roundings.
Bounded inference(const Mlp& model, std::span<const std::uint8_t> image) {
  Bounded x;
  for (const std::uint8_t p : image) x.value.push_back(model.pixel_values()[p]);
  x.error.assign(image.size(), 0);
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    Bounded next;
    const ConstMatrixView W = model.weight(l);
    for (std::size_t o = 0; o < W.cols; ++o) {
      double z = 0, error = 0;
      const auto roundings = static_cast<double>(W.rows + 2);
      for (std::size_t i = 0; i < W.rows; ++i) {
        const double w = W(i, o);
        z += x.value[i] * w;
        error += std::abs(w) * (x.error[i] + roundings * kU * (std::abs(x.value[i]) + x.error[i]));
      }
      const double bias = model.bias(l)(0, o);
      if (l + 1 < model.layer_count()) {
        const double mean = model.running_mean(l)(0, o), variance = model.running_variance(l)(0, o);
        const double s = model.scale(l)(0, o) / std::sqrt(variance + 1e-5);
        error = std::abs(s) * error + 8 * kU * (std::abs(s) * (std::abs(z) + std::abs(mean)) + std::abs(bias));
        z = (z - mean) * s + bias;
        z = model.config().activation == Activation::relu ? std::max(z, 0.0) : std::tanh(z);
        error += 16 * kU * std::abs(z);
      } else {
        error += 2 * kU * (std::abs(z) + std::abs(bias));
        z += bias;
      }
      next.value.push_back(z);
      next.error.push_back(error);
    }
    x = next;
  }
  return x;
}

TEST(Fold, LogitsAreThoseOfTheInferencePass) {
  const Dataset data = made_up_digits(40);
  for (const Activation activation : {Activation::relu, Activation::tanh}) {
    const Mlp model = seasoned({.widths = {144, 37, 16, 10}, .activation = activation, .batch_norm = true});
    const Mlp folded = fold(model);
    EXPECT_FALSE(folded.config().batch_norm);
    const Runtime rt({.threads = 2});
    Workspace ws(model, 40), folded_ws(folded, 40);
    forward(rt, model, data.images(), ws);
    forward(rt, folded, data.images(), folded_ws);
    for (std::size_t b = 0; b < 40; ++b) {
      const Bounded want = inference(model, data.images().row(b));
      for (std::size_t c = 0; c < 10; ++c) {
        ASSERT_TRUE(want.error[c] <= 2e-2) << "a bound that says something: " << want.error[c];
        EXPECT_TRUE(std::abs(ws.logits()(b, c) - want.value[c]) <= want.error[c]) << b << " " << c;
        EXPECT_TRUE(std::abs(folded_ws.logits()(b, c) - want.value[c]) <= want.error[c]) << b << " " << c;
        // Worst cases do not add up: the roundings of a few hundred terms of either sign.
        EXPECT_TRUE(std::abs(folded_ws.logits()(b, c) - ws.logits()(b, c)) <= 0.05 * want.error[c]) << want.error[c];
      }
    }
  }
}

TEST(Fold, LeavesWhatOnlyTrainingKnowsBehindAndTheRestAsItIs) {
  const Mlp model({.widths = {5, 4, 3},
                   .activation = Activation::mish,
                   .ink = 2,
                   .temperature = 1.7f,
                   .dropout_input = 0.1f,
                   .dropout = 0.2f,
                   .input_noise = 0.3f},
                  1);
  const Mlp folded = fold(model);
  EXPECT_EQ(folded.config(),
            (Config{.widths = {5, 4, 3}, .activation = Activation::mish, .ink = 2, .temperature = 1.7f}));
  EXPECT_TRUE(std::ranges::equal(folded.arena(), model.arena()));
}

TEST(WithTemperature, KeepsParametersAndStatistics) {
  const Mlp model = seasoned({.widths = {5, 4, 3}, .batch_norm = true});
  const Mlp warm = with_temperature(model, 2.5f);
  EXPECT_EQ(warm.config().temperature, 2.5f);
  EXPECT_TRUE(std::ranges::equal(warm.arena(), model.arena()));
  EXPECT_TRUE(std::ranges::equal(warm.statistics(), model.statistics()));
}

// One pixel that is worth itself, times a weight of 1 or -2: sums can be written down.
Mlp one_pixel() {
  Mlp model({.widths = {1, 2, 2}, .activation = Activation::linear, .ink = 255, .batch_norm = true});
  model.weight(0)(0, 0) = 1;
  model.weight(0)(0, 1) = -2;
  model.bias(0)(0, 0) = 0.7f;  // which is added behind the normalisation and is no part of the mean
  model.scale(0)(0, 0) = 3;
  model.weight(1)(0, 0) = model.weight(1)(1, 1) = 1;
  return model;
}

TEST(BatchNorm, RunningStatisticsTakeInATenthOfEachBatch) {
  const Runtime rt({.threads = 1});
  Mlp model = one_pixel();
  Workspace ws(model, 3);
  const std::uint8_t first[] = {1, 3}, second[] = {2, 4, 9};
  forward(rt, model, {first, 2, 1}, ws, TrainingPass{});
  // Mean 2, variance (1 + 1) / 1 = 2; from 0 and 1. PyTorch's running variance is that of a sample.
  EXPECT_TRUE(std::abs(model.running_mean(0)(0, 0) - 0.2) <= 4 * kU);
  EXPECT_TRUE(std::abs(model.running_variance(0)(0, 0) - (0.9 + 0.2)) <= 4 * kU);
  EXPECT_TRUE(std::abs(model.running_mean(0)(0, 1) + 0.4) <= 4 * kU);
  EXPECT_TRUE(std::abs(model.running_variance(0)(0, 1) - (0.9 + 0.8)) <= 8 * kU);
  // Normalised by the variance of the batch itself, 1, not of a sample.
  EXPECT_TRUE(std::abs(ws.logits()(0, 0) - (-3 / std::sqrt(1 + 1e-5) + 0.7)) <= 16 * kU);
  EXPECT_TRUE(std::abs(ws.logits()(1, 0) - (3 / std::sqrt(1 + 1e-5) + 0.7)) <= 16 * kU);
  EXPECT_TRUE(std::abs(ws.logits()(1, 1) - (-2 / std::sqrt(4 + 1e-5))) <= 16 * kU);

  forward(rt, model, {second, 3, 1}, ws, TrainingPass{.step = 1});
  // Mean 5, variance (9 + 1 + 16) / 2 = 13.
  EXPECT_TRUE(std::abs(model.running_mean(0)(0, 0) - (0.18 + 0.5)) <= 8 * kU);
  EXPECT_TRUE(std::abs(model.running_variance(0)(0, 0) - (0.99 + 1.3)) <= 16 * kU);
  EXPECT_TRUE(std::abs(model.running_mean(0)(0, 1) - (-0.36 - 1)) <= 8 * kU);
  EXPECT_TRUE(std::abs(model.running_variance(0)(0, 1) - (1.53 + 5.2)) <= 32 * kU);
}

TEST(BatchNorm, AnInferencePassUsesWhatWasSeenAndChangesNothing) {
  const Runtime rt({.threads = 1});
  Mlp model = one_pixel();
  model.running_mean(0)(0, 0) = 4;
  model.running_variance(0)(0, 0) = 9;
  const Mlp before = model;
  Workspace ws(model, 2);
  const std::uint8_t pixels[] = {7, 1};
  forward(rt, model, {pixels, 2, 1}, ws);
  EXPECT_TRUE(std::abs(ws.logits()(0, 0) - (3 * 3 / std::sqrt(9 + 1e-5) + 0.7)) <= 16 * kU);
  EXPECT_TRUE(std::abs(ws.logits()(1, 0) - (3 * -3 / std::sqrt(9 + 1e-5) + 0.7)) <= 16 * kU);
  EXPECT_TRUE(std::ranges::equal(model.statistics(), before.statistics()));
}

TEST(BatchNorm, ABatchOfOneImageTrainsAndLeavesTheRunningStatistics) {
  const Runtime rt({.threads = 1});
  Mlp model = seasoned({.widths = {144, 20, 10}, .batch_norm = true});
  const Mlp before = model;
  const Dataset data = made_up_digits(1);
  Workspace ws(model, 4);
  forward(rt, model, data.images(), ws, TrainingPass{});
  EXPECT_TRUE(std::ranges::equal(model.statistics(), before.statistics()));
  for (std::size_t o = 0; o < 20; ++o) EXPECT_EQ(ws.output(0)(0, o), std::max(model.bias(0)(0, o), 0.0f));
  EXPECT_TRUE(std::isfinite(softmax_cross_entropy(rt, data.labels, ws)));
  backward(rt, model, data.images(), ws);
  // The one image is its own mean: what stands in front of the normalisation has no influence.
  for (const float g : ws.gradient(model.table()[0]).row(0)) EXPECT_EQ(g, 0);
  for (const float g : ws.gradients()) ASSERT_TRUE(std::isfinite(g));
}

TEST(BatchNorm, BackwardAfterAnInferencePassIsRefused) {
  const Runtime rt({.threads = 1});
  Mlp model = seasoned({.widths = {144, 20, 10}, .batch_norm = true});
  const Dataset data = made_up_digits(6);
  Workspace ws(model, 6);
  forward(rt, model, data.images(), ws, TrainingPass{});
  forward(rt, model, data.images(), ws);
  softmax_cross_entropy(rt, data.labels, ws);
  try {
    backward(rt, model, data.images(), ws);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::shape);
    EXPECT_NE(std::string(error.what()).find("training pass"), std::string::npos) << error.what();
  }
  forward(rt, model, data.images(), ws, TrainingPass{});
  softmax_cross_entropy(rt, data.labels, ws);
  EXPECT_NO_THROW(backward(rt, model, data.images(), ws));
}

TEST(Workspace, OfAnotherConfigurationIsRefused) {
  const Runtime rt({.threads = 1});
  const Config plain{.widths = {4, 5, 3}};
  Config normal = plain, dropping = plain, smooth = plain;
  normal.batch_norm = true;
  dropping.dropout = 0.5f;
  smooth.activation = Activation::tanh;
  const std::uint8_t pixels[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const PixelView images{pixels, 2, 4};
  for (const Config& own : {plain, normal, dropping, smooth})
    for (const Config& other : {plain, normal, dropping, smooth}) {
      Mlp model(other, 1);
      Workspace ws(Mlp(own, 1), 2);
      // dropout and tanh both keep a slope, and neither needs anything else.
      const bool fits = own == other || (!own.batch_norm && !other.batch_norm && own != plain && other != plain);
      EXPECT_EQ(ws.fits(model), fits);
      if (fits) continue;
      EXPECT_THROW(forward(rt, model, images, ws), Error);
      EXPECT_THROW(forward(rt, model, images, ws, TrainingPass{}), Error);
      ws.batch = 2;
      ws.training = true;
      EXPECT_THROW(backward(rt, model, images, ws), Error);
    }
  EXPECT_THROW(Workspace(Mlp(plain), 0), Error);
}

}  // namespace
}  // namespace inkling
