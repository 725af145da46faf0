// Batch normalisation worked into the weights in front of it: the network that inference and files know.
#pragma once

#include "inkling/model/mlp.h"

namespace inkling {

// The network without batch normalisation and without what training alone knows (dropout, noise), whose logits are
// those of the model's inference pass up to rounding: W' = W s and b' = b - mean s with s = scale / sqrt(variance +
// epsilon), a column each. A network without batch normalisation keeps its bytes.
Mlp fold(const Mlp& model);

// The same network with another temperature.
Mlp with_temperature(const Mlp& model, float temperature);

}  // namespace inkling
