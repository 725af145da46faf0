// Forward pass and backward pass of an Mlp: docs/numerics.md has the equations under the names used here. The losses
// between them are in model/loss.h.
//
// B images, I inputs and O outputs of a layer. All functions check the shapes they are given and throw Error shape;
// after that nothing fails or allocates (but for what a workspace allocates at its first noisy pass). The bytes of the
// results do not depend on the Runtime.
#pragma once

#include <cstdint>
#include <span>

#include "inkling/core/view.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/model/training_pass.h"
#include "inkling/model/workspace.h"

namespace inkling {

// Logits of B images, (B, I) bytes, B <= ws.max_batch(); every layer's output stays in ws for backward(). Batch
// normalisation uses what it has seen while training; nothing is dropped or noisy.
void forward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws);

// The same as a training pass: with dropout, noise and mixing, and batch normalisation by the batch's own statistics,
// of which the model's running ones take in a tenth.
void forward(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, const TrainingPass& pass);

// Gradients of the mean loss, for the pass that forward() made last, after the loss has set dz of the last layer. The
// images must still be there. Throws Error shape, too, for an inference pass of a network with batch normalisation,
// which has no gradient.
void backward(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws);

// backward() and the step of plain gradient descent, w -= rate * d loss / d w, in one: the same weights, bit for bit,
// but the gradients of weight matrices are never stored, and ws.gradients() holds nothing of use for them.
void backward_and_descend(const Runtime& rt, Mlp& model, PixelView images, Workspace& ws, float rate);

// Makes ready for many answers: as long as `model` does not change, passes in ws need not look at the first layer's
// weights again, which takes longer than to answer for one image. Call it again after the model has changed; a training
// pass, or one with another model, ends it.
void freeze(const Runtime& rt, const Mlp& model, Workspace& ws);

// Class probabilities (B, outputs) of B images, into a Matrix (its padding is written, too). Safe from many threads,
// each with its own ws.
void predict(const Runtime& rt, const Mlp& model, PixelView images, Workspace& ws, MatrixView probabilities);

}  // namespace inkling
