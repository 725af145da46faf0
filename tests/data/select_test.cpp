// Parts of a data set: the first images, and a stratified hold-out.
#include "inkling/data/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "tests/data/scratch.h"
#include "tests/format/refusal.h"

namespace inkling {
namespace {

// Images of four pixels that tell their place, with classes of very different sizes: 0 has half of them, 9 has one.
Dataset uneven(std::size_t count) {
  Dataset data{.height = 2, .width = 2, .pixels = {}, .labels = {}, .class_names = digit_names()};
  for (std::size_t j = 0; j < count; ++j) {
    for (const std::size_t shift : {0u, 8u, 16u, 24u}) data.pixels.push_back(static_cast<std::uint8_t>(j >> shift));
    data.labels.push_back(j == count / 2 ? 9 : static_cast<std::uint8_t>(j % 2 == 0 ? 0 : 1 + j % 8));
  }
  return data;
}

std::vector<std::size_t> places(const Dataset& data) {
  std::vector<std::size_t> all;
  for (std::size_t j = 0; j < data.count(); ++j) {
    const auto p = data.image(j).row(0);
    all.push_back(p[0] + (std::size_t{p[1]} << 8));
  }
  return all;
}

std::map<int, std::size_t> classes(const Dataset& data) {
  std::map<int, std::size_t> counts;
  for (const std::uint8_t label : data.labels) ++counts[label];
  return counts;
}

TEST(HoldOut, TakesTheShareOfEachClass) {
  const Dataset data = uneven(1001);
  const auto all = classes(data);
  for (const double share : {0.001, 0.1, 1.0 / 3, 0.5, 0.9}) {
    const HeldOut parts = hold_out(data, share, 1);
    auto held = classes(parts.held_out);
    for (const auto& [label, count] : all) {
      const double exact = share * static_cast<double>(count);
      EXPECT_TRUE(std::abs(static_cast<double>(held[label]) - exact) <= 0.5) << share << ": class " << label;
    }
  }
}

TEST(HoldOut, PartsAreDisjointWholeAndInOrder) {
  const Dataset data = uneven(1000);
  const HeldOut parts = hold_out(data, 0.2, 3);
  const std::vector<std::size_t> rest = places(parts.rest), held = places(parts.held_out);
  EXPECT_TRUE(std::ranges::is_sorted(rest));
  EXPECT_TRUE(std::ranges::is_sorted(held));
  std::vector<std::size_t> both;
  std::ranges::merge(rest, held, std::back_inserter(both));
  EXPECT_EQ(both, places(data));
  for (const Dataset* part : {&parts.rest, &parts.held_out}) {
    const std::vector<std::size_t> from = places(*part);
    for (std::size_t j = 0; j < from.size(); ++j) ASSERT_EQ(part->labels[j], data.labels[from[j]]) << "labels stay";
    EXPECT_EQ(part->height, 2u);
    EXPECT_EQ(part->class_names, data.class_names);
  }
}

TEST(HoldOut, IsAFunctionOfTheSeed) {
  const Dataset data = uneven(1000);
  const HeldOut a = hold_out(data, 0.2, 3), b = hold_out(data, 0.2, 3), c = hold_out(data, 0.2, 4);
  EXPECT_TRUE(same(a.held_out, b.held_out) && same(a.rest, b.rest));
  EXPECT_FALSE(same(a.held_out, c.held_out));
  EXPECT_EQ(a.held_out.count(), c.held_out.count());
}

// Were the first of each class taken, all would stand in the first fifth or so.
TEST(HoldOut, TakesFromEverywhere) {
  const HeldOut parts = hold_out(uneven(1000), 0.2, 1);
  std::size_t late = 0;
  for (const std::size_t place : places(parts.held_out)) late += place >= 500;
  // 200 of 1000, half of them expected late: a hypergeometric deviation of 5.7, and six of them.
  EXPECT_TRUE(std::abs(static_cast<double>(late) - 100) <= 6 * 5.7) << late;
}

TEST(HoldOut, SharesOfNoUseAreRefused) {
  const Dataset data = uneven(20);
  for (const double share : {0.0, 1.0, -0.1, 1.5, static_cast<double>(NAN)})
    EXPECT_TRUE(refuses(ErrorKind::config, "between 0 and 1", [&] { hold_out(data, share, 1); })) << share;
  EXPECT_TRUE(refuses(ErrorKind::config, "leaves 20 to train on and 0", [&] { hold_out(data, 0.01, 1); }));
  EXPECT_TRUE(refuses(ErrorKind::config, "leaves 0 to train on and 20", [&] { hold_out(data, 0.99, 1); }));
}

TEST(FirstImages, AreTheFirstOrAll) {
  const Dataset data = uneven(20);
  EXPECT_EQ(places(first_images(data, 3)), (std::vector<std::size_t>{0, 1, 2}));
  EXPECT_EQ(first_images(data, 3).labels, std::vector<std::uint8_t>(data.labels.begin(), data.labels.begin() + 3));
  for (const std::size_t count : {std::size_t{20}, std::size_t{21}, SIZE_MAX})
    EXPECT_TRUE(same(first_images(data, count), data)) << count;
}

}  // namespace
}  // namespace inkling
