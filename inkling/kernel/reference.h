// The kernels of kernels.h as plain loops: what each of them computes, and the oracle that it is tested against.
//
// Products use std::fma in ascending order, which is the order that kernels.h promises: a kernel must give these bytes,
// not bytes near them. Exponentials come from the C library in double; a kernel may differ from them by what it
// documents.
#pragma once

#include "inkling/kernel/kernels.h"

namespace inkling::reference {

void product(const Product& p);
// From B itself: p.b tells the bits alone.
void pixel_product(const PixelProduct& p, ConstMatrixView B);
void softmax_loss(const SoftmaxLoss& p);
bool is_kept(const Mask& mask, std::size_t unit);
// C alone, not C as operands.
void bf16_product(const Bf16Product& p);

}  // namespace inkling::reference
