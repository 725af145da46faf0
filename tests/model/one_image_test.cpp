// An image alone, and one of very many, gives the bytes that it gives in a batch: every layer's output and the
// probabilities.
#include <gtest/gtest.h>

#include <algorithm>

#include "inkling/core/error.h"
#include "inkling/core/rng.h"
#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "tests/support/guarded.h"

namespace inkling {
namespace {

std::vector<std::uint8_t> images(std::size_t count, std::size_t size) {
  std::vector<std::uint8_t> pixels(count * size);
  const Rng rng(31, size);
  for (std::size_t j = 0; j < count; ++j) {
    const double ink = static_cast<double>(j % 6) / 5;  // from none to all
    for (std::size_t i = j * size; i < (j + 1) * size; ++i)
      if (rng.uniform(2 * i) < ink) pixels[i] = static_cast<std::uint8_t>(1 + rng.below(255, 2 * i + 1));
  }
  return pixels;
}

TEST(OneImage, GivesTheBytesThatItGivesInABatch) {
  const Config configs[] = {{.widths = {784, 128, 10}},
                            {.widths = {784, 10}},
                            {.widths = {1, 1, 1}},
                            {.widths = {100, 300, 40, 7}, .activation = Activation::gelu},
                            {.widths = {61, 40, 30, 20, 26}, .activation = Activation::leaky_relu},
                            {.widths = {1100, 33, 10}, .batch_norm = true},
                            {.widths = {300, 2050, 10}}};  // wide enough for the thread pool
  constexpr std::size_t kImages = 12;
  for (const Isa isa : available_isas())
    for (const std::size_t threads : {1u, 2u}) {
      const Runtime rt({.threads = threads, .isa = isa});
      for (const Config& config : configs) {
        Mlp model(config, 5);
        for (std::size_t l = 0; l < model.layer_count(); ++l)
          for (float& b : model.bias(l).row(0)) b = 0.03f;
        const auto pixels = images(kImages, config.inputs());
        const PixelView all(pixels.data(), kImages, config.inputs());
        Workspace together(model, kImages), alone(model, 1);
        Matrix batch(kImages, config.outputs()), one(1, config.outputs());
        predict(rt, model, all, together, batch);
        for (std::size_t j = 0; j < kImages; ++j) {
          if (j == kImages / 2) freeze(rt, model, alone);
          predict(rt, model, all.middle_rows(j, 1), alone, one);
          for (std::size_t l = 0; l < model.layer_count(); ++l)
            ASSERT_TRUE(same_bytes(ConstMatrixView(alone.output(l)), together.output(l).middle_rows(j, 1)))
                << describe(config) << ", image " << j << ", layer " << l << ", " << name(isa);
          ASSERT_TRUE(same_bytes(one, batch.view().middle_rows(j, 1)));
        }
      }
    }
}

// Frozen weights are those of the moment: a change is seen after the next call, or after a training pass.
TEST(Freeze, HoldsUntilItIsCalledAgainOrTheModelTrains) {
  const Runtime rt({.threads = 2});
  Mlp model({.widths = {100, 30, 10}}, 5);
  const auto pixels = images(1, 100);
  std::vector<std::uint8_t> ink(pixels);
  ink[3] = 200;
  const PixelView image(ink.data(), 1, 100);
  Workspace ws(model, 8), fresh(model, 8);
  Matrix before(1, 10), after(1, 10), now(1, 10);
  predict(rt, model, image, fresh, before);
  freeze(rt, model, ws);
  for (float& w : model.weight(0).row(3)) w += 0.1f;
  predict(rt, model, image, fresh, after);
  ASSERT_FALSE(same_bytes(before, after));
  predict(rt, model, image, ws, now);
  EXPECT_TRUE(same_bytes(now, before));
  predict(Runtime({.threads = 1, .isa = Isa::portable}), model, image, ws, now);  // other kernels look again
  EXPECT_TRUE(same_bytes(now, after));
  freeze(rt, model, ws);
  predict(rt, model, image, ws, now);
  EXPECT_TRUE(same_bytes(now, after));
  for (float& w : model.weight(0).row(3)) w -= 0.1f;
  forward(rt, model, image, ws, TrainingPass{});
  predict(rt, model, image, ws, now);
  predict(rt, model, image, fresh, after);
  EXPECT_TRUE(same_bytes(now, after));
  const Mlp other({.widths = {100, 30, 10}}, 6);
  freeze(rt, model, ws);
  predict(rt, other, image, ws, now);
  predict(rt, other, image, fresh, after);
  EXPECT_TRUE(same_bytes(now, after));
  EXPECT_THROW(freeze(rt, Mlp({.widths = {100, 31, 10}}, 1), ws), Error);
}

// Very many images go through all layers in pieces of 256, each thread's on its own; a backward pass may follow.
TEST(ManyImages, GiveTheBytesThatTheyGiveInBatches) {
  const Config configs[] = {{.widths = {100, 130, 10}},
                            {.widths = {70, 33, 20, 7}, .activation = Activation::gelu},
                            {.widths = {50, 20, 10}, .batch_norm = true}};
  constexpr std::size_t kImages = 1100, kPart = 100;
  for (const std::size_t threads : {1u, 2u, 3u}) {
    const Runtime rt({.threads = threads});
    for (const Config& config : configs) {
      const Mlp model(config, 5);
      const auto pixels = images(kImages, config.inputs());
      const PixelView all(pixels.data(), kImages, config.inputs());
      Workspace together(model, kImages), part(model, kPart);
      Matrix many(kImages, config.outputs()), few(kPart, config.outputs());
      predict(rt, model, all, together, many);
      for (std::size_t first = 0; first < kImages; first += kPart) {
        predict(rt, model, all.middle_rows(first, kPart), part, few);
        for (std::size_t l = 0; l < model.layer_count(); ++l)
          ASSERT_TRUE(same_bytes(together.output(l).middle_rows(first, kPart), ConstMatrixView(part.output(l))))
              << describe(config) << ", from image " << first << ", layer " << l << ", " << threads << " threads";
        ASSERT_TRUE(same_bytes(many.view().middle_rows(first, kPart), few));
      }
      if (config.batch_norm) continue;
      std::vector<std::uint8_t> labels(kImages, 3);
      softmax_cross_entropy(rt, labels, together);
      backward(rt, model, all, together);
      const Runtime one({.threads = 1, .isa = Isa::portable});
      Workspace alone(model, kImages);
      forward(one, model, all, alone);
      softmax_cross_entropy(one, labels, alone);
      backward(one, model, all, alone);
      ASSERT_TRUE(std::ranges::equal(together.gradients(), alone.gradients())) << describe(config);
    }
  }
}

}  // namespace
}  // namespace inkling
