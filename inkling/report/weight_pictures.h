// The first layer's weights as images: for each unit what a full pixel adds to its sum, blue where it takes away, white
// where it does nothing, red where it adds. One scale for all units, symmetric about 0.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/report/picture.h"

namespace inkling {

// A row for each class: the units that serve it (inspect/activations.h), those with the largest weights first, as many
// as there is room for. Of a network without hidden layers the units are the classes. Throws Error shape: the image
// size is not the network's.
Picture weights_picture(const Runtime& rt, const Mlp& model, std::size_t height, std::size_t width,
                        std::span<const std::string> classes, std::string_view name);

}  // namespace inkling
