// The first layer's products on all threads: x W forward, x^T dz backward, exact as kernel/pixel_product.h has them.
//
// B images, I inputs, O outputs. Pixels that no image of the batch has ink in, a third of MNIST's in a batch of 128,
// are left out from the start: the batch is copied without them. A thread takes whole panels of output columns where
// there are enough of them: it then brings its columns of W to fixed point, multiplies and later moves them, all in its
// own cache. What stands here belongs to one Workspace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/layer.h"

namespace inkling {

// What the first layer reads: pixels, each worth `worth` times its value, or floats where noise or mixing made them so.
struct FirstInput {
  PixelView pixels{};        // (B, I)
  float worth = 0;           //
  ConstMatrixView floats{};  // (B, I), or without data

  bool is_pixels() const { return floats.data == nullptr; }
};

class FirstLayer {
 public:
  // bits: of weights and gradients in fixed point.
  explicit FirstLayer(int bits) : bits_(bits) {}

  // W (I, O) stays as it is until thaw() or the next call: it is brought to fixed point once, not at each pass.
  void freeze(const Runtime& rt, ConstMatrixView W);
  void thaw() { frozen_ = nullptr; }

  // The images of the passes to come are others than those before.
  void forget_images() { has_ink_ = has_transposed_ = false; }

  // out (B, O) = epilogue(x W), epilogue being none, bias or bias_relu. transposes: makes what the gradient will read.
  void forward(const Runtime& rt, const FirstInput& x, ConstMatrixView W, const float* bias, Epilogue epilogue,
               MatrixView out, bool transposes);
  // dW (I, O) = x^T dz; or a step along it, which leaves dW as it was.
  void weight_gradient(const Runtime& rt, const FirstInput& x, ConstMatrixView dz, MatrixView dW,
                       const Descent& descent);

  // The forward product in pieces that are a task each: prepare() for all of them, then rows of images and of out.
  void prepare(const Runtime& rt, ConstMatrixView W);
  void forward_rows(const Kernels& kernels, const FirstInput& x, const float* bias, Epilogue epilogue,
                    MatrixView out) const noexcept;

 private:
  bool is_frozen(const Runtime& rt, ConstMatrixView W) const {
    return W.data == frozen_ && rt.kernels().isa == frozen_for_;
  }
  View<std::uint8_t> ink(std::size_t images);
  View<std::uint8_t> transposed(std::size_t images);
  void take_ink(const Runtime& rt, PixelView images);

  int bits_;
  FixedBuffer weights_, weights_of_one_, dz_;  // weights_of_one_: for an image that comes alone
  const float* frozen_ = nullptr;              // the weights that are frozen, and for which kernels
  Isa frozen_for_ = Isa::portable;
  AlignedBuffer<std::uint8_t> any_;                // (I): whether a pixel has ink in any image
  std::vector<std::uint32_t> pixels_;              // (J): those that have
  AlignedBuffer<std::uint8_t> ink_;                // (B, J), rows in multiples of kPixelBlock
  AlignedBuffer<std::uint8_t> transposed_;         // (J, B), likewise
  bool has_ink_ = false, has_transposed_ = false;  // whether they hold the batch
};

}  // namespace inkling
