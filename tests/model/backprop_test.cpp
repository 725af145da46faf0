// Forward pass and gradients against the scalar reference in double and by complex step.
#include "inkling/model/backprop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/model/gradcheck.h"
#include "inkling/model/reference.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

const Config kConfigs[] = {{.widths = {784, 128, 10}}, {.widths = {784, 25, 25, 10}},      {.widths = {5, 4, 3, 2}},
                           {.widths = {100, 10}},      {.widths = {9, 17, 33, 16, 15, 3}}, {.widths = {1, 1, 1}}};

TEST(Forward, GivesTheReferencesLogits) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(70, 28);
  Mlp model({.widths = {784, 100, 30, 10}}, 3);
  for (std::size_t l = 0; l < model.layer_count(); ++l)
    for (float& b : model.bias(l).row(0)) b = 0.05f;
  Workspace ws(model, 70);
  forward(rt, model, data.images(), ws);
  const reference::Network<double> net(model);
  for (std::size_t b = 0; b < 70; ++b) {
    const std::vector<double> z = reference::logits(net, data.images().row(b));
    for (std::size_t c = 0; c < 10; ++c) EXPECT_TRUE(std::abs(ws.logits()(b, c) - z[c]) <= 1e-5 * (1 + std::abs(z[c])));
  }
  const double loss = softmax_cross_entropy(rt, data.labels, ws);
  EXPECT_TRUE(std::abs(loss - reference::loss(net, data.images(), data.labels)) <= 1e-5);
}

TEST(Forward, InputsAreScaledByTheConfigsInk) {
  const Runtime rt({.threads = 1});
  Mlp model({.widths = {1, 1}, .ink = 2.0f});
  model.weight(0)(0, 0) = 1;
  Workspace ws(model, 1);
  const std::uint8_t pixel = 51;
  forward(rt, model, {&pixel, 1, 1}, ws);
  EXPECT_FLOAT_EQ(ws.logits()(0, 0), 0.4f);
}

// Which pixels are blank in all images of a batch decides what is multiplied, and nothing else.
TEST(Forward, AnImageGivesTheSameBytesInAnyBatch) {
  const Runtime rt({.threads = 2});
  Dataset sparse = made_up_digits(40, 12), dense = sparse;
  for (std::size_t i = 0; i < dense.pixels.size(); ++i)
    dense.pixels[i] = static_cast<std::uint8_t>(dense.pixels[i] | 1);
  std::copy_n(sparse.pixels.begin(), 144, dense.pixels.begin());
  const Mlp model({.widths = {144, 50, 10}}, 1);
  Workspace a(model, 40), b(model, 40);
  forward(rt, model, sparse.images(), a);
  forward(rt, model, dense.images(), b);
  for (std::size_t c = 0; c < 10; ++c) EXPECT_EQ(a.logits()(0, c), b.logits()(0, c));
}

// Every pixel of every image is background: only biases are left.
TEST(Backward, BlankImagesTeachBiasesAlone) {
  const Runtime rt({.threads = 2});
  const Mlp model({.widths = {30, 20, 10}}, 1);
  const std::vector<std::uint8_t> blank(30 * 40);
  Workspace ws(model, 40);
  forward(rt, model, {blank.data(), 40, 30}, ws);
  for (std::size_t o = 0; o < 20; ++o) EXPECT_EQ(ws.output(0)(39, o), 0);
  softmax_cross_entropy(rt, std::vector<std::uint8_t>(40, 3), ws);
  std::ranges::fill(ws.gradients(), 7.0f);
  backward(rt, model, {blank.data(), 40, 30}, ws);
  for (const float g : ws.gradient(model.table()[0]).row(0)) EXPECT_EQ(g, 0);
  for (const float g : ws.gradient(model.table()[0]).row(29)) EXPECT_EQ(g, 0);
  EXPECT_NE(ws.gradient(model.table()[3])(0, 3), 0);
}

TEST(Backward, PassesTheComplexStepCheckForEveryShape) {
  for (const std::size_t threads : {1u, 2u})
    for (const Config& config : kConfigs) {
      const Runtime rt({.threads = threads});
      for (const TensorCheck& check : gradcheck(rt, Mlp(config, 1), {.parameters_a_tensor = 60}))
        EXPECT_TRUE(check.passed()) << describe(config) << " " << check.name << " " << check.backprop << " "
                                    << check.central;
    }
}

TEST(Backward, PassesTheCheckOnDenseImagesAndOnOneImage) {
  const Runtime rt({.threads = 2});
  for (const std::size_t images : {1u, 3u, 130u})
    for (const TensorCheck& check :
         gradcheck(rt, Mlp({.widths = {20, 15, 7}}, 2), {.images = images, .parameters_a_tensor = 0, .seed = 5}))
      EXPECT_TRUE(check.passed()) << images << " " << check.name << " " << check.backprop << " " << check.central;
}

TEST(Gradcheck, AWrongGradientOrNaNDoesNotPass) {
  EXPECT_FALSE((TensorCheck{.name = "t", .backprop = 2e-5}.passed()));
  EXPECT_FALSE((TensorCheck{.name = "t", .central = 2e-7}.passed()));
  EXPECT_FALSE((TensorCheck{.name = "t", .backprop = NAN}.passed()));
  EXPECT_FALSE((TensorCheck{.name = "t", .central = NAN}.passed()));
}

TEST(Gradcheck, AnOverflowingNetworkFailsTheCheck) {
  const Runtime rt({.threads = 1});
  Mlp model({.widths = {4, 3, 2}}, 1);
  for (float& w : model.weight(0).row(0)) w = 3e38f;
  bool all_passed = true;
  for (const TensorCheck& check : gradcheck(rt, model, {})) all_passed = all_passed && check.passed();
  EXPECT_FALSE(all_passed);
}

TEST(Backprop, ShapesThatDoNotFitAreRefused) {
  const Runtime rt({.threads = 1});
  const Mlp model({.widths = {4, 3, 2}}, 1);
  Workspace ws(model, 2);
  const std::uint8_t pixels[12] = {};
  EXPECT_THROW(forward(rt, model, {pixels, 2, 5}, ws), Error);
  EXPECT_THROW(forward(rt, model, {pixels, 3, 4}, ws), Error);
  EXPECT_THROW(forward(rt, model, {pixels, 0, 4}, ws), Error);
  forward(rt, model, {pixels, 2, 4}, ws);
  const std::uint8_t labels[] = {0, 2, 0};
  EXPECT_THROW(softmax_cross_entropy(rt, {labels, 3}, ws), Error);
  EXPECT_THROW(softmax_cross_entropy(rt, {labels, 2}, ws), Error) << "label 2 of 2 outputs";
  EXPECT_THROW(backward(rt, model, {pixels, 1, 4}, ws), Error);
}

TEST(Backprop, AnotherNetworksWorkspaceIsRefused) {
  const Runtime rt({.threads = 1});
  const Mlp model({.widths = {4, 5, 2}}, 1), narrow({.widths = {4, 3, 2}}, 1), deep({.widths = {4, 5, 2, 2}}, 1);
  const std::uint8_t pixels[4] = {1, 2, 3, 4};
  for (const Mlp& other : {narrow, deep}) {
    Workspace ws(other, 1);
    EXPECT_THROW(forward(rt, model, {pixels, 1, 4}, ws), Error);
  }
}

TEST(Predict, ProbabilitiesWithoutPaddingAreRefused) {
  const Runtime rt({.threads = 1});
  const Mlp model({.widths = {4, 3, 2}}, 1);
  Workspace ws(model, 1);
  const std::uint8_t pixels[4] = {1, 2, 3, 4};
  float out[2];
  EXPECT_THROW(predict(rt, model, {pixels, 1, 4}, ws, {out, 1, 2}), Error);
}

TEST(Gradcheck, AKinkBetweenTheTwoDifferencesDoesNotFailIt) {
  // So many units for so many images that some lie within h of their kink.
  const Runtime rt({.threads = 2});
  for (const TensorCheck& check :
       gradcheck(rt, Mlp({.widths = {5, 30, 3}}, 12), {.images = 2000, .parameters_a_tensor = 0, .seed = 12}))
    EXPECT_TRUE(check.passed()) << check.name << " " << check.backprop << " " << check.central;
}

TEST(Backprop, PaddingOfGradientsAndOutputsStaysZero) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(33, 12);
  const Mlp model({.widths = {144, 21, 10}}, 1);
  Workspace ws(model, 33);
  forward(rt, model, data.images(), ws);
  softmax_cross_entropy(rt, data.labels, ws);
  backward(rt, model, data.images(), ws);
  for (const Tensor& t : model.table())
    for (std::size_t r = 0; r < t.rows; ++r)
      for (std::size_t c = t.cols; c < t.stride; ++c)
        ASSERT_EQ(ws.gradients()[t.offset + r * t.stride + c], 0.0f) << t.name;
}

TEST(Predict, GivesProbabilitiesAndIsSafeFromManyThreads) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(64, 12);
  const Mlp model({.widths = {144, 21, 10}}, 1);
  Matrix expected(64, 10);
  Workspace ws(model, 64);
  predict(rt, model, data.images(), ws, expected);
  const Matrix totals = sum(expected, Axis::cols);
  for (std::size_t b = 0; b < 64; ++b) EXPECT_NEAR(totals(b, 0), 1, 1e-6);

  std::vector<Matrix> results(4, Matrix(64, 10));
  std::vector<std::thread> callers;
  for (Matrix& result : results)
    callers.emplace_back([&] {
      Workspace own(model, 64);
      for (int round = 0; round < 20; ++round) predict(rt, model, data.images(), own, result);
    });
  for (std::thread& caller : callers) caller.join();
  for (const Matrix& result : results) EXPECT_TRUE(result.view() == expected.view());
}

}  // namespace
}  // namespace inkling
