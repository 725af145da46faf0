// Classes by name: how labels become classes, and how two sets agree on them.
#include "inkling/data/classes.h"

#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

Dataset set_of(std::vector<std::string> names, std::vector<std::uint8_t> labels) {
  Dataset data{.height = 1, .width = 1, .pixels = {}, .labels = std::move(labels), .class_names = std::move(names)};
  data.pixels.resize(data.labels.size());
  return data;
}

TEST(Classes, NumbersAreAtLeastTheTenDigits) {
  std::vector<std::uint8_t> few = {1, 2, 3}, more = {0, 30};
  EXPECT_EQ(number_classes(few), digit_names());
  EXPECT_EQ(few, (std::vector<std::uint8_t>{1, 2, 3}));
  EXPECT_EQ(number_classes(more), digit_names(31));
}

TEST(Classes, NumbersThatBeginAtOneAndGoBeyondTheDigitsAreLowered) {
  std::vector<std::uint8_t> train = {26, 1}, test = {13};
  const std::vector<std::string> names = number_classes(train, test);
  EXPECT_EQ(names.size(), 26u);
  EXPECT_EQ(names[12], "13");
  EXPECT_EQ(train, (std::vector<std::uint8_t>{25, 0}));
  EXPECT_EQ(test, (std::vector<std::uint8_t>{12}));
}

TEST(Classes, PartsAreUnitedByName) {
  Dataset a = set_of({"b", "c"}, {0, 1}), b = set_of({"a", "c"}, {0, 1});
  unite_classes(a, b, "x");
  EXPECT_EQ(a.class_names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(a.class_names, b.class_names);
  EXPECT_EQ(a.labels, (std::vector<std::uint8_t>{1, 2}));
  EXPECT_EQ(b.labels, (std::vector<std::uint8_t>{0, 2}));
}

TEST(Classes, AModelsClassesAreTakenByName) {
  Dataset data = set_of({"3", "5"}, {0, 1, 1});
  adopt_classes(data, digit_names(), "x");
  EXPECT_EQ(data.labels, (std::vector<std::uint8_t>{3, 5, 5}));
  Dataset fashion = set_of(digit_names(), {0, 9});
  adopt_classes(fashion, set_of({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, {}).class_names, "x");
  EXPECT_EQ(fashion.labels, (std::vector<std::uint8_t>{0, 9})) << "numbers are places where names are words";
  EXPECT_EQ(fashion.class_names[9], "j");
  Dataset other = set_of({"cat", "5"}, {0});
  EXPECT_TRUE(refuses(ErrorKind::shape, "class 'cat'", [&] { adopt_classes(other, digit_names(), "x"); }));
}

}  // namespace
}  // namespace inkling
