// The products of a training pass in bf16 (kernel/bf16.h): what they read, packed, and the calls that compute them.
//
// Weights stay fp32; here are their roundings. Whatever stands between two products is the fp32 code of backprop.cpp,
// which hands each layer's input and dz over as it has made them, unless a product packed them itself on the way out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

struct FirstInput;

// A batch of B images; I inputs and O outputs of layer l.
class Bf16Operands {
 public:
  Bf16Operands(const Mlp& model, std::size_t max_batch);

  // For plain SGD: the next backward pass changes the weights of `stepped` itself, w -= rate dW, and leaves their
  // gradients unwritten; biases and scales are the optimiser's. Nothing else may change weights before the forward pass
  // that follows.
  void step_weights(Mlp& stepped, float rate) {
    stepped_ = &stepped;
    rate_ = rate;
  }

  // Begins a forward pass: rounds the weights, unless the last backward pass has, and the floats that the first layer
  // reads. Where it reads pixels, its products are FirstLayer's.
  void begin(const Runtime& rt, const Mlp& model, const FirstInput& first);
  // Ends a backward pass.
  void end();

  // What layer l reads, (B, I), where product_forward of the layer below has not packed it.
  void take_input(const Runtime& rt, std::size_t l, ConstMatrixView x);
  // dz of layer l, (B, O), likewise.
  void take_dz(const Runtime& rt, std::size_t l, ConstMatrixView dz);

  // out (B, O) = epilogue(x W), and where `pack` the input of layer l + 1.
  void forward(const Runtime& rt, const Mlp& model, std::size_t l, Epilogue epilogue, MatrixView out, bool pack);
  // dx (B, I) = epilogue(dz W^T), and where `pack` dz of layer l - 1.
  void input_gradient(const Runtime& rt, std::size_t l, Epilogue epilogue, ConstMatrixView gate, MatrixView dx,
                      bool pack);
  // dW (I, O) = x^T dz, or the step.
  void weight_gradient(const Runtime& rt, std::size_t l, MatrixView dW);

 private:
  struct Layer {
    std::size_t I = 0, O = 0;
    AlignedBuffer<std::uint32_t> input_left, input_left_t;      // (B, I): x, x^T
    AlignedBuffer<std::uint32_t> weight_right, weight_right_t;  // (I, O): W, and but for the first layer W^T
    AlignedBuffer<std::uint32_t> dz_left, dz_right;             // (B, O), left but for the first layer
  };
  void make_room(Layer& layer, bool backward);
  Bf16Packed input(std::size_t l);
  Bf16Packed weight(std::size_t l);
  Bf16Packed dz(std::size_t l);

  std::size_t max_batch_;
  std::vector<Layer> layers_;  // the first has room only where it reads floats
  std::size_t B_ = 0;
  bool weights_are_packed_ = false, first_is_packed_ = false;
  Mlp* stepped_ = nullptr;
  float rate_ = 0;
};

}  // namespace inkling
