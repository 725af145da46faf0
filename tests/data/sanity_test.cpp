// What is odd about a data set is found, each once, and nothing is found in sound ones.
#include "inkling/data/sanity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "inkling/data/locate.h"
#include "inkling/data/sample.h"
#include "tests/support/digits.h"

namespace inkling {
namespace {

Dataset sound(std::uint64_t seed, std::size_t count = 50) { return made_up_digits(count, 12, seed); }

// One sentence, with each of these in it.
testing::AssertionResult only(const std::vector<std::string>& found, const std::vector<std::string>& parts) {
  if (found.size() != 1) {
    testing::AssertionResult failure = testing::AssertionFailure() << found.size() << " found";
    for (const std::string& text : found) failure << "\n" << text;
    return failure;
  }
  for (const std::string& part : parts)
    if (found[0].find(part) == std::string::npos)
      return testing::AssertionFailure() << "'" << part << "' is missing: " << found[0];
  return testing::AssertionSuccess();
}

void copy_image(const Dataset& from, std::size_t j, Dataset& to, std::size_t k) {
  std::copy_n(from.pixels.begin() + static_cast<std::ptrdiff_t>(j * from.image_size()), from.image_size(),
              to.pixels.begin() + static_cast<std::ptrdiff_t>(k * to.image_size()));
}

TEST(Sanity, SoundDataHaveNothing) { EXPECT_EQ(oddities(sound(1), sound(2)), std::vector<std::string>()); }

TEST(Sanity, TheBundledSampleHasNothing) {
  const DataSplit sample = load_sample();
  EXPECT_EQ(oddities(sample.train, sample.test), std::vector<std::string>());
}

TEST(Sanity, MnistHasNothing) {
  const char* folder = std::getenv("INKLING_DATA");
  if (folder == nullptr) GTEST_SKIP() << "INKLING_DATA is not set";
  const DataSplit mnist = load_data(folder);
  EXPECT_EQ(oddities(mnist.train, mnist.test), std::vector<std::string>());
}

TEST(Sanity, ImagesOfOneGreyValue) {
  Dataset train = sound(1), test = sound(2);
  for (const std::size_t j : {7u, 30u})
    std::fill_n(train.pixels.begin() + static_cast<std::ptrdiff_t>(j * 144), 144, static_cast<std::uint8_t>(j));
  EXPECT_TRUE(only(oddities(train, test), {"2 of the 50 training images", "one grey value", "image 7"}));
  EXPECT_TRUE(only(oddities(test, train), {"2 of the 50 test images", "image 7"}));
}

TEST(Sanity, PixelsThatLookScaled) {
  Dataset train = sound(1);
  for (std::uint8_t& pixel : train.pixels) pixel = pixel >= 128;
  EXPECT_TRUE(only(oddities(train, sound(2)), {"training", "above 1", "0..255"}));
  train.pixels[100] = 2;
  EXPECT_TRUE(oddities(train, sound(2)).empty());
}

TEST(Sanity, PixelsThatLookInverted) {
  Dataset test = sound(2);
  for (std::uint8_t& pixel : test.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  EXPECT_TRUE(only(oddities(sound(1), test), {"test", "inverted"}));
}

TEST(Sanity, OneLabelAlone) {
  Dataset train = sound(1);
  std::ranges::fill(train.labels, std::uint8_t{4});
  EXPECT_TRUE(only(oddities(train, sound(2)), {"all 50 training images", "label 4"}));
  train.labels[49] = 5;
  EXPECT_TRUE(oddities(train, sound(2)).empty());
  EXPECT_TRUE(oddities(sound(1, 1), sound(2)).empty()) << "one image has one label, and that is not odd";
}

TEST(Sanity, ImagesThatStandInBothParts) {
  Dataset train = sound(1), test = sound(2);
  copy_image(train, 40, test, 3);
  copy_image(train, 41, test, 9);
  copy_image(train, 41, train, 45);  // twice in the training part counts once
  EXPECT_TRUE(only(oddities(train, test), {"2 of the 50 test images", "test image 3 is training image 40"}));
  test.pixels[3 * 144 + 143] ^= 1;  // the very last pixel
  test.pixels[9 * 144] ^= 1;
  EXPECT_TRUE(oddities(train, test).empty());
}

TEST(Sanity, TheSamePartTwice) { EXPECT_TRUE(only(oddities(sound(1), sound(1)), {"50 of the 50 test images"})); }

TEST(Sanity, EachOfSeveralIsFound) {
  Dataset train = sound(1), test = sound(2);
  std::ranges::fill(train.labels, std::uint8_t{4});
  copy_image(train, 40, test, 3);
  std::fill_n(test.pixels.begin(), 144, std::uint8_t{9});
  EXPECT_EQ(oddities(train, test).size(), 3u);
}

}  // namespace
}  // namespace inkling
