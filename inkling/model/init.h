// How weights begin.
#pragma once

#include <cstdint>

#include "inkling/model/mlp.h"

namespace inkling {

// He initialisation (He, Zhang, Ren, Sun 2015, section 2.2): weights normal with mean 0 and variance 2 / inputs, biases
// 0. A function of the seed and the configuration alone.
void initialize(Mlp& model, std::uint64_t seed);

}  // namespace inkling
