// The products of one layer on floats: x W forward, x^T dz and dz W^T backward, on all threads.
//
// B images, I inputs and O outputs of the layer. Shapes are the caller's to check.
#pragma once

#include <cstddef>

#include "inkling/core/aligned.h"
#include "inkling/core/view.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

// Runs block(first, end) over [0, count) in pieces that are multiples of unit, on one thread when the work, counted in
// multiply-adds, is not worth more.
template <typename Block>
void in_blocks(const Runtime& rt, std::size_t count, std::size_t unit, std::size_t multiply_adds, const Block& block) {
  constexpr std::size_t kWorthThreads = 1u << 17;  // guess: as measured for products in kernel/matmul.cpp
  constexpr std::size_t kBlocksPerThread = 2;      // guess: fewer, larger blocks, each of which reads all of W
  if (rt.threads() == 1 || multiply_adds < kWorthThreads) return block(0, count);
  const std::size_t wanted = kBlocksPerThread * rt.threads();
  const std::size_t length = round_up((count + wanted - 1) / wanted, unit);
  rt.pool().run((count + length - 1) / length, [&](std::size_t task) noexcept {
    block(task * length, count < (task + 1) * length ? count : (task + 1) * length);
  });
}

// out (B, O) = epilogue(x W), epilogue being none, bias or bias_relu.
void affine(const Runtime& rt, ConstMatrixView x, ConstMatrixView W, ConstMatrixView b, Epilogue epilogue,
            MatrixView out);

// A step of plain gradient descent in place of the gradient: W (I, O) -= rate * dW.
struct Descent {
  Mlp* model = nullptr;  // none: the gradient is wanted
  std::size_t layer = 0;
  float rate = 0;
};

// dW (I, O) = x^T dz; or a step along it, after which dW holds nothing of use.
void weight_gradient(const Runtime& rt, ConstMatrixView x, ConstMatrixView dz, MatrixView dW,
                     const Descent& descent = {});

// dx (B, I) = epilogue(dz W^T), epilogue being none, relu_gradient or multiply by gate (B, I).
void input_gradient(const Runtime& rt, ConstMatrixView dz, ConstMatrixView W, Epilogue epilogue, ConstMatrixView gate,
                    MatrixView dx);

}  // namespace inkling
