// Training passes with bf16 products: near those in fp32, and honest about bad numbers.
#include <gtest/gtest.h>

#include <cmath>

#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

double difference(ConstMatrixView a, ConstMatrixView b) {
  double square = 0, size = 0;
  for (std::size_t r = 0; r < a.rows; ++r)
    for (std::size_t c = 0; c < a.cols; ++c) {
      const double x = static_cast<double>(a(r, c)), y = static_cast<double>(b(r, c));
      square += (x - y) * (x - y), size += y * y;
    }
  return std::sqrt(square / size);
}

void pass(const Runtime& rt, Mlp& model, const Dataset& data, Workspace& ws) {
  forward(rt, model, data.images(), ws, {.seed = 2, .step = 5});
  softmax_cross_entropy(rt, data.labels, ws);
  backward(rt, model, data.images(), ws);
}

// Each operand is off by up to 2^-9 of itself, at random, and so are products norm-wise; a gradient has been through a
// product a layer both ways: less than 2^-6 in four layers. Where ReLU's kink lies between two roundings, whole units
// come or go: measured, up to 0.06. A gradient of something else would be off by about 1.
TEST(Bf16Pass, GradientsAreNearThoseInFp32) {
  const Dataset data = made_up_digits(65, 12);
  const Config configs[] = {
      {.widths = {144, 50, 10}},
      {.widths = {144, 33, 17, 65, 10}},
      {.widths = {144, 10}},
      {.widths = {144, 40, 30, 10}, .activation = Activation::gelu},
      {.widths = {144, 40, 30, 10}, .batch_norm = true},
      {.widths = {144, 40, 30, 10}, .dropout_input = 0.1f, .dropout = 0.3f},
      {.widths = {144, 40, 30, 10}, .activation = Activation::tanh, .input_noise = 0.2f},
  };
  for (const std::size_t threads : {1u, 2u})
    for (const Config& config : configs) {
      const Runtime rt({.threads = threads});
      Mlp model(config, 1);
      Workspace fp32(model, 65), bf16(model, 65, Precision::bf16);
      pass(rt, model, data, fp32);
      pass(rt, model, data, bf16);
      EXPECT_TRUE(difference(bf16.logits(), fp32.logits()) <= 0.02) << describe(config);
      for (const Tensor& t : model.table()) {
        const double d = difference(bf16.gradient(t), fp32.gradient(t));
        const bool has_kinks = config.activation == Activation::relu;
        EXPECT_TRUE(d <= (has_kinks ? 0.1 : 0x1p-6)) << describe(config) << ' ' << t.name << ": " << d;
        EXPECT_GT(d, 0) << t.name << " was not in bf16";
      }
    }
}

TEST(Bf16Pass, ALaterSmallerBatchSeesNothingOfTheOneBefore) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(70, 12);
  Mlp model({.widths = {144, 50, 10}}, 1);
  Workspace used(model, 70, Precision::bf16), fresh(model, 70, Precision::bf16);
  pass(rt, model, data, used);
  const Dataset few = made_up_digits(33, 12, 3);
  pass(rt, model, few, used);
  pass(rt, model, few, fresh);
  for (const Tensor& t : model.table()) EXPECT_TRUE(used.gradient(t) == fresh.gradient(t)) << t.name;
}

TEST(Bf16Pass, NaNAndInfinityReachTheLoss) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(20, 12);
  for (const float bad : {NAN, INFINITY})
    for (std::size_t l = 0; l < 3; ++l) {
      Mlp model({.widths = {144, 20, 20, 10}}, 1);
      for (float& w : model.weight(l).row(0)) w = bad;
      Workspace ws(model, 20, Precision::bf16);
      for (std::uint8_t k = 0; k < 10; ++k) model.weight(l)(k, 3) = bad;
      forward(rt, model, data.images(), ws);
      EXPECT_FALSE(std::isfinite(softmax_cross_entropy(rt, data.labels, ws))) << bad << " in layer " << l;
    }
}

}  // namespace
}  // namespace inkling
