// The gradient check of every activation with every loss and option, and that it refuses what does not belong together.
#include "inkling/model/gradcheck_grid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "inkling/core/error.h"

namespace inkling {
namespace {

TEST(GradcheckGrid, PassesInEveryCell) {
  const Runtime rt({.threads = 2});
  for (const std::uint64_t seed : {1u, 2u}) {
    std::set<std::tuple<Activation, std::string, std::string>> seen;
    for (const GridCell& cell : gradcheck_grid(rt, seed)) {
      EXPECT_TRUE(cell.passed) << "seed " << seed << ": " << name(cell.activation) << ", " << cell.loss << ", "
                               << cell.option << ": backprop " << cell.backprop << ", central " << cell.central;
      EXPECT_TRUE(cell.backprop <= kBackpropTolerance && cell.central <= kDoubleTolerance)
          << name(cell.activation) << ", " << cell.loss << ", " << cell.option;
      EXPECT_TRUE(cell.backprop > 0) << name(cell.activation) << ", " << cell.loss << ", " << cell.option
                                     << ": fp32 cannot be exact, so nothing was compared";
      seen.insert({cell.activation, cell.loss, cell.option});
    }
    std::size_t cells = 0;
    for (std::size_t a = 0; a < choice_names(Activation{}).size(); ++a)
      for (const std::string& loss : grid_losses())
        for (const std::string& option : grid_options()) {
          ++cells;
          EXPECT_TRUE(seen.contains({static_cast<Activation>(a), loss, option}))
              << name(static_cast<Activation>(a)) << ", " << loss << ", " << option << " is missing";
        }
    EXPECT_EQ(seen.size(), cells);
  }
}

TEST(GradcheckGrid, CoversEveryLossAndWhatTrainingAdds) {
  const std::vector<std::string> losses = grid_losses(), options = grid_options();
  for (const std::string_view loss : choice_names(Loss{})) EXPECT_EQ(std::ranges::count(losses, loss), 1) << loss;
  for (const char* loss : {"label_smoothing", "class_weights"}) EXPECT_EQ(std::ranges::count(losses, loss), 1) << loss;
  for (const char* option : {"plain", "dropout", "batch_norm", "input_noise", "mixup", "l1_l2", "all_at_once"})
    EXPECT_EQ(std::ranges::count(options, option), 1) << option;
}

double worst(const std::vector<TensorCheck>& checks) {
  double worst = 0;
  for (const TensorCheck& check : checks) worst = std::max(worst, check.backprop);
  return worst;
}

TEST(Gradcheck, ChecksEveryTensorAndAsManyParametersAsItIsAskedFor) {
  const Runtime rt({.threads = 2});
  const Mlp model({.widths = {7, 6, 4}, .batch_norm = true}, 1);
  const auto all = gradcheck(rt, model, {.parameters_a_tensor = 0});
  const auto some = gradcheck(rt, model, {.parameters_a_tensor = 5});
  ASSERT_EQ(all.size(), 5u);
  for (std::size_t t = 0; t < all.size(); ++t) {
    EXPECT_EQ(all[t].name, model.table()[t].name);
    EXPECT_EQ(all[t].checked, model.table()[t].size());
    EXPECT_EQ(some[t].checked, std::min<std::size_t>(5, model.table()[t].size()));
    EXPECT_TRUE(all[t].passed() && some[t].passed()) << all[t].name;
  }
}

TEST(Gradcheck, LeavesTheModelAsItIs) {
  const Runtime rt({.threads = 1});
  const Mlp model({.widths = {7, 6, 4}, .batch_norm = true}, 1);
  const Mlp before = model;
  gradcheck(rt, model, {});
  EXPECT_TRUE(std::ranges::equal(model.arena(), before.arena()));
  EXPECT_TRUE(std::ranges::equal(model.statistics(), before.statistics()));
}

TEST(Gradcheck, ANaNInAnyTensorFails) {
  const Runtime rt({.threads = 1});
  for (std::size_t t = 0; t < 5; ++t) {
    Mlp model({.widths = {7, 6, 4}, .activation = Activation::tanh, .batch_norm = true}, 1);
    model.tensor(model.table()[t])(0, 1) = NAN;
    const auto checks = gradcheck(rt, model, {});
    EXPECT_FALSE(std::ranges::all_of(checks, &TensorCheck::passed)) << model.table()[t].name;
  }
}

TEST(Gradcheck, RoundingStaysFarBelowTheTolerance) {
  // A fault of one part in ten thousand in one derivative is well above it.
  const Runtime rt({.threads = 1});
  EXPECT_TRUE(worst(gradcheck(rt, Mlp({.widths = {7, 6, 5, 4}, .activation = Activation::gelu}, 1), {})) <= 2e-6);
}

TEST(Gradcheck, LossesThatDoNotBelongToTheOutputAreRefused) {
  const Runtime rt({.threads = 1});
  for (const Output output : {Output::softmax, Output::sigmoid, Output::linear}) {
    const Mlp model({.widths = {4, 3, 2}, .output = output}, 1);
    for (const Loss kind : {Loss::cross_entropy, Loss::focal, Loss::binary_cross_entropy, Loss::mean_squared_error}) {
      const GradcheckOptions options{.loss = {.kind = kind, .class_weights = {}}};
      if (output_of(kind) == output)
        EXPECT_NO_THROW(gradcheck(rt, model, options)) << name(kind);
      else
        EXPECT_THROW(gradcheck(rt, model, options), Error) << name(kind) << " with " << name(output);
    }
  }
}

TEST(Gradcheck, OptionsOutOfRangeAreRefused) {
  const Runtime rt({.threads = 1});
  const Mlp model({.widths = {4, 3, 2}}, 1);
  EXPECT_THROW(gradcheck(rt, model, {.images = 0}), Error);
  EXPECT_THROW(gradcheck(rt, model, {.loss = {.label_smoothing = 1, .class_weights = {}}}), Error);
  EXPECT_THROW(gradcheck(rt, model, {.loss = {.class_weights = {1, 2, 3}}}), Error);
}

}  // namespace
}  // namespace inkling
