// Networks made from a trained one: batch normalisation worked into the weights in front of it, which inference and
// files want; another temperature; an output less.
#pragma once

#include "inkling/model/mlp.h"

namespace inkling {

// The network without batch normalisation and without what training alone knows (dropout, noise), whose logits are
// those of the model's inference pass up to rounding: W' = W s and b' = b - mean s with s = scale / sqrt(variance +
// epsilon), a column each. A network without batch normalisation keeps its bytes.
Mlp fold(const Mlp& model);

// The network without one of its outputs: the others' logits keep their bytes. Throws Error shape: there is no such
// output, or only this one.
Mlp without_output(const Mlp& model, std::size_t which);

// The same network with another temperature.
Mlp with_temperature(const Mlp& model, float temperature);

}  // namespace inkling
