#include "inkling/train/gradient.h"

#include <algorithm>
#include <cmath>

#include "inkling/core/error.h"
#include "inkling/model/backprop.h"

namespace inkling {
namespace {

void check_number(float value, const char* what) {
  if (!(value >= 0) || !std::isfinite(value))
    fail(ErrorKind::config, "{} {}; expected a finite number, 0 or above", what, value);
}

}  // namespace

void check(const GradientOptions& options, const Config& config) {
  check(options.loss, config);
  check(options.penalty);
  check_number(options.clip_value, "clip value");
  check_number(options.clip_norm, "clip norm");
  check_number(options.mixup, "mixup");
  if (output_of(options.loss.kind) != config.output)
    fail(ErrorKind::config, "the loss {} belongs to {} outputs, and the network has {} outputs",
         name(options.loss.kind), name(output_of(options.loss.kind)), name(config.output));
}

Gradient::Gradient(const Mlp& model, const GradientOptions& options, bool several) : options_(options) {
  check(options, model.config());
  if (several) sum_ = AlignedBuffer<float>(model.arena().size());
}

double Gradient::loss(const Runtime& rt, Mlp& model, const Batch& batch, Workspace& ws, std::uint64_t seed,
                      std::uint64_t pass_number) {
  TrainingPass pass{.seed = seed, .step = pass_number, .same_images = batch.same_images};
  MixedLabels labels{.labels = batch.labels, .partners = {}};
  if (options_.mixup > 0) {
    draw_mixing(options_.mixup, seed, pass_number, batch.labels, mixing_);
    pass.lambda = labels.lambda = mixing_.lambda;
    pass.partners = mixing_.partners;
    labels.partners = mixing_.partner_labels;
  }
  forward(rt, model, batch.pixels, ws, pass);
  return compute_loss(rt, options_.loss, labels, ws);
}

bool Gradient::is_plain() const {
  const PenaltyOptions& p = options_.penalty;
  return sum_.size() == 0 && options_.clip_value == 0 && options_.clip_norm == 0 && p == PenaltyOptions{};
}

void Gradient::add(const Runtime& rt, const Mlp& model, const Batch& batch, Workspace& ws, double share) {
  backward(rt, model, batch.pixels, ws);
  loss_ = (any_ ? loss_ : 0) + share * ws.mean_loss;
  if (sum_.size() != 0)
    rt.kernels().blend(sum_.data(), ws.gradients().data(), sum_.size(), any_ ? 1.0f : 0.0f, static_cast<float>(share));
  any_ = true;
}

void Gradient::finish(const Runtime& rt, const Mlp& model, Workspace& ws) {
  const std::span<float> g = ws.gradients();
  if (sum_.size() != 0) std::copy_n(sum_.data(), sum_.size(), g.data());
  if (options_.clip_value > 0)
    for (float& each : g)
      each = each > options_.clip_value    ? options_.clip_value
             : each < -options_.clip_value ? -options_.clip_value
                                           : each;
  if (options_.clip_norm > 0) {
    const double norm = std::sqrt(sum_of_squares(rt, g));
    const double factor = static_cast<double>(options_.clip_norm) / (norm + 1e-6);  // PyTorch's
    if (factor < 1)
      for (float& each : g) each *= static_cast<float>(factor);
  }
  add_penalty_gradient(rt, model, options_.penalty, ws);
  ws.mean_loss = loss_;
  if (options_.penalty.l2 != 0 || options_.penalty.l1 != 0) ws.mean_loss += penalty(rt, model, options_.penalty);
  any_ = false;
}

}  // namespace inkling
