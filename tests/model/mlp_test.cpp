// Configuration, parameter table, initialisation.
#include "inkling/model/mlp.h"

#include <gtest/gtest.h>

#include <cmath>

#include "inkling/core/error.h"
#include "inkling/core/matrix.h"

namespace inkling {
namespace {

TEST(ParameterTable, HasPyTorchsNamesAndAlignedRows) {
  const std::vector<Tensor> table = parameter_table({.widths = {784, 25, 10}});
  ASSERT_EQ(table.size(), 4u);
  EXPECT_EQ(table[0].name, "0.weight");
  EXPECT_EQ(table[1].name, "0.bias");
  EXPECT_EQ(table[2].name, "2.weight");
  EXPECT_EQ(table[3].name, "2.bias");
  EXPECT_EQ(table[2].rows, 25u);
  EXPECT_EQ(table[2].cols, 10u);
  std::size_t end = 0;
  for (const Tensor& t : table) {
    EXPECT_EQ(t.offset % 16, 0u);
    EXPECT_EQ(t.stride % 16, 0u);
    EXPECT_EQ(t.offset, end) << "no holes, no overlaps";
    end = t.offset + t.rows * t.stride;
  }
  EXPECT_EQ(arena_size(table), end);
}

TEST(Mlp, CountsParametersWithoutPadding) { EXPECT_EQ(Mlp({.widths = {784, 128, 10}}).parameter_count(), 101770u); }

TEST(Mlp, HeInitialisationHasItsVariance) {
  const Mlp model({.widths = {784, 300, 10}}, 1);
  for (std::size_t l = 0; l < 2; ++l) {
    const ConstMatrixView W = model.weight(l);
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < W.rows; ++i)
      for (const float w : W.row(i)) mean += w, square += static_cast<double>(w) * static_cast<double>(w);
    const double n = static_cast<double>(W.rows * W.cols), variance = 2.0 / static_cast<double>(W.rows);
    EXPECT_NEAR(mean / n, 0, 5 * std::sqrt(variance / n));
    EXPECT_NEAR(square / n, variance, 5 * variance * std::sqrt(2 / n));
    for (const float b : model.bias(l).row(0)) EXPECT_EQ(b, 0.0f);
  }
}

TEST(Mlp, SeedsGiveDifferentWeightsAndTheSameSeedTheSame) {
  const Config config{.widths = {20, 10, 5}};
  const Mlp a(config, 1), b(config, 1), c(config, 2);
  EXPECT_TRUE(a.weight(0) == b.weight(0));
  EXPECT_FALSE(a.weight(0) == c.weight(0));
}

struct BadConfig {
  const char* what;
  Config config;
  ErrorKind kind;
};

TEST(Config, ImpossibleOnesAreRefused) {
  const BadConfig bad[] = {
      {"no widths", {.widths = {}}, ErrorKind::config},
      {"one width", {.widths = {784}}, ErrorKind::config},
      {"a width of 0", {.widths = {784, 0, 10}}, ErrorKind::config},
      {"too wide", {.widths = {784, kMaxWidth + 1, 10}}, ErrorKind::limit},
      {"too many parameters", {.widths = {kMaxWidth, kMaxWidth}}, ErrorKind::limit},
      {"too deep", {.widths = std::vector<std::size_t>(kMaxLayers + 2, 1)}, ErrorKind::limit},
      {"no ink", {.widths = {1, 1}, .ink = 0}, ErrorKind::config},
      {"ink that is not a number", {.widths = {1, 1}, .ink = NAN}, ErrorKind::config},
  };
  for (const BadConfig& each : bad) {
    try {
      Mlp model(each.config);
      ADD_FAILURE() << each.what;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), each.kind) << each.what << ": " << e.what();
    }
  }
  EXPECT_THROW(choice_from_name<Activation>("rleu", "activation"), Error);
  EXPECT_EQ(choice_from_name<Activation>("relu", "activation"), Activation::relu);
}

}  // namespace
}  // namespace inkling
