// What the hidden layers answer: all units for one image, and their mean for each class.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "inkling/core/matrix.h"
#include "inkling/kernel/runtime.h"
#include "inkling/model/mlp.h"
#include "inkling/report/answer_pictures.h"
#include "inkling/report/picture.h"

namespace inkling {

// One image of the data on its way through the network: the image, every hidden layer's units, the probabilities.
// Throws Error config: no hidden layer, or no such image.
Picture activations_picture(const Runtime& rt, const Mlp& model, const Answers& answers, std::size_t image,
                            std::string_view title);

// Of each hidden layer the mean output of its units (columns) over the images of each class (rows), units sorted by the
// class that they answer highest. Throws Error config: no hidden layer.
Picture class_activations_picture(const Runtime& rt, const Mlp& model, const Dataset& data,
                                  std::span<const std::string> classes, std::string_view title);

}  // namespace inkling
