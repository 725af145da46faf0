// Mini-batches: every image once, in a seeded order, the last batch short.
#include "inkling/data/batches.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "inkling/core/error.h"

namespace inkling {
namespace {

// Ten images of four pixels; image j is all j and has label j.
Dataset ten_images() {
  Dataset data{.height = 2, .width = 2, .pixels = {}, .labels = {}, .class_names = digit_names(10)};
  for (std::uint8_t j = 0; j < 10; ++j) {
    data.pixels.insert(data.pixels.end(), 4, j);
    data.labels.push_back(j);
  }
  return data;
}

std::vector<std::uint8_t> order(Batches& batches, std::uint64_t epoch) {
  std::vector<std::uint8_t> labels;
  for (const Batch& batch : batches.epoch(epoch)) {
    EXPECT_EQ(batch.pixels.rows, batch.labels.size());
    for (std::size_t b = 0; b < batch.labels.size(); ++b) {
      for (const std::uint8_t pixel : batch.pixels.row(b))
        EXPECT_EQ(pixel, batch.labels[b]) << "an image got another's label";
      labels.push_back(batch.labels[b]);
    }
  }
  return labels;
}

TEST(Batches, VisitEveryImageOnceAndTheLastShortBatchToo) {
  const Dataset data = ten_images();
  for (const std::size_t size : {1u, 3u, 5u, 10u, 11u}) {
    Batches batches(data, {.size = size});
    EXPECT_EQ(batches.count(), (10 + std::min<std::size_t>(size, 10) - 1) / std::min<std::size_t>(size, 10));
    std::vector<std::uint8_t> labels = order(batches, 0);
    std::ranges::sort(labels);
    EXPECT_EQ(labels, (std::vector<std::uint8_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
}

TEST(Batches, OrderIsAFunctionOfSeedAndEpoch) {
  const Dataset data = ten_images();
  Batches a(data, {.size = 3, .seed = 1}), b(data, {.size = 4, .seed = 1}), c(data, {.size = 3, .seed = 2});
  const auto second = order(a, 1), first = order(a, 0);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, order(b, 0)) << "the size of a batch does not change the order";
  EXPECT_NE(first, order(c, 0));
  EXPECT_EQ(second, order(a, 1));
}

TEST(Batches, ASizeOfZeroIsRefused) {
  const Dataset data = ten_images();
  EXPECT_THROW(Batches(data, {.size = 0}), Error);
}

}  // namespace
}  // namespace inkling
