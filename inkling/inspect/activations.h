// What the hidden layers make of images: their outputs, and the mean of them over each class.
//
// Outputs are those of the inference pass (model/backprop.h). Refused: data that do not fit the network (Error shape).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "inkling/core/matrix.h"
#include "inkling/data/dataset.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"

namespace inkling {

// Outputs of each hidden layer for B images: (B, widths[l + 1]) a layer, none of a network without one.
std::vector<Matrix> hidden_outputs(const Runtime& rt, const Mlp& model, PixelView images);

// Their means over the images of each class: (classes of the network, widths[l + 1]) a layer. A class without an image
// has NaN.
std::vector<Matrix> mean_hidden_outputs(const Runtime& rt, const Mlp& model, const Dataset& data);

// The class that each unit of a hidden layer adds most to, along the weights behind it as if no activation came
// between: the largest element of its row of W_{l+1} W_{l+2} ... W_last.
std::vector<std::size_t> served_classes(const Runtime& rt, const Mlp& model, std::size_t hidden_layer);

}  // namespace inkling
