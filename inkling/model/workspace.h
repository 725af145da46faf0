// Everything a forward and a backward pass write: outputs of each layer, their gradients, the parameters' gradients.
//
// Allocated once for a largest batch and never again, so that a training loop allocates nothing. One Workspace belongs
// to one caller at a time; use one for each thread that calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/model/mlp.h"

namespace inkling {

class Workspace {
 public:
  // Throws Error config for max_batch = 0, std::bad_alloc when memory is short.
  Workspace(const Mlp& model, std::size_t max_batch);

  std::size_t max_batch() const { return loss_.size(); }
  std::size_t layer_count() const { return outputs_.size(); }
  // True when it was made for a network of these widths.
  bool fits(const Mlp& model) const;

  // Of the batch that forward() last saw, B images:
  std::size_t batch = 0;    // B
  bool sparse = true;       // whether the first layer's products skip zero pixels
  std::size_t correct = 0;  // images whose largest logit is their label's; set by softmax_cross_entropy

  // Output of layer l, (B, widths[l + 1]): activations of a hidden layer, logits of the last one.
  MatrixView output(std::size_t layer) { return outputs_[layer].view().middle_rows(0, batch); }
  ConstMatrixView output(std::size_t layer) const { return outputs_[layer].view().middle_rows(0, batch); }
  ConstMatrixView logits() const { return output(outputs_.size() - 1); }

  // d loss / d z of layer l, z being what its activation is applied to: (B, widths[l + 1]).
  MatrixView dz(std::size_t layer) { return dz_[layer].view().middle_rows(0, batch); }

  // d loss / d parameters, laid out as the model's arena, and a tensor of it.
  std::span<float> gradients() { return {gradients_.data(), gradients_.size()}; }
  std::span<const float> gradients() const { return {gradients_.data(), gradients_.size()}; }
  MatrixView gradient(const Tensor& t) { return {gradients_.data() + t.offset, t.rows, t.cols, t.stride}; }

  std::span<double> loss() { return {loss_.data(), batch}; }                    // (B): of each image
  std::span<std::uint8_t> is_correct() { return {is_correct_.data(), batch}; }  // (B): 0 or 1

 private:
  std::vector<Matrix> outputs_;
  std::vector<Matrix> dz_;
  AlignedBuffer<float> gradients_;
  std::vector<double> loss_;
  std::vector<std::uint8_t> is_correct_;
};

}  // namespace inkling
