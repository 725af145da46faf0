#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/data/sample.h"
#include "inkling/measure/answers.h"
#include "inkling/measure/peak.h"
#include "inkling/measure/products.h"
#include "inkling/measure/samples.h"
#include "inkling/measure/training_loop.h"

namespace inkling {
namespace {

TEST(Quantile, IsTheNearestRank) {
  const std::vector<double> samples = {5, 1, 4, 2, 3};
  EXPECT_EQ(median(samples), 3);
  EXPECT_EQ(quantile(samples, 0), 1);
  EXPECT_EQ(quantile(samples, 0.2), 1);
  EXPECT_EQ(quantile(samples, 0.21), 2);
  EXPECT_EQ(quantile(samples, 1), 5);
  EXPECT_EQ(median({4, 1, 2, 3}), 2);
  EXPECT_TRUE(std::isnan(median({})));
}

TEST(Sample, TakesTheFewestWithoutABudgetAndCallsWhatIsShortOften) {
  std::size_t calls = 0;
  const std::vector<double> samples = sample([&] { ++calls; }, 0);
  EXPECT_EQ(samples.size(), kFewestSamples);
  EXPECT_GT(calls, 100u);
  for (const double seconds : samples) EXPECT_GT(seconds, 0);
}

TEST(FmaRound, CountsEveryThreadsOperations) {
  const double one = fma_round(Runtime({.threads = 1}));
  EXPECT_GT(one, 0);
  EXPECT_EQ(fma_round(Runtime({.threads = 3})), 3 * one);
}

TEST(FmaRound, UsesTheWidestVectorsThatThereAre) {
  const double lanes = available_isas().back() >= Isa::avx512 ? 16 : available_isas().back() == Isa::portable ? 1 : 4;
  EXPECT_GE(fma_round(Runtime({.threads = 1})), 1e6 * 2 * 12 * lanes);
}

TEST(LayerProduct, RunsEveryKindAndRefusesImagesOfAnotherSize) {
  const Runtime rt({.threads = 2});
  const DataSplit data = load_sample();
  for (std::size_t k = 0; k < choice_names(LayerProductKind{}).size(); ++k)
    LayerProduct(static_cast<LayerProductKind>(k), {5000, 784, 3}, data.train).run(rt);
  EXPECT_THROW(LayerProduct(LayerProductKind::forward_pixels, {5, 783, 3}, data.train), Error);
  EXPECT_EQ((LayerShape{2, 3, 5}.flops()), 60);
}

TEST(TrainingLoop, LearnsTheSample) {
  const Runtime rt({.threads = 2});
  const DataSplit data = load_sample();
  TrainingLoop loop(data.train, {.network = {.widths = {784, 16, 10}}});
  const double first = loop.first_step(rt);
  loop.epoch(rt);
  EXPECT_LT(loop.epoch(rt), first / 2);
}

TEST(Answerer, TimesEachImage) {
  const Runtime rt({.threads = 1});
  const DataSplit data = load_sample();
  const Mlp model({.widths = {784, 16, 10}}, 1);
  EXPECT_EQ(Answerer(rt, model, data.test.images(), 1).one_by_one(rt).size(), data.test.count());
  Answerer(rt, model, data.test.images(), 256).in_batches(rt);  // the last batch is shorter
}

}  // namespace
}  // namespace inkling
