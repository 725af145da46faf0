// Training as a whole: it learns, it is the same everywhere, it sees every image, it stops when it should.
#include "inkling/train/fit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#include "inkling/core/error.h"
#include "inkling/data/batches.h"
#include "inkling/model/backprop.h"
#include "tests/support/digits.h"
#include "tests/support/isas.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

// Counts what the C++ side of this program allocates.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto unit = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }

namespace inkling {
namespace {

const Config kConfig{.widths = {144, 30, 10}};

TEST(Fit, Learns) {
  const Runtime rt({.threads = 2});
  const Dataset train = made_up_digits(2000), test = made_up_digits(500, 12, 2);
  Mlp model(kConfig, 1);
  const double before = evaluate(rt, model, test).accuracy;
  std::vector<double> losses;
  const FitResult result =
      fit(rt, model, train, test, {.epochs = 5, .batch = 32},
          {.on_batch = {}, .on_epoch = [&](const EpochReport& r) { losses.push_back(r.train_loss); }});
  EXPECT_LT(before, 0.3);
  EXPECT_GT(result.test.accuracy, 0.97);
  EXPECT_EQ(result.epochs, 5u);
  ASSERT_EQ(losses.size(), 5u);
  EXPECT_LT(losses[4], losses[0] / 4);
}

// Rule 2 of the design, on shapes whose work really is cut into blocks.
TEST(Fit, GivesTheSameBytesForAnyThreadsAndInstructionSet) {
  const Config config{.widths = {784, 128, 50, 10}};
  const Dataset test = made_up_digits(100, 28, 2);
  Dataset sparse = made_up_digits(500, 28), dense = sparse;
  for (std::uint8_t& pixel : dense.pixels) pixel |= 1;  // no pixel is skipped
  for (const Dataset& train : {sparse, dense}) {
    std::vector<float> expected;
    for (const Isa isa : training_isas())
      for (const std::size_t threads : {1u, 2u, 5u}) {
        const Runtime rt({.threads = threads, .isa = isa});
        Mlp model(config, 7);
        fit(rt, model, train, test, {.epochs = 1, .batch = 96, .seed = 7});
        if (expected.empty()) expected.assign(model.arena().begin(), model.arena().end());
        EXPECT_EQ(std::memcmp(expected.data(), model.arena().data(), expected.size() * sizeof(float)), 0)
            << name(isa) << ", " << threads;
      }
  }
}

TEST(Fit, InBf16GivesTheSameBytesForAnyThreadsAndInstructionSet) {
  const Config config{.widths = {784, 128, 50, 10}};
  const Dataset train = made_up_digits(330, 28), test = made_up_digits(50, 28, 2);  // batches of 96, 96, 96 and 42
  std::vector<float> expected;
  for (const Isa isa : training_isas())
    for (const std::size_t threads : {1u, 2u, 5u}) {
      const Runtime rt({.threads = threads, .isa = isa});
      Mlp model(config, 7);
      fit(rt, model, train, test, {.epochs = 2, .batch = 96, .precision = Precision::bf16, .seed = 7});
      if (expected.empty()) expected.assign(model.arena().begin(), model.arena().end());
      EXPECT_EQ(std::memcmp(expected.data(), model.arena().data(), expected.size() * sizeof(float)), 0)
          << name(isa) << ", " << threads;
    }
  Mlp model(config, 7);
  fit(Runtime({.threads = 1}), model, train, test, {.epochs = 2, .batch = 96, .seed = 7});
  EXPECT_NE(std::memcmp(expected.data(), model.arena().data(), expected.size() * sizeof(float)), 0) << "fp32";
}

// The backward pass steps weights itself where it may; a loop by hand never does.
TEST(Fit, InBf16GivesTheBytesOfALoopByHand) {
  const Runtime rt({.threads = 2});
  const Dataset train = made_up_digits(300, 12);
  for (const Activation activation : {Activation::relu, Activation::tanh}) {
    const Config config{.widths = {144, 70, 33, 10}, .activation = activation};
    Mlp by_fit(config, 3), by_hand(config, 3);
    fit(rt, by_fit, train, train, {.epochs = 2, .batch = 40, .precision = Precision::bf16, .seed = 3});
    Optimizer optimizer(by_hand, {.learning_rate = 0.1f});
    Workspace ws(by_hand, 40, Precision::bf16);
    Batches batches(train, {.size = 40, .seed = 3});
    for (std::uint64_t epoch = 0; epoch < 2; ++epoch)
      for (const Batch& batch : batches.epoch(epoch)) {
        forward(rt, by_hand, batch.pixels, ws);
        softmax_cross_entropy(rt, batch.labels, ws);
        backward(rt, by_hand, batch.pixels, ws);
        optimizer.step(rt, by_hand, ws);
      }
    EXPECT_TRUE(std::ranges::equal(by_fit.arena(), by_hand.arena())) << name(activation);
  }
}

TEST(Fit, DependsOnTheSeed) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(200);
  Mlp a(kConfig, 1), b(kConfig, 1);
  fit(rt, a, train, train, {.epochs = 1, .seed = 1});
  fit(rt, b, train, train, {.epochs = 1, .seed = 2});
  EXPECT_FALSE(a.weight(0) == b.weight(0));
}

TEST(Fit, ALossThatIsNotFiniteStopsItAndGivesBackTheLastGoodModel) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(300);
  Mlp model(kConfig, 1);
  const Mlp before = model;
  try {
    fit(rt, model, train, train, {.epochs = 5, .batch = 10, .optimizer = {.learning_rate = 1e30f}});
    FAIL() << "a learning rate of 1e30 went through";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::numeric);
    const std::string text = e.what();
    for (const char* part : {"epoch 1", "batch", "learning rate", "before training"})
      EXPECT_NE(text.find(part), std::string::npos) << text;
  }
  EXPECT_TRUE(model.weight(0) == before.weight(0));
  EXPECT_TRUE(model.weight(1) == before.weight(1));
}

TEST(Fit, AfterAGoodEpochTheLastGoodModelIsThatEpochs) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(300);
  Mlp model(kConfig, 1);
  std::vector<float> good;
  const FitCallbacks spoil_in_epoch_two{
      .on_batch =
          [&](const FitProgress& p) {
            if (p.epoch == 2 && p.batches_done == 3) model.bias(0)(0, 0) = NAN;
            return true;
          },
      .on_epoch = [&](const EpochReport&) { good.assign(model.arena().begin(), model.arena().end()); }};
  try {
    fit(rt, model, train, train, {.epochs = 3, .batch = 10}, spoil_in_epoch_two);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("as it was after epoch 1"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("epoch 2, batch 4 of 30"), std::string::npos) << e.what();
  }
  EXPECT_TRUE(std::ranges::equal(good, model.arena()));
}

TEST(Fit, EndsAfterTheBatchWhenToldTo) {
  const Runtime rt({.threads = 1});
  const Dataset train = made_up_digits(300);
  Mlp model(kConfig, 1);
  std::size_t epochs = 0;
  const FitResult result = fit(rt, model, train, train, {.epochs = 5, .batch = 10},
                               {.on_batch = [](const FitProgress& p) { return !(p.epoch == 2 && p.batches_done == 7); },
                                .on_epoch = [&](const EpochReport&) { ++epochs; }});
  EXPECT_EQ(epochs, 1u);
  EXPECT_EQ(result.epochs, 1u);
  EXPECT_EQ(result.batches_after, 7u);
  EXPECT_EQ(result.test.correct, evaluate(rt, model, train).correct);
}

TEST(Fit, DataThatDoesNotFitIsRefused) {
  const Runtime rt({.threads = 1});
  const Dataset data = made_up_digits(20);
  Mlp narrow({.widths = {100, 10}}, 1), few({.widths = {144, 9}}, 1);
  EXPECT_THROW(fit(rt, narrow, data, data, {}), Error);
  EXPECT_THROW(fit(rt, few, data, data, {}), Error);
}

TEST(TrainingLoop, AllocatesNothingAfterTheFirstEpoch) {
  const Runtime rt({.threads = 2});
  const Dataset train = made_up_digits(333, 28);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    Mlp model({.widths = {784, 64, 10}}, 1);
    Optimizer optimizer(model, {.learning_rate = 0.1f});
    Workspace ws(model, 32, precision);
    Batches batches(train, {.size = 32});
    std::size_t before = 0;
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
      if (epoch == 1) before = allocations;
      for (const Batch& batch : batches.epoch(epoch)) {
        forward(rt, model, batch.pixels, ws);
        softmax_cross_entropy(rt, batch.labels, ws);
        backward(rt, model, batch.pixels, ws);
        optimizer.step(rt, model, ws);
      }
    }
    EXPECT_EQ(allocations, before) << name(precision);
  }
  const std::size_t before = allocations;
  const Matrix counted(1, 1);
  EXPECT_EQ(allocations, before + 1) << "the counter sees what it should";
}

TEST(Optimizer, ImpossibleLearningRatesAreRefused) {
  const Mlp model(kConfig, 1);
  for (const float rate : {0.0f, -0.1f, NAN, INFINITY}) EXPECT_THROW(Optimizer(model, {.learning_rate = rate}), Error);
}

TEST(Optimizer, AnotherNetworksGradientsAreRefused) {
  const Runtime rt({.threads = 1});
  Mlp model(kConfig, 1);
  const Mlp other({.widths = {9, 3}}, 1);
  EXPECT_THROW(Optimizer(model, {}).step(rt, model, Workspace(other, 1)), Error);
}

TEST(Evaluate, CountsWithTheLastShortBatch) {
  const Runtime rt({.threads = 2});
  const Dataset data = made_up_digits(103);
  const Mlp model(kConfig, 1);
  Workspace small(model, 10), large(model, 200);
  std::vector<Answer> answers;
  const Metrics a = evaluate(rt, model, data, small, &answers), b = evaluate(rt, model, data, large);
  EXPECT_EQ(a.count, 103u);
  EXPECT_EQ(a.correct, b.correct);
  EXPECT_EQ(a.loss, b.loss);
  ASSERT_EQ(answers.size(), 103u);
  std::size_t right = 0;
  for (std::size_t j = 0; j < 103; ++j) right += answers[j].predicted == data.labels[j];
  EXPECT_EQ(right, a.correct);
  const std::vector<std::size_t> confusion = confusion_matrix(data, answers, 10);
  std::size_t total = 0, diagonal = 0;
  for (std::size_t k = 0; k < 100; ++k) total += confusion[k], diagonal += k % 11 == 0 ? confusion[k] : 0;
  EXPECT_EQ(total, 103u);
  EXPECT_EQ(diagonal, a.correct);
}

TEST(Metrics, StandardErrorIsTheBinomials) {
  const Metrics m{.count = 10000, .correct = 9800, .accuracy = 0.98, .loss = 0};
  EXPECT_NEAR(m.standard_error(), 0.0014, 0.00001);
  const Metrics perfect{.count = 100, .correct = 100, .accuracy = 1, .loss = 0};
  EXPECT_GT(perfect.standard_error(), 0);
}

}  // namespace
}  // namespace inkling
