// From logits to class probabilities, for each kind of output.
//
// What comes out is a distribution over the classes in every case, so that everything behind it (answers, scores,
// calibration) is one code. From IEEE operations and the kernels' exponential alone: the same bytes on every machine.
// NaN in a row of logits is NaN in that row's probabilities.
#pragma once

#include "inkling/core/view.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/config.h"

namespace inkling {

// Rows of p (B, C) from rows of z = logits (B, C), both views of Matrix objects; p's padding becomes zero. With
// T = config.temperature:
//   softmax  p_c = exp(z_c / T) / sum_k exp(z_k / T)
//   sigmoid  p_c = s_c / sum_k s_k, with s = sigmoid(z / T); where all s are too small for a float, still their ratio
//   linear   p_c = t_c / sum_k t_k, with t = z clipped to [0, 1]; uniform where nothing is above 0; T does not apply
// In each row the order of the classes is that of their logits, up to ties. Neither throws nor allocates.
void class_probabilities(const Runtime& rt, const Config& config, ConstMatrixView logits, MatrixView p);

}  // namespace inkling
