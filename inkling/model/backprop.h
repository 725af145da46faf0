// Forward pass, loss and backward pass of an Mlp: docs/numerics.md has the equations under the names used here.
//
// B images, I inputs and O outputs of a layer. All functions check the shapes they are given and throw Error shape;
// after that nothing fails or allocates. The bytes of the results do not depend on the Runtime.
#pragma once

#include <cstdint>
#include <span>

#include "inkling/core/view.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/workspace.h"

namespace inkling {

// Logits of B images, (B, I) bytes, B <= ws.max_batch(); every layer's output stays in ws for backward().
void forward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws);

// Mean cross-entropy of the softmax of ws's logits, in nats, against B labels, each below the number of outputs. Sets
// dz of the last layer, loss() and is_correct() of each image, and correct. The mean is not finite when a logit is not.
double softmax_cross_entropy(const Runtime& rt, std::span<const std::uint8_t> labels, Workspace& ws);

// Gradients of the mean loss, for the images given to forward(), after softmax_cross_entropy().
void backward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws);

// Class probabilities (B, outputs) of B images, into a Matrix (its padding is written, too). Safe from many threads,
// each with its own ws.
void predict(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, MatrixView probabilities);

}  // namespace inkling
