// The bundled sample: what its description promises.
#include "inkling/data/sample.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "inkling/data/idx.h"

namespace inkling {
namespace {

TEST(Sample, FourThousandAndOneThousandDigitsEvenlyByClass) {
  const DataSplit data = load_sample();
  EXPECT_TRUE(data.is_sample);
  EXPECT_FALSE(data.is_mnist);
  EXPECT_EQ(data.train.count(), 4000u);
  EXPECT_EQ(data.test.count(), 1000u);
  for (const Dataset* part : {&data.train, &data.test}) {
    EXPECT_EQ(part->height, 28u);
    EXPECT_EQ(part->width, 28u);
    EXPECT_EQ(part->class_names, digit_names());
    for (std::uint8_t digit = 0; digit < 10; ++digit)
      EXPECT_EQ(std::ranges::count(part->labels, digit), static_cast<std::ptrdiff_t>(part->count() / 10));
  }
}

TEST(Sample, IsTheFilesBesideTheSource) {
  const auto [train, test] = load_idx(INKLING_SOURCE_DIR "/data/sample");
  const DataSplit data = load_sample();
  EXPECT_EQ(train.pixels, data.train.pixels);
  EXPECT_EQ(train.labels, data.train.labels);
  EXPECT_EQ(test.pixels, data.test.pixels);
  EXPECT_EQ(test.labels, data.test.labels);
}

// MNIST's rule: the ink's longer side is 20 pixels, and its centre of mass is on pixel (14, 14) to within half a pixel.
TEST(Sample, EveryDigitHasMnistsSizeAndPlace) {
  const DataSplit data = load_sample();
  for (const Dataset* part : {&data.train, &data.test})
    for (std::size_t i = 0; i < part->count(); ++i) {
      const PixelView image = part->image(i);
      double mass = 0, rows = 0, columns = 0;
      std::size_t top = 28, bottom = 0, left = 28, right = 0;
      for (std::size_t r = 0; r < 28; ++r)
        for (std::size_t c = 0; c < 28; ++c) {
          const std::uint8_t ink = image(0, r * 28 + c);
          if (ink == 0) continue;
          mass += ink, rows += ink * static_cast<double>(r), columns += ink * static_cast<double>(c);
          top = std::min(top, r), bottom = std::max(bottom, r), left = std::min(left, c), right = std::max(right, c);
        }
      ASSERT_EQ(std::max(bottom - top, right - left) + 1, 20u) << i;
      ASSERT_TRUE(rows / mass >= 13.5 && rows / mass <= 14.5 && columns / mass >= 13.5 && columns / mass <= 14.5) << i;
    }
}

}  // namespace
}  // namespace inkling
