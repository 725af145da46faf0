// A network's forward and backward pass on floats instead of pixels, down to the gradient of the inputs: what looking
// inside needs and training does not.
//
// B inputs of the network, I of them an image: x = ink * pixel / 255, or any other numbers. Allocated once for a
// largest batch. One FloatPass belongs to one caller at a time. The bytes of its results do not depend on the Runtime.
// Refused: shapes that do not fit, and a network with batch normalisation (fold() it first).
#pragma once

#include <cstddef>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

class FloatPass {
 public:
  // Throws Error config: no room for an image, or batch normalisation.
  FloatPass(const Mlp& model, std::size_t max_batch);

  std::size_t max_batch() const { return outputs_.front().rows(); }

  // Of inputs x (B, I). Throws Error shape.
  void forward(const Runtime& rt, const Mlp& model, ConstMatrixView x);
  // Of B images of which the first layer's sums x W + b already stand in output(0) (see begin).
  void forward_from_sums(const Runtime& rt, const Mlp& model);
  // Says how many images come, so that their sums can be written into output(0). Throws Error shape.
  void begin(std::size_t batch);

  // Of layer l, (B, widths[l + 1]): activations of a hidden layer, logits of the last one.
  MatrixView output(std::size_t layer) { return outputs_[layer].view().middle_rows(0, batch_); }
  MatrixView logits() { return output(outputs_.size() - 1); }

  // d something / d z of layer l, z being its sums, before the activation: (B, widths[l + 1]).
  MatrixView dz(std::size_t layer) { return dz_[layer].view().middle_rows(0, batch_); }
  // From dz(from), which the caller has written, to dz of every layer below it.
  void backward(const Runtime& rt, const Mlp& model, std::size_t from);
  // After backward(): d something / d x, (B, I).
  void input_gradient(const Runtime& rt, const Mlp& model, MatrixView dx);

 private:
  std::size_t batch_ = 0;
  std::vector<Matrix> outputs_;  // a layer each, (max_batch, O)
  std::vector<Matrix> slopes_;   // a hidden layer each: d output / d z
  std::vector<Matrix> dz_;       // a layer each
};

// Images as the network sees them: (B, I) floats, ink * pixel / 255.
Matrix inputs_of(const Mlp& model, PixelView images);

}  // namespace inkling
