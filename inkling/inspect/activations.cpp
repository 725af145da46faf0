#include "inkling/inspect/activations.h"

#include <algorithm>
#include <limits>

#include "inkling/core/error.h"
#include "inkling/kernel/matmul.h"
#include "inkling/model/backprop.h"
#include "inkling/train/metrics.h"

namespace inkling {
namespace {

constexpr std::size_t kBatch = 1024;  // guess: as many images at a time

// Calls take(first image, layer, its outputs) for all images, batch by batch.
template <typename Take>
void each_batch(const Runtime& rt, const Mlp& model, PixelView images, const Take& take) {
  Workspace ws(model, std::clamp<std::size_t>(images.rows, 1, kBatch));
  for (std::size_t first = 0; first < images.rows; first += ws.max_batch()) {
    forward(rt, model, images.middle_rows(first, std::min(ws.max_batch(), images.rows - first)), ws);
    for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) take(first, l, ConstMatrixView(ws.output(l)));
  }
}

}  // namespace

std::vector<Matrix> hidden_outputs(const Runtime& rt, const Mlp& model, PixelView images) {
  std::vector<Matrix> outputs;
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l)
    outputs.emplace_back(images.rows, model.config().widths[l + 1]);
  each_batch(rt, model, images, [&](std::size_t first, std::size_t l, ConstMatrixView out) {
    for (std::size_t b = 0; b < out.rows; ++b) std::ranges::copy(out.row(b), outputs[l].view().row(first + b).begin());
  });
  return outputs;
}

std::vector<Matrix> mean_hidden_outputs(const Runtime& rt, const Mlp& model, const Dataset& data) {
  check_fit(model.config(), data);
  const std::size_t C = model.config().outputs();
  std::vector<std::size_t> images(C);
  for (const std::uint8_t label : data.labels) ++images[label];
  std::vector<std::vector<double>> sums;  // (C, O) a layer
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) sums.emplace_back(C * model.config().widths[l + 1]);
  each_batch(rt, model, data.images(), [&](std::size_t first, std::size_t l, ConstMatrixView out) {
    for (std::size_t b = 0; b < out.rows; ++b)
      for (std::size_t o = 0; o < out.cols; ++o)
        sums[l][data.labels[first + b] * out.cols + o] += static_cast<double>(out(b, o));
  });
  std::vector<Matrix> means;
  for (std::size_t l = 0; l + 1 < model.layer_count(); ++l) {
    Matrix& mean = means.emplace_back(C, model.config().widths[l + 1]);
    for (std::size_t c = 0; c < C; ++c)
      for (std::size_t o = 0; o < mean.cols(); ++o)
        mean(c, o) = images[c] == 0 ? std::numeric_limits<float>::quiet_NaN()
                                    : static_cast<float>(sums[l][c * mean.cols() + o] / static_cast<double>(images[c]));
  }
  return means;
}

std::vector<std::size_t> served_classes(const Runtime& rt, const Mlp& model, std::size_t hidden_layer) {
  if (hidden_layer + 1 >= model.layer_count())
    fail(ErrorKind::shape, "hidden layer {} of {}", hidden_layer + 1, describe(model.config()));
  // From the last layer backwards: the products then have as many columns as there are classes.
  Matrix effect(model.weight(model.layer_count() - 1));
  for (std::size_t l = model.layer_count() - 2; l > hidden_layer; --l)
    effect = matmul(rt, Matrix(model.weight(l)), effect);
  return argmax(effect, Axis::cols);
}

}  // namespace inkling
