#include "inkling/model/workspace.h"

#include "inkling/core/error.h"

namespace inkling {
namespace {

bool needs_slope(const Config& config, std::size_t hidden) {
  return config.activation_of(hidden) != Activation::relu || config.dropout > 0;
}

}  // namespace

Workspace::Workspace(const Mlp& model, std::size_t max_batch, Precision precision)
    : first(precision == Precision::bf16 ? kFixedBitsOfBf16 : kFixedBits),
      gradients_(model.arena().size()),
      loss_(max_batch),
      is_correct_(max_batch) {
  if (max_batch == 0) fail(ErrorKind::config, "a workspace for a batch of 0 images; at least 1 is needed");
  const Config& config = model.config();
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    const std::size_t O = config.widths[l + 1];
    outputs_.emplace_back(max_batch, O);
    dz_.emplace_back(max_batch, O);
    if (l + 1 == model.layer_count()) break;
    slopes_.emplace_back(needs_slope(config, l) ? max_batch : 0, O);
    normals_.emplace_back(config.batch_norm ? max_batch : 0, O);
    column_statistics_.emplace_back(config.batch_norm ? 4 : 0, O);
  }
  if (precision == Precision::bf16) bf16 = std::make_unique<Bf16Operands>(model, max_batch);
}

bool Workspace::fits(const Mlp& model) const {
  if (outputs_.size() != model.layer_count() || gradients_.size() != model.arena().size()) return false;
  for (std::size_t l = 0; l < outputs_.size(); ++l) {
    if (outputs_[l].cols() != model.config().widths[l + 1]) return false;
    if (l + 1 < outputs_.size() && needs_slope(model.config(), l) != keeps_slope(l)) return false;
    if (l + 1 < outputs_.size() && model.config().batch_norm != (normals_[l].rows() != 0)) return false;
  }
  return true;
}

MatrixView Workspace::float_inputs(std::size_t inputs) {
  if (float_inputs_.cols() != inputs) float_inputs_ = Matrix(max_batch(), inputs);
  return rows(float_inputs_);
}

std::span<std::uint8_t> Workspace::own_pixels(std::size_t inputs) {
  own_pixels_.resize(max_batch() * inputs);
  return own_pixels_;
}

}  // namespace inkling
