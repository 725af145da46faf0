// The test part of a set that has none: a share, all of it, or nothing, and the same one every time.
#include "inkling/data/test_part.h"

#include <algorithm>
#include <cmath>

#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

// Each image says in its first pixels which it was.
Dataset numbered(std::size_t count) {
  Dataset data{.height = 1, .width = 3, .pixels = {}, .labels = {}, .class_names = digit_names()};
  for (std::size_t j = 0; j < count; ++j) {
    for (const std::size_t byte : {j & 255, j >> 8, std::size_t{0}})
      data.pixels.push_back(static_cast<std::uint8_t>(byte));
    data.labels.push_back(static_cast<std::uint8_t>(j % 10));
  }
  return data;
}

std::vector<std::size_t> numbers(const Dataset& data) {
  std::vector<std::size_t> all;
  for (std::size_t j = 0; j < data.count(); ++j)
    all.push_back(data.pixels[3 * j] + (std::size_t{data.pixels[3 * j + 1]} << 8));
  return all;
}

TEST(TestPart, ItsOwnIsKept) {
  std::string said;
  const DataSplit data = with_test_part({.train = numbered(30), .test = numbered(10)}, {}, "set",
                                        [&](const std::string& text) { said += text; });
  EXPECT_TRUE(same(data.train, numbered(30)));
  EXPECT_TRUE(same(data.test, numbered(10)));
  EXPECT_FALSE(data.made_test.has_value());
  EXPECT_EQ(data.origin, "set");
  EXPECT_EQ(said, "");
}

TEST(TestPart, AShareOfEachClassIsHeldOutWithoutLossInOrder) {
  const DataSplit data = with_test_part({.train = numbered(1000)}, {.share = 0.25}, "set");
  EXPECT_EQ(data.made_test, (MadeTestPart{.share = 0.25, .seed = 1}));
  for (int c = 0; c < 10; ++c) EXPECT_EQ(std::ranges::count(data.test.labels, c), 25) << c;
  std::vector<std::size_t> train = numbers(data.train), test = numbers(data.test), all = train;
  EXPECT_TRUE(std::ranges::is_sorted(train));
  EXPECT_TRUE(std::ranges::is_sorted(test));
  all.insert(all.end(), test.begin(), test.end());
  std::ranges::sort(all);
  EXPECT_EQ(all, numbers(numbered(1000)));
  for (std::size_t j = 0; j < data.train.count(); ++j) ASSERT_EQ(data.train.labels[j], train[j] % 10);
}

TEST(TestPart, TheSeedChoosesTheImages) {
  const auto tested = [](std::uint64_t seed) {
    return numbers(with_test_part({.train = numbered(1000)}, {.share = 0.1, .seed = seed}, "set").test);
  };
  EXPECT_EQ(tested(1), tested(1));
  EXPECT_NE(tested(1), tested(2));
}

TEST(TestPart, WithoutAShareATenthIsHeldOutAndSaidSo) {
  std::string said;
  const DataSplit data =
      with_test_part({.train = numbered(200)}, {}, "digits/", [&](const std::string& text) { said += text; });
  EXPECT_EQ(data.test.count(), 20u);
  EXPECT_EQ(data.made_test, (MadeTestPart{.share = 0.1, .seed = 1}));
  EXPECT_NE(said.find("digits/: has no test part: 10 % of its images"), std::string::npos) << said;
  EXPECT_NE(said.find("--test"), std::string::npos) << said;
}

TEST(TestPart, SmallClassesGiveAnImageAndKeepOne) {
  Dataset data = numbered(24);  // classes 0 to 3 have three images, the others two
  const DataSplit split = with_test_part({.train = data}, {}, "set");
  for (int c = 0; c < 10; ++c) {
    EXPECT_GE(std::ranges::count(split.test.labels, c), 1) << c;
    EXPECT_GE(std::ranges::count(split.train.labels, c), 1) << c;
  }
  data.labels[7] = 11;  // one image of a class
  data.class_names = digit_names(12);
  for (const double share : {0.5, 0.9})
    EXPECT_EQ(std::ranges::count(with_test_part({.train = data}, {.share = share}, "set").train.labels, 11), 1);
}

TEST(TestPart, ToMeasureAllImagesAreTheTestPart) {
  const DataSplit data = with_test_part({.train = numbered(50)}, {.without = WithoutTest::all_test}, "set");
  EXPECT_TRUE(same(data.test, numbered(50)));
  EXPECT_EQ(data.train.count(), 0u);
  EXPECT_EQ(data.train.class_names, data.test.class_names);
}

TEST(TestPart, ToLookAtAllImagesAreTheTrainingPart) {
  const DataSplit data = with_test_part({.train = numbered(50)}, {.without = WithoutTest::none}, "set");
  EXPECT_TRUE(same(data.train, numbered(50)));
  EXPECT_EQ(data.test.count(), 0u);
}

TEST(TestPart, AShareOfASetThatHasOneIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::config, "set: has a test part of 10 images: leave out --test",
                      [] { with_test_part({.train = numbered(30), .test = numbered(10)}, {.share = 0.1}, "set"); }));
}
TEST(TestPart, AShareThatIsNoneIsRefused) {
  for (const double share : {0.0, 1.0, -0.5, 2.0, std::nan("")})
    EXPECT_TRUE(refuses(ErrorKind::config, "between 0 and 1", [&] {
      with_test_part({.train = numbered(30)}, {.share = share}, "set");
    })) << share;
}
TEST(TestPart, AShareThatLeavesNothingIsRefused) {
  EXPECT_TRUE(refuses(ErrorKind::config, "leaves 30 to train on and 0 to test with",
                      [] { with_test_part({.train = numbered(30)}, {.share = 0.01}, "set"); }));
}

}  // namespace
}  // namespace inkling
