// Activations and losses against PyTorch: tests/golden/torch.json, which tools/make_golden_torch.py computed in double
// precision from numbers that a float holds exactly. So what differs is our rounding alone, and each tolerance is a
// count of roundings. Every comparison is `difference <= tolerance`, which NaN fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/kernel/activation.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/backprop.h"
#include "inkling/model/loss.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {
namespace {

using Json = nlohmann::json;

constexpr double kRounding = 0x1p-24;  // the relative error of one rounding to float

const Json& golden() {
  static const Json all = [] {
    std::ifstream file(std::string(INKLING_SOURCE_DIR) + "/tests/golden/torch.json");
    return Json::parse(file);
  }();
  return all;
}

// How many roundings an activation is allowed.
double roundings(Activation kind, double z) {
  switch (kind) {
    case Activation::linear:
    case Activation::relu: return 0;  // nothing is computed
    case Activation::leaky_relu:
      return 2;  // that of 0.01 and that of the product
    // The exponent's own roundings, at most 4, are multiplied by the exponent: z^2 / 2, sqrt(8 / pi) z (1 + 0.0447 z^2)
    // and 4 z / 3.
    case Activation::gelu: return 16 + 4 * z * z / 2;
    case Activation::gelu_tanh: return 16 + 4 * 1.6 * std::abs(z) * (1 + 0.045 * z * z);
    case Activation::scaled_tanh: return 16 + 4 * 4 * std::abs(z) / 3;
    // exp is within 1.5 units in the last place, which are 3 roundings; what stands around it adds a dozen at most
    // (mish does: two sums, four products, a quotient), all of positive terms, or of terms of which one is twice the
    // other.
    default: return 16;
  }
}

// The vectors' own error: nine digits; below the smallest normal float nothing is relative; and where PyTorch takes 1
// from an exponential, or adds 1 to an error function or a hyperbolic tangent, the roundings of double precision stay.
double digits_error(Activation kind, double z, double value) {
  const double digits = 5e-9 * std::abs(value);
  if (roundings(kind, z) == 0) return digits;
  const bool cancels =
      kind == Activation::elu || kind == Activation::selu || kind == Activation::gelu || kind == Activation::gelu_tanh;
  return digits + 0x1p-126 + (cancels ? 1e-15 * std::max(1.0, std::abs(z)) : 0);
}

class TorchActivations : public testing::TestWithParam<Isa> {};

TEST_P(TorchActivations, ValuesAndSlopes) {
  const Runtime rt({.threads = 1, .isa = GetParam()});
  const Json& activations = golden()["activations"];
  const std::vector<double> points = activations["z"];
  ASSERT_EQ(points.size(), 51u);
  constexpr std::size_t kRows = 3, kCols = 17;  // rows with padding
  Matrix z(kRows, kCols);
  for (std::size_t k = 0; k < points.size(); ++k) z(k / kCols, k % kCols) = static_cast<float>(points[k]);

  for (std::size_t k = 0; k < choice_names(Activation{}).size(); ++k) {
    const auto kind = static_cast<Activation>(k);
    const Json& expected = activations.at(std::string(name(kind)));
    const std::vector<double> a = expected["a"], slope = expected["slope"];
    Matrix our_a(kRows, kCols), our_slope(kRows, kCols);
    rt.kernels().activate(kind, z, our_a, our_slope);

    const bool product_with_z = kind == Activation::gelu || kind == Activation::gelu_tanh || kind == Activation::silu ||
                                kind == Activation::mish;
    const bool has_a_kink = kind == Activation::relu || kind == Activation::leaky_relu || kind == Activation::selu;
    for (std::size_t p = 0; p < points.size(); ++p) {
      const double x = points[p], count = roundings(kind, x);
      const double floor = digits_error(kind, x, a[p]);
      const double got = our_a(p / kCols, p % kCols);
      EXPECT_TRUE(std::abs(got - a[p]) <= count * kRounding * std::abs(a[p]) + floor)
          << name(kind) << "(" << x << ") = " << a[p] << ", not " << got << ": "
          << std::abs(got - a[p]) / std::abs(a[p]) / kRounding << " roundings, allowed are " << count;

      if (x == 0 && has_a_kink) continue;
      // (z Phi)' = Phi + z Phi': two terms that may cancel, and each of them brings its own error.
      const double term = product_with_z && x != 0 ? std::abs(a[p] / x) : 0;
      const double scale = std::max(std::abs(slope[p]), term);
      const double got_slope = our_slope(p / kCols, p % kCols);
      EXPECT_TRUE(std::abs(got_slope - slope[p]) <=
                  (2 * count * kRounding + 5e-9) * scale + 1e-15 * std::max(1.0, std::abs(x)))
          << name(kind) << "'(" << x << ") = " << slope[p] << ", not " << got_slope << ": "
          << std::abs(got_slope - slope[p]) / scale / kRounding << " roundings, allowed are " << 2 * count;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryIsa, TorchActivations, testing::ValuesIn(available_isas()),
                         [](const auto& instance) { return std::string(name(instance.param)); });

// A network without hidden layers, with the case's logits in its workspace.
struct Classified {
  Classified(const Runtime& rt, const Json& losses, const Json& loss_case, Loss kind)
      : model({.widths = {losses["weight"].size(), losses["bias"].size()},
               .output = output_of(kind),
               .ink = losses["ink"].get<float>()}),
        ws(model, losses["pixels"].size()) {
    const std::size_t I = model.config().inputs(), C = model.config().outputs(), B = ws.max_batch();
    const float factor = loss_case.value("scale", 1.0f);
    for (std::size_t c = 0; c < C; ++c) model.bias(0)(0, c) = factor * losses["bias"][c].get<float>();
    for (std::size_t i = 0; i < I; ++i)
      for (std::size_t c = 0; c < C; ++c) model.weight(0)(i, c) = factor * losses["weight"][i][c].get<float>();
    for (std::size_t b = 0; b < B; ++b)
      for (std::size_t i = 0; i < I; ++i) pixels.push_back(losses["pixels"][b][i].get<std::uint8_t>());
    forward(rt, model, {pixels.data(), B, I}, ws);

    for (std::size_t b = 0; b < B; ++b)
      for (std::size_t c = 0; c < C; ++c) {
        double terms = std::abs(model.bias(0)(0, c));
        for (std::size_t i = 0; i < I; ++i)
          terms += std::abs(static_cast<double>(model.pixel_values()[pixels[b * I + i]]) * model.weight(0)(i, c));
        largest = std::max(largest, terms);
      }
    // A chain of I multiply-adds, the bias, and two roundings of a pixel's value.
    logit_error = static_cast<double>(I + 3) * kRounding * largest;
  }

  Mlp model;
  Workspace ws;
  std::vector<std::uint8_t> pixels;
  double largest = 0;      // sum of a logit's terms, without signs
  double logit_error = 0;  // of each
};

LossOptions options_of(const Json& loss_case) {
  return {.kind = choice_from_name<Loss>(loss_case["kind"].get<std::string>(), "the loss"),
          .label_smoothing = loss_case.value("label_smoothing", 0.0f),
          .class_weights = loss_case.value("class_weights", std::vector<float>{}),
          .focal_gamma = loss_case.value("focal_gamma", 2.0f)};
}

void expect_torchs_loss(const Runtime& rt, const Json& losses, const Json& loss_case) {
  const LossOptions options = options_of(loss_case);
  const std::vector<std::uint8_t> labels = losses["labels"], partners = losses["partners"];
  MixedLabels mixed{.labels = labels, .partners = {}};
  if (loss_case.contains("lambda")) {
    mixed.partners = partners;
    mixed.lambda = loss_case["lambda"];
  }
  Classified net(rt, losses, loss_case, options.kind);
  Workspace& ws = net.ws;
  const double B = static_cast<double>(labels.size()), C = static_cast<double>(net.model.config().outputs());
  const double loss = compute_loss(rt, options, mixed, ws);

  // An image's loss changes by at most 2 times what its logits do (focal: 4 times, for gamma up to 2; a square: by
  // twice its distance), and its gradient, too; the loss's own dozen of roundings, of numbers as large as the logits,
  // come to no more than logit_error. Together 4 (logit_error + 4 roundings), times the image's share of the mean.
  const bool one_class = options.kind == Loss::cross_entropy || options.kind == Loss::focal;
  double share = 1;
  if (!options.class_weights.empty()) {
    share = *std::ranges::max_element(options.class_weights);
    double weights = 0;
    for (const std::uint8_t label : labels) weights += options.class_weights[label];
    if (one_class) share *= B / weights;
  }
  const double error = 4 * (net.logit_error + 4 * kRounding);
  const double steepest = options.kind == Loss::mean_squared_error ? net.largest + 1 : 1;
  const double loss_tolerance = share * steepest * error;
  const double dz_tolerance = share * error / B / (one_class ? 1 : C);

  EXPECT_TRUE(std::abs(loss - loss_case["loss"].get<double>()) <= loss_tolerance)
      << loss << ", torch " << loss_case["loss"] << ", allowed " << loss_tolerance;
  EXPECT_EQ(loss, ws.mean_loss);
  if (loss_case.contains("each")) {
    for (std::size_t b = 0; b < labels.size(); ++b)
      EXPECT_TRUE(std::abs(ws.loss()[b] - loss_case["each"][b].get<double>()) <= loss_tolerance)
          << "image " << b << ": " << ws.loss()[b] << ", torch " << loss_case["each"][b];
  }

  const MatrixView dz = ws.dz(0);
  ASSERT_EQ(loss_case["dz"].size(), dz.rows * dz.cols);
  for (std::size_t b = 0; b < dz.rows; ++b)
    for (std::size_t c = 0; c < dz.cols; ++c)
      EXPECT_TRUE(std::abs(dz(b, c) - loss_case["dz"][b * dz.cols + c].get<double>()) <= dz_tolerance)
          << "dz(" << b << ", " << c << ") = " << dz(b, c) << ", torch " << loss_case["dz"][b * dz.cols + c]
          << ", allowed " << dz_tolerance;

  EXPECT_EQ(ws.correct, loss_case["correct"].get<std::size_t>());
  const auto flags = ws.is_correct();
  EXPECT_EQ(std::accumulate(flags.begin(), flags.end(), std::size_t{0}), ws.correct);
}

void expect_torchs_losses(Loss kind, std::size_t count) {
  const Json& losses = golden()["losses"];
  for (const Isa isa : available_isas()) {
    const Runtime rt({.threads = 1, .isa = isa});
    std::size_t seen = 0;
    for (const Json& loss_case : losses["cases"]) {
      if (loss_case["kind"] != name(kind)) continue;
      Json options = loss_case;
      for (const char* result : {"loss", "each", "dz", "correct"}) options.erase(result);
      SCOPED_TRACE(std::string(name(isa)) + " " + options.dump());
      expect_torchs_loss(rt, losses, loss_case);
      ++seen;
    }
    EXPECT_EQ(seen, count);
  }
}

TEST(TorchLosses, CrossEntropy) { expect_torchs_losses(Loss::cross_entropy, 7); }
TEST(TorchLosses, Focal) { expect_torchs_losses(Loss::focal, 14); }
TEST(TorchLosses, BinaryCrossEntropy) { expect_torchs_losses(Loss::binary_cross_entropy, 7); }
TEST(TorchLosses, MeanSquaredError) { expect_torchs_losses(Loss::mean_squared_error, 7); }

}  // namespace
}  // namespace inkling
