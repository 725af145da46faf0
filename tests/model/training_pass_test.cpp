// Dropout, noise and mixing: what they draw, what they do to a batch, and that nothing but seed, step, layer and place
// decides. Statistics are held to 5 standard deviations of what is counted; the draws are fixed, so a test that has
// passed passes.
#include "inkling/model/training_pass.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "inkling/core/error.h"
#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "inkling/model/reference.h"
#include "tests/support/digits.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

constexpr double kU = 0x1p-24;

Matrix ones(std::size_t rows, std::size_t cols, float value = 1) {
  Matrix m(rows, cols);
  for (std::size_t r = 0; r < rows; ++r) std::ranges::fill(m.view().row(r), value);
  return m;
}

// The mask of a layer, 1 where a unit is kept, by drop_out.
Matrix mask_of(float share, const TrainingPass& pass, std::size_t layer, std::size_t rows, std::size_t cols) {
  Matrix m = ones(rows, cols);
  drop_out(Runtime({.threads = 1}), share, pass, layer, m, MatrixView());
  return map(m, [](float x) { return x > 0 ? 1.0f : 0.0f; });
}

TEST(Dropout, MasksAreThoseOfIsKept) {
  for (const Isa isa : available_isas())
    for (const std::size_t threads : {1u, 2u, 5u})
      for (const std::size_t width : {1u, 7u, 8u, 9u, 16u, 33u, 130u})
        for (const float share : {0.0001f, 0.1f, 0.3f, 0.5f, 0.8f, 0.99999f}) {
          const Runtime rt({.threads = threads, .isa = isa});
          const TrainingPass pass{.seed = 5, .step = 123456789};
          GuardedMatrix a(ones(9, width)), slope(ones(9, width, -2)), alone(ones(9, width));
          drop_out(rt, share, pass, 3, a, slope);
          drop_out(rt, share, pass, 3, alone, MatrixView());
          const auto scale = static_cast<float>(1 / (1 - dropped_share(share)));
          for (std::size_t b = 0; b < 9; ++b)
            for (std::size_t o = 0; o < width; ++o) {
              const bool kept = is_kept(share, pass, 3, b, o, width);
              ASSERT_EQ(a(b, o), kept ? scale : 0);
              ASSERT_EQ(slope(b, o), kept ? -2 * scale : 0);
            }
          EXPECT_TRUE(same_bytes(alone, a));
          for (GuardedMatrix* each : {&a, &slope, &alone}) each->expect_sound();
        }
}

TEST(Dropout, DropsTheShareThatIsAskedFor) {
  for (const float share : {0.05f, 0.5f, 0.9f}) {
    const double p = dropped_share(share);
    EXPECT_TRUE(std::abs(p - static_cast<double>(share)) <= 0x1p-17);
    constexpr double n = 400 * 997;
    const double dropped = n - sum(mask_of(share, {.seed = 3, .step = 7}, 2, 400, 997));
    EXPECT_TRUE(std::abs(dropped - n * p) <= 5 * std::sqrt(n * p * (1 - p))) << share << ": " << dropped / n;
  }
  EXPECT_EQ(dropped_share(0.5f), 0.5);
  EXPECT_EQ(dropped_share(0), 0);
  EXPECT_TRUE(dropped_share(0.999999f) < 1) << "1 / (1 - share) would be infinite";
}

// The share of units whose mask differs between two draws: 2 p (1 - p) when they are independent.
void expect_independent(const Matrix& a, const Matrix& b, double p, const char* what) {
  double differing = 0;
  for (std::size_t r = 0; r < a.rows(); ++r)
    for (std::size_t c = 0; c < a.cols(); ++c) differing += a(r, c) != b(r, c);
  const auto n = static_cast<double>(a.rows() * a.cols());
  const double q = 2 * p * (1 - p);
  EXPECT_TRUE(std::abs(differing - n * q) <= 5 * std::sqrt(n * q * (1 - q))) << what << ": " << differing / n;
}

TEST(Dropout, DependsOnSeedStepLayerImageAndUnit) {
  constexpr std::size_t kRows = 60, kCols = 500;
  for (const float share : {0.5f, 0.2f}) {
    const double p = dropped_share(share);
    const Matrix mask = mask_of(share, {.seed = 1, .step = 10}, 1, kRows, kCols);
    EXPECT_TRUE(mask.view() == mask_of(share, {.seed = 1, .step = 10}, 1, kRows, kCols).view());
    expect_independent(mask, mask_of(share, {.seed = 2, .step = 10}, 1, kRows, kCols), p, "seed");
    expect_independent(mask, mask_of(share, {.seed = 1, .step = 11}, 1, kRows, kCols), p, "step");
    expect_independent(mask, mask_of(share, {.seed = 1, .step = 1ull << 31}, 1, kRows, kCols), p, "a late step");
    expect_independent(mask, mask_of(share, {.seed = 1, .step = 10}, 2, kRows, kCols), p, "layer");
    Matrix next_image(kRows - 1, kCols), next_unit(kRows, kCols - 1), images(kRows - 1, kCols), units(kRows, kCols - 1);
    for (std::size_t r = 0; r < kRows; ++r)
      for (std::size_t c = 0; c < kCols; ++c) {
        if (r + 1 < kRows) images(r, c) = mask(r, c), next_image(r, c) = mask(r + 1, c);
        if (c + 1 < kCols) units(r, c) = mask(r, c), next_unit(r, c) = mask(r, c + 1);
      }
    expect_independent(images, next_image, p, "image");
    expect_independent(units, next_unit, p, "unit");
  }
}

TEST(TrainingPass, GivesTheSameBytesForAnyThreadsAndInstructionSet) {
  const Dataset data = made_up_digits(64);
  const Config config{.widths = {144, 70, 33, 10},
                      .activation = Activation::gelu,
                      .batch_norm = true,
                      .dropout_input = 0.2f,
                      .dropout = 0.4f,
                      .input_noise = 0.3f};
  Mixing mixing;
  draw_mixing(0.4f, 1, 5, data.labels, mixing);
  std::vector<float> logits, gradients;
  for (const bool noise : {true, false})
    for (const Isa isa : available_isas())
      for (const std::size_t threads : {1u, 2u, 5u}) {
        const Runtime rt({.threads = threads, .isa = isa});
        Config own = config;
        if (!noise) own.input_noise = 0;
        Mlp model(own, 1);
        Workspace ws(model, 64);
        TrainingPass pass{.seed = 1, .step = 5};
        if (noise) pass.lambda = mixing.lambda, pass.partners = mixing.partners;
        forward(rt, model, data.images(), ws, pass);
        softmax_cross_entropy(rt, data.labels, ws);
        backward(rt, model, data.images(), ws);
        const std::vector<float> our_logits(ws.logits().data, ws.logits().data + 64 * ws.logits().stride);
        const std::vector<float> our_gradients(ws.gradients().begin(), ws.gradients().end());
        if (isa == Isa::portable && threads == 1) logits = our_logits, gradients = our_gradients;
        EXPECT_EQ(std::memcmp(our_logits.data(), logits.data(), logits.size() * 4), 0) << name(isa) << threads << noise;
        EXPECT_EQ(std::memcmp(our_gradients.data(), gradients.data(), gradients.size() * 4), 0) << name(isa) << threads;
      }
}

TEST(TrainingPass, DroppedPixelsAreTheSameAsPixelsAndAsFloats) {
  // Mixing each image with itself, half and half, is exact, and makes floats of the inputs.
  const Dataset data = made_up_digits(40);
  const Runtime rt({.threads = 2});
  Mlp model({.widths = {144, 50, 10}, .dropout_input = 0.3f}, 1);
  std::vector<std::uint32_t> itself(40);
  for (std::uint32_t b = 0; b < 40; ++b) itself[b] = b;
  Workspace pixels(model, 40), floats(model, 40);
  forward(rt, model, data.images(), pixels, {.seed = 2, .step = 3});
  forward(rt, model, data.images(), floats, {.seed = 2, .step = 3, .lambda = 0.5f, .partners = itself});
  ASSERT_EQ(pixels.input.floats.data, nullptr);
  ASSERT_NE(floats.input.floats.data, nullptr);
  // Pixels are multiplied exactly, floats in fp32: 1e-5 of the largest is some hundred roundings.
  const auto expect_close = [](ConstMatrixView a, ConstMatrixView b, std::string_view what) {
    float largest = 0;
    for (std::size_t r = 0; r < a.rows; ++r)
      for (const float x : a.row(r)) largest = std::max(largest, std::abs(x));
    for (std::size_t r = 0; r < a.rows; ++r)
      for (std::size_t c = 0; c < a.cols; ++c)
        ASSERT_TRUE(std::abs(a(r, c) - b(r, c)) <= 1e-5f * largest) << what << " " << r << ", " << c;
  };
  expect_close(pixels.logits(), floats.logits(), "logits");
  const auto scale = static_cast<float>(1 / (1 - dropped_share(0.3f)));
  std::size_t zeros = 0;
  for (std::size_t b = 0; b < 40; ++b)
    for (std::size_t i = 0; i < 144; ++i) {
      const bool kept = is_kept(0.3f, {.seed = 2, .step = 3}, 0, b, i, 144);
      const float x = kept ? model.pixel_values()[data.images()(b, i)] * scale : 0;
      ASSERT_FLOAT_EQ(pixels.input.worth * pixels.input.pixels(b, i), x);
      ASSERT_EQ(floats.input.floats(b, i), x);
      zeros += !kept && data.images()(b, i) != 0;
    }
  EXPECT_GT(zeros, 100u);
  for (Workspace* ws : {&pixels, &floats}) {
    softmax_cross_entropy(rt, data.labels, *ws);
    backward(rt, model, data.images(), *ws);
  }
  for (const Tensor& t : model.table()) expect_close(pixels.gradient(t), floats.gradient(t), t.name);
}

TEST(InputNoise, HasTheDeviationThatIsAskedFor) {
  const Dataset data = made_up_digits(128);
  const Runtime rt({.threads = 2});
  Mlp model({.widths = {144, 10}, .ink = 2.5f, .input_noise = 0.3f}, 1);
  Workspace ws(model, 128);
  std::vector<double> noise[2];
  for (const std::uint64_t step : {0u, 1u}) {
    forward(rt, model, data.images(), ws, {.seed = 4, .step = step});
    for (std::size_t b = 0; b < 128; ++b)
      for (std::size_t i = 0; i < 144; ++i)
        noise[step].push_back(static_cast<double>(ws.input.floats(b, i)) -
                              static_cast<double>(model.pixel_values()[data.images()(b, i)]));
  }
  const auto n = static_cast<double>(noise[0].size());
  const double variance = 0.75 * 0.75;  // ink times 0.3
  const auto mean_product = [&](const std::vector<double>& x, const std::vector<double>& y, std::size_t shift) {
    double total = 0;
    for (std::size_t k = 0; k < x.size(); ++k) total += x[k] * y[(k + shift) % y.size()];
    return total / n;
  };
  double mean = 0;
  for (const double each : noise[0]) mean += each / n;
  EXPECT_TRUE(std::abs(mean) <= 5 * std::sqrt(variance / n)) << mean;
  EXPECT_TRUE(std::abs(mean_product(noise[0], noise[0], 0) - variance) <= 5 * variance * std::sqrt(2 / n));
  EXPECT_TRUE(std::abs(mean_product(noise[0], noise[1], 0)) <= 5 * variance / std::sqrt(n)) << "another step";
  EXPECT_TRUE(std::abs(mean_product(noise[0], noise[0], 1)) <= 5 * variance / std::sqrt(n)) << "the next pixel";
  EXPECT_TRUE(std::abs(mean_product(noise[0], noise[0], 144)) <= 5 * variance / std::sqrt(n)) << "the next image";
}

TEST(Mixing, LambdaIsBetasAndPartnersAreAPermutation) {
  const std::vector<std::uint8_t> labels = {3, 1, 4, 1, 5, 9, 2, 6, 0, 7};
  constexpr std::size_t kSteps = 20000;
  for (const float alpha : {0.2f, 1.0f}) {
    double mean = 0, square = 0, product = 0, last = 0, below_tenth = 0;
    std::size_t fixed = 0;
    for (std::size_t step = 0; step < kSteps; ++step) {
      Mixing mixing;
      draw_mixing(alpha, 6, step, labels, mixing);
      const double lambda = static_cast<double>(mixing.lambda);
      ASSERT_TRUE(lambda >= 0 && lambda <= 1);
      ASSERT_TRUE(alpha != 1 || (lambda > 0 && lambda < 1));
      mean += lambda / kSteps, square += (lambda - 0.5) * (lambda - 0.5) / kSteps;
      product += (lambda - 0.5) * last / kSteps, last = lambda - 0.5;
      below_tenth += (lambda < 0.1) / static_cast<double>(kSteps);
      std::vector<std::uint32_t> sorted = mixing.partners;
      std::ranges::sort(sorted);
      ASSERT_EQ(mixing.partner_labels.size(), labels.size());
      for (std::uint32_t b = 0; b < labels.size(); ++b) {
        ASSERT_EQ(sorted[b], b);
        ASSERT_EQ(mixing.partner_labels[b], labels[mixing.partners[b]]);
        fixed += mixing.partners[b] == b;
      }
    }
    // Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)); (lambda - 1/2)^2 lies in [0, 1/4], so its deviation is below
    // 1/8. At a = 1 lambda is uniform.
    const double variance = 1 / (4 * (2 * static_cast<double>(alpha) + 1)), root = std::sqrt(kSteps);
    EXPECT_TRUE(std::abs(mean - 0.5) <= 5 * std::sqrt(variance) / root) << alpha << ": " << mean;
    EXPECT_TRUE(std::abs(square - variance) <= 5 * 0.125 / root) << alpha << ": " << square << " for " << variance;
    EXPECT_TRUE(std::abs(product) <= 5 * variance / root) << "steps hang together";
    EXPECT_TRUE(alpha != 1 || std::abs(below_tenth - 0.1) <= 5 * 0.3 / root) << below_tenth;
    // A permutation has one fixed point, variance 1.
    EXPECT_TRUE(std::abs(static_cast<double>(fixed) / kSteps - 1) <= 5 / root) << fixed;
  }
}

TEST(Mixing, DependsOnSeedAndStepAlone) {
  const std::vector<std::uint8_t> labels(50, 1), others(50, 2);
  Mixing a, again, step, seed;
  draw_mixing(0.5f, 1, 9, labels, a);
  draw_mixing(0.5f, 1, 9, others, again);
  draw_mixing(0.5f, 1, 10, labels, step);
  draw_mixing(0.5f, 2, 9, labels, seed);
  EXPECT_EQ(a.lambda, again.lambda);
  EXPECT_EQ(a.partners, again.partners);
  EXPECT_NE(a.lambda, step.lambda);
  EXPECT_NE(a.partners, step.partners);
  EXPECT_NE(a.lambda, seed.lambda);
  EXPECT_NE(a.partners, seed.partners);
}

TEST(Mixing, ForwardSeesTheBlendOfTheInputs) {
  const Dataset data = made_up_digits(30);
  const Runtime rt({.threads = 2});
  Mlp model({.widths = {144, 40, 10}, .activation = Activation::tanh}, 1);
  Mixing mixing;
  draw_mixing(1.0f, 3, 2, data.labels, mixing);
  Workspace ws(model, 30);
  forward(rt, model, data.images(), ws, {.seed = 3, .step = 2, .lambda = mixing.lambda, .partners = mixing.partners});
  const reference::Network<double> net(model);
  reference::Held held;
  const double lambda = mixing.lambda;
  for (std::size_t b = 0; b < 30; ++b) {
    std::vector<double>& row = held.inputs.emplace_back();
    for (std::size_t i = 0; i < 144; ++i) {
      const double own = model.pixel_values()[data.images()(b, i)];
      const double partner = model.pixel_values()[data.images()(mixing.partners[b], i)];
      row.push_back(lambda * own + (1 - lambda) * partner);
      // 1 - lambda, two products and a sum: three roundings of either term.
      ASSERT_TRUE(std::abs(ws.input.floats(b, i) - row.back()) <= 3 * kU * (own + partner));
    }
  }
  const auto z = reference::logits(net, held);
  for (std::size_t b = 0; b < 30; ++b)
    for (std::size_t c = 0; c < 10; ++c)
      EXPECT_TRUE(std::abs(ws.logits()(b, c) - z[b][c]) <= 1e-5 * (1 + std::abs(z[b][c])));
}

TEST(Mixing, PartnersThatDoNotFitAreRefused) {
  const Runtime rt({.threads = 1});
  Mlp model({.widths = {4, 2}}, 1);
  Workspace ws(model, 2);
  const std::uint8_t pixels[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const std::uint32_t three[] = {0, 1, 1}, outside[] = {0, 2};
  EXPECT_THROW(forward(rt, model, {pixels, 2, 4}, ws, {.lambda = 0.5f, .partners = three}), Error);
  EXPECT_THROW(forward(rt, model, {pixels, 2, 4}, ws, {.lambda = 0.5f, .partners = outside}), Error);
}

TEST(TrainingPass, OfAPlainNetworkIsAnInferencePass) {
  const Dataset data = made_up_digits(20);
  const Runtime rt({.threads = 2});
  Mlp model({.widths = {144, 30, 10}}, 1);
  const std::vector<std::uint32_t> partners(20, 7);
  Workspace inference(model, 20), training(model, 20);
  forward(rt, model, data.images(), inference);
  for (const TrainingPass& pass : {TrainingPass{}, TrainingPass{.lambda = 1, .partners = partners}}) {
    forward(rt, model, data.images(), training, pass);
    EXPECT_TRUE(same_bytes(training.logits(), inference.logits()));
  }
}

TEST(InferencePass, DrawsNothing) {
  const Dataset data = made_up_digits(20);
  const Runtime rt({.threads = 2});
  for (const Activation activation : {Activation::relu, Activation::silu}) {
    const Mlp plain({.widths = {144, 30, 20, 10}, .activation = activation}, 1);
    Mlp noisy({.widths = {144, 30, 20, 10},
               .activation = activation,
               .dropout_input = 0.3f,
               .dropout = 0.5f,
               .input_noise = 0.4f},
              1);
    Workspace plain_ws(plain, 20), noisy_ws(noisy, 20);
    forward(rt, plain, data.images(), plain_ws);
    forward(rt, noisy, data.images(), noisy_ws, {.seed = 1, .step = 1});
    EXPECT_FALSE(same_bytes(noisy_ws.logits(), plain_ws.logits())) << "a training pass does draw";
    forward(rt, noisy, data.images(), noisy_ws);
    EXPECT_TRUE(same_bytes(noisy_ws.logits(), plain_ws.logits()));
    // Nor does its gradient know of dropout, though the workspace has room for it.
    for (Workspace* ws : {&plain_ws, &noisy_ws}) softmax_cross_entropy(rt, data.labels, *ws);
    backward(rt, plain, data.images(), plain_ws);
    backward(rt, noisy, data.images(), noisy_ws);
    for (const Tensor& t : plain.table())
      EXPECT_TRUE(plain_ws.gradient(t).rows == t.rows && ConstMatrixView(plain_ws.gradient(t)) == noisy_ws.gradient(t));
  }
}

}  // namespace
}  // namespace inkling
