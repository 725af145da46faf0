// The products of one layer for an image that comes alone: the bytes of layer.h's affine(), sooner.
//
// A small network never wakes the thread pool; wide layers are cut into blocks of columns for it.
#pragma once

#include "inkling/core/view.h"
#include "inkling/kernel/kernels.h"
#include "inkling/kernel/runtime.h"

namespace inkling {

// out (1, O) = epilogue(x W), epilogue being none, bias or bias_relu; x has one row.
void affine_of_one(const Runtime& rt, ConstMatrixView x, ConstMatrixView W, ConstMatrixView b, Epilogue epilogue,
                   MatrixView out);

}  // namespace inkling
