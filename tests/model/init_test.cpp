// How weights begin. Statistics of n draws are held to 5 standard deviations: sqrt(1 / n) of a mean, sqrt((k - 1) / n)
// of a variance, k being the kurtosis (3 normal, 9/5 uniform). The draws are fixed, so what has passed passes.
#include "inkling/model/init.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inkling/core/error.h"

namespace inkling {
namespace {

bool same(const Mlp& a, const Mlp& b) {
  return a.arena().size() == b.arena().size() &&
         std::memcmp(a.arena().data(), b.arena().data(), a.arena().size_bytes()) == 0;
}

Mlp initialized(const Config& config, Init kind, std::uint64_t seed = 1, float scale = 0.05f) {
  Mlp model(config);
  initialize(model, seed, {.kind = kind, .scale = scale});
  return model;
}

TEST(Init, EachKindHasItsVarianceAndItsBounds) {
  constexpr double I = 300, O = 203, n = I * O;
  const struct {
    Init kind;
    double variance;
    bool uniform;
  } cases[] = {
      {Init::he_normal, 2 / I, false},           {Init::he_uniform, 2 / I, true},
      {Init::xavier_normal, 2 / (I + O), false}, {Init::xavier_uniform, 2 / (I + O), true},
      {Init::lecun_normal, 1 / I, false},        {Init::lecun_uniform, 1 / I, true},
      {Init::normal, 0.07 * 0.07, false},        {Init::uniform, 0.07 * 0.07 / 3, true},
  };
  for (const auto& [kind, variance, uniform] : cases) {
    const Mlp model = initialized({.widths = {300, 203, 4}}, kind, 1, 0.07f);
    double mean = 0, square = 0, largest = 0;
    for (std::size_t i = 0; i < 300; ++i)
      for (const float w : model.weight(0).row(i)) {
        mean += static_cast<double>(w) / n;
        square += static_cast<double>(w) * static_cast<double>(w) / n;
        largest = std::max(largest, std::abs(static_cast<double>(w)));
      }
    EXPECT_TRUE(std::abs(mean) <= 5 * std::sqrt(variance / n)) << name(kind);
    EXPECT_TRUE(std::abs(square - variance) <= 5 * variance * std::sqrt((uniform ? 0.8 : 2.0) / n))
        << name(kind) << ": " << square << " for " << variance;
    // Of a uniform draw, all are within sqrt(3) deviations and the largest of 60,900 is near; of a normal one, some are
    // beyond 3 deviations and none beyond 6.
    const double bound = std::sqrt(3 * variance);
    if (uniform)
      EXPECT_TRUE(largest <= bound * (1 + 1e-6) && largest >= 0.999 * bound) << name(kind) << " " << largest / bound;
    else
      EXPECT_TRUE(largest <= 6 * std::sqrt(variance) && largest >= 3 * std::sqrt(variance)) << name(kind);
  }
}

TEST(Init, OrthogonalRowsOrColumnsAreOrthonormalTimesTheGain) {
  for (const Activation activation : {Activation::relu, Activation::tanh, Activation::selu})
    for (const auto& [I, O] : {std::pair<std::size_t, std::size_t>{20, 50}, {50, 20}, {16, 16}, {1, 9}, {9, 1}}) {
      const Mlp model = initialized({.widths = {I, O, 3}, .activation = activation}, Init::orthogonal);
      const ConstMatrixView W = model.weight(0);
      const double gain_squared = activation == Activation::relu ? 2 : 1;
      const bool by_rows = I <= O;
      for (std::size_t p = 0; p < std::min(I, O); ++p)
        for (std::size_t q = 0; q <= p; ++q) {
          double dot = 0;
          for (std::size_t j = 0; j < std::max(I, O); ++j)
            dot += static_cast<double>(by_rows ? W(p, j) : W(j, p)) * static_cast<double>(by_rows ? W(q, j) : W(j, q));
          // Each element was rounded once: two roundings of sum |a b|, which is at most |a| |b|.
          EXPECT_TRUE(std::abs(dot - (p == q ? gain_squared : 0)) <= 2.1 * 0x1p-24 * gain_squared)
              << I << "x" << O << " " << p << " " << q << ": " << dot;
        }
    }
}

TEST(Init, AutomaticIsTheRightOneForEachActivation) {
  for (std::size_t k = 0; k < choice_names(Activation{}).size(); ++k) {
    const auto activation = static_cast<Activation>(k);
    Init expected = Init::he_normal;
    if (activation == Activation::selu) expected = Init::lecun_normal;
    for (const Activation each : {Activation::linear, Activation::sigmoid, Activation::tanh, Activation::scaled_tanh})
      if (activation == each) expected = Init::xavier_normal;
    const Config config{.widths = {7, 6, 5}, .activation = activation};
    for (const std::size_t layer : {0u, 1u}) EXPECT_EQ(init_of(config, layer), expected) << name(activation);
    EXPECT_TRUE(same(initialized(config, Init::automatic), initialized(config, expected))) << name(activation);
    EXPECT_TRUE(same(Mlp(config, 1), initialized(config, expected))) << name(activation);
  }
}

TEST(Init, AutomaticFollowsTheActivationOfEachLayer) {
  // `activation` says nothing where `activations` are given: the logits begin as the last hidden layer does.
  const Config config{.widths = {7, 6, 5, 4, 3},
                      .activation = Activation::relu,
                      .activations = {Activation::relu, Activation::selu, Activation::tanh}};
  EXPECT_EQ(init_of(config, 0), Init::he_normal);
  EXPECT_EQ(init_of(config, 1), Init::lecun_normal);
  EXPECT_EQ(init_of(config, 2), Init::xavier_normal);
  EXPECT_EQ(init_of(config, 3), Init::xavier_normal);
  EXPECT_EQ(init_of({.widths = {7, 3}}, 0), Init::he_normal);
  EXPECT_EQ(init_of({.widths = {7, 3}, .activation = Activation::tanh}, 0), Init::xavier_normal);
}

TEST(Init, IsAFunctionOfTheSeedAndDiffersFromLayerToLayer) {
  for (std::size_t k = 0; k < choice_names(Init{}).size(); ++k) {
    const auto kind = static_cast<Init>(k);
    const Config config{.widths = {9, 9, 9}};
    const Mlp model = initialized(config, kind, 5);
    EXPECT_TRUE(same(model, initialized(config, kind, 5))) << name(kind);
    const Mlp other = initialized(config, kind, 6);
    std::size_t equal_to_other = 0, equal_to_next = 0;
    for (std::size_t i = 0; i < 9; ++i)
      for (std::size_t o = 0; o < 9; ++o) {
        equal_to_other += model.weight(0)(i, o) == other.weight(0)(i, o);
        equal_to_next += model.weight(0)(i, o) == model.weight(1)(i, o);
      }
    EXPECT_EQ(equal_to_other, 0u) << name(kind);
    EXPECT_EQ(equal_to_next, 0u) << name(kind);
  }
}

TEST(Init, BiasesAreZeroScalesOneAndPaddingZero) {
  for (std::size_t k = 0; k < choice_names(Init{}).size(); ++k) {
    Mlp model({.widths = {9, 17, 5, 3}, .batch_norm = true});
    for (const Tensor& t : model.table())  // of a network that has been trained
      for (std::size_t r = 0; r < t.rows; ++r) std::ranges::fill(model.tensor(t).row(r), 8.0f);
    initialize(model, 1, {.kind = static_cast<Init>(k)});
    for (std::size_t l = 0; l < 3; ++l)
      for (const float b : model.bias(l).row(0)) EXPECT_EQ(b, 0);
    for (std::size_t l = 0; l < 2; ++l)
      for (const float s : model.scale(l).row(0)) EXPECT_EQ(s, 1);
    for (const Tensor& t : model.table())
      for (std::size_t r = 0; r < t.rows; ++r) {
        for (std::size_t c = t.cols; c < t.stride; ++c) ASSERT_EQ(model.arena()[t.offset + r * t.stride + c], 0);
        for (const float w : model.tensor(t).row(r)) ASSERT_NE(w, 8) << t.name << ": not drawn anew";
      }
  }
}

TEST(Init, ScalesNormalAndUniformAlone) {
  const Config config{.widths = {9, 8, 7}};
  for (std::size_t k = 0; k < choice_names(Init{}).size(); ++k) {
    const auto kind = static_cast<Init>(k);
    const bool scaled = kind == Init::normal || kind == Init::uniform;
    EXPECT_EQ(same(initialized(config, kind, 1, 0.05f), initialized(config, kind, 1, 0.5f)), !scaled) << name(kind);
  }
}

TEST(Init, AScaleThatIsNoNumberAboveZeroIsRefused) {
  Mlp model({.widths = {3, 2}});
  for (const float scale : {0.0f, -1.0f, NAN, INFINITY}) {
    try {
      initialize(model, 1, {.kind = Init::normal, .scale = scale});
      FAIL() << scale;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::config);
    }
  }
  for (const float w : model.arena()) EXPECT_EQ(w, 0) << "refused, and changed all the same";
}

}  // namespace
}  // namespace inkling
