// Everything a forward and a backward pass write: outputs of each layer, their gradients, the parameters' gradients.
//
// Allocated once for a largest batch and never again, so that a training loop allocates nothing. One Workspace belongs
// to one caller at a time; use one for each thread that calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "inkling/core/choice.h"
#include "inkling/core/matrix.h"
#include "inkling/model/bf16_operands.h"
#include "inkling/model/first_layer.h"
#include "inkling/model/mlp.h"

namespace inkling {

// What the products of a training pass multiply: floats, or their roundings to bf16 (kernel/bf16.h).
enum class Precision { fp32, bf16 };

inline std::span<const std::string_view> choice_names(Precision) {
  static constexpr std::string_view kNames[] = {"fp32", "bf16"};
  return kNames;
}

class Workspace {
 public:
  // Throws Error config for max_batch = 0, std::bad_alloc when memory is short.
  Workspace(const Mlp& model, std::size_t max_batch, Precision precision = Precision::fp32);

  std::size_t max_batch() const { return loss_.size(); }
  std::size_t layer_count() const { return outputs_.size(); }
  // True when it was made for a network of these widths and options.
  bool fits(const Mlp& model) const;

  // Of the batch that forward() last saw, B images:
  std::size_t batch = 0;  // B
  bool training = false;  // whether backward() may follow: it was a training pass, or there is no batch normalisation
  FirstInput input{};     // as the first layer saw it
  bool keeps_images = false;  // whether its product makes ready for the gradient's
  // Images whose largest logit is their label's, or with mixed labels that of the class with most of the target; set
  // by the loss.
  std::size_t correct = 0;
  double mean_loss = 0;  // of the batch; set by the loss

  FirstLayer first;  // the first layer's products where it reads pixels
  // Of Precision::bf16: its passes' other products.
  std::unique_ptr<Bf16Operands> bf16;

  // Output of layer l, (B, widths[l + 1]): activations of a hidden layer, logits of the last one.
  MatrixView output(std::size_t layer) { return rows(outputs_[layer]); }
  ConstMatrixView output(std::size_t layer) const { return outputs_[layer].view().middle_rows(0, batch); }
  ConstMatrixView logits() const { return output(outputs_.size() - 1); }

  // d loss / d z of layer l, z being what its activation is applied to (what batch normalisation gave, where it is
  // on): (B, widths[l + 1]).
  MatrixView dz(std::size_t layer) { return rows(dz_[layer]); }

  // d output / d z of hidden layer l, dropout included: (B, widths[l + 1]). Not kept where ReLU's output says it all.
  bool keeps_slope(std::size_t hidden) const { return slopes_[hidden].rows() != 0; }
  MatrixView slope(std::size_t hidden) { return rows(slopes_[hidden]); }

  // Of batch normalisation: normalised sums (B, widths[l + 1]) of hidden layer l, and four rows of the same width:
  // mean, variance, 1 / sqrt(variance + epsilon), and a spare one.
  MatrixView normal(std::size_t hidden) { return rows(normals_[hidden]); }
  MatrixView column_statistics(std::size_t hidden) { return column_statistics_[hidden]; }

  // Inputs as floats (B, I), allocated at the first call, and as pixels of their own (B * I), likewise.
  MatrixView float_inputs(std::size_t inputs);
  std::span<std::uint8_t> own_pixels(std::size_t inputs);

  // d loss / d parameters, laid out as the model's arena, and a tensor of it.
  std::span<float> gradients() { return {gradients_.data(), gradients_.size()}; }
  std::span<const float> gradients() const { return {gradients_.data(), gradients_.size()}; }
  MatrixView gradient(const Tensor& t) { return {gradients_.data() + t.offset, t.rows, t.cols, t.stride}; }

  std::span<double> loss() { return {loss_.data(), batch}; }                    // (B): of each image
  std::span<std::uint8_t> is_correct() { return {is_correct_.data(), batch}; }  // (B): 0 or 1, as `correct` counts

 private:
  MatrixView rows(Matrix& m) const { return m.view().middle_rows(0, batch); }

  std::vector<Matrix> outputs_;
  std::vector<Matrix> dz_;
  std::vector<Matrix> slopes_;
  std::vector<Matrix> normals_;
  std::vector<Matrix> column_statistics_;
  Matrix float_inputs_;
  std::vector<std::uint8_t> own_pixels_;
  AlignedBuffer<float> gradients_;
  std::vector<double> loss_;
  std::vector<std::uint8_t> is_correct_;
};

}  // namespace inkling
