#include "inkling/model/workspace.h"

#include "inkling/core/error.h"

namespace inkling {

Workspace::Workspace(const Mlp& model, std::size_t max_batch)
    : gradients_(model.arena().size()), loss_(max_batch), is_correct_(max_batch) {
  if (max_batch == 0) fail(ErrorKind::config, "a workspace for a batch of 0 images; at least 1 is needed");
  for (std::size_t l = 0; l < model.layer_count(); ++l) {
    outputs_.emplace_back(max_batch, model.config().widths[l + 1]);
    dz_.emplace_back(max_batch, model.config().widths[l + 1]);
  }
}

bool Workspace::fits(const Mlp& model) const {
  if (outputs_.size() != model.layer_count() || gradients_.size() != model.arena().size()) return false;
  for (std::size_t l = 0; l < outputs_.size(); ++l)
    if (outputs_[l].cols() != model.config().widths[l + 1]) return false;
  return true;
}

}  // namespace inkling
