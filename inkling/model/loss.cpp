#include "inkling/model/loss.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "inkling/core/elementary.h"
#include "inkling/core/error.h"
#include "inkling/data/dataset.h"
#include "inkling/model/layer.h"

namespace inkling {
namespace {

constexpr std::size_t kMultiplyAddsAnElement = 100;  // guess: what an exponential costs

// (1 - p)^gamma, exact for the common gammas.
double power(double q, double gamma) {
  if (gamma == 0) return 1;
  if (gamma == 2) return q * q;
  return q > 0 ? portable_exp(gamma * portable_log(q)) : (q == 0 ? 0 : q);
}

// One image: its logits z, targets t (C) and weights w (C); writes d loss / d z times scale and returns the loss.
struct Row {
  std::span<const float> z;
  std::span<const double> t;
  std::span<const double> w;
  std::span<float> dz;
  double scale;
};

// L = sum_c u_c f(p_c) with u = t w, f(p) = -(1 - p)^gamma log p, and so
// dL / dz_j = sum_c u_c p_c f'(p_c) ([c = j] - p_j) with p f'(p) = (1 - p)^gamma (gamma p log p / (1 - p) - 1).
double softmax_row(const Row& row, double gamma) {
  const std::size_t C = row.z.size();
  const double top = static_cast<double>(*std::ranges::max_element(row.z));
  std::array<double, kMaxClasses> e;
  double sum = 0;
  for (std::size_t c = 0; c < C; ++c) sum += e[c] = portable_exp(static_cast<double>(row.z[c]) - top);
  const double log_sum = portable_log(sum);

  double loss = 0, all = 0;
  std::array<double, kMaxClasses> h;  // u_c p_c f'(p_c)
  for (std::size_t c = 0; c < C; ++c) {
    const double u = row.t[c] * row.w[c];
    const double log_p = static_cast<double>(row.z[c]) - top - log_sum;
    h[c] = 0;
    if (u == 0) continue;
    const double p = e[c] / sum, q = gamma == 0 ? 1 : (sum - e[c]) / sum;
    const double hard = power(q, gamma);
    const double ratio = gamma == 0 ? 0 : (q > 0 ? log_p / q : -1);
    loss -= u * hard * log_p;
    h[c] = u * hard * (gamma * p * ratio - 1);
    all += h[c];
  }
  for (std::size_t j = 0; j < C; ++j) row.dz[j] = static_cast<float>(row.scale * (h[j] - all * (e[j] / sum)));
  return loss;
}

double sigmoid_row(const Row& row) {
  const auto C = static_cast<double>(row.z.size());
  double loss = 0;
  for (std::size_t c = 0; c < row.z.size(); ++c) {
    const auto z = static_cast<double>(row.z[c]);
    const double e = portable_exp(-std::abs(z));
    const double s = z < 0 ? e / (1 + e) : 1 / (1 + e);
    loss += row.w[c] * ((z > 0 ? z : 0) - z * row.t[c] + portable_log(1 + e)) / C;
    row.dz[c] = static_cast<float>(row.scale * row.w[c] * (s - row.t[c]) / C);
  }
  return loss;
}

double linear_row(const Row& row) {
  const auto C = static_cast<double>(row.z.size());
  double loss = 0;
  for (std::size_t c = 0; c < row.z.size(); ++c) {
    const double difference = static_cast<double>(row.z[c]) - row.t[c];
    loss += row.w[c] * difference * difference / C;
    row.dz[c] = static_cast<float>(row.scale * row.w[c] * 2 * difference / C);
  }
  return loss;
}

double loss_of(const LossOptions& options, const Row& row) {
  switch (options.kind) {
    case Loss::cross_entropy: return softmax_row(row, 0);
    case Loss::focal: return softmax_row(row, static_cast<double>(options.focal_gamma));
    case Loss::binary_cross_entropy: return sigmoid_row(row);
    case Loss::mean_squared_error: return linear_row(row);
  }
  return 0;
}

void check_labels(std::span<const std::uint8_t> labels, ConstMatrixView logits, const char* what) {
  if (labels.size() != logits.rows)
    fail(ErrorKind::shape, "loss: {} {} for {} images", labels.size(), what, logits.rows);
  for (const std::uint8_t label : labels)
    if (label >= logits.cols)
      fail(ErrorKind::shape, "loss: label {} for a network with {} outputs", label, logits.cols);
}

// Sums in the order of the images, whoever computed them.
double mean_of(Workspace& ws, double divisor) {
  double total = 0;
  ws.correct = 0;
  for (std::size_t b = 0; b < ws.batch; ++b) {
    total += ws.loss()[b];
    ws.correct += ws.is_correct()[b];
  }
  return ws.mean_loss = total / divisor;
}

}  // namespace

Output output_of(Loss loss) {
  switch (loss) {
    case Loss::cross_entropy:
    case Loss::focal: return Output::softmax;
    case Loss::binary_cross_entropy: return Output::sigmoid;
    case Loss::mean_squared_error: return Output::linear;
  }
  return Output::softmax;
}

Loss plain_loss(Output output) {
  switch (output) {
    case Output::softmax: return Loss::cross_entropy;
    case Output::sigmoid: return Loss::binary_cross_entropy;
    case Output::linear: return Loss::mean_squared_error;
  }
  return Loss::cross_entropy;
}

void check(const LossOptions& options, const Config& config) {
  if (!(options.label_smoothing >= 0 && options.label_smoothing < 1))
    fail(ErrorKind::config, "label smoothing {}; expected a number from 0 to below 1", options.label_smoothing);
  if (!(options.focal_gamma >= 0) || !std::isfinite(options.focal_gamma))
    fail(ErrorKind::config, "focal gamma {}; expected a finite number, 0 or above", options.focal_gamma);
  if (!options.class_weights.empty() && options.class_weights.size() != config.outputs())
    fail(ErrorKind::config, "{} class weights for a network with {} outputs; give one for each",
         options.class_weights.size(), config.outputs());
  bool any = options.class_weights.empty();
  for (const float w : options.class_weights) {
    if (!(w >= 0) || !std::isfinite(w))
      fail(ErrorKind::config, "class weight {}; expected finite numbers, 0 or above", w);
    any = any || w > 0;
  }
  if (!any) fail(ErrorKind::config, "every class weight is 0; at least one class must count");
}

double compute_loss(const Runtime& rt, const LossOptions& options, const MixedLabels& labels, Workspace& ws) {
  const bool mixed = !labels.partners.empty() && labels.lambda != 1;
  if (options.kind == Loss::cross_entropy && options.label_smoothing == 0 && options.class_weights.empty() && !mixed)
    return softmax_cross_entropy(rt, labels.labels, ws);

  const ConstMatrixView logits = ws.logits();
  check_labels(labels.labels, logits, "labels");
  if (mixed) check_labels(labels.partners, logits, "partners");
  if (logits.cols > kMaxClasses)
    fail(ErrorKind::shape, "loss: a network with {} outputs; this loss takes up to {}", logits.cols, kMaxClasses);
  const std::size_t C = logits.cols;
  if (!options.class_weights.empty() && options.class_weights.size() != C)
    fail(ErrorKind::shape, "loss: {} class weights for a network with {} outputs", options.class_weights.size(), C);
  const auto classes = static_cast<double>(C);
  std::array<double, kMaxClasses> w;
  for (std::size_t c = 0; c < C; ++c)
    w[c] = options.class_weights.empty() ? 1 : static_cast<double>(options.class_weights[c]);
  const double lambda = mixed ? static_cast<double>(labels.lambda) : 1;
  const auto smoothing = static_cast<double>(options.label_smoothing);
  const bool softmax = output_of(options.kind) == Output::softmax;

  double divisor = 0;  // of softmax losses: the batch's weights
  for (std::size_t b = 0; b < logits.rows; ++b)
    divisor += softmax ? lambda * w[labels.labels[b]] + (mixed ? (1 - lambda) * w[labels.partners[b]] : 0) : 1;
  if (divisor == 0) divisor = 1;  // every label of the batch has weight 0

  const MatrixView dz = ws.dz(ws.layer_count() - 1);
  in_blocks(rt, logits.rows, 1, logits.rows * C * kMultiplyAddsAnElement, [&](std::size_t b0, std::size_t b1) noexcept {
    for (std::size_t b = b0; b < b1; ++b) {
      const std::size_t y = labels.labels[b];
      std::array<double, kMaxClasses> t;
      for (std::size_t c = 0; c < C; ++c) {
        const double hot = lambda * (c == y) + (mixed ? (1 - lambda) * (c == labels.partners[b]) : 0);
        t[c] = (1 - smoothing) * hot + smoothing / (output_of(options.kind) == Output::sigmoid ? 2 : classes);
      }
      const std::span<const float> z = logits.row(b);
      ws.loss()[b] =
          loss_of(options, {.z = z, .t = {t.data(), C}, .w = {w.data(), C}, .dz = dz.row(b), .scale = 1 / divisor});
      const auto top = static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
      ws.is_correct()[b] = top == (lambda < 0.5 ? labels.partners[b] : y);
    }
  });
  return mean_of(ws, divisor);
}

double softmax_cross_entropy(const Runtime& rt, std::span<const std::uint8_t> labels, Workspace& ws) {
  const ConstMatrixView logits = ws.logits();
  check_labels(labels, logits, "labels");
  const SoftmaxLoss p{.logits = logits,
                      .labels = labels.data(),
                      .scale = 1.0f / static_cast<float>(logits.rows),
                      .dz = ws.dz(ws.layer_count() - 1),
                      .loss = ws.loss().data(),
                      .correct = ws.is_correct().data()};
  in_blocks(rt, logits.rows, 1, logits.rows * logits.cols * kMultiplyAddsAnElement,
            [&](std::size_t b0, std::size_t b1) noexcept { rt.kernels().softmax_loss(p, b0, b1); });
  return mean_of(ws, static_cast<double>(logits.rows));
}

}  // namespace inkling
